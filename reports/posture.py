"""The posture report: what was and was not looked at, what is open, and what changed and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from audit.ports import Report, RunReader
from reports import figures
from reports.render import html, xlsx
from reports.render.files import private_file
from reports.render.text import load_words


class PostureHtml:
    """One self-contained page for a compliance reader: ``posture-<run_id>.<language>.html``."""

    name: ClassVar[str] = "posture-html"

    def render(self, run: RunReader, out: Path, language: str) -> Iterable[Path]:
        """Write the page below ``out``, readable by its owner only.

        Raises:
            UsageError: There is no report in ``language``.
            WarehouseError: The run was never published.
        """
        words = load_words(language)
        page = html.render(words, figures.collect(run))
        path = out / f"posture-{run.run_id}.{language}.html"
        with private_file(path) as draft:
            draft.write_bytes(page)
        return (path,)


class PostureXlsx:
    """A workbook with every row behind the page: ``posture-<run_id>.<language>.xlsx``."""

    name: ClassVar[str] = "posture-xlsx"

    def render(self, run: RunReader, out: Path, language: str) -> Iterable[Path]:
        """Write the workbook below ``out``, readable by its owner only.

        Raises:
            UsageError: There is no report in ``language``.
            WarehouseError: The run was never published.
        """
        words = load_words(language)
        posture = figures.collect(run)
        path = out / f"posture-{run.run_id}.{language}.xlsx"
        with private_file(path) as draft:
            xlsx.write(draft, words, posture, run)
        return (path,)


_: tuple[type[Report], ...] = (PostureHtml, PostureXlsx)
