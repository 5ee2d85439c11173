"""Basic scanning, image by image, from the wire to the states."""

from typing import Any

import pytest

from audit.model.enums import Outcome
from tests.unit.aws import payloads as p
from tests.unit.aws.support import Collected, collect
from tests.unit.aws.wire import Answer, Raw, Wire, failure

APP = "team/app"


def _collect(
    answers: dict[str, Any], *images: p.Payload, names: tuple[str, ...] = (APP,)
) -> tuple[Collected, Wire]:
    """Collect a basic registry; ``answers`` are those of DescribeImageScanFindings by digest."""

    def scan(parameters: dict[str, Any]) -> Any:
        answer = answers[parameters["imageId"]["imageDigest"][7]]
        return answer(parameters) if callable(answer) else answer

    wire = Wire(
        GetRegistryScanningConfiguration=lambda _: p.scanning("BASIC"),
        DescribeRepositories=lambda _: {"repositories": [p.repository(n) for n in names]},
        BatchGetRepositoryScanningConfiguration=lambda _: p.frequencies(*names),
        DescribeImages=lambda _: {"imageDetails": images or [p.image(c) for c in answers]},
        DescribeImageScanFindings=scan,
    )
    with wire:
        return collect(wire.settings()), wire


def _paged_scan(*pages: p.Payload | Raw) -> Answer:
    def answer(parameters: dict[str, Any]) -> p.Payload | Raw:
        number = int(parameters.get("nextToken", "0"))
        page = pages[number]
        if isinstance(page, Raw):
            return page
        more = {"nextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {**page, **more}

    return answer


def _complete(*findings: p.Payload | None) -> p.Payload:
    return p.scan("a", "COMPLETE", p.scan_body(*findings))


@pytest.mark.parametrize(
    ("answer", "state", "outcome"),
    [
        (_complete(), "assessed", Outcome.COMPLETE),
        (p.scan("a", "COMPLETE", {"findings": []}), "pending", Outcome.COMPLETE),
        (p.scan("a", "COMPLETE", None), "pending", Outcome.COMPLETE),
        (p.scan("a", "IN_PROGRESS", None), "pending", Outcome.COMPLETE),
        (p.scan("a", "FAILED", None), "failed", Outcome.COMPLETE),
        (p.scan("a", "SCANNED_BY_MOONLIGHT", p.scan_body()), "unknown", Outcome.COMPLETE),
        (failure("ScanNotFoundException"), "not_scanned", Outcome.COMPLETE),
        (failure("ImageNotFoundException"), "unknown", Outcome.COMPLETE),
        (failure("ImageArchivedException"), "archived", Outcome.COMPLETE),
        (failure("ServerException", status=500), "unknown", Outcome.FAILED),
        (failure("AccessDeniedException"), "denied", Outcome.DENIED),
        (Raw(200, b'{"imageScanStatus":{"sta'), "unknown", Outcome.FAILED),
        (p.scan("a", "COMPLETE", p.scan_body(None)), "unknown", Outcome.FAILED),
    ],
)
def test_states_of_one_image(answer, state, outcome):
    got, _ = _collect({"a": answer})
    assert got.states() == {(APP, p.digest("a")): state}
    assert got.findings.outcome is outcome
    assert got.findings.ref.source == "ecr-basic"


def test_findings_of_an_image():
    other = p.basic_finding("CVE-2024-0002", severity="UNDEFINED")
    got, wire = _collect({"a": _complete(p.basic_finding(), other)})
    first, second = got.table("findings")
    assert first["registry_id"] == p.HOST
    assert (first["repository"], first["digest"]) == (APP, p.digest("a"))
    assert (first["source"], first["native_id"]) == ("ecr-basic", None)
    assert (first["package_name"], first["severity"]) == ("libfoo", "HIGH")
    assert (second["severity"], second["native_severity"]) == ("UNKNOWN", "UNDEFINED")
    (assessment,) = got.table("assessments")
    assert assessment["native_status"] == "COMPLETE"
    assert assessment["scanned_at"] == assessment["db_updated_at"] is not None
    assert got.findings.listed == 2
    ids = [row["vulnerability_id"] for row in got.table("vulnerabilities")]
    assert ids == ["CVE-2024-0001", "CVE-2024-0002"]
    (asked,) = wire.asked("DescribeImageScanFindings")
    assert asked == {
        "repositoryName": APP,
        "imageId": {"imageDigest": p.digest("a")},
        "maxResults": 1000,
    }


def test_pages_are_joined_and_no_statement_doubles():
    one, two = p.basic_finding("CVE-2024-0001"), p.basic_finding("CVE-2024-0002")
    got, _ = _collect({"a": _paged_scan(_complete(one), _complete(one, two))})
    assert [row["vulnerability_id"] for row in got.table("findings")] == [one["name"], two["name"]]
    assert got.states() == {(APP, p.digest("a")): "assessed"}


@pytest.mark.parametrize(
    "second",
    [
        failure("ServerException", status=500),
        Raw(200, b"{}"),
        p.scan("a", "IN_PROGRESS", p.scan_body()),
        p.scan("a", "COMPLETE", None),
    ],
)
def test_a_bad_second_page_keeps_the_rows_and_loses_the_verdict(second):
    got, _ = _collect({"a": _paged_scan(_complete(p.basic_finding()), second), "b": _complete()})
    assert len(got.table("findings")) == 1
    assert got.states() == {(APP, p.digest("a")): "unknown", (APP, p.digest("b")): "assessed"}
    assert got.findings.outcome is Outcome.PARTIAL


def test_an_unreadable_finding_spoils_its_image_only():
    broken = _complete(p.basic_finding(), p.basic_finding(""))
    got, _ = _collect({"a": broken, "b": _complete(p.basic_finding())})
    assert got.states() == {(APP, p.digest("a")): "unknown", (APP, p.digest("b")): "assessed"}
    assert len(got.table("findings")) == 2
    assert got.findings.errors == 1


@pytest.mark.parametrize("status", ["ACTIVE", "COMPLETE"])
def test_enhanced_findings_in_the_answer_are_read_by_their_key(status):
    body = p.scan_body(p.enhanced_finding(), key="enhancedFindings")
    got, _ = _collect({"a": p.scan("a", status, body)})
    assert [row["package_name"] for row in got.table("findings")] == ["libssl3t64", "openssl"]
    assert got.states() == {(APP, p.digest("a")): "assessed"}


def test_an_archived_image_that_was_never_scanned_is_archived():
    image = p.image("a", imageStatus="ARCHIVED")
    got, _ = _collect({"a": failure("ScanNotFoundException")}, image)
    assert got.states() == {(APP, p.digest("a")): "archived"}


def test_a_repository_that_refuses_is_asked_once():
    def answer(parameters):
        closed = parameters["repositoryName"] == "closed"
        return failure("AccessDeniedException") if closed else _complete(p.basic_finding())

    got, wire = _collect({"a": answer, "b": answer}, names=("closed", "open"))
    assert got.states() == {
        ("closed", p.digest("a")): "denied",
        ("closed", p.digest("b")): "denied",
        ("open", p.digest("a")): "assessed",
        ("open", p.digest("b")): "assessed",
    }
    assert wire.calls["DescribeImageScanFindings"] == 3
    assert got.findings.missing_permission == "ecr:DescribeImageScanFindings"


def test_only_images_are_asked_for():
    signature = p.image("b", artifactMediaType="application/vnd.cncf.notary.signature")
    got, wire = _collect({"a": _complete()}, p.image("a"), signature)
    assert wire.calls["DescribeImageScanFindings"] == 1
    assert list(got.states()) == [(APP, p.digest("a"))]
