"""Enhanced scanning: coverage and findings together, from the wire to the states."""

from collections.abc import Sequence

import pytest

from audit.model.enums import Outcome
from tests.unit.aws import payloads as p
from tests.unit.aws.support import Collected, collect
from tests.unit.aws.wire import Answer, Raw, Wire, failure, paged

A, B = ("team/app", p.digest("a")), ("team/app", p.digest("b"))
KAPUTT = failure("InternalServerException", status=500)


def _collect(
    findings: Sequence[Sequence[p.Payload]] = ((),),
    coverage: list[p.Payload] | None = None,
    images: str = "ab",
    **more: Answer,
) -> tuple[Collected, Wire]:
    """Collect an enhanced registry of images; pages of findings, rows of coverage."""
    rows = [p.coverage(letter) for letter in images] if coverage is None else coverage
    wire = Wire(
        **{
            "GetRegistryScanningConfiguration": lambda _: p.scanning("ENHANCED"),
            "DescribeRepositories": lambda _: {"repositories": [p.repository()]},
            "BatchGetRepositoryScanningConfiguration": lambda _: p.frequencies("team/app"),
            "DescribeImages": lambda _: {"imageDetails": [p.image(c) for c in images]},
            "ListCoverage": paged("coveredResources", rows),
            "ListFindings": paged("findings", *map(list, findings)),
            **more,
        }
    )
    with wire:
        return collect(wire.settings()), wire


def test_a_clean_and_a_found_image():
    got, wire = _collect([[p.finding()]])
    assert got.states() == {A: "assessed", B: "assessed"}
    first, second = got.table("findings")
    assert (first["repository"], first["digest"]) == A
    assert first["registry_id"] == p.HOST
    assert (first["source"], first["native_id"]) == ("inspector", p.finding()["findingArn"])
    assert (first["package_name"], second["package_name"]) == ("libssl3t64", "openssl")
    assert got.findings.outcome is Outcome.COMPLETE
    assert (got.findings.listed, got.findings.ref.source) == (2, "inspector")
    assert got.findings.api_calls == 3
    (vulnerability,) = got.table("vulnerabilities")
    assert vulnerability["published_at"] == first["native_first_seen_at"]
    assert wire.asked("ListFindings")[0] == {
        "filterCriteria": {
            "awsAccountId": [{"comparison": "EQUALS", "value": p.ACCOUNT}],
            "resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}],
            "findingStatus": [
                {"comparison": "EQUALS", "value": "ACTIVE"},
                {"comparison": "EQUALS", "value": "SUPPRESSED"},
            ],
        },
        "maxResults": 100,
    }
    assert wire.asked("ListCoverage")[0] == {
        "filterCriteria": {
            "resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}],
            "accountId": [{"comparison": "EQUALS", "value": p.ACCOUNT}],
        },
        "maxResults": 200,
    }


def test_coverage_tells_what_runs():
    rows = [p.coverage("a")]
    got, _ = _collect(coverage=rows)
    used = {row["digest"]: (row["in_use"], row["in_use_count"]) for row in got.table("placements")}
    assert used == {p.digest("a"): (True, 2), p.digest("b"): (None, None)}


def _used(got: Collected) -> dict[str, tuple[bool | None, int | None]]:
    return {row["digest"]: (row["in_use"], row["in_use_count"]) for row in got.table("placements")}


@pytest.mark.parametrize("reply", [failure("AccessDeniedException"), KAPUTT, Raw(200, b"{}")])
def test_coverage_that_is_not_read_does_not_tell_that_nothing_runs(reply):
    got, _ = _collect(ListCoverage=lambda _: reply)
    assert _used(got) == {p.digest("a"): (None, None), p.digest("b"): (None, None)}


def test_coverage_that_breaks_off_tells_only_of_the_images_it_named():
    def answer(parameters):
        if "nextToken" in parameters:
            return KAPUTT
        return {"coveredResources": [p.coverage("a")], "nextToken": "t"}

    got, _ = _collect(ListCoverage=answer)
    assert _used(got) == {p.digest("a"): (True, 2), p.digest("b"): (None, None)}


def test_findings_do_not_make_an_image_assessed():
    rows = [p.coverage("a", "INACTIVE", "SCAN_ELIGIBILITY_EXPIRED"), p.coverage("b")]
    got, _ = _collect([[p.finding()]], coverage=rows)
    assert got.states() == {A: "expired", B: "assessed"}
    assert len(got.table("findings")) == 2


def test_no_coverage_row_is_not_scanned():
    got, _ = _collect(coverage=[])
    assert set(got.states().values()) == {"not_scanned"}
    assert got.findings.outcome is Outcome.COMPLETE


def test_an_archived_image_of_which_nothing_is_said_is_archived():
    archived = {"imageDetails": [p.image("a", imageStatus="ARCHIVED")]}
    got, _ = _collect(coverage=[], DescribeImages=lambda _: archived)
    assert got.states() == {A: "archived"}


