"""A full reading held against Inspector's own counts."""

import logging
from typing import Any

from audit.model.enums import Outcome
from tests.unit.aws import payloads as p
from tests.unit.aws.support import collect
from tests.unit.aws.test_inspector_window import A, B, _found, _wire
from tests.unit.aws.wire import failure


def _counts(**told: int) -> Any:
    rows = [
        {
            "awsEcrContainerAggregation": {
                "resourceId": p.arn_of(letter),
                "accountId": p.ACCOUNT,
                "severityCounts": {"all": count},
            }
        }
        for letter, count in told.items()
    ]
    return lambda _: {"aggregationType": "AWS_ECR_CONTAINER", "responses": rows}


def _looked(counts: Any, again: list[p.Payload], **settings: Any) -> Any:
    """Read two images with a finding each; ``again`` is what their digests are asked for gives."""

    def findings(parameters: p.Payload) -> p.Payload:
        by_hash = "ecrImageHash" in parameters["filterCriteria"]
        return {"findings": again if by_hash else [_found("0"), _found("1", 1, "b")]}

    wire = _wire(findings, ListFindingAggregations=counts)
    with wire:
        return collect({**wire.settings(), "inspector": settings}), wire


def test_a_count_that_agrees_costs_its_pages_and_nothing_else():
    got, wire = _looked(_counts(a=1, b=1), [])
    assert set(got.states().values()) == {"assessed"}
    assert wire.calls["ListFindings"] == 1
    assert wire.asked("ListFindingAggregations") == [
        {
            "aggregationType": "AWS_ECR_CONTAINER",
            "accountIds": [{"comparison": "EQUALS", "value": p.ACCOUNT}],
            "maxResults": 100,
        }
    ]


def test_what_the_listing_left_out_is_read_again_by_digest():
    got, wire = _looked(_counts(a=2, b=1), [_found("0"), _found("5", 5)])
    assert got.states() == {A: "assessed", B: "assessed"}
    told = sorted((r["digest"][7], r["vulnerability_id"][-1]) for r in got.table("findings"))
    assert told == [("a", "1")] * 2 + [("a", "5")] * 2 + [("b", "1")] * 2
    assert wire.calls["ListFindings"] == 2
    assert got.findings.outcome is Outcome.COMPLETE


def test_an_image_of_which_more_is_counted_than_listed_is_unknown_with_both_numbers():
    got, _ = _looked(_counts(a=3, b=1), [_found("0")])
    assert got.states() == {A: "unknown", B: "assessed"}
    assert "counts 3 findings and listed 1" in got.table("assessments")[0]["reason"]
    assert got.findings.outcome is Outcome.PARTIAL


def test_counts_that_are_refused_take_no_verdict_away_and_are_logged(caplog):
    got, wire = _looked(lambda _: failure("AccessDeniedException"), [])
    assert set(got.states().values()) == {"assessed"}
    assert got.findings.outcome is Outcome.COMPLETE
    assert wire.calls["ListFindings"] == 1
    assert "findings not counted: inspector2:ListFindingAggregations" in caplog.text


def test_fewer_counted_than_listed_is_logged_only(caplog):
    caplog.set_level(logging.INFO)
    wire = _wire([[_found("0"), _found("1", 2)]], ListFindingAggregations=_counts(a=1))
    with wire:
        got = collect(wire.settings())
    assert set(got.states().values()) == {"assessed"}
    assert got.findings.outcome is Outcome.COMPLETE
    assert "Inspector counts fewer of 1 images" in caplog.text


def test_counts_need_not_be_asked():
    _, wire = _looked(_counts(a=3, b=1), [], cross_check="never")
    assert wire.calls["ListFindingAggregations"] == 0
