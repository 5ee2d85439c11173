"""Windows of changes on the wire: which word holds, and when changes do not tell what stands."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.model.enums import Outcome
from providers.aws import inspector
from tests.unit.aws import payloads as p
from tests.unit.aws.support import CONTEXT, Collected, collect, memory_of, next_night
from tests.unit.aws.wire import Answer, Raw, Wire, failure, paged

NOON = (CONTEXT.moment + timedelta(hours=10)).timestamp()
A, B = ("team/app", p.digest("a")), ("team/app", p.digest("b"))
KAPUTT = failure("InternalServerException", status=500)
Find = Sequence[Sequence[p.Payload]]


def _found(number: str, cve: int = 1, letter: str = "a", hours: float = -24, **more: Any) -> Any:
    """A finding that was last told of some hours after noon of the second day."""
    told = NOON + hours * 3600
    stated = p.details(vulnerabilityId=f"CVE-2024-{cve:04d}")
    times = {"updatedAt": told, "firstObservedAt": NOON - 900_000, "lastObservedAt": told}
    about = {"resources": [p.resource(letter)], "packageVulnerabilityDetails": stated}
    return p.finding(number, **{**times, **about, **more})


def _wire(findings: Find | Answer, images: str = "ab", **more: Answer) -> Wire:
    told = findings if callable(findings) else paged("findings", *map(list, findings))
    return Wire(
        **{
            "GetRegistryScanningConfiguration": lambda _: p.scanning("ENHANCED"),
            "DescribeRepositories": lambda _: {"repositories": [p.repository()]},
            "BatchGetRepositoryScanningConfiguration": lambda _: p.frequencies("team/app"),
            "DescribeImages": lambda _: {"imageDetails": [p.image(c) for c in images]},
            "ListCoverage": paged("coveredResources", [p.coverage(c) for c in images]),
            "ListFindings": told,
            **more,
        }
    )


def _look(
    findings: Find | Answer, before: Collected | None = None, days: float = 1, **more: Any
) -> tuple[Collected, Wire]:
    wire = _wire(findings, **more)
    with wire:
        context = next_night(before, days) if before else CONTEXT
        return collect(wire.settings(), context), wire


@pytest.fixture(scope="module")
def first() -> Collected:
    got, _ = _look([[_found("0", 1), _found("1", 2), _found("2", 1, "b")]])
    return got


def _stated(got: Collected) -> set[tuple[str, str]]:
    rows = got.table("findings")
    return {(row["digest"][7], row["vulnerability_id"][-1]) for row in rows}


def _bases(got: Collected) -> dict[str, str]:
    return {row["digest"][7]: row["basis"] for row in got.table("assessments")}


def _marks(got: Collected) -> dict[str, Any]:
    return {row["name"]: json.loads(row["value"]) for row in got.table("reading_marks")}


def _by_hash(whole: Find) -> Callable[[p.Payload], p.Payload]:
    """Answer to a window with nothing but what ``whole`` has in its first page, else with all."""

    def answer(parameters: p.Payload) -> p.Payload:
        hashes = [one["value"] for one in parameters["filterCriteria"].get("ecrImageHash", ())]
        page = [one for one in whole[1] if one["resources"][0]["id"][-71:] in hashes]
        return {"findings": page if hashes else list(whole[0])}

    return answer


def test_the_window_reaches_back_behind_the_last_reading(first):
    _, wire = _look([[]], first)
    (asked,) = wire.asked("ListFindings")
    (since,) = asked["filterCriteria"]["updatedAt"]
    assert datetime.fromtimestamp(since["startInclusive"], UTC) == CONTEXT.moment - timedelta(
        hours=6
    )
    words = [one["value"] for one in asked["filterCriteria"]["findingStatus"]]
    assert words == ["ACTIVE", "SUPPRESSED", "CLOSED"]
    assert asked["filterCriteria"]["awsAccountId"][0]["value"] == p.ACCOUNT


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("later", "stands"), [("ACTIVE", True), ("CLOSED", False)])
def test_of_one_finding_on_two_pages_the_later_word_holds(first, order, later, stands):
    sooner = "CLOSED" if stands else "ACTIVE"
    words = [_found("0", hours=1, status=sooner), _found("0", hours=2, status=later)]
    got, _ = _look([[one] for one in words[::order]], first)
    assert (("a", "1") in _stated(got)) is stands
    assert len(got.table("source_closings")) == (0 if stands else 1)
    assert _bases(got) == {"a": "changes", "b": "changes"}


def test_a_closing_beside_a_new_finding_of_the_same_takes_nothing_back(first):
    fresh = _found("5", hours=2, firstObservedAt=NOON)
    got, wire = _look([[_found("0", hours=1, status="CLOSED"), fresh]], first)
    assert _stated(got) == {("a", "1")}
    assert got.table("source_closings") == []
    assert wire.calls["ListFindings"] == 1


def test_two_findings_of_one_vulnerability_are_read_whole_where_one_changes():
    twice = [_found("0"), _found("1"), _found("2", 1, "b")]
    before, _ = _look([twice])
    assert _marks(before)["inspector.ambiguous"] == [list(A)]
    got, wire = _look(_by_hash([[_found("1", hours=1, status="CLOSED")], [_found("0")]]), before)
    assert _stated(got) == {("a", "1")}
    assert _bases(got) == {"a": "read", "b": "changes"}
    assert wire.asked("ListFindings")[1]["filterCriteria"]["ecrImageHash"] == [
        {"comparison": "EQUALS", "value": A[1]}
    ]
    assert _marks(got)["inspector.ambiguous"] == []
    quiet, wire = _look([[]], before)
    assert wire.calls["ListFindings"] == 1, "nothing touched it"
    assert _marks(quiet)["inspector.ambiguous"] == [list(A)]


def test_a_second_finding_of_what_is_on_record_is_no_change_of_the_first(first):
    second = _found("7", hours=1, firstObservedAt=NOON)
    got, wire = _look(_by_hash([[second], [_found("0"), second, _found("1", 2)]]), first)
    assert _bases(got) == {"a": "read", "b": "changes"}
    assert wire.calls["ListFindings"] == 2
    assert _marks(got)["inspector.ambiguous"] == [list(A)]


@pytest.mark.parametrize("again", [False, True])
def test_a_status_never_seen_before_is_no_look_and_is_named(first, again):
    odd = [[_found("0", hours=1, status="DORMANT"), _found("2", 1, "b", hours=1)]]
    got, _ = _look(odd, first if again else None)
    assert got.states() == {A: "unknown", B: "assessed"}
    assert "DORMANT" in got.table("assessments")[0]["reason"]
    assert got.findings.outcome is Outcome.PARTIAL
    assert "inspector.read" in _marks(got), "its image is read whole the next time"


def test_a_finding_of_the_window_that_cannot_be_read_spoils_its_image(first):
    broken = _found("0", hours=1, packageVulnerabilityDetails={"source": "x"})
    got, _ = _look([[broken]], first)
    assert got.states() == {A: "unknown", B: "assessed"}


@pytest.mark.parametrize("answer", [KAPUTT, failure("AccessDeniedException"), Raw(200, b"{}")])
@pytest.mark.parametrize("again", [False, True])
def test_a_reading_that_broke_leaves_the_mark_where_it_was(first, answer, again):
    def breaks(parameters: p.Payload) -> Any:
        if "nextToken" in parameters:
            return answer
        return {"findings": [_found("0", hours=1, status="CLOSED")], "nextToken": "t"}

    got, _ = _look(breaks, first if again else None)
    assert _marks(got) == {}
    assert set(got.states().values()) <= {"unknown", "denied"}
    assert got.table("source_closings") == []


def test_a_finding_of_the_window_that_names_no_image_may_concern_any(first):
    got, _ = _look([[_found("0", hours=1, resources=[])]], first)
    assert got.states() == {A: "unknown", B: "unknown"}
    assert _marks(got) == {}


def test_a_moment_in_the_future_is_no_mark():
    """Changes between the service's clock and the run's would be lost."""
    wire = _wire([[]])
    with wire:
        got = collect(wire.settings(), replace(CONTEXT, moment=datetime(2099, 1, 1, tzinfo=UTC)))
    until = datetime.fromisoformat(_marks(got)["inspector.read"]["until"])
    assert until < datetime(2099, 1, 1, tzinfo=UTC) - timedelta(days=1)


@pytest.mark.parametrize(
    "harm", ["no json", '{"form": "0.0"}', None]
)  # fmt: skip
def test_without_a_mark_of_the_same_form_everything_is_read(first, harm):
    context = next_night(first)
    (row, _) = memory_of(context).tables["reading_marks"]
    row["value"] = harm or json.dumps({**json.loads(row["value"]), "form": "0.0"})
    wire = _wire([[_found("0")]])
    with wire:
        got = collect(wire.settings(), context)
    assert _bases(got) == {"a": "read", "b": "read"}
    assert "updatedAt" not in wire.asked("ListFindings")[0]["filterCriteria"]


def test_a_window_too_large_to_be_held_makes_way_for_a_full_reading(first, monkeypatch):
    monkeypatch.setattr(inspector, "_MOST_CHANGES", 1)
    changes = [[_found("0", hours=1), _found("1", 2, hours=1)], [_found("2", 1, "b", hours=1)]]
    got, wire = _look(changes, first)
    assert _bases(got) == {"a": "read", "b": "read"}
    assert len(got.table("findings")) == 6
    assert ["updatedAt" in r["filterCriteria"] for r in wire.asked("ListFindings")] == [
        *(True, False, False, True),  # what was taken back, last
    ]


def test_digests_of_which_nothing_is_told_together_are_asked_one_by_one():
    """Whether a filter's list means any or all of its values is not documented."""
    images = "abcdef"

    def all_of(parameters: p.Payload) -> p.Payload:
        hashes = [one["value"] for one in parameters["filterCriteria"].get("ecrImageHash", ())]
        page = [_found("8", 8, "c")] if hashes == [p.digest("c")] else []
        return {"findings": page}

    before, _ = _look([[_found("0")]], images=images)
    for row in before.table("assessments"):
        row["state"] = "pending" if row["digest"] in (p.digest("c"), p.digest("d")) else "assessed"
    got, _ = _look(all_of, before, images=images)
    assert ("c", "8") in _stated(got)
    assert set(got.states().values()) == {"assessed"}
    assert _bases(got) == {**dict.fromkeys("abef", "changes"), **dict.fromkeys("cd", "read")}


def test_images_of_other_clouds_are_not_counted_among_ours(first):
    """Inspector sees Azure's and Google's images too; their own adapters report them."""
    other = {
        "type": "Microsoft.ContainerRegistry/registry/containerImage",
        "id": "/subscriptions/1/registries/acme",
        "details": {"image": {"repositoryName": "team/app", "imageDigest": p.digest("a")}},
    }
    for before in (None, first):
        got, wire = _look([[_found("9", 9, hours=1, resources=[other])]], before)
        assert ("a", "9") not in _stated(got)
        assert got.states() == {A: "assessed", B: "assessed"}
        for asked in wire.asked("ListFindings"):
            kinds = [one["value"] for one in asked["filterCriteria"]["resourceType"]]
            assert kinds == ["AWS_ECR_CONTAINER_IMAGE"]
