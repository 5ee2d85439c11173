"""Every format: the right rows, the same rows as a stream, and nothing of what is no image."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from audit.errors import ReportFileError
from audit.importing import outline
from audit.importing.document import open_document
from audit.tables import TABLES
from tests.unit.files import formats
from tests.unit.files.documents import TWO, grype, openssl, trivy
from tests.unit.files.formats import FORMATS, Expected
from tests.unit.files.support import IMPORTERS, Read, read, read_document, row, rows

NAMES = sorted(FORMATS)
STATED = (
    *("source", "vulnerability_id", "package_name", "package_version"),
    *("native_severity", "native_id"),
)
PLACED = ("registry_id", "repository", "digest")
PATTERNS = [one for importer in IMPORTERS for one in importer.lists]


def cells(report: Read, table: str, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(one[name] for name in names) for one in rows(report, table)]


def of(expected: Expected, **asked: Any) -> Read:
    return read(expected.document, region="eu-west-1", **asked)


@pytest.mark.parametrize("name", NAMES)
def test_each_statement_keeps_its_source_its_severity_and_its_id(name):
    expected, report = FORMATS[name], of(FORMATS[name])
    assert cells(report, "findings", STATED) == list(expected.stated)
    assert cells(report, "placements", PLACED) == list(expected.images)
    assert len(rows(report, "vex_statements")) == expected.vex
    assert {one["digest"] for one in rows(report, "images")} == {one[2] for one in expected.images}


@pytest.mark.parametrize("name", NAMES)
def test_every_image_with_a_statement_has_a_verdict_under_its_source(name):
    report = of(FORMATS[name])
    stated = {(*one[:1], *one[1:]) for one in cells(report, "findings", ("source", *PLACED))}
    judged = cells(report, "assessments", ("source", *PLACED))
    assert stated <= set(judged)
    assert len(judged) == len(set(judged))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("indent", [0, orjson.OPT_INDENT_2])
def test_a_list_that_stays_in_the_file_gives_the_same_rows(name, indent, tmp_path, monkeypatch):
    monkeypatch.setattr(outline, "BLOCK", 64)
    path = tmp_path / "report.json"
    path.write_bytes(orjson.dumps(FORMATS[name].document, option=indent))
    streamed = open_document(path, PATTERNS, whole=0)
    assert streamed.lists or name == "spdx 3", "a graph is read whole"
    held, left = of(FORMATS[name]), read_document(streamed, region="eu-west-1")
    for table in TABLES:
        assert rows(left, table) == rows(held, table)


@pytest.mark.parametrize("name", NAMES)
def test_one_importer_alone_recognises_it(name):
    known = [one for one in IMPORTERS if one.recognises(FORMATS[name].document)]
    assert len(known) == 1


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (trivy(ArtifactType="filesystem"), "'filesystem', not container_image"),
        (grype(source={"type": "directory", "target": "/x"}), "'directory', not image"),
        (
            {
                "findings": [
                    formats.inspector_finding(resources=[{"type": "AWS_EC2_INSTANCE", "id": "i-1"}])
                ]
            },
            "'AWS_EC2_INSTANCE', no container image",
        ),
        (
            {"Findings": [formats.asff(Resources=[{"Type": "AwsEc2Instance", "Id": "i-1"}])]},
            "'AwsEc2Instance', no container image",
        ),
        (
            formats.cyclonedx(
                metadata={"component": {"type": "application", "name": "x"}},
                vulnerabilities=[{"id": "CVE-2026-1", "affects": [{"ref": "r1"}]}],
            ),
            "'application', no container",
        ),
    ],
)
def test_what_is_no_image_is_refused_by_name_or_kept_as_no_image(document, what):
    with pytest.raises(ReportFileError, match=what):
        read(document)
    report = read(document, any_target=True)
    assert rows(report, "findings")
    assert {one["kind"] for one in rows(report, "images")} == {"artifact"}
    assert {one["registry_id"] for one in rows(report, "placements")} <= {"(unknown)", formats.ECR}


LISTS = ["inspector", "asff", "ocsf", "defender old", "defender new", "occurrence list"]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_findings_proves_no_absence_unless_the_user_vouches_for_it(name):
    judged = row(of(FORMATS[name]), "assessments")
    assert (judged["state"], judged["basis"]) == ("assessed", "changes")
    assert "what it does not name still stands" in judged["reason"]
    judged = row(of(FORMATS[name], whole=True), "assessments")
    assert (judged["state"], judged["basis"]) == ("assessed", "read")


def test_a_list_that_goes_on_elsewhere_is_not_whole_whatever_the_user_says():
    document = {"findings": [formats.inspector_finding()], "nextToken": "t"}
    assert row(read(document, whole=True), "assessments")["basis"] == "changes"


def test_a_closed_finding_of_inspector_is_taken_back_and_no_finding():
    report = read({"findings": [formats.inspector_finding(status="CLOSED")]})
    assert rows(report, "findings") == []
    closed = row(report, "source_closings")
    assert (closed["vulnerability_id"], closed["native_state"]) == ("CVE-2026-0001", "CLOSED")


def test_the_empty_list_of_inspector_says_nothing_of_any_image():
    report = read({"findings": []})
    assert report.blocks == []


@pytest.mark.parametrize(
    ("status", "held", "state"),
    [
        ("FAILED", None, "failed"),
        ("COMPLETE", {"findings": []}, "pending"),
        ("COMPLETE", {"findingSeverityCounts": {}}, "unknown"),
        ("COMPLETE", {"findingSeverityCounts": {}, "findings": []}, "assessed"),
        ("ACTIVE", {"findingSeverityCounts": {}, "findings": []}, "unknown"),
        ("UNSUPPORTED_IMAGE", None, "unsupported"),
        ("BRAND_NEW", {"findings": [], "findingSeverityCounts": {}}, "unknown"),
    ],
)
def test_the_status_of_a_scan_in_ecr_says_whether_it_was_a_look(status, held, state):
    answer = formats.ecr_answer(imageScanStatus={"status": status}, imageScanFindings=held)
    judged = row(read(answer, region="eu-west-1"), "assessments")
    assert (judged["state"], judged["native_status"]) == (state, status)


def test_one_page_of_an_answer_of_ecr_is_no_look():
    answer = {**formats.basic_answer(), "nextToken": "t"}
    assert row(read(answer, region="eu-west-1"), "assessments")["state"] == "unknown"


def test_basic_scanning_looks_at_packages_of_the_system_only_and_enhanced_at_all():
    for answer, told in ((formats.basic_answer(), True), (formats.ecr_answer(), None)):
        judged = row(read(answer, region="eu-west-1"), "assessments")
        assert judged["os_packages_only"] is told


def test_an_answer_of_ecr_without_a_region_is_refused_with_the_cure():
    with pytest.raises(ReportFileError, match="--region") as caught:
        read(formats.basic_answer())
    assert caught.value.where == "registryId"
    assert row(read(formats.ecr_answer()), "placements")["registry_id"] == formats.ECR


@pytest.mark.parametrize(
    ("discovered", "state"),
    [
        ({}, "assessed"),
        ({"continuousAnalysis": "INACTIVE"}, "stale"),
        ({"analysisStatus": "FINISHED_UNSUPPORTED"}, "unsupported"),
        ({"analysisStatus": "FINISHED_FAILED"}, "failed"),
        ({"analysisStatus": "SCANNING"}, "pending"),
        ({"analysisStatus": "NEWLY_NAMED"}, "unknown"),
    ],
)
def test_the_discovery_of_google_says_whether_the_image_was_looked_at(discovered, state):
    document = {"occurrences": [formats.occurrence(), formats.discovery(**discovered)]}
    assert row(read(document), "assessments")["state"] == state


def test_google_s_fix_of_the_kind_maximum_is_none_and_its_vex_comes_along():
    first = rows(read([formats.occurrence()]), "findings")[0]
    assert (first["fix_state"], first["fixed_version"]) == ("not_available", None)
    assert (first["severity"], first["vex_status"]) == ("NEGLIGIBLE", "not_affected")


def test_a_workload_of_several_images_does_not_lend_one_the_other_s_statements():
    two = {"OS": {"Family": "debian"}, "RepoDigests": [f"ghcr.io/team/b@{TWO}"]}
    one = formats.trivy_k8s()["Resources"][0]["Metadata"][0]
    report = read(formats.trivy_k8s(Metadata=[one, two]))
    assert rows(report, "findings") == []
    judged = rows(report, "assessments")
    assert {one["state"] for one in judged} == {"unknown"}
    assert all("2 statements do not tell which" in one["reason"] for one in judged)


def test_a_workload_whose_scan_failed_is_failed():
    judged = row(read(formats.trivy_k8s(Error="timeout", Results=None)), "assessments")
    assert judged["state"] == "failed"


def test_a_sarif_without_results_shows_no_look_and_one_that_broke_failed():
    assert row(read(formats.sarif(results=[])), "assessments")["state"] == "unknown"
    broken = formats.sarif(invocations=[{"executionSuccessful": False}])
    assert row(read(broken), "assessments")["state"] == "failed"


def test_an_sbom_alone_is_no_scan():
    document = formats.cyclonedx()
    del document["vulnerabilities"]
    with pytest.raises(ReportFileError, match="no vulnerabilities"):
        read(document)
    with pytest.raises(ReportFileError, match="no vulnerabilities"):
        read({"spdxVersion": "SPDX-2.3", "packages": [{"name": "a"}]})


def test_a_defender_row_that_is_healthy_states_nothing():
    healthy = formats.defender_new()
    healthy["properties"]["status"]["code"] = "Healthy"
    report = read([healthy])
    assert (rows(report, "findings"), len(rows(report, "assessments"))) == ([], 1)


def test_findings_go_out_in_blocks_and_the_repeats_are_told_apart(monkeypatch):
    monkeypatch.setattr("providers.files.rows.ROWS", 2)
    report = read(trivy(Results=[_result(5)]))
    sizes = [block.rows for block in report.blocks if block.table == "findings"]
    assert sizes == [2, 2, 1]
    natives = [one["native_id"] for one in rows(report, "findings")]
    assert natives == [None, "#2", "#3", "#4", "#5"]
    assert len(rows(report, "vulnerabilities")) == 1, "told once, as nothing new was told"


def _result(count: int) -> dict[str, Any]:
    flaws = [openssl() for _ in range(count)]
    return {"Class": "os-pkgs", "Type": "debian", "Vulnerabilities": flaws}


def test_vex_names_the_image_and_the_package():
    stated = row(read(formats.openvex()), "vex_statements")
    assert tuple(stated[name] for name in PLACED) == formats.GHCR[0]
    assert stated["package_names"] == ["openssl", "debian/openssl", "debian:openssl"]
    assert (stated["package_version"], stated["status"]) == ("3.0", "not_affected")


def test_a_vex_status_never_heard_of_is_refused():
    statement = {"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "a"}], "status": "fine"}
    with pytest.raises(ReportFileError, match="'fine' is no VEX status"):
        read(formats.openvex(statement))
