"""Exempt rows that name no CVE: what an earlier run read of their packages stands, and is waived.

Nobody documents whether Defender leaves the CVEs out of the rows it exempts, as it does of Healthy
ones. What a digest holds does not change, so what was stated of its package is still there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from audit.ports import Memory
from audit.tables import TABLES
from providers.azure.names import PROVIDER, SOURCE
from providers.azure.parse_assessments import Software, versions
from providers.azure.placements import Place
from providers.azure.values import pick, text

_STATED = tuple(
    name
    for name in TABLES["findings"].stored_names
    if name not in {"provider", "registry_id", "source", "observed_run_id"}
)
_AT_ONCE = 200
"""Digests asked for in one question to the memory."""

Cells = dict[str, Any]


class _Mute(NamedTuple):
    package: str | None
    version: str | None
    code: str
    waiver_id: str


@dataclass
class MuteRows:
    """The mute rows of a subscription, kept until everything else is read."""

    memory: Memory
    _rows: dict[Place, list[_Mute]] = field(default_factory=lambda: defaultdict(list))

    def take(self, row: Software, places: Sequence[Place], waiver_id: str) -> None:
        """Keep a row about some placements, and the waiver that marks what it leaves out."""
        package = text(pick(row.additional, "SoftwareName"))
        told = _Mute(package, versions(row.additional), row.code, waiver_id)
        for place in places:
            self._rows[place].append(told)

    def restated(self) -> Iterator[tuple[Place, list[Cells]]]:
        """Yield the cells of each placement's mute packages; none where no run has read them."""
        by_registry = defaultdict[str, list[Place]](list)
        for place in self._rows:
            by_registry[place.registry_id].append(place)
        for registry_id, places in by_registry.items():
            for start in range(0, len(places), _AT_ONCE):
                some = places[start : start + _AT_ONCE]
                stated = self._stated(registry_id, some)
                for place in some:
                    for mute in self._rows[place]:
                        yield place, _waived(stated.get(place, ()), mute)

    def _stated(self, registry_id: str, places: Sequence[Place]) -> Mapping[Place, list[Cells]]:
        found = defaultdict[Place, list[Cells]](list)
        if self.memory.previous_run_id is None:
            return found
        rows = self.memory.rows(
            "findings",
            _STATED,
            provider=PROVIDER,
            source=SOURCE,
            registry_id=registry_id,
            digest=[place.digest for place in places],
        )
        for row in rows:
            cells = dict(zip(_STATED, row, strict=True))
            place = Place(registry_id, cells.pop("repository"), cells.pop("digest"))
            found[place].append(cells)
        return found


def _waived(stated: Sequence[Cells], mute: _Mute) -> list[Cells]:
    """Return what was stated of the package, in the installed version where that is told."""
    mark = {"native_state": mute.code, "waiver_id": mute.waiver_id}
    return [
        cells | mark
        for cells in stated
        if cells["package_name"] == mute.package
        and mute.version in {None, cells["package_version"]}
    ]
