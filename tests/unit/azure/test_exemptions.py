"""Exemptions of Defender for Cloud: waivers of flaws that are still there, never fixes."""

from __future__ import annotations

from typing import Any

import pytest

from audit.model.enums import Outcome
from providers.azure.exemptions import Exemptions, exemption
from providers.azure.parse_assessments import software
from tests.unit.azure.defender_rows import CVE, DIGEST, REGISTRY, additional, row
from tests.unit.azure.scripted import Say
from tests.unit.azure.support import Row
from tests.unit.azure.test_incremental import MANY, NEXT, collect
from tests.unit.azure.test_incremental import row as told_row
from tests.unit.loopback.azure_estates import NIGHT

SUBSCRIPTION, SCOPE = "/subscriptions/S", "azure/s/defender"
GROUP = "/providers/Microsoft.Management/managementGroups/top"
SEVERAL = "00000000-0000-0000-0000-000000000000"
UNTOLD = f"{SCOPE}/exempt"


def assignment(above: str = SUBSCRIPTION, name: str = "e-1", **changes: Any) -> Row:
    """A row as it is projected, in the shape of the documentation's example."""
    plain: Row = {
        "id": f"{above}/providers/Microsoft.Security/standardAssignments/{name}",
        "displayName": "Vulnerability assessment exemption",
        "description": "Until the base image is rebuilt.",
        "expiresOn": "2027-01-01T00:00:00.0000000Z",
        "excludedScopes": [],
        "exemptionData": {
            "exemptionCategory": "Waiver",
            "assignedAssessment": {"assessmentKey": SEVERAL},
        },
        "metadata": {"createdBy": "someone", "createdOn": "2026-11-10T08:31:26.7993124Z"},
    }
    return plain | changes


def conditions(join: str = "allOf", *more: Row) -> Row:
    named = {
        "field": "va.cve.cveId",
        "operationType": "ContainedInOperation",
        "operation": {"values": [{"title": "cve-2026-1"}]},
    }
    rule = {"if": {join: [named, *more]}}
    return {"exemptionData": {"exemptionCategory": "Waiver", "subAssessmentExemptionRule": rule}}


MILD = {
    "field": "va.cve.severity",
    "operationType": "LessThanFilterOperation",
    "operation": {"value": "Low"},
}


def exemptions(*rows: Row) -> Exemptions:
    known = Exemptions(SCOPE, "S", NIGHT, None)
    known.take(rows)
    return known


def told(known: Exemptions) -> dict[str, dict[str, Any]]:
    block = known.rows(standing=False)
    names = [*block.data]
    rows = [
        dict(zip(names, cells, strict=True)) for cells in zip(*block.data.values(), strict=True)
    ]
    return {one["waiver_id"]: one for one in rows}


def exempt(**changes: object) -> Row:
    return row(**{"statusCode": "NotApplicable", "statusCause": "Exempt", **changes})


def test_the_only_exemption_that_can_be_meant_is_told_with_reason_author_and_end():
    known = exemptions(assignment())
    waiver = known.waiver_of(software(exempt()))
    assert waiver == "/subscriptions/s/providers/microsoft.security/standardassignments/e-1"
    told_of = told(known)[waiver]
    assert told_of["type"] == "risk_accepted"
    assert told_of["reason"] == "Until the base image is rebuilt."
    assert (told_of["owner"], told_of["account"], told_of["scope"]) == (
        *("someone", "s", "/subscriptions/s"),
    )
    assert f"{told_of['expires_at']:%Y-%m-%d} {told_of['approved_at']:%Y-%m-%d}" == (
        "2027-01-01 2026-11-10"
    )


@pytest.mark.parametrize(
    ("one", "covers"),
    [
        (assignment(GROUP), True),
        (assignment("/subscriptions/T"), False),
        (assignment("/subscriptions/S/resourceGroups/rg"), True),
        (assignment("/subscriptions/S/resourceGroups/r"), False),
        (assignment(REGISTRY), True),
        (assignment(f"{REGISTRY}/repositories/team/app/images/{DIGEST}"), True),
        (assignment(f"{REGISTRY}/repositories/team/app/images/sha256:{'cd' * 32}"), False),
        (assignment(excludedScopes=["/subscriptions/s/resourcegroups/RG"]), False),
        (assignment(exemptionData={"assessmentKey": "1"}), True),
        (assignment(exemptionData={"assignedAssessment": {"assessmentKey": "2"}}), False),
        (assignment(**conditions()), True),
        (assignment(exemptionData=None, metadata=None, expiresOn=None, excludedScopes=None), True),
    ],
)
def test_whom_an_exemption_may_cover(one, covers):
    assert exemption(one).may_cover(software(exempt())) is covers


