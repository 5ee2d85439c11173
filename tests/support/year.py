"""A year of small runs, some nights apart, and the command line over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import yaml

from audit.store.reader import Warehouse
from providers.loopback.estate import Estate
from providers.loopback.story import FIRST_NIGHT, first_night, next_night, places
from tests.support.command_line import Done, registry_audit
from tests.support.staging import commit_estate
from tests.support.strategies import SMALL

DAYS = (
    *(0, 9, 35, 63, 90, 97, 160, 220, 280, 300, 324, 325, 326, 329, 343, 344, 345),
    *(351, 362, 363, 364),
)
RETENTION = {"daily": 10, "weekly": 5}


@dataclass(frozen=True)
class Year:
    """A warehouse in a working folder; the reports lie beside it."""

    folder: Path
    nights: Sequence[Estate]

    @property
    def root(self) -> Path:
        return self.folder / "warehouse"

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.at(str(self.root))

    @property
    def config(self) -> Path:
        return self.folder / "registry-audit.yaml"

    def do(self, *words: object) -> Done:
        return registry_audit(*words, "--config", self.config)

    def files(self) -> dict[str, bytes]:
        """Return every file but the lock's, by its path in the warehouse."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not path.name.startswith("_lock")
        }

    def report(self, run_id: str) -> bytes:
        """Return the page of a run."""
        out = self.folder / "pages"
        done = self.do("report", "--run", run_id, "--out", out)
        assert done.code == 0, done.err
        (page,) = out.glob(f"*{run_id}*.html")
        return page.read_bytes()


def a_year(folder: Path, days: Sequence[int] = DAYS) -> Year:
    """Publish a night at each of these days."""
    nights: list[Estate] = []
    for day in days:
        night = (
            next_night(nights[-1], day, SMALL) if nights else first_night(3, SMALL, places()[:1])
        )
        nights.append(replace(night, moment=FIRST_NIGHT + timedelta(days=day)))
        commit_estate(folder / "warehouse", nights[-1])
    return configured(Year(folder, nights))


def configured(year: Year) -> Year:
    """Write the configuration of a year's folder."""
    document = {
        "version": 1,
        "warehouse": str(year.root),
        "out": str(year.folder / "reports"),
        "reports": ["posture-html"],
        "languages": ["en"],
        "retention": RETENTION,
    }
    year.config.write_text(yaml.safe_dump(document))
    return year
