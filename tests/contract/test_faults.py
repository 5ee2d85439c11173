"""What goes wrong: each fault gives its outcome, keeps what was read, and vouches for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from audit.model.enums import Outcome
from providers.loopback.answers import listed
from providers.loopback.estate import FaultKind
from tests.contract.collected import Collected, Row, Where, where
from tests.contract.conftest import AREAS, Patient, name_of, of_the_judged
from tests.contract.estate import CORNERS, PAGE, contract_estate, manifests
from tests.contract.faults import fault
from tests.contract.under_test import OF_SOURCES

_READ = ("placements", "assessments", "findings")


class Case:
    """A patient with one fault, collected."""

    def __init__(self, patient: Patient, kind: FaultKind, page: int) -> None:
        provider, area = patient.reached.provider, patient.area
        ill = fault(kind, provider, area, page)
        self.estate = contract_estate(ill)
        self.place = area.place(self.estate, provider.name)
        self.first = self.place.registries[0].registry_id
        self.area, self.provider = area, provider
        self.got, self.whole = patient.reached.collect(ill), patient.whole
        self.inventory = self.got.outcome(area.inventory)
        self.findings = self.got.outcome(area.findings) if area.findings else None

    def here(self, rows: Iterable[Row]) -> list[Row]:
        """Rows of the place that is ill."""
        mine = {registry.registry_id for registry in self.place.registries}
        return [row for row in rows if row["registry_id"] in mine]

    def elsewhere(self, got: Collected, table: str) -> list[Row]:
        mine = {registry.registry_id for registry in self.place.registries}
        return [row for row in got[table] if row["registry_id"] not in mine]

    def states(self) -> dict[Where, str]:
        return {where(row): row["state"] for row in self.here(self.got["assessments"])}

    def well(self) -> dict[Where, str]:
        """The states that the images of the place have when nothing is wrong."""
        return {where(row): row["state"] for row in self.here(self.whole["assessments"])}

    def judged(self) -> set[Where]:
        """The assessable images that were listed, where somebody judges them."""
        if not self.area.source:
            return set()
        kinds = self.got.kinds()
        rows = self.here(self.got["placements"])
        return {where(row) for row in rows if kinds[row["digest"]] == "image"}


FAULTS: dict[str, tuple[FaultKind, int]] = {
    "denied": ("denied", 0),
    "cut": ("images_page", 2),
    "cut_at_once": ("images_page", 1),
    "refused": ("findings_denied", 0),
    "broken": ("findings", 0),
}
OF_FINDINGS = ("refused", "broken")
CASES = [
    (both, name) for both in AREAS for name in FAULTS if both[1].source or name not in OF_FINDINGS
]
collected = cache(Case)


@pytest.fixture(params=CASES, ids=lambda one: f"{name_of(one[0])}-{one[1]}")
def case(clouds, request):
    both, name = request.param
    return collected(clouds.patient(*both), *FAULTS[name])


@pytest.fixture
def denied(patient):
    return collected(patient, *FAULTS["denied"])


@pytest.fixture
def cut(patient):
    return collected(patient, *FAULTS["cut"])


@pytest.fixture
def cut_at_once(patient):
    return collected(patient, *FAULTS["cut_at_once"])


@pytest.fixture
def refused(patient):
    return collected(patient, *FAULTS["refused"])


@pytest.fixture
def broken(patient):
    return collected(patient, *FAULTS["broken"])


def test_one_places_fault_is_not_anothers(case):
    """Not even of the places of the same account, whose findings are listed together."""
    for table in _READ:
        assert case.elsewhere(case.got, table) == case.elsewhere(case.whole, table), table
    ill = {case.area.inventory, case.area.findings} - {""}
    assert {o.ref.scope_id for o in case.got.outcomes} == {
        o.ref.scope_id for o in case.whole.outcomes
    }
    for outcome in case.got.outcomes:
        if not ill & {outcome.ref.scope_id, outcome.ref.parent_scope_id}:
            assert outcome.outcome is Outcome.COMPLETE


def test_every_image_listed_has_one_assessment(case):
    judged = [where(row) for row in case.here(case.got["assessments"])]
    assert sorted(judged) == sorted(case.judged())


def test_a_fault_never_makes_an_image_look_better(case):
    """An image that was not looked at when all was well is not so when something is wrong."""
    well = case.well()
    for at, state in case.states().items():
        if state in {"assessed", "inferred_clean"}:
            assert state == well[at]


def test_findings_belong_to_placements(case):
    placed = {where(row) for row in case.got["placements"]}
    assert {where(row) for row in case.got["findings"]} <= placed


def test_a_fault_is_told_in_the_sources_words(case):
    met = [o for o in (case.inventory, case.findings) if o]
    ill = [o for o in met if o.outcome is not Outcome.COMPLETE]
    assert ill
    for outcome in ill:
        assert outcome.errors >= 1
        assert outcome.error_code
        assert outcome.error


def test_a_denied_place_is_denied(denied):
    assert denied.inventory.outcome is Outcome.DENIED
    assert denied.inventory.missing_permission
    assert denied.inventory.listed == 0
    for table in (*_READ, "repositories"):
        assert denied.here(denied.got[table]) == [], table
        told = denied.provider.judges or table not in OF_SOURCES
        assert bool(denied.here(denied.whole[table])) is told, table


@of_the_judged
def test_the_findings_of_a_denied_place_are_not_called_read(denied):
    """Where the source is asked through the same door; Azure and Google have another one."""
    through = denied.provider.name == "aws"
    expected = Outcome.DENIED if through else Outcome.COMPLETE
    assert denied.findings.outcome is expected


def test_a_page_that_fails_keeps_what_was_listed(cut):
    assert cut.inventory.outcome is Outcome.PARTIAL
    kept = {
        (registry.registry_id, repository, image.digest)
        for registry in cut.place.registries
        for repository, image in listed(cut.estate, cut.place, registry)
    }
    rows = cut.here(cut.got["placements"])
    assert {where(row) for row in rows} == kept
    assert len(kept) == cut.inventory.listed
    lost = {at for at, _ in manifests(cut.place)} - kept
    assert lost
    assert rows == [r for r in cut.here(cut.whole["placements"]) if where(r) in kept]


@of_the_judged
def test_what_was_listed_before_the_page_is_judged_as_ever(cut):
    assert cut.findings.outcome is Outcome.COMPLETE
    well, states = cut.well(), cut.states()
    # An attestation is known only by its index: without it, it is an image that nobody scanned.
    known = {at: state for at, state in states.items() if at in well}
    assert known == {at: well[at] for at in known}
    assert "assessed" in known.values()
    assert {state for at, state in states.items() if at not in well} <= {"not_scanned", "unknown"}
    found = cut.here(cut.whole["findings"])
    assert cut.here(cut.got["findings"]) == [r for r in found if where(r) in known]


def test_the_repository_with_the_page_is_not_complete(cut):
    complete = _completeness(cut)
    by_registry = cut.provider.name == "gcp"
    assert complete.pop((cut.first, CORNERS), None) in (False, None if by_registry else False)
    rest = {whole for (registry, _), whole in complete.items() if registry == cut.first}
    assert rest <= {not by_registry}
    others = {whole for (registry, _), whole in complete.items() if registry != cut.first}
    assert others <= {True}


def test_a_first_page_that_fails_leaves_no_trace_of_completeness(cut_at_once):
    assert cut_at_once.inventory.outcome is Outcome.PARTIAL
    rows = cut_at_once.here(cut_at_once.got["placements"])
    assert rows
    assert (cut_at_once.first, CORNERS) not in {(r["registry_id"], r["repository"]) for r in rows}
    assert _completeness(cut_at_once).get((cut_at_once.first, CORNERS), False) is False


def test_a_page_is_as_short_as_the_tests_think(cut):
    rows = [r for r in cut.here(cut.got["placements"]) if r["registry_id"] == cut.first]
    unit = [r for r in rows if cut.provider.name == "gcp" or r["repository"] == CORNERS]
    by_tag = cut.provider.name == "oci"  # its pages are of tags; an untagged image is led to
    assert sum(len(r["tags"]) if by_tag else 1 for r in unit) == PAGE


@of_the_judged
def test_findings_that_are_refused_make_every_image_denied(refused):
    assert refused.findings.outcome is Outcome.DENIED
    assert refused.findings.missing_permission
    assert refused.inventory.outcome is Outcome.COMPLETE
    assert refused.states() == dict.fromkeys(refused.well(), "denied")
    assert refused.here(refused.got["findings"]) == []
    assert _reasons(refused, "denied")


@of_the_judged
def test_findings_that_break_off_are_kept_and_believed_of_no_image(broken):
    assert broken.findings.outcome is Outcome.PARTIAL
    assert broken.inventory.outcome is Outcome.COMPLETE
    told, whole = broken.here(broken.got["findings"]), broken.here(broken.whole["findings"])
    assert 0 < len(told) < len(whole)
    assert [row for row in told if row not in whole] == []
    assert broken.states() == _believed(broken)
    assert all("incomplete" in reason for reason in _reasons(broken, "unknown"))


@of_the_judged
@pytest.mark.parametrize("kind", ["refused", "broken"])
def test_the_inventory_does_not_suffer_from_the_findings(kind, patient):
    case = collected(patient, *FAULTS[kind])
    used = {"in_use": None, "in_use_count": None}
    for table in ("registries", "repositories", "images", "placements"):
        ours = [{**row, **used} for row in case.got[table]]
        right = [{**row, **used} for row in case.whole[table]]
        if table == "registries":
            ours, right = _without_scanning(ours), _without_scanning(right)
        assert ours == right, table


def _believed(case: Case) -> dict[Where, str]:
    """Every image is unknown; where images are asked one by one, every second of them."""
    well = case.well()
    if not case.area.image_by_image:
        return dict.fromkeys(well, "unknown")
    images = [at for at, image in manifests(case.place) if image.kind == "image"]
    failing = images[1::2]
    assert {well[at] for at in images[::2]} >= {"assessed"}
    return well | dict.fromkeys(failing, "unknown")


def _reasons(case: Case, state: str) -> list[str]:
    mine = {at for at, now in case.states().items() if now == state and case.well()[at] != state}
    return [row["reason"] for row in case.got["assessments"] if where(row) in mine]


def _completeness(case: Case) -> dict[tuple[str, str], Any]:
    rows = case.here(case.got["repositories"])
    return {(row["registry_id"], row["repository"]): row["complete"] for row in rows}


def _without_scanning(rows: list[Row]) -> list[Row]:
    """Whether scanning is on is asked of Defender itself: it goes with the findings."""
    told = ("scanning_enabled", "scan_type", "unread")
    return [{key: value for key, value in row.items() if key not in told} for row in rows]
