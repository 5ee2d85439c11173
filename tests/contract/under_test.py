"""The providers under test: how each is reached, where it can fail, and what it does not tell.

A *fact* is ``table.column`` or the name of a behaviour in :data:`BEHAVIOURS`. Every fact that a
provider does not deliver is declared in ``gaps`` with a reason: ``notimpl:`` (ours to do),
``notyet:`` (the cloud cannot) or ``never:`` (will not). ``unserved`` are facts that the adapter
reads and the loopback cloud does not serve. The suite fails when a declared one is delivered after
all, and when one that is not declared is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from audit.tables import COLLECTED, TABLES
from providers.loopback.estate import Estate, Place
from tests.contract.collected import Collected

REASONS = ("notimpl: ", "notyet: ", "never: ")
_BY_THE_CORE = {
    *("placements.current", "vulnerabilities.kev_added_at"),
    *("vulnerabilities.epss_score", "vulnerabilities.epss_percentile"),
    *("repositories.owner", "repositories.owner_source", "assessments.told_state"),
    "assessments.read_run_id",
}
BETWEEN_RUNS = ("source_closings", "reading_marks", "vex_statements", "waivers")
"""Tables that the estate has nothing for: of what changed since an earlier run, of exceptions."""
OF_SCANNERS = ("sboms", "packages", "weaknesses")
"""Tables that no provider fills."""
OF_SOURCES = ("assessments", "findings", "vulnerabilities")
"""Tables that a provider fills whose images somebody judges."""
_SINCE_THE_RUN_BEFORE = {"assessments.basis"}
_WHEN_SOMETHING_FAILED = {"registries.unread", "repositories.unread"}


class Cloud(Protocol):
    """A loopback cloud that runs."""

    @property
    def calls(self) -> Any: ...

    def show(self, estate: Estate) -> None: ...

    def settings(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Area:
    """A place of the contract estate in which things are made to go wrong.

    Attributes:
        number: Index of the place among those of its provider.
        source: Who judges its images; empty where nobody does.
        findings: Id of its findings scope; empty where nobody judges.
        image_by_image: Whether the source is asked for each image by itself, so that a failure
            concerns that image alone.
    """

    source: str
    number: int
    inventory: str
    findings: str = ""
    image_by_image: bool = False

    def place(self, estate: Estate, provider: str) -> Place:
        """Return the place."""
        return estate.of(provider)[self.number]


@dataclass(frozen=True, eq=False)
class ProviderUnderTest:
    """One provider.

    Attributes:
        scope_ids: What its scope ids look like, as a regular expression.
        endpoints: Paths of the settings that hold an address.
        what_to_read: Key of the settings that names where to look, and may not be empty.
        secrets: What of its settings, and of what they buy, must never be seen; None where no
            setting holds a secret.
        partial: Gaps that the adapter declares of a column that it fills in some cases.
    """

    name: str
    cloud: Callable[[Estate], AbstractContextManager[Cloud]]
    scope_ids: str
    areas: tuple[Area, ...]
    endpoints: tuple[tuple[str | int, ...], ...]
    what_to_read: str
    secrets: Callable[[Mapping[str, Any]], tuple[str, ...]] | None
    gaps: Mapping[str, str]
    unserved: Mapping[str, str]
    partial: frozenset[str] = frozenset()

    @property
    def judges(self) -> bool:
        """Whether a source of its own judges the images; the suite holds for one that has none."""
        return any(area.source for area in self.areas)


def _told(got: Collected, kind: str) -> bool:
    return any(o.expected is not None for o in got.outcomes if o.ref.kind == kind)


def _alone(got: Collected) -> bool:
    """Whether some image is placed without a tag, and no index lists it."""
    children = {child for row in got["images"] for child in row["child_digests"] or ()}
    kinds = got.kinds()
    bare = [row["digest"] for row in got["placements"] if not row["tags"]]
    return any(kinds[digest] == "image" and digest not in children for digest in bare)


BEHAVIOURS: Mapping[str, Callable[[Collected], bool]] = {
    "what there is to read is discovered": lambda got: any(
        outcome.ref.kind == "discovery" for outcome in got.outcomes
    ),
    "an inventory says how much there is": lambda got: _told(got, "inventory"),
    "the findings say how many there are": lambda got: _told(got, "findings"),
    "a clean image has a status of its own": lambda got: (
        "assessed" in got.states().values() and "inferred_clean" not in got.states().values()
    ),
    "an image that nothing leads to is listed": _alone,
    "archived images are listed as such": lambda got: any(r["archived"] for r in got["placements"]),
}

COLUMNS = tuple(
    fact
    for table in COLLECTED
    if table not in (*BETWEEN_RUNS, *OF_SCANNERS)
    for column in TABLES[table].stored_names
    if (fact := f"{table}.{column}")
    not in _BY_THE_CORE | _WHEN_SOMETHING_FAILED | _SINCE_THE_RUN_BEFORE
)
FACTS = (*COLUMNS, *BEHAVIOURS)


def delivers(got: Collected, fact: str) -> bool:
    """Whether a collection tells a fact at least once; an empty text or list tells nothing."""
    if fact in BEHAVIOURS:
        return BEHAVIOURS[fact](got)
    table, _, column = fact.partition(".")
    return any(row[column] not in (None, "", []) for row in got[table])


def each(names: str, reason: str) -> dict[str, str]:
    """Give several facts (separated by blanks) one reason."""
    return dict.fromkeys(names.split(), reason)
