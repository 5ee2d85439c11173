"""A night of the tool over planted statuses, by its command line, and the page it wrote."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import yaml

from audit.store.reader import StoredRun, Warehouse
from providers.loopback.demo import LoopbackDemo
from providers.loopback.estate import Estate
from tests.support.command_line import Done, registry_audit
from tests.support.status_estate import Planted, Where


@dataclass(frozen=True)
class Night:
    """One night of the tool over an estate, by its command line."""

    planted: dict[Where, Planted]
    config: Path
    folder: Path
    done: Done

    def ask(self, *words: object) -> Done:
        return registry_audit(*words, "--config", self.config)

    def open(self) -> StoredRun:
        return Warehouse.at(str(self.folder / "warehouse")).open_run()

    def report(self, language: str, kind: str) -> Path:
        (found,) = (self.folder / "reports").glob(f"posture-*.{language}.{kind}")
        return found

    def counted(self) -> Counter[tuple[str, str]]:
        """How many images of each provider are in each state."""
        return Counter((_provider(one), one.state) for one in self.planted.values())

    def assessed(self) -> int:
        return sum(one.state == "assessed" for one in self.planted.values())


def _provider(planted: Planted) -> str:
    source = planted.place.partition(" ")[0]
    return {"defender": "azure", "artifact-analysis": "gcp"}.get(source, "aws")


def run(folder: Path, planted: dict[Where, Planted], *nights: Estate) -> Night:
    """Run every night in turn; the last one holds ``planted``."""
    with ExitStack() as stack:
        clouds = stack.enter_context(LoopbackDemo(nights))
        wanted = {place.provider for place in nights[-1].places}
        blocks = {name: block for name, block in clouds.providers().items() if name in wanted}
        document = {
            "version": 1,
            "warehouse": str(folder / "warehouse"),
            "out": str(folder / "reports"),
            "policy": {"newest_tagged": 1000},
            "providers": blocks,
        }
        config = folder / "registry-audit.yaml"
        config.write_text(yaml.safe_dump(document), encoding="utf-8")
        ask = ("run", "--config", config, "--run-at")
        done = [registry_audit(*ask, shown.moment) for shown in clouds.nights()]
        # The certificate goes with the cloud; what comes after needs no cloud.
        for block in blocks.values():
            block.pop("ca_file", None)
        config.write_text(yaml.safe_dump(document), encoding="utf-8")
    return Night(planted, config, folder, done[-1])


class Page(HTMLParser):
    """The tables of a report page by their anchor, and its whole text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self._rows: list[list[str]] = []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", self.text)

    def rows(self, anchor: str) -> list[list[str]]:
        return self.tables[f"table-{anchor}"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "div" and "table" in (given.get("class") or "").split():
            self._rows = self.tables.setdefault(str(given["id"]), [])
        elif tag == "tbody":
            self._rows.clear()
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += data
