"""Trivy JSON, schema 2 -> rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.errors import ReportFileError
from tests.unit.files.documents import CONFIG, LAYER, ONE, TWO, openssl, trivy
from tests.unit.files.support import CONTEXT, read, row, rows

ECR = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"


def stated(**changes: Any) -> dict[str, Any]:
    """The findings row of one openssl entry with changes."""
    result = {"Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [openssl(**changes)]}
    return row(read(trivy(Results=[result])), "findings")


def test_image_and_placement_are_those_of_the_digest():
    report = read(trivy())
    assert (report.subject, report.keyed_by) == (f"{ECR}/team/app:1.0", "digest")
    placed = row(report, "placements")
    place = (placed["provider"], placed["registry_id"], placed["repository"], placed["digest"])
    assert place == ("files", ECR, "team/app", ONE)
    assert (placed["tags"], placed["pushed_at"]) == (["1.0"], None)
    assert placed["scope_id"] == "files/0"
    image = row(report, "images")
    assert (image["kind"], image["os"], image["architecture"]) == ("image", "linux", "arm64")
    assert (image["variant"], image["child_digests"]) == ("v8", [])
    assert image["created_at"] == datetime(2026, 11, 1, 10, 0, 0, 500_000, UTC)
    assert image["base_image"] == "debian:12"
    assert image["labels"] == ["a=", "org.opencontainers.image.base.name=debian:12"]


def test_every_statement_is_a_row():
    report = read(trivy())
    assert report.statements == 3
    first, second, third = rows(report, "findings")
    assert (first["package_name"], second["package_name"]) == ("openssl", "libssl3")
    assert first["purl"] == "pkg:deb/debian/openssl@3.0.1?arch=arm64"
    assert (first["package_version"], first["package_type"]) == ("3.0.1", "debian")
    assert (first["severity"], first["native_severity"]) == ("HIGH", "HIGH")
    assert (first["severity_source"], first["title"]) == ("debian", "openssl: a bug")
    assert (first["location"], first["layer_digest"], first["aliases"]) == (None, LAYER, None)
    assert first["observed_run_id"] == CONTEXT.run_id
    assert (third["location"], third["layer_digest"]) == ("app/package-lock.json", LAYER)
    assert (third["fix_state"], third["native_state"]) == ("unknown", None)


@pytest.mark.parametrize(
    ("status", "fixed", "state"),
    [
        ("fixed", "2", "available"),
        ("fixed", None, "available"),
        ("affected", None, "not_available"),
        ("affected", "2", "not_available"),
        ("fix_deferred", None, "not_available"),
        ("under_investigation", None, "not_available"),
        ("will_not_fix", None, "wont_fix"),
        ("end_of_life", "2", "wont_fix"),
        ("not_affected", None, "unknown"),
        ("unknown", "2", "unknown"),
        ("sunny", "2", "unknown"),
        (None, "2", "available"),
        ("", "2", "available"),
        (None, "", "unknown"),
    ],
)
def test_status_says_whether_there_is_a_fix(status, fixed, state):
    found = stated(Status=status, FixedVersion=fixed)
    assert (found["fix_state"], found["native_state"]) == (state, status or None)


@pytest.mark.parametrize(
    ("source", "cvss", "lead"),
    [
        ("ghsa", openssl()["CVSS"], (9.9, "4.0", "CVSS:4.0/AV:N")),
        ("debian", openssl()["CVSS"], (7.5, "3.1", "CVSS:3.1/AV:N")),
        ("x", {"a": {"V2Score": 9}, "b": {"V40Score": 3.0}}, (3.0, "4.0", None)),
        ("x", {"x": {"V3Vector": "CVSS:3.0/AV:N"}, "nvd": {"V2Score": 9}}, (9.0, "2.0", None)),
        ("x", None, (None, None, None)),
    ],
)
def test_the_leading_score_is_of_the_severity_source_else_nvd_else_the_newest(source, cvss, lead):
    found = stated(SeveritySource=source, CVSS=cvss)
    assert (found["cvss_score"], found["cvss_version"], found["cvss_vector"]) == lead


def test_an_unheard_of_severity_is_unknown_and_kept():
    assert stated(Severity="SEVERE")["severity"] == "UNKNOWN"
    assert stated(Severity="SEVERE")["native_severity"] == "SEVERE"
    assert stated(Severity=None)["severity"] == "UNKNOWN"


def test_a_vulnerability_is_told_once_with_all_that_is_known():
    known = {one["vulnerability_id"]: one for one in rows(read(trivy()), "vulnerabilities")}
    assert sorted(known) == ["CVE-2026-0001", "GHSA-aaaa-bbbb-cccc"]
    one = known["CVE-2026-0001"]
    assert one["references"] == ["https://a.example/1", "https://b.example/2"]
    assert one["published_at"] == datetime(2026, 10, 1, 13, 29, 0, 220_000, UTC)
    assert sorted((c["source"], c["version"], c["score"]) for c in one["cvss"]) == [
        ("ghsa", "4.0", 9.9),
        ("nvd", "2.0", 5.0),
        ("nvd", "3.1", 7.5),
    ]
    assert known["GHSA-aaaa-bbbb-cccc"]["description"] is None


def test_the_assessment_tells_what_limits_it():
    judged = row(read(trivy()), "assessments")
    assert (judged["source"], judged["state"]) == ("trivy", "assessed")
    assert judged["reason"] == (
        "imported report; its operating system is past its end of service life; "
        "1 statements suppressed by the scanner are left out"
    )
    assert (judged["native_status"], judged["scanner_version"]) == ("EOSL", "0.76.0")
    assert judged["scanned_at"] == datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert judged["db_updated_at"] is None


OS = {"OS": {"Family": "alpine", "Name": "3"}, "ImageID": CONFIG}
BARE = {"ImageID": CONFIG}
EMPTY_OS = [{"Target": "x", "Class": "os-pkgs", "Type": "alpine"}]
SECRETS = [{"Target": "x", "Class": "secret", "Secrets": []}]


@pytest.mark.parametrize(
    ("metadata", "results", "state"),
    [
        (OS, EMPTY_OS, "assessed"),
        (BARE, [{"Target": "x.jar", "Class": "lang-pkgs", "Type": "jar"}], "assessed"),
        (OS, [{"Target": "x", "Type": "alpine"}], "assessed"),
        (BARE, None, "unsupported"),
        (BARE, [], "unsupported"),
        (OS, None, "unknown"),
        ({"OS": {"Family": "fedora", "Name": "38"}}, EMPTY_OS, "unsupported"),
        (BARE, [{"Class": "lang-pkgs", "Type": "conda-pkg"}], "unsupported"),
        (
            {"OS": {"Family": "debian", "Name": "12"}},
            [*EMPTY_OS, {"Class": "lang-pkgs", "Type": "conda-pkg"}],
            "assessed",
        ),
        (OS, SECRETS, "unknown"),
        (BARE, SECRETS, "unknown"),
    ],
)
def test_only_a_look_at_packages_counts_as_one(metadata, results, state):
    report = read(trivy(Metadata=metadata, Results=results))
    judged = row(report, "assessments")
    assert judged["state"] == state
    assert (judged["content_hash"] is not None) == (state == "assessed")
    assert report.statements == 0


LISTED = {"Class": "lang-pkgs", "Type": "npm", "Packages": [{"Name": "lodash"}]}
STATED = {"Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [openssl()]}
DOUBT = (
    "nothing is stated of its operating system, alpine 3, and no package is listed: that any was "
    "read is not told"
)


@pytest.mark.parametrize(
    ("results", "state", "reason"),
    [
        (EMPTY_OS, "assessed", DOUBT),
        ([*EMPTY_OS, STATED], "assessed", DOUBT),
        (
            [*EMPTY_OS, LISTED],
            *("unsupported", "no package of its operating system, alpine 3, was read"),
        ),
        ([LISTED], "unknown", "it holds no result about its operating system, alpine 3"),
        ([STATED], "unknown", "it holds no result about its operating system, alpine 3"),
        ([EMPTY_OS[0] | {"Packages": [{"Name": "musl"}]}, LISTED], "assessed", ""),
        ([EMPTY_OS[0] | {"Vulnerabilities": [openssl()]}, LISTED], "assessed", ""),
    ],
)
def test_a_system_of_which_nothing_is_listed_is_told_from_one_that_is_clean(results, state, reason):
    judged = row(read(trivy(Metadata=OS, Results=results)), "assessments")
    assert judged["state"] == state
    assert judged["reason"] == "; ".join(filter(None, ("imported report", reason)))


def test_a_cluster_report_is_doubted_as_that_of_an_image_is():
    names = {"RepoDigests": [f"r.example/app@sha256:{'a' * 64}"], "RepoTags": ["r.example/app:1"]}
    resource = {"Metadata": [OS | names], "Results": [*EMPTY_OS, LISTED]}
    judged = row(read({"ClusterName": "c", "Resources": [resource]}), "assessments")
    assert judged["state"] == "unsupported"
    assert "no package of its operating system, alpine 3, was read" in judged["reason"]


def test_the_content_hash_follows_the_statements_and_not_their_order():
    def content(*entries: Any) -> Any:
        result = {"Class": "os-pkgs", "Type": "debian", "Vulnerabilities": list(entries)}
        return row(read(trivy(Results=[result], CreatedAt=None)), "assessments")["content_hash"]

    one, other = openssl(), openssl(PkgName="b")
    assert content(one, other) == content(other, one)
    assert content(one, other) != content(one)
    assert content(one) != content(openssl(Severity="LOW"))


def test_a_statement_made_twice_is_two_rows_with_keys_of_their_own():
    entries = [openssl(Fingerprint=f) for f in ("f", "f", "f#2", None, None)]
    result = {"Class": "os-pkgs", "Type": "debian", "Vulnerabilities": entries}
    found = rows(read(trivy(Results=[result])), "findings")
    assert [one["native_id"] for one in found] == ["f", "f#2", "f#2#2", None, "#2"]


def test_an_image_without_a_digest_is_keyed_by_its_id_and_without_that_by_its_name():
    by_id = read(trivy(Metadata={**OS, "RepoTags": ["app:1"]}, ArtifactName="app.tar"))
    assert (by_id.keyed_by, row(by_id, "placements")["digest"]) == ("image id", CONFIG)
    by_name = read(trivy(Metadata={"RepoTags": ["app:1"]}, ArtifactName="app:1"))
    assert by_name.keyed_by == "reference"
    assert {one["digest"] for one in rows(by_name, "findings")} == {"ref:docker.io/library/app:1"}


def test_an_attestation_is_no_image():
    config = {"os": "unknown", "architecture": "unknown"}
    report = read(trivy(Metadata={"ImageID": TWO, "ImageConfig": config}, Results=None))
    assert row(report, "images")["kind"] == "attestation"


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        ({"SchemaVersion": 3}, "SchemaVersion", "only 2"),
        ({"SchemaVersion": True}, "SchemaVersion", "only 2"),
        ({"ArtifactType": "filesystem"}, "ArtifactType", "'filesystem', not container_image"),
        ({"ArtifactType": "cyclonedx"}, "ArtifactType", "'cyclonedx'"),
        ({"ArtifactType": None, "Metadata": {}}, "Metadata", "nothing of an image"),
        ({"Results": {}}, "Results", "should be a list, and is an object"),
        ({"Results": [7]}, "Results[0]", "should be an object, and is a number"),
        ({"CreatedAt": "yesterday"}, "CreatedAt", "'yesterday' is not an ISO 8601 moment"),
        ({"Metadata": {"ImageID": CONFIG, "RepoTags": [None]}}, "Metadata.RepoTags[0]", "null"),
    ],
)
def test_a_report_that_breaks_its_promise_is_refused_by_field(changes, where, what):
    with pytest.raises(ReportFileError) as caught:
        read(trivy(**changes))
    assert caught.value.where == where
    assert what in caught.value.message
    assert caught.value.cure


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"VulnerabilityID": ""}, "VulnerabilityID"),
        ({"PkgName": None}, "PkgName"),
        ({"Severity": 3}, "Severity"),
        ({"CVSS": {"a\nb": {"V3Score": "7"}}}, "CVSS.'a\\nb'.V3Score"),
        ({"Layer": []}, "Layer"),
        ({"PublishedDate": "9999-99-99"}, "PublishedDate"),
    ],
)
def test_a_statement_that_breaks_its_promise_names_its_place(changes, field):
    with pytest.raises(ReportFileError) as caught:
        stated(**changes)
    assert caught.value.where == f"Results[0].Vulnerabilities[0].{field}"
