"""A second night over gRPC, against a server that each test scripts: what is asked and believed."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.cloud import artifactregistry_v1 as ar
from grafeas import grafeas_v1 as gr

from audit.model.scope import ScopeOutcome
from audit.ports import NoMemory, RunContext
from providers.gcp import client, lean
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings
from providers.loopback.gcp import GcpLoopback
from tests.support.kept import Kept
from tests.unit.gcp import parts
from tests.unit.gcp.server import Refusal, Script, serving
from tests.unit.loopback import estates

URL = re.compile(r'resourceUrl="([^"]+)"')
ANALYSIS = "gcp/p/artifact-analysis"
FIRST = parts.MOMENT - timedelta(days=2)


@dataclass
class Analysed:
    """Occurrences that the server holds, and the filters it was asked with.

    Attributes:
        most: Most URLs that a filter may hold; beyond, it is refused.
        honoured: How many URLs of a filter are looked at.
    """

    discoveries: list[Any] = field(default_factory=list)
    vulnerabilities: list[Any] = field(default_factory=list)
    most: int = 1000
    honoured: int = 1000
    filters: list[str] = field(default_factory=list)

    def answer(self, request: Any) -> gr.ListOccurrencesResponse:
        self.filters.append(request.filter)
        if "DISCOVERY" in request.filter:
            return gr.ListOccurrencesResponse(occurrences=self.discoveries)
        urls = URL.findall(request.filter)
        if len(urls) > self.most:
            raise Refusal("INVALID_ARGUMENT", "filter too long", "BAD_FILTER")
        told = set(urls[: self.honoured])
        chosen = [one for one in self.vulnerabilities if not urls or one.resource_uri in told]
        return gr.ListOccurrencesResponse(occurrences=chosen)

    def asked(self) -> list[list[str]]:
        """Return the letters of the images that each filter asked about; none: about all."""
        wanted = [one for one in self.filters if "VULNERABILITY" in one]
        return [[url[-1] for url in URL.findall(one)] for one in wanted]


@pytest.fixture
def script():
    with serving() as served:
        served.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
            repositories=[parts.repository()]
        )
        served.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
            docker_images=[parts.image(letter) for letter in "abcd"]
        )
        yield served


def analysed(script: Script, days: float, letters: str = "abcd", **more: Any) -> Analysed:
    """Let the server hold one vulnerability an image, with results of some day."""
    changed = FIRST + timedelta(days=days)
    held = Analysed(
        [parts.discovery(one, last_vulnerability_update_time=changed) for one in letters],
        [parts.vulnerability(one, name=f"o/{one}") for one in letters],
        **more,
    )
    script.answers["ListOccurrences"] = held.answer
    return held


def collect(
    script: Script, before: parts.Rows | None = None, **more: Any
) -> tuple[parts.Rows, dict[str, ScopeOutcome]]:
    memory = Kept(before.tables) if before else NoMemory()
    moment = parts.MOMENT if before else FIRST
    context = RunContext("run-1", moment, logging.getLogger("test"), memory)
    provider = GcpProvider(GcpSettings(**script.settings(**more)), context)
    (task,) = provider.plan().tasks
    rows = parts.Rows()
    outcomes = provider.collect(task, rows)
    return rows, {outcome.ref.scope_id: outcome for outcome in outcomes}


def stated(rows: parts.Rows) -> list[str]:
    return sorted(row["digest"][-1] for row in rows.tables["findings"])


def looks(rows: parts.Rows) -> dict[str, tuple[str, str | None]]:
    return {r["digest"][-1]: (r["state"], r["basis"]) for r in rows.tables["assessments"]}


def test_only_images_that_moved_are_asked_about(script):
    analysed(script, 0)
    first, _ = collect(script)
    held = analysed(script, 0)
    held.discoveries[1].discovery.last_vulnerability_update_time = FIRST + timedelta(days=1)
    rows, outcomes = collect(script, first)
    assert held.asked() == [["b"]]
    assert stated(rows) == ["b"]
    assert looks(rows) == {
        "b": ("assessed", "read"),
        **dict.fromkeys("acd", ("assessed", "remembered")),
    }
    assert (outcomes[ANALYSIS].api_calls, outcomes[ANALYSIS].listed) == (2, 1)
    assert collect(script, rows)[0].tables["findings"] == [], "its mark is the next night's"


def test_images_are_asked_for_by_the_names_that_google_gives_them(script):
    script.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
        repositories=[parts.repository(name="projects/p/locations/us/repositories/gcr.io")]
    )
    held = analysed(script, 0, "a")
    old = f"https://gcr.io/p/app@{parts.digest('a')}"
    for one in (*held.discoveries, *held.vulnerabilities):
        one.resource_uri = old
    first, _ = collect(script)
    assert stated(first) == ["a"]
    moved = FIRST + timedelta(days=1)
    held.discoveries[0].discovery.last_vulnerability_update_time = moved
    rows, _ = collect(script, first)
    assert held.filters[-1] == f'kind="VULNERABILITY" AND resourceUrl="{old}"'
    assert stated(rows) == ["a"]
    (finding,) = rows.tables["findings"]
    assert finding["registry_id"] == "us-docker.pkg.dev/p/gcr.io"


def test_a_filter_that_is_too_long_is_cut_in_half(script):
    analysed(script, 0)
    first, _ = collect(script)
    held = analysed(script, 1, most=2)
    rows, outcomes = collect(script, first)
    assert held.asked() == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"]]
    assert stated(rows) == ["a", "b", "c", "d"]
    assert str(outcomes[ANALYSIS].outcome) == "complete"


def test_a_filter_by_image_that_is_refused_leads_to_the_full_listing(script, caplog):
    analysed(script, 0)
    first, _ = collect(script)
    held = analysed(script, 1, most=0)
    rows, outcomes = collect(script, first)
    assert held.asked()[-1] == []
    assert stated(rows) == ["a", "b", "c", "d"], "nothing is told twice"
    assert set(looks(rows).values()) == {("assessed", "read")}
    assert str(outcomes[ANALYSIS].outcome) == "complete"
    assert "everything is read" in caplog.text


def test_a_filter_that_does_not_mean_what_it_says_takes_nothing_back(script):
    analysed(script, 0)
    first, _ = collect(script)
    held = analysed(script, 1, honoured=1)
    rows, _ = collect(script, first)
    assert held.asked() == [["a", "b", "c", "d"], ["b"], ["c"], ["d"]]
    assert stated(rows) == ["a", "b", "c", "d"]


def test_after_some_filters_that_failed_no_other_is_tried(script, monkeypatch):
    monkeypatch.setattr("providers.gcp.reading.IMAGES_A_CALL", 1)
    analysed(script, 0)
    first, _ = collect(script)
    held = analysed(script, 1)
    asked = []

    def answer(request: Any) -> gr.ListOccurrencesResponse:
        if "VULNERABILITY" in request.filter:
            asked.append(request.filter)
            raise Refusal("PERMISSION_DENIED", "no")
        return held.answer(request)

    script.answers["ListOccurrences"] = answer
    monkeypatch.setattr("providers.gcp.analysis.is_dearer", lambda *_: False)
    rows, outcomes = collect(script, first)
    assert len(asked) == 3
    assert outcomes[ANALYSIS].errors == 3
    assert set(looks(rows).values()) == {("denied", None)}


def test_clean_images_are_asked_about_once_when_the_filter_is_known_to_work(script):
    analysed(script, 0)
    first, _ = collect(script)
    held = analysed(script, 1)
    held.vulnerabilities = held.vulnerabilities[:2]
    rows, _ = collect(script, first)
    assert held.asked() == [["a", "b", "c", "d"]]
    assert looks(rows)["d"] == ("assessed", "read")


def test_where_google_does_not_say_when_results_changed_all_is_read(script):
    held = analysed(script, 0)
    for one in held.discoveries:
        del one.discovery.last_vulnerability_update_time
    first, _ = collect(script)
    rows, _ = collect(script, first)
    assert held.asked() == [[], ["a", "b", "c", "d"]]
    assert {basis for _, basis in looks(rows).values()} == {"read"}


@pytest.mark.parametrize("broken", ["DISCOVERY", "VULNERABILITY"])
def test_a_mark_is_written_only_when_the_reading_was_whole(script, broken):
    whole = analysed(script, 0)
    rows, _ = collect(script)
    assert [row["name"] for row in rows.tables["reading_marks"]] == ["artifact-analysis.read"]

    def answer(request: Any) -> gr.ListOccurrencesResponse:
        told = whole.answer(request)
        if broken in request.filter:
            told.unreachable.append("projects/p/locations/mars")
        return told

    script.answers["ListOccurrences"] = answer
    rows, _ = collect(script)
    assert not rows.tables["reading_marks"]
    assert set(looks(rows).values()) == {("unknown", None)}


def summary(script: Script, *counts: tuple[str, int, int]) -> None:
    told = lean.Summary()
    for letter, severity, count in counts:
        told.counts.add(resource_uri=parts.uri(letter), severity=severity, total_count=count)
    script.answers["GetVulnerabilityOccurrencesSummary"] = lambda _: told


def test_an_image_that_google_counts_and_does_not_list_is_not_clean(script):
    analysed(script, 0).vulnerabilities.pop()
    summary(script, ("a", 0, 1), ("a", 4, 1), ("d", 0, 3), ("d", 4, 3), ("f", 0, 9))
    rows, outcomes = collect(script)
    assert looks(rows)["d"] == ("unknown", None)
    assert looks(rows)["c"] == ("assessed", "read")
    assert str(outcomes[ANALYSIS].outcome) == "partial"
    assert "counts 3 vulnerabilities" in (outcomes[ANALYSIS].error or "")
    assert not rows.tables["reading_marks"]


def test_other_counts_than_what_was_read_are_logged_alone(script, caplog):
    analysed(script, 0)
    summary(script, ("a", 4, 1), ("a", 3, 1), ("b", 0, 1))
    rows, outcomes = collect(script)
    assert str(outcomes[ANALYSIS].outcome) == "complete"
    assert "other numbers of vulnerabilities for 1 images" in caplog.text
    assert set(looks(rows).values()) == {("assessed", "read")}


def test_a_count_that_is_denied_is_no_failure_of_the_reading(script, caplog):
    analysed(script, 0)

    def refuse(_: Any) -> None:
        raise Refusal("PERMISSION_DENIED", "no")

    script.answers["GetVulnerabilityOccurrencesSummary"] = refuse
    rows, outcomes = collect(script)
    assert str(outcomes[ANALYSIS].outcome) == "complete"
    assert "could not be checked" in caplog.text
    assert rows.tables["reading_marks"]


@pytest.mark.parametrize("own", [False, True], ids=["of the index alone", "of the child too"])
def test_an_index_that_google_speaks_of_counts_for_its_first_amd64_manifest(script, own):
    cpus = {"b": "arm64", "c": "amd64", "d": "amd64"}
    manifests = [
        ar.ImageManifest(digest=parts.digest(letter), os="linux", architecture=cpu)
        for letter, cpu in cpus.items()
    ]
    index = parts.image("a", media_type=parts.INDEX, image_manifests=manifests)
    script.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
        docker_images=[index, *(parts.image(letter) for letter in cpus)]
    )
    analysed(script, 0, "ac" if own else "a")
    rows, _ = collect(script)
    states = {letter: state for letter, (state, _) in looks(rows).items()}
    assert states == {"b": "not_scanned", "c": "assessed", "d": "not_scanned"}
    assert stated(rows) == ["c"]
    (finding,) = rows.tables["findings"]
    assert finding["native_id"] == ("o/c" if own else "o/a")
    reasons = {row["digest"][-1]: row["reason"] for row in rows.tables["assessments"]}
    assert "linux/arm64" in reasons["b"]
    assert "linux/amd64" in reasons["d"], "only the first one is scanned"


def test_a_page_that_fails_in_the_middle_is_asked_for_again_and_told_once():
    estate = estates.small_estate(findings_page_size=1)
    read = []
    for after in (None, 6):
        with GcpLoopback(estate) as cloud:
            if after is not None:
                cloud.disturb("ListOccurrences", grpc.StatusCode.UNAVAILABLE, after=after)
            settings = GcpSettings.model_validate({**cloud.settings(), "max_attempts": 2})
            context = RunContext("run-1", estate.moment, logging.getLogger("test"))
            provider, rows = GcpProvider(settings, context), parts.Rows()
            outcomes = [o for t in provider.plan().tasks for o in provider.collect(t, rows)]
        assert "partial" not in {str(one.outcome) for one in outcomes}
        read.append((rows.tables, cloud.calls["ListOccurrences"]))
    assert read[0][0] == read[1][0]
    assert read[1][1] == read[0][1] + 1


def test_a_call_that_hangs_ends_at_its_deadline(script, monkeypatch):
    monkeypatch.setattr(client, "_TIMEOUT", 0.2)
    script.answers["ListOccurrences"] = lambda _: time.sleep(0.6)
    began = time.monotonic()
    rows, outcomes = collect(script, max_attempts=1)
    assert time.monotonic() - began < 10
    assert outcomes[ANALYSIS].error_code == "DEADLINE_EXCEEDED"
    assert {state for state, _ in looks(rows).values()} == {"unknown"}


@pytest.mark.parametrize("order", ["ef", "fe"])
def test_of_two_indexes_of_one_image_the_newest_speaks_whatever_their_order(script, order):
    child = {"architecture": "amd64", "os": "linux", "digest": parts.digest("a")}
    kept = [{**child, "media_type": parts.MANIFEST}]
    indexes = [parts.image(one, media_type=parts.INDEX, image_manifests=kept) for one in "ef"]
    script.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
        docker_images=[parts.image("a"), *indexes]
    )
    held = analysed(script, 0, order)
    for one in held.discoveries:
        newest = one.resource_uri.endswith("e")
        one.update_time = FIRST + timedelta(days=newest)
        one.discovery.analysis_status = 3 if newest else 4
    rows, _ = collect(script)
    assert stated(rows) == ["a"]
    assert looks(rows) == {"a": ("assessed", "read")}


@pytest.mark.parametrize(("counted", "state"), [(1, "unknown"), (0, "assessed")])
def test_an_image_that_fell_silent_is_held_against_googles_count(script, counted, state):
    analysed(script, 0)
    first, _ = collect(script)
    held = analysed(script, 0, honoured=0)
    held.discoveries[1].discovery.last_vulnerability_update_time = FIRST + timedelta(days=1)
    script.answers["GetVulnerabilityOccurrencesSummary"] = lambda _: lean.Summary(
        counts=[{"resource_uri": parts.uri("b"), "total_count": counted}]
    )
    rows, _ = collect(script, first)
    assert (stated(rows), looks(rows)["b"][0]) == ([], state)
    assert looks(rows)["a"] == ("assessed", "remembered")