def test_conditions_on_other_cves_cover_no_other_row():
    other = exempt(additionalData=additional([CVE | {"CveId": "CVE-2026-2"}]))
    assert not exemption(assignment(**conditions())).may_cover(software(other))


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        (conditions(), ("CVE-2026-1",)),
        (conditions("allOf", MILD), ("CVE-2026-1",)),
        (conditions("anyOf"), ("CVE-2026-1",)),
        (conditions("anyOf", MILD), None),
        ({"exemptionData": {"subAssessmentExemptionRule": {"if": {"allOf": [MILD]}}}}, None),
        ({"exemptionData": {"subAssessmentExemptionRule": {"if": {"allOf": "x"}}}}, None),
        ({"exemptionData": "x"}, None),
    ],
)
def test_the_cves_that_conditions_limit_it_to(rule, ids):
    assert exemption(assignment(**rule)).vulnerability_ids == ids


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((), "does not tell by which"),
        ((assignment(), assignment(GROUP, "e-2")), "does not tell by which"),
    ],
    ids=["none", "several"],
)
def test_an_exemption_that_cannot_be_told_is_a_waiver_without_an_end(rows, why):
    known = exemptions(*rows)
    assert known.waiver_of(software(exempt())) == UNTOLD
    assert why in told(known)[UNTOLD]["reason"]
    assert told(known)[UNTOLD]["expires_at"] is None


def test_of_an_ended_and_a_lasting_exemption_the_lasting_one_is_meant():
    ended = assignment(name="old", expiresOn="2026-01-01T00:00:00Z")
    known = exemptions(ended, assignment(GROUP, "new"))
    assert known.waiver_of(software(exempt())).endswith("/new")
    only = exemptions(ended)
    assert only.waiver_of(software(exempt())).endswith("/old")  # and so the mark has ended


def test_exemptions_that_cannot_be_read_cost_their_reasons_and_no_finding():
    rows = [{**MANY[0], "statusCode": "NotApplicable", "statusCause": "Exempt"}, *MANY[1:]]
    refused = Say({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403)
    run = collect(rows, exempt=refused)
    assert run.outcome.outcome is Outcome.PARTIAL
    assert "standardAssignments/read" in str(run.outcome.missing_permission)
    (waiver,) = run.sink["waivers"]
    assert "exemptions are not known" in waiver["reason"]
    waived = [one for one in run.sink["findings"] if one["waiver_id"] == waiver["waiver_id"]]
    assert len(waived) == 1
    assert set(run.told("state").values()) == {"assessed"}
    later = collect(rows, NEXT, run.sink)
    assert set(later.told("basis").values()) == {"remembered"}
    assert [one["waiver_id"] for one in later.sink["waivers"]] == [waiver["waiver_id"]]


def test_an_exempt_row_that_names_no_cve_leaves_its_image_unknown_where_no_run_has_read_it():
    bare = {"SoftwareName": "zlib", "CvesDetails": None}
    silent = told_row("a", statusCode="NotApplicable", statusCause="Exempt", additionalData=bare)
    first = collect([silent, told_row("b")], placed="ab")
    assert first.told("state") == {"a": "unknown", "b": "assessed"}
    assert "no earlier run read the package" in str(first.outcome.error)


def test_an_exempt_row_that_names_no_cve_keeps_what_was_read_of_that_package_alone():
    def named(package: str, cve: str, **more: Any) -> Row:
        data = {"SoftwareName": package, "CvesDetails": [{"CveId": cve, "Severity": "High"}]}
        return told_row("a", **{"id": f"/row/{package}", "additionalData": data, **more})

    before = collect([named("zlib", "CVE-1"), named("curl", "CVE-2")], placed="a")
    bare = {"SoftwareName": "zlib", "CvesDetails": None}
    exempt_now = {"statusCode": "NotApplicable", "statusCause": "Exempt", "additionalData": bare}
    rows = [named("zlib", "", statusChangeDate="2026-11-22T00:00:00Z", **exempt_now)]
    now = collect(rows, NEXT, before.sink, placed="a")
    assert now.told("state") == {"a": "assessed"}
    told_now = [(one["vulnerability_id"], one["waiver_id"]) for one in now.sink["findings"]]
    assert told_now == [("CVE-1", "azure/s-1/defender/exempt")]
    assert now.outcome.outcome is Outcome.COMPLETE


def test_a_row_that_is_no_exemption_breaks_their_reading_and_nothing_else():
    run = collect(MANY, exempt=[{"id": "/subscriptions/s-1/providers/other/1"}])
    assert (run.outcome.outcome, run.outcome.errors) == (Outcome.PARTIAL, 1)
    assert "is no exemption" in str(run.outcome.error)
    assert set(run.told("state").values()) == {"assessed"}


def test_where_nothing_is_exempt_no_waiver_is_made_up():
    assert collect([told_row("a", 1)]).sink["waivers"] == []
