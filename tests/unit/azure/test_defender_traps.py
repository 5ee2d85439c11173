"""What went wrong for others who read Defender, each by name, through the loopback cloud.

The loopback's words come from its own description; the adapter is asked as a run would ask it.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from audit.model.enums import Outcome
from providers.azure.provider import AzureProvider
from providers.azure.settings import AzureSettings
from providers.azure.states import not_offered
from providers.loopback.azure import AzureLoopback
from providers.loopback.azure.assessments import writes_camel, writes_list
from providers.loopback.estate import CveDetail, Estate, Fault, FaultKind, Image, Scan, Statement
from tests.unit.azure.remembering import night
from tests.unit.azure.support import KeepingSink, Read, read
from tests.unit.loopback.azure_estates import (
    HEALTHY,
    NIGHT,
    ONE,
    SCANNED,
    SILENT,
    UNHEARD,
    UNSUPPORTED,
    estate,
    statement,
    statements_of,
)

DEFENDER = f"azure/{ONE}/defender"
STATEMENTS = sum(len(statements_of(image)) for image in SCANNED)
PAGES = 4  # 27 rows in pages of 7
NEXT = NIGHT + timedelta(days=1)


def shown(
    *faults: Fault,
    images: tuple[Image, ...] = SCANNED,
    dated: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Estate:
    """The small estate, with other images in its first repository.

    ``dated``: without images whose rows do not tell when their status changed.
    """
    described = estate(*faults)
    one, *others = described.places
    registry, *rest = one.registries
    first, *more = registry.repositories
    rest_of_it = [replace(other, images=_dated(other.images)) for other in more] if dated else more
    registry = replace(registry, repositories=(replace(first, images=images), *rest_of_it))
    one = replace(one, registries=(registry, *rest), settings={**one.settings, **(settings or {})})
    return replace(described, places=(one, *others))


def _dated(images: tuple[Image, ...]) -> tuple[Image, ...]:
    return tuple(one for one in images if one not in (UNSUPPORTED, UNHEARD))


def faulty(kind: FaultKind, **settings: str) -> Read:
    with AzureLoopback(shown(Fault(kind, "azure", ONE), settings=settings)) as cloud:
        return read(cloud.settings(), max_attempts=2)


def states_of(run: Read, *images: Image) -> set[str]:
    wanted = {image.digest for image in images}
    return {row["state"] for row in run.sink["assessments"] if row["digest"] in wanted}


def collected(
    settings: Mapping[str, Any], moment: datetime, before: KeepingSink | None = None
) -> KeepingSink:
    """Collect the first subscription, after a run before."""
    provider = AzureProvider(AzureSettings.model_validate(settings), night(moment, before))
    sink = KeepingSink()
    for task in provider.plan().tasks:
        provider.collect(pickle.loads(pickle.dumps(task)), sink)  # noqa: S301  our own task
    return sink


@pytest.fixture(scope="module")
def calm() -> Read:
    with AzureLoopback(estate()) as cloud:
        return read(cloud.settings())


# --- Resource Graph


def test_zero_rows_with_http_200_are_not_zero_findings():
    run = faulty("findings_silent")
    outcome = run.outcomes[DEFENDER]
    assert (outcome.outcome, outcome.error_code) == (Outcome.FAILED, "NoRows")
    assert "its plan is on" in str(outcome.error)
    assert states_of(run, *SCANNED) == {"unknown", "pending"}  # one was pushed just now
    assert states_of(run, SILENT, HEALTHY) == {"unknown"}


def test_silence_is_no_failure_where_no_plan_scans():
    run = faulty("findings_silent", defender_plan="Free")
    assert run.outcomes[DEFENDER].outcome is Outcome.COMPLETE
    assert states_of(run, *SCANNED) == {"not_scanned"}


def test_a_page_whose_total_changes_voids_the_read():
    run = faulty("findings_moving")
    outcome = run.outcomes[DEFENDER]
    assert outcome.outcome is Outcome.PARTIAL
    assert "totalRecords moved" in str(outcome.error)
    assert states_of(run, *SCANNED, SILENT, HEALTHY) == {"unknown"}
    notes = {(row["scope_id"], row["name"]) for row in run.sink["reading_marks"]}
    assert not notes & {(DEFENDER, "summary"), (DEFENDER, "full_read")}


def test_429_in_the_middle_is_waited_out():
    run = faulty("findings_throttled")
    assert run.outcomes[DEFENDER].outcome is Outcome.COMPLETE
    assert run.outcomes[DEFENDER].listed == STATEMENTS


def test_subscriptions_beyond_the_limit_void_the_read():
    run = faulty("limit_hit")
    assert run.outcomes[DEFENDER].outcome is not Outcome.COMPLETE
    assert "left out subscriptions" in str(run.outcomes[DEFENDER].error)
    assert states_of(run, *SCANNED, SILENT, HEALTHY) == {"unknown"}


def test_pages_are_as_many_as_the_rows_need_and_each_question_is_asked_once():
    with AzureLoopback(estate()) as cloud:
        run = read(cloud.settings())
    images = len({row["digest"] for row in run.sink["findings"]}) + 3  # three of another status
    summary, running, details, older, plan, exempt = -(-images // 7), 1, 1, 1, 1, 1
    asked = summary + running + details + older + plan + exempt
    assert run.outcomes[DEFENDER].api_calls == PAGES + asked


# --- shapes


def test_cve_details_come_as_a_string_as_a_list_in_both_spellings_and_as_null(calm):
    shapes = {(writes_list(image.digest), writes_camel(image.digest)) for image in SCANNED}
    assert len(shapes) == 4
    told = {(row["digest"], row["vulnerability_id"]) for row in calm.sink["findings"]}
    assert told == {
        (image.digest, one.vulnerability_id) for image in SCANNED for one in statements_of(image)
    }
    assert states_of(calm, HEALTHY) == {"assessed"}  # its CvesDetails are null


def test_cves_named_without_details_are_kept_and_filled_by_name_where_the_scope_allows():
    (first, *_), described = statements_of(SCANNED[0]), shown(Fault("findings_bare", "azure", ONE))
    detail = CveDetail(first.vulnerability_id, "Critical", 9.1)
    with AzureLoopback(replace(described, cve_details=(detail,))) as cloud:
        run = read(cloud.settings())
    assert len(run.sink["findings"]) == run.outcomes[DEFENDER].listed == STATEMENTS
    told = {row["vulnerability_id"]: row for row in run.sink["findings"]}
    filled = told.pop(first.vulnerability_id)
    assert (filled["severity"], filled["severity_source"], filled["cvss_score"]) == (
        *("CRITICAL", "microsoft.security/cvedetails", 9.1),
    )
    assert {(row["severity"], row["severity_source"]) for row in told.values()} == {
        ("UNKNOWN", None)
    }


def test_severity_unknown_is_neither_none_nor_low(calm):
    words = {row["native_severity"]: row["severity"] for row in calm.sink["findings"]}
    assert words["Unknown"] == "UNKNOWN"
    assert sum(row["severity"] == "UNKNOWN" for row in calm.sink["findings"]) == len(SCANNED)


def test_the_grouped_and_the_individual_shape_at_once_do_not_count_twice(calm):
    with AzureLoopback(shown(settings={"defender_rows": "both"})) as cloud:
        both = read(cloud.settings())
    assert len(both.sink["findings"]) == STATEMENTS
    assert both.states() == calm.states()


def test_a_tenant_that_still_has_the_grouped_shape_is_read_by_it(calm):
    with AzureLoopback(shown(settings={"defender_rows": "older"})) as cloud:
        older = read(cloud.settings())
    columns = ("digest", "vulnerability_id", "package_name", "package_version", "severity")
    assert {tuple(row[name] for name in columns) for row in older.sink["findings"]} == {
        tuple(row[name] for name in columns) for row in calm.sink["findings"]
    }
    assert states_of(older, *SCANNED) == {"assessed"}
    assert states_of(older, UNSUPPORTED) == {"inferred_clean"}  # it has no statement, so no row


def test_rows_of_aws_and_google_images_are_kept_apart(calm):
    assert not [row for row in calm.sink["findings"] if row["package_name"] == "elsewhere"]
    assert calm.outcomes[DEFENDER].listed == STATEMENTS


# --- what the rows do not say


def test_containers_that_run_mark_their_image_in_use_and_are_no_findings_of_their_own():
    used = (replace(SCANNED[0], in_use_count=3), *SCANNED[1:])
    with AzureLoopback(shown(images=used)) as cloud:
        run = read(cloud.settings())
    told = {row["digest"]: (row["in_use"], row["in_use_count"]) for row in run.sink["placements"]}
    assert told[SCANNED[0].digest] == (True, 3)
    assert told[SCANNED[1].digest] == (False, 0)
    assert told[SILENT.digest] == (None, None)
    assert len(run.sink["findings"]) == STATEMENTS


def exempted(one: Statement) -> Image:
    scan = Scan(("NotApplicable",), "assessed", NIGHT, (one,))
    return replace(SCANNED[0], scan=scan)


def test_not_applicable_is_not_assessed_and_its_statements_are_kept():
    with AzureLoopback(shown(images=(exempted(statement(1, "zlib")),))) as cloud:
        run = read(cloud.settings())
    assert states_of(run, SCANNED[0]) == {"unsupported"}
    assert [row["native_state"] for row in run.sink["findings"]] == ["NotApplicable"]


def test_azure_china_lost_defender_and_says_so_instead_of_nothing():
    china = "https://management.chinacloudapi.cn"
    end = datetime.fromisoformat("2026-08-18T00:00:00+00:00")
    assert "ended" in str(not_offered(china, end))
    assert not_offered(china, end - timedelta(seconds=1)) is None
    assert not_offered("https://management.azure.com", end) is None
    assert not_offered("https://management.usgovcloudapi.net", end) is None


# --- from night to night


def test_a_night_on_which_nothing_moved_costs_no_page_of_rows():
    with AzureLoopback(shown(dated=True)) as cloud:
        first = collected(cloud.settings(), NIGHT)
        cloud.calls.clear()
        second = collected(cloud.settings(), NEXT, first)
        calls = cloud.calls["resource_graph.resources"]
    assert second["findings"] == []
    states = [
        {(row["repository"], row["digest"]): row["state"] for row in sink["assessments"]}
        for sink in (first, second)
    ]
    assert states[0] == states[1]
    bases = {row["digest"]: row["basis"] for row in second["assessments"]}
    assert {bases[image.digest] for image in (*SCANNED, HEALTHY)} == {"remembered"}
    assert bases[SILENT.digest] == "read"
    discovery, plan, summary, running, older, exempt = 2, 1, 2, 1, 1, 1
    other_subscription = 5 + 1  # of no row, so everything is asked for
    assert calls == discovery + plan + summary + running + older + exempt + other_subscription


def test_a_night_on_which_one_image_moved_reads_that_image(monkeypatch):
    monkeypatch.setattr("providers.azure.summary.PAGE", 7)  # as the loopback's
    worse = (*statements_of(SCANNED[4]), statement(99, "curl", "Critical"))
    moved = replace(SCANNED[4], scan=Scan(("Unhealthy",), "assessed", NEXT, worse))
    after = tuple(moved if image is SCANNED[4] else image for image in SCANNED)
    with AzureLoopback(shown(dated=True)) as cloud:
        first = collected(cloud.settings(), NIGHT)
        cloud.show(shown(images=after, dated=True))
        second = collected(cloud.settings(), NEXT, first)
    assert {row["digest"] for row in second["findings"]} == {moved.digest}
    assert len(second["findings"]) == 4
    bases = {row["digest"]: row["basis"] for row in second["assessments"]}
    assert (bases[moved.digest], bases[SCANNED[5].digest]) == ("read", "remembered")


def test_a_read_that_broke_off_leaves_nothing_to_go_on_from():
    with AzureLoopback(shown(Fault("findings", "azure", ONE))) as cloud:
        first = collected({**cloud.settings(), "max_attempts": 1}, NIGHT)
        cloud.show(estate())
        second = collected(cloud.settings(), NEXT, first)
    assert {row["basis"] for row in second["assessments"]} == {"read"}
    assert len(second["findings"]) == STATEMENTS
