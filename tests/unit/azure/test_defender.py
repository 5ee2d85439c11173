"""Reading Defender for one subscription: what a bad row, plan or page means for each image."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit.model.enums import Outcome
from audit.model.scope import ScopeOutcome
from providers.azure.defender import DefenderReader
from providers.azure.names import findings_scope
from providers.azure.placements import Place, Placements
from tests.unit.azure.answers import TERMS, Answers, served
from tests.unit.azure.scripted import Say
from tests.unit.azure.support import CONTEXT, KeepingSink
from tests.unit.loopback.azure_estates import NIGHT

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
ARM = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries"
REGISTRIES = {f"{ARM}/one".lower(): "one.azurecr.io", f"{ARM}/two".lower(): "two.azurecr.io"}
SCANS = {"name": "ContainerRegistriesVulnerabilityAssessments", "isEnabled": "True"}
ON = [{"id": "/p", "name": "Containers", "pricingTier": "Standard", "extensions": [SCANS]}]
DENIED = Say({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403)


def row(number: int, digest: str | None, **changes: Any) -> dict[str, Any]:
    image = {"Digest": digest, "RepositoryDetails": {"RepositoryName": "app"}}
    return {
        "id": f"/row/{number}",
        "statusCode": "Unhealthy",
        "resourceDetails": {"Id": f"{ARM}/one/images/{digest}"},
        "resourceAdditionalData": image,
        "additionalData": {
            "SoftwareName": "zlib",
            "CvesDetails": [{"CveId": "CVE-2026-1", "Severity": "High"}],
        },
    } | changes


def inventory() -> Placements:
    placements = Placements()
    for registry, digest in (("one", A), ("one", B), ("two", A)):
        place = Place(f"{registry}.azurecr.io", "app", digest)
        placements.add(place, NIGHT - timedelta(days=2), assessable=True)
    placements.add(Place("one.azurecr.io", "app", C), NIGHT, assessable=False)
    return placements


def read(
    pricings: Any, assessments: Any, **more: Any
) -> tuple[ScopeOutcome, KeepingSink, dict[str, str]]:
    """Return the outcome, the rows and the states by ``registry/digest letter``."""
    sink = KeepingSink()
    with served(Answers(pricings, assessments, **more)) as (graph, _):
        reader = DefenderReader(findings_scope("s-1"), graph, sink, CONTEXT, TERMS)
        reader.read_plan()
        reader.look_ahead(REGISTRIES.values())
        outcome = reader.read_findings(inventory(), REGISTRIES)
    states = {
        f"{row['registry_id'].partition('.')[0]}/{row['digest'][7]}": row["state"]
        for row in sink["assessments"]
    }
    return outcome, sink, states


def test_an_equal_digest_in_two_registries_is_told_apart_by_the_arm_id():
    outcome, sink, states = read(ON, [row(1, A)])
    assert (outcome.outcome, outcome.listed) == (Outcome.COMPLETE, 1)
    assert [place["registry_id"] for place in sink["findings"]] == ["one.azurecr.io"]
    assert states == {"one/a": "assessed", "one/b": "inferred_clean", "two/a": "inferred_clean"}


@pytest.mark.parametrize("resource", [None, {}, {"Id": "/repositories/app/images/x"}])
def test_where_the_registry_is_not_told_the_statement_goes_to_every_placement(resource):
    _, sink, states = read(ON, [row(1, A, resourceDetails=resource)])
    assert {place["registry_id"] for place in sink["findings"]} == set(REGISTRIES.values())
    assert (states["one/a"], states["two/a"]) == ("assessed", "assessed")


def told(digest: str, repository: str) -> dict[str, Any]:
    return {"Digest": digest, "RepositoryDetails": {"RepositoryName": repository}}


@pytest.mark.parametrize(
    "astray",
    [
        {"resourceDetails": {"Id": f"{ARM}/deleted/images/{A}"}},
        {"resourceAdditionalData": told(A, "elsewhere")},
        {"resourceAdditionalData": told(A, "two.azurecr.io/app")},  # the ARM id says one
        {"resourceAdditionalData": told(A, "gone.azurecr.io/app")},
    ],
)
def test_a_statement_whose_place_does_not_fit_goes_to_every_placement_of_the_digest(astray):
    outcome, sink, states = read(ON, [row(1, A, **astray)])
    assert (outcome.outcome, outcome.listed) == (Outcome.COMPLETE, 1)
    assert {place["registry_id"] for place in sink["findings"]} == set(REGISTRIES.values())
    assert states == {"one/a": "assessed", "one/b": "inferred_clean", "two/a": "assessed"}


@pytest.mark.parametrize("name", ["App", "one.azurecr.io/app", "One.AzureCR.io/APP", " app "])
@pytest.mark.parametrize("digest", [A, A.upper(), A[7:], A[7:].upper()])
def test_a_place_spelled_otherwise_is_still_the_place(name, digest):
    odd = row(1, A, resourceAdditionalData=told(digest, name))
    outcome, sink, states = read(ON, [odd])
    assert outcome.outcome is Outcome.COMPLETE
    assert [(one["registry_id"], one["digest"]) for one in sink["findings"]] == [
        ("one.azurecr.io", A)
    ]
    assert (states["one/a"], states["two/a"]) == ("assessed", "inferred_clean")


def test_a_login_server_before_the_name_tells_registries_apart():
    odd = row(1, A, resourceAdditionalData=told(A, "two.azurecr.io/app"), resourceDetails=None)
    _, sink, _ = read(ON, [odd])
    assert [one["registry_id"] for one in sink["findings"]] == ["two.azurecr.io"]


@pytest.mark.parametrize("digest", ["sha256:abc", f"app@{A}", A[:-1], f"md5:{A[7:]}", A[7:-1]])
def test_a_malformed_digest_may_be_of_any_image(digest):
    outcome, _, states = read(ON, [row(1, digest), row(2, A)])
    assert outcome.outcome is Outcome.PARTIAL
    assert set(states.values()) == {"unknown"}


def test_rows_of_images_that_are_not_placed_are_counted_and_not_written():
    outcome, sink, states = read(ON, [row(1, f"sha256:{'d' * 64}")])
    assert (outcome.outcome, outcome.listed) == (Outcome.COMPLETE, 1)
    assert sink["findings"] == []
    assert set(states.values()) == {"inferred_clean"}


def test_a_row_that_names_no_image_may_be_about_any_of_them():
    outcome, sink, states = read(ON, [row(1, None), row(2, A)])
    assert outcome.outcome is Outcome.PARTIAL
    assert len(sink["findings"]) == 1
    assert set(states.values()) == {"unknown"}


def test_a_row_whose_cves_cannot_be_read_concerns_its_image_alone():
    bad = row(1, A, additionalData={"SoftwareName": "zlib", "CvesDetails": "{"})
    outcome, _, states = read(ON, [bad, row(2, A), row(3, B)])
    assert (outcome.outcome, outcome.errors) == (Outcome.PARTIAL, 1)
    assert states == {"one/a": "unknown", "one/b": "assessed", "two/a": "inferred_clean"}


@pytest.mark.parametrize("pricings", [DENIED, [], Say({}, 500)])
def test_an_unreadable_plan_leaves_only_images_without_rows_unknown(pricings):
    outcome, _, states = read(pricings, [row(1, A)])
    assert outcome.outcome is Outcome.PARTIAL
    assert states == {"one/a": "assessed", "one/b": "unknown", "two/a": "unknown"}


def test_what_is_not_visible_is_not_nothing():
    outcome, _, states = read([], [])
    assert outcome.outcome is Outcome.DENIED
    assert outcome.missing_permission == "Security Reader (Microsoft.Security/pricings/read)"
    assert set(states.values()) == {"unknown"}


def test_assessments_come_in_blocks(monkeypatch):
    monkeypatch.setattr("providers.azure.verdicts.BLOCK", 2)
    _, sink, states = read(ON, [row(1, A)])
    assert len(sink["assessments"]) == len(states) == 3


def test_denied_findings_deny_every_image():
    outcome, _, states = read(ON, DENIED)
    assert outcome.outcome is Outcome.DENIED
    assert set(states.values()) == {"denied"}


def test_a_scope_without_a_single_row_is_silent_not_clean():
    outcome, _, states = read(ON, [])
    assert (outcome.outcome, outcome.error_code) == (Outcome.FAILED, "NoRows")
    assert "3 images" in str(outcome.error)
    assert set(states.values()) == {"unknown"}


def test_what_is_no_image_keeps_its_statements_and_has_no_assessment():
    _, sink, states = read(ON, [row(1, C)])
    assert len(sink["findings"]) == 1
    assert "one/c" not in states


def test_the_content_hash_follows_the_statements_not_their_order():
    def hashed(*rows: dict[str, Any]) -> dict[str, Any]:
        _, sink, _ = read(ON, list(rows))
        return {row["digest"]: row["content_hash"] for row in sink["assessments"][:2]}

    first, second = row(1, A), row(2, A, additionalData={"CvesDetails": [{"CveId": "CVE-2"}]})
    assert hashed(first, second) == hashed(second, first)
    assert hashed(first, second)[A] != hashed(first)[A]
    assert hashed(first)[B] is None
