"""The whole adapter over gRPC, against a server that each test scripts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from google.cloud import artifactregistry_v1 as ar
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]  # no types
from grafeas import grafeas_v1 as gr

from audit.model.enums import Outcome
from audit.model.scope import ScopeOutcome
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings
from tests.unit.gcp import parts
from tests.unit.gcp.server import Refusal, Script, serving


@pytest.fixture
def script():
    with serving() as served:
        served.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
            repositories=[parts.repository()]
        )
        served.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
            docker_images=[parts.image("a"), parts.image("b", "other")]
        )
        served.answers["ListOccurrences"] = occurrences(
            [parts.discovery("a"), parts.discovery("b", resource_uri=parts.uri("b", "other"))],
            [parts.vulnerability("a")],
        )
        yield served


def occurrences(discoveries: list[Any], vulnerabilities: list[Any]):
    def answer(request: Any) -> gr.ListOccurrencesResponse:
        by_filter = {
            'kind="DISCOVERY"': discoveries,
            'kind="VULNERABILITY"': vulnerabilities,
        }
        return gr.ListOccurrencesResponse(occurrences=by_filter[request.filter])

    return answer


def collect(script: Script, **more: Any) -> tuple[parts.Rows, dict[str, ScopeOutcome]]:
    provider = GcpProvider(GcpSettings(**script.settings(**more)), parts.CONTEXT)
    (task,) = provider.plan().tasks
    rows = parts.Rows()
    outcomes = provider.collect(task, rows)
    promised = {ref.scope_id for ref in task.scopes}
    by_scope = {outcome.ref.scope_id: outcome for outcome in outcomes}
    assert promised <= by_scope.keys()
    assert len(by_scope) == len(outcomes)
    return rows, by_scope


def states(rows: parts.Rows) -> dict[str, str]:
    return {row["digest"][7]: row["state"] for row in rows.tables["assessments"]}


def refuse(*args: str, **metadata: str):
    def answer(_: Any) -> None:
        raise Refusal(*args, **metadata)

    return answer


def test_a_project_is_read_whole(script):
    rows, outcomes = collect(script)
    assert {key: str(o.outcome) for key, o in outcomes.items()} == {
        "gcp/p": "complete",
        "gcp/p/us": "complete",
        "gcp/p/artifact-analysis": "complete",
    }
    assert [outcomes[key].listed for key in sorted(outcomes)] == [1, 1, 2]
    assert states(rows) == {"a": "assessed", "b": "assessed"}
    (finding,) = rows.tables["findings"]
    assert (finding["registry_id"], finding["repository"]) == (parts.REGISTRY_ID, "app")
    assert finding["digest"] == parts.digest("a")
    assert [row["vulnerability_id"] for row in rows.tables["vulnerabilities"]] == ["CVE-2026-1"]
    assert [row["repository"] for row in rows.tables["repositories"]] == ["app", "other"]
    assert {row["observed_run_id"] for row in rows.tables["placements"]} == {"run-1"}


def test_lists_ask_for_the_largest_page_and_for_partial_success(script):
    collect(script)
    *lists, check = script.requests
    assert {request.page_size for request in lists} == {1000}
    listings = [request for request in lists if "kind" in getattr(request, "filter", "")]
    assert [one.filter for one in listings] == ['kind="DISCOVERY"', 'kind="VULNERABILITY"']
    assert all(one.return_partial_success for one in listings)
    assert (check.parent, check.filter) == ("projects/p", ""), (
        "Google's own count, which has no pages"
    )


def test_calls_that_bypass_the_sdk_are_routed_as_its_own_are(script):
    collect(script)
    routes = dict(script.routes)
    assert routes["ListOccurrences"] == "parent=projects/p"
    assert routes["GetVulnerabilityOccurrencesSummary"] == "parent=projects/p"
    assert routes["ListDockerImages"] == f"parent={parts.REGISTRY}"


def test_configured_locations_need_no_call(script):
    _, outcomes = collect(script, locations=["us", "europe"])
    assert script.calls["ListLocations"] == 0
    assert "gcp/p/europe" in outcomes


def test_a_configured_location_hangs_on_no_listing(script):
    _, outcomes = collect(script, locations=["us"])
    assert "gcp/p" not in outcomes, "nothing was discovered"
    assert outcomes["gcp/p/us"].ref.parent_scope_id == ""
    _, outcomes = collect(script)
    assert outcomes["gcp/p/us"].ref.parent_scope_id == "gcp/p"


def test_locations_come_in_pages(script):
    def answer(request: Any) -> Any:
        first = not request.page_token
        return locations_pb2.ListLocationsResponse(
            locations=[locations_pb2.Location(location_id="us" if first else "asia")],
            next_page_token=parts.NEXT if first else "",
        )

    script.answers["ListLocations"] = answer
    assert collect(script)[1]["gcp/p"].listed == 2


@pytest.mark.parametrize(
    ("refusal", "outcome", "permission"),
    [
        (("PERMISSION_DENIED", "no", "IAM_PERMISSION_DENIED"), "denied", True),
        (("PERMISSION_DENIED", "off", "SERVICE_DISABLED"), "disabled", False),
        (("PERMISSION_DENIED", "perimeter", "SECURITY_POLICY_VIOLATED"), "denied", False),
        (("NOT_FOUND",), "failed", False),
    ],
)
def test_denied_disabled_and_empty_are_three_outcomes(script, refusal, outcome, permission):
    script.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse()
    assert collect(script)[1]["gcp/p/us"].outcome is Outcome.COMPLETE
    script.answers["ListRepositories"] = refuse(*refusal)
    scope = collect(script)[1]["gcp/p/us"]
    assert str(scope.outcome) == outcome
    wanted = "artifactregistry.repositories.list" if permission else None
    assert scope.missing_permission == wanted
    assert "artifactregistry:ListRepositories" in (scope.error or "")


def test_the_permission_google_names_is_reported(script):
    script.answers["ListLocations"] = refuse(
        "PERMISSION_DENIED", "no", "IAM_PERMISSION_DENIED", permission="a.b.c"
    )
    rows, outcomes = collect(script)
    assert outcomes["gcp/p"].missing_permission == "a.b.c"
    assert outcomes["gcp/p"].outcome is Outcome.DENIED
    assert not rows.tables["placements"]
    assert outcomes["gcp/p/artifact-analysis"].listed == 1


def broken_second_page(script: Script, *refusal: str) -> None:
    def answer(request: Any) -> ar.ListDockerImagesResponse:
        if request.page_token:
            raise Refusal(*refusal)
        return ar.ListDockerImagesResponse(
            docker_images=[parts.image("a")], next_page_token=parts.NEXT
        )

    script.answers["ListDockerImages"] = answer


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_page_that_fails_for_good_is_tried_a_bounded_number_of_times(script, attempts):
    broken_second_page(script, "UNAVAILABLE", "down")
    rows, outcomes = collect(script, max_attempts=attempts)
    assert script.calls["ListDockerImages"] == 1 + attempts
    scope = outcomes["gcp/p/us"]
    assert (str(scope.outcome), scope.listed, scope.errors) == ("partial", 1, 1)
    assert (scope.api_calls, scope.error_code) == (3, "UNAVAILABLE")
    assert [row["complete"] for row in rows.tables["repositories"]] == [False]
    assert states(rows) == {"a": "assessed"}


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL"])
def test_a_transient_error_is_tried_again(script, code):
    served = script.answers["ListDockerImages"]

    def answer(request: Any) -> Any:
        if script.calls["ListDockerImages"] == 1:
            raise Refusal(code)
        return served(request)

    script.answers["ListDockerImages"] = answer
    rows, outcomes = collect(script)
    assert outcomes["gcp/p/us"].outcome is Outcome.COMPLETE
    assert len(rows.tables["placements"]) == 2


def test_a_terminal_error_is_not_tried_again(script):
    broken_second_page(script, "INVALID_ARGUMENT", "bad token")
    collect(script)
    assert script.calls["ListDockerImages"] == 2


def test_a_broken_registry_does_not_stop_the_next(script):
    other = parts.repository(name="projects/p/locations/us/repositories/s")
    script.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
        repositories=[parts.repository(), other]
    )

    def answer(request: Any) -> ar.ListDockerImagesResponse:
        if request.parent == parts.REGISTRY:
            raise Refusal("PERMISSION_DENIED")
        name = f"{request.parent}/dockerImages/app@{parts.digest('c')}"
        return ar.ListDockerImagesResponse(
            docker_images=[ar.DockerImage(name=name, media_type=parts.MANIFEST)]
        )

    script.answers["ListDockerImages"] = answer
    rows, outcomes = collect(script)
    assert len(rows.tables["registries"]) == 2
    assert [row["complete"] for row in rows.tables["repositories"]] == [True]
    assert outcomes["gcp/p/us"].outcome is Outcome.PARTIAL
    assert outcomes["gcp/p/us"].missing_permission == "artifactregistry.dockerimages.list"


def test_a_page_token_that_comes_back_ends_the_listing(script):
    script.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
        docker_images=[parts.image("a")], next_page_token=parts.NEXT
    )
    rows, outcomes = collect(script)
    assert outcomes["gcp/p/us"].error_code == "BrokenPageError"
    assert [row["complete"] for row in rows.tables["repositories"]] == [False]


def test_an_image_without_a_digest_breaks_the_listing_only(script):
    nameless = ar.DockerImage(name=f"{parts.REGISTRY}/dockerImages/app")
    script.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
        docker_images=[nameless, parts.image("a")]
    )
    rows, outcomes = collect(script)
    assert outcomes["gcp/p/us"].outcome is Outcome.PARTIAL
    assert [row["complete"] for row in rows.tables["repositories"]] == [False]
    assert states(rows) == {"a": "assessed"}


@pytest.mark.parametrize("fields", [{"mode": 2}, {"format_": 3}])
def test_virtual_and_other_formats_are_registries_without_images(script, fields):
    script.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
        repositories=[parts.repository(**fields)]
    )
    rows, outcomes = collect(script)
    assert script.calls["ListDockerImages"] == 0
    assert len(rows.tables["registries"]) == 1
    assert outcomes["gcp/p/us"].outcome is Outcome.COMPLETE
    assert not rows.tables["assessments"]


@pytest.mark.parametrize("number", [0, 99])
def test_a_format_that_is_not_known_is_listed_all_the_same(script, number):
    script.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
        repositories=[parts.repository(format_=number)]
    )
    rows, outcomes = collect(script)
    assert states(rows) == {"a": "assessed", "b": "assessed"}
    assert outcomes["gcp/p/us"].outcome is Outcome.COMPLETE
    (registry,) = rows.tables["registries"]
    assert (registry["format"], [n for n in registry["unread"] if "format" in n]) == (
        ("DOCKER", []) if number == 0 else ("99", ["format: 99 is not a known format"])
    )


@pytest.mark.parametrize("number", [0, 99])
def test_a_format_that_is_not_known_never_reads_as_holding_nothing(script, number):
    script.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
        repositories=[parts.repository(format_=number)]
    )
    script.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse()
    scope = collect(script)[1]["gcp/p/us"]
    assert (str(scope.outcome), scope.error_code) == ("failed", "BrokenPageError")
    assert str(number) in (scope.error or "")


def test_a_listing_without_any_location_is_cut_short(script):
    script.answers["ListLocations"] = lambda _: locations_pb2.ListLocationsResponse()
    scope = collect(script)[1]["gcp/p"]
    assert (str(scope.outcome), scope.error_code) == ("failed", "BrokenPageError")


def test_a_location_without_an_id_is_no_location(script):
    script.answers["ListLocations"] = lambda _: locations_pb2.ListLocationsResponse(
        locations=[locations_pb2.Location(), locations_pb2.Location(location_id="us")]
    )
    _, outcomes = collect(script)
    scope = outcomes["gcp/p"]
    assert (str(scope.outcome), scope.listed) == ("partial", 1)
    assert set(outcomes) == {"gcp/p", "gcp/p/us", "gcp/p/artifact-analysis"}


def test_a_refused_listing_of_locations_is_one_error(script):
    script.answers["ListLocations"] = refuse("PERMISSION_DENIED", "no")
    assert collect(script)[1]["gcp/p"].errors == 1


def test_an_index_without_its_manifests_is_not_read(script):
    script.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
        docker_images=[parts.image("b", media_type=parts.INDEX), parts.image("a")]
    )
    rows, outcomes = collect(script)
    children = {row["digest"][7]: row["child_digests"] for row in rows.tables["images"]}
    assert children == {"a": [], "b": None}
    scope = outcomes["gcp/p/us"]
    assert (str(scope.outcome), scope.error_code) == ("partial", "BrokenPageError")
    assert parts.digest("b") in (scope.error or "")
    assert [row["complete"] for row in rows.tables["repositories"]] == [True]


@pytest.mark.parametrize("uri", ["", "us-docker.pkg.dev/p/r/app:latest"])
@pytest.mark.parametrize("kind", ["DISCOVERY", "VULNERABILITY"])
def test_a_statement_about_an_image_that_is_not_named_may_be_about_any(script, kind, uri):
    lost = {"DISCOVERY": parts.discovery("a"), "VULNERABILITY": parts.vulnerability("a")}[kind]
    lost.resource_uri = uri
    found = {"DISCOVERY": [parts.discovery("a")], "VULNERABILITY": [parts.vulnerability("a")]}
    found[kind].append(lost)
    script.answers["ListOccurrences"] = occurrences(*found.values())
    rows, outcomes = collect(script)
    assert states(rows) == {"a": "unknown", "b": "unknown"}
    assert len(rows.tables["findings"]) == 1
    scope = outcomes["gcp/p/artifact-analysis"]
    assert (str(scope.outcome), scope.error_code) == ("partial", "BrokenPageError")


def test_a_statement_about_another_kind_of_resource_concerns_no_image(script):
    package, machine = parts.vulnerability("a"), parts.vulnerability("a")
    package.resource_uri = "https://us-maven.pkg.dev/p/m/org/app/1.0"
    machine.resource_uri = "//compute.googleapis.com/projects/p/zones/z/instances/1"
    script.answers["ListOccurrences"] = occurrences([parts.discovery("a")], [package, machine])
    rows, outcomes = collect(script)
    assert states(rows) == {"a": "assessed", "b": "not_scanned"}
    assert outcomes["gcp/p/artifact-analysis"].outcome is Outcome.COMPLETE


def test_a_statement_whose_host_is_in_upper_case_is_about_its_image(script):
    shouted = parts.vulnerability("a")
    shouted.resource_uri = shouted.resource_uri.replace("us-docker.pkg.dev", "US-Docker.PKG.dev")
    script.answers["ListOccurrences"] = occurrences([parts.discovery("a")], [shouted])
    rows, _ = collect(script)
    assert [row["digest"] for row in rows.tables["findings"]] == [parts.digest("a")]


def test_patterns_leave_repositories_out(script):
    rows, _ = collect(script, include=["o*", "a*"], exclude=["app"])
    assert {row["repository"] for row in rows.tables["placements"]} == {"other"}
    listed = {row["repository"]: row["complete"] for row in rows.tables["repositories"]}
    assert listed == {"other": True, "app": False}


@pytest.mark.parametrize(
    ("refusal", "state", "outcome"),
    [
        (("PERMISSION_DENIED", "no"), "denied", "denied"),
        (("PERMISSION_DENIED", "off", "SERVICE_DISABLED"), "not_scanned", "disabled"),
        (("UNAVAILABLE", "down"), "unknown", "failed"),
        (("UNAUTHENTICATED", "who"), "denied", "denied"),
    ],
)
@pytest.mark.parametrize("kind", ["DISCOVERY", "both"])
def test_findings_that_cannot_be_listed_leave_no_image_clean(script, kind, refusal, state, outcome):
    served = script.answers["ListOccurrences"]

    def answer(request: Any) -> Any:
        if kind == "both" or kind in request.filter:
            raise Refusal(*refusal)
        return served(request)

    script.answers["ListOccurrences"] = answer
    rows, outcomes = collect(script)
    assert set(states(rows).values()) == {state}
    assert len(rows.tables["assessments"]) == 2
    scope = outcomes["gcp/p/artifact-analysis"]
    if kind == "both" or state != "unknown":
        assert str(scope.outcome) == outcome
    else:
        assert scope.outcome is Outcome.PARTIAL
        assert len(rows.tables["findings"]) == 1


def test_findings_cut_off_keep_their_rows_and_vouch_for_no_image(script):
    def answer(request: Any) -> Any:
        if "DISCOVERY" in request.filter:
            return gr.ListOccurrencesResponse(
                occurrences=[parts.discovery("a"), parts.discovery("b")]
            )
        if request.page_token:
            raise Refusal("INTERNAL")
        return gr.ListOccurrencesResponse(
            occurrences=[parts.vulnerability("a")], next_page_token=parts.NEXT
        )

    script.answers["ListOccurrences"] = answer
    rows, outcomes = collect(script)
    assert len(rows.tables["findings"]) == 1
    assert states(rows) == {"a": "unknown", "b": "unknown"}
    assert "incomplete" in rows.tables["assessments"][0]["reason"]
    assert outcomes["gcp/p/artifact-analysis"].outcome is Outcome.PARTIAL


def test_an_unreachable_region_makes_the_findings_incomplete(script):
    region = "projects/p/locations/us-east1"
    script.answers["ListOccurrences"] = lambda request: gr.ListOccurrencesResponse(
        occurrences=[parts.discovery("a")] if "DISCOVERY" in request.filter else [],
        unreachable=[region],
    )
    rows, outcomes = collect(script)
    assert set(states(rows).values()) == {"unknown"}
    scope = outcomes["gcp/p/artifact-analysis"]
    assert (str(scope.outcome), scope.errors, scope.error_code) == ("failed", 1, "unreachable")
    assert region in (scope.error or "")


def test_an_occurrence_of_another_kind_makes_the_findings_incomplete(script):
    script.answers["ListOccurrences"] = lambda _: gr.ListOccurrencesResponse(
        occurrences=[parts.discovery("a"), parts.vulnerability("b")]
    )
    rows, outcomes = collect(script)
    assert outcomes["gcp/p/artifact-analysis"].error_code == "BrokenPageError"
    assert set(states(rows).values()) == {"unknown"}


def test_findings_of_images_that_are_not_placed_are_counted_only(script):
    script.answers["ListOccurrences"] = occurrences(
        [parts.discovery("a")], [parts.vulnerability("f"), parts.vulnerability("a")]
    )
    rows, outcomes = collect(script)
    assert [row["digest"] for row in rows.tables["findings"]] == [parts.digest("a")]
    assert outcomes["gcp/p/artifact-analysis"].listed == 2
    assert states(rows) == {"a": "assessed", "b": "not_scanned"}


def test_an_index_is_judged_through_its_children(script):
    platforms = {"b": ("linux", "amd64"), "c": ("linux", "arm64"), "d": ("unknown", "unknown")}
    manifests = [
        ar.ImageManifest(digest=parts.digest(letter), os=system, architecture=cpu)
        for letter, (system, cpu) in platforms.items()
    ]
    index = parts.image("a", media_type=parts.INDEX, image_manifests=manifests)
    signature = parts.image("e", tags=[f"sha256-{'a' * 64}.sig"])
    pages = [[parts.image("b"), parts.image("c"), parts.image("d"), signature], [index]]

    def answer(request: Any) -> ar.ListDockerImagesResponse:
        page = int(request.page_token or 0)
        return ar.ListDockerImagesResponse(
            docker_images=pages[page], next_page_token="1" if page == 0 else ""
        )

    script.answers["ListDockerImages"] = answer
    script.answers["ListOccurrences"] = occurrences([parts.discovery("b")], [])
    rows, _ = collect(script)
    kinds = {row["digest"][7]: row["kind"] for row in rows.tables["images"]}
    assert kinds == {
        "a": "index",
        "b": "image",
        "c": "image",
        "d": "attestation",
        "e": "signature",
    }
    assert states(rows) == {"b": "assessed", "c": "not_scanned"}
    reasons = {row["digest"][7]: row["reason"] for row in rows.tables["assessments"]}
    assert "linux/arm64" in reasons["c"]


def test_a_page_above_four_mebibytes_is_read(script):
    text = "x" * 6_000
    script.answers["ListOccurrences"] = occurrences(
        [], [parts.vulnerability("a", long_description=text) for _ in range(1000)]
    )
    rows, _ = collect(script)
    assert len(rows.tables["findings"]) == 1000


def test_an_address_nobody_listens_on_is_a_failure_not_an_empty_project(script):
    dead = {"artifact_registry": "http://127.0.0.1:9", "grafeas": "http://127.0.0.1:9"}
    _, outcomes = collect(script, endpoints=dead, max_attempts=1)
    assert {str(outcome.outcome) for outcome in outcomes.values()} == {"failed"}


def test_importing_the_provider_imports_no_sdk():
    code = (
        "import sys, providers.gcp.provider;"
        "print([name for name in sys.modules if name.split('.')[0] in {'google','grpc','grafeas'}])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