def test_every_resource_of_a_finding_counts():
    both = p.finding(resources=[p.resource("a"), p.resource("b")])
    got, _ = _collect([[both]])
    assert {row["digest"] for row in got.table("findings")} == {A[1], B[1]}
    assert got.findings.listed == 4


def test_the_same_finding_on_two_pages_is_one():
    got, _ = _collect([[p.finding()], [], [p.finding(), p.finding("1")]])
    assert len({row["native_id"] for row in got.table("findings")}) == 2
    assert len(got.table("findings")) == got.findings.listed == 4


def test_statements_about_images_that_are_not_placed_are_counted_only():
    gone = p.finding("1", resources=[p.resource("f")])
    foreign = p.resource("a")
    foreign["details"]["awsEcrContainerImage"]["registry"] = "999999999999"
    got, _ = _collect([[gone, p.finding("2", resources=[foreign])]])
    assert got.table("findings") == []
    assert got.findings.listed == 4
    assert got.table("vulnerabilities") == []


def test_suppressed_is_kept_and_closed_is_not():
    rows = [p.finding(status="SUPPRESSED"), p.finding("1", status="CLOSED")]
    got, _ = _collect([rows])
    assert {row["native_state"] for row in got.table("findings")} == {"SUPPRESSED"}


@pytest.mark.parametrize(
    ("more", "state", "outcome"),
    [
        ({"ListFindings": lambda _: failure("AccessDeniedException")}, "denied", Outcome.DENIED),
        ({"ListCoverage": lambda _: failure("AccessDeniedException")}, "denied", Outcome.DENIED),
        ({"ListFindings": lambda _: KAPUTT}, "unknown", Outcome.FAILED),
        ({"ListCoverage": lambda _: KAPUTT}, "unknown", Outcome.FAILED),
        ({"ListFindings": lambda _: Raw(200, b'{"findings":[{"findi')}, "unknown", Outcome.FAILED),
        ({"ListCoverage": lambda _: Raw(200, b"{}")}, "unknown", Outcome.FAILED),
        ({"ListFindings": paged("findings", [None])}, "unknown", Outcome.FAILED),
        ({"ListCoverage": paged("coveredResources", [None])}, "unknown", Outcome.FAILED),
    ],
)
def test_what_could_not_be_read_is_never_clean(more, state, outcome):
    got, _ = _collect(**more)
    assert got.states() == {A: state, B: state}
    assert got.findings.outcome is outcome
    assert got.inventory.outcome is Outcome.COMPLETE


def test_denial_names_the_permission():
    got, _ = _collect(ListFindings=lambda _: failure("AccessDeniedException"))
    assert got.findings.missing_permission == "inspector2:ListFindings"
    assert got.findings.error_code == "AccessDeniedException"


def test_a_listing_that_breaks_off_keeps_its_rows_and_loses_every_verdict():
    def findings(parameters):
        if "nextToken" in parameters:
            return KAPUTT
        return {"findings": [p.finding()], "nextToken": "t"}

    got, _ = _collect(ListFindings=findings)
    assert len(got.table("findings")) == 2
    assert got.states() == {A: "unknown", B: "unknown"}
    assert got.findings.outcome is Outcome.PARTIAL
    (row, _) = got.table("assessments")
    assert row["native_status"] == "ACTIVE/SUCCESSFUL"
    assert "inspector2:ListFindings" in row["reason"]


def test_coverage_that_breaks_off_leaves_the_rows_it_gave():
    def coverage(parameters):
        if "nextToken" in parameters:
            return KAPUTT
        return {"coveredResources": [p.coverage("a")], "nextToken": "t"}

    got, _ = _collect(ListCoverage=coverage)
    assert got.states() == {A: "assessed", B: "unknown"}


def test_an_unreadable_finding_spoils_the_image_it_names():
    broken = p.finding(packageVulnerabilityDetails={"source": "x"})
    got, _ = _collect([[broken]])
    assert got.states() == {A: "unknown", B: "assessed"}
    assert got.findings.errors == 1


def test_a_finding_that_names_no_image_may_concern_any():
    got, _ = _collect([[p.finding(resources=[])]])
    assert got.states() == {A: "unknown", B: "unknown"}


def test_coverage_that_names_no_image_may_concern_those_without_a_row():
    got, _ = _collect(coverage=[p.coverage("a"), p.coverage("b", resourceId="arn:aws:ecr:x")])
    assert got.states() == {A: "assessed", B: "unknown"}


def test_no_image_is_left_without_an_assessment():
    index = p.image("c", imageManifestMediaType=p.OCI_INDEX)
    listed = {"imageDetails": [p.image("a"), p.image("b"), p.image("d"), index]}
    got, _ = _collect(
        coverage=[],
        DescribeImages=lambda _: listed,
        BatchGetImage=lambda _: p.manifests(("c", p.INDEX_MANIFEST)),
    )
    kinds = {row["digest"]: row["kind"] for row in got.table("images")}
    assert {digest for _, digest in got.states()} == {d for d, k in kinds.items() if k == "image"}
    assert sorted(kinds.values()) == ["attestation", "image", "image", "index"]
