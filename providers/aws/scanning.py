"""Reads how a registry and its repositories are scanned: it decides how findings are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.errors import BrokenPageError, DisabledError, SourceError
from audit.model.enums import State
from audit.model.scope import ScopeTally
from providers.aws.api import ECR_REPOSITORY_SCANNING, ECR_SCANNING, Answer
from providers.aws.asking import Facts, pairs, told
from providers.aws.parse_inventory import repository_name
from providers.aws.place import Place
from providers.aws.status import ECR_BASIC, INSPECTOR

ENHANCED, BASIC = "ENHANCED", "BASIC"
_MANUAL = "MANUAL"
_SCANNING = frozenset({"SCAN_ON_PUSH", "CONTINUOUS_SCAN"})
_A_CALL = 25


@dataclass(frozen=True)
class Scanning:
    """The registry's scanning configuration.

    Attributes:
        scan_type: BASIC, ENHANCED or another word; None when it could not be read.
        rules: (frequency, filter) of each rule; None when they could not be read.
        disabled: The region has no such configuration, which means basic scanning.
        unread: Why it could not be read; empty when it could.
        judged: Who judged in the run before, where this configuration does not tell who does.
    """

    scan_type: str | None
    rules: tuple[tuple[str, str], ...] | None = None
    disabled: bool = False
    unread: str = ""
    judged: str = ""

    @property
    def source(self) -> str:
        """Who judges.

        Where that is not told it is who did in the run before: one lost call is no change of
        sources, which would leave the statements of both on record. Unless it is Inspector, ECR is
        asked image by image: it answers under both kinds of scanning.
        """
        if self.scan_type == ENHANCED:
            return INSPECTOR
        return ECR_BASIC if self.scan_type == BASIC else self.judged or ECR_BASIC

    def facts(self, frequencies: Mapping[str, Frequency]) -> Facts:
        """Return the ``registries`` columns about scanning."""
        rules = self.rules
        facts = told(
            scan_type=self.scan_type,
            scanning_enabled=self._enabled(frequencies),
            language_packages_scanned={ENHANCED: True, BASIC: False}.get(self.scan_type or ""),
            scan_rules=None if rules is None else pairs(rules),
            scan_rules_cover_all=None if rules is None else any(map(_covers_all, rules)),
        )
        if self.unread:
            facts.miss(self.unread, "scan_type", "scan_rules", "scan_rules_cover_all")
        return facts

    def _enabled(self, frequencies: Mapping[str, Frequency]) -> bool | None:
        """A rule or a repository that asks for scanning settles it; silence only if all spoke."""
        words = [frequency.word for frequency in frequencies.values()]
        asked = [frequency for frequency, _ in self.rules or ()]
        if any(word not in (None, _MANUAL) for word in (*asked, *words)):
            return True
        return None if self.rules is None or None in words else False


@dataclass(frozen=True)
class Frequency:
    """A repository's effective scan frequency, or why it could not be read."""

    word: str | None
    filters: tuple[str, ...] | None = None
    unread: str | None = None

    def facts(self) -> Facts:
        """Return the ``repositories`` columns about scanning."""
        filters = None if self.filters is None else sorted(self.filters)
        facts = told(scan_frequency=self.word, scan_filters=filters)
        if self.unread:
            facts.miss(self.unread, "scan_frequency", "scan_filters")
        return facts


def read_scanning(place: Place, tally: ScopeTally) -> Scanning:
    """Read the registry's configuration (ecr GetRegistryScanningConfiguration)."""
    try:
        answer = place.api.call(tally, ECR_SCANNING, "scanningConfiguration")
    except DisabledError:
        return Scanning(BASIC, rules=(), disabled=True)
    except SourceError as error:
        tally.fail(error)
        return Scanning(None, unread=error.code, judged=_judged(place))
    configuration = answer["scanningConfiguration"]
    rules = [rule for rule in configuration.get("rules") or () if rule]
    asked = tuple(
        (str(rule.get("scanFrequency")), one)
        for rule in rules
        for one in _filters(rule.get("repositoryFilters"))
    )
    kind = configuration.get("scanType")
    return Scanning(kind, asked, judged="" if kind in (ENHANCED, BASIC) else _judged(place))


def _judged(place: Place) -> str:
    """Return who judged in the run before; empty where nobody did, or not one alone.

    What the registry had turned away from by then is on record as stale.
    """
    rows = place.context.memory.rows(
        "assessments", ("source", "told_state"), provider="aws", registry_id=place.registry_id
    )
    found = {source for source, state in rows if state != State.STALE} & {INSPECTOR, ECR_BASIC}
    return found.pop() if len(found) == 1 else ""


def _filters(rows: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(str(row.get("filter")) for row in rows or () if isinstance(row, dict))


def _covers_all(rule: tuple[str, str]) -> bool:
    frequency, pattern = rule
    return frequency in _SCANNING and pattern.strip("*") == "" and pattern != ""


def read_frequencies(
    place: Place, tally: ScopeTally, rows: Sequence[Answer], scanning: Scanning
) -> dict[str, Frequency]:
    """Read every repository's effective frequency (ecr BatchGetRepositoryScanningConfiguration).

    A region without scanning configuration still has the repository's own scanOnPush.
    """
    if scanning.disabled:
        return {repository_name(row): _own_setting(row) for row in rows}
    names = [repository_name(row) for row in rows]
    found: dict[str, Frequency] = {}
    for start in range(0, len(names), _A_CALL):
        found |= _read_batch(place, tally, names[start : start + _A_CALL])
    return found


def _own_setting(row: Answer) -> Frequency:
    on_push = (row.get("imageScanningConfiguration") or {}).get("scanOnPush")
    if on_push is None:
        return Frequency(None, unread="not told")
    return Frequency("SCAN_ON_PUSH" if on_push else _MANUAL, ())


def _read_batch(place: Place, tally: ScopeTally, names: Sequence[str]) -> dict[str, Frequency]:
    try:
        answer = place.api.call(
            tally, ECR_REPOSITORY_SCANNING, "scanningConfigurations", repositoryNames=list(names)
        )
    except SourceError as error:
        tally.fail(error)
        return {name: Frequency(None, unread=error.code) for name in names}
    found = {name: Frequency(None, unread="not answered") for name in names}
    for row in _rows(tally, answer["scanningConfigurations"]):
        found[row.get("repositoryName", "")] = Frequency(
            row.get("scanFrequency"), _filters(row.get("appliedScanFilters"))
        )
    for row in _rows(tally, answer.get("failures") or ()):
        found[row.get("repositoryName", "")] = Frequency(None, unread=row.get("failureCode"))
    return {name: found[name] for name in names}


def _rows(tally: ScopeTally, rows: Sequence[Any]) -> list[dict[str, Any]]:
    empty = sum(1 for row in rows if not isinstance(row, dict))
    if empty:
        tally.fail(BrokenPageError(f"{empty} empty rows", operation=ECR_REPOSITORY_SCANNING))
    return [row for row in rows if isinstance(row, dict)]
