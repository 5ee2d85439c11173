"""The trend report: how what is open came about, how fast it is mended, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from audit.ports import Report, RunReader
from reports.render.files import private_file
from reports.render.text import load_words
from reports.trend import book, figures, page


class TrendHtml:
    """One self-contained page for management and auditors: ``trend-<run_id>.<language>.html``."""

    name: ClassVar[str] = "trend-html"

    def render(self, run: RunReader, out: Path, language: str) -> Iterable[Path]:
        """Write the page below ``out``, readable by its owner only.

        Raises:
            UsageError: There is no report in ``language``.
            WarehouseError: The run was never published.
        """
        content = page.render(load_words(language), figures.collect(run))
        path = out / f"trend-{run.run_id}.{language}.html"
        with private_file(path) as draft:
            draft.write_bytes(content)
        return (path,)


class TrendXlsx:
    """A workbook with every row behind the page: ``trend-<run_id>.<language>.xlsx``."""

    name: ClassVar[str] = "trend-xlsx"

    def render(self, run: RunReader, out: Path, language: str) -> Iterable[Path]:
        """Write the workbook below ``out``, readable by its owner only.

        Raises:
            UsageError: There is no report in ``language``.
            WarehouseError: The run was never published.
        """
        words, trend = load_words(language), figures.collect(run)
        path = out / f"trend-{run.run_id}.{language}.xlsx"
        with private_file(path) as draft:
            book.write(draft, words, trend)
        return (path,)


_: tuple[type[Report], ...] = (TrendHtml, TrendXlsx)
