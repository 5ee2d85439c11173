"""Grype JSON -> rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.errors import ReportFileError
from tests.unit.files.documents import CONFIG, LAYER, TWO, grype, match, old_grype, target
from tests.unit.files.support import read, row, rows


def of(**changes: Any) -> dict[str, Any]:
    return grype(source={"type": "image", "target": target(**changes)})


def test_every_match_is_a_row_even_when_two_matchers_say_the_same():
    report = read(grype())
    first, second = rows(report, "findings")
    assert report.statements == 2
    assert (first.pop("native_id"), second.pop("native_id")) == (None, "#2")
    assert first == second
    assert first["vulnerability_id"] == "GHSA-xxxx-yyyy-zzzz"
    assert first["aliases"] == ["CVE-2026-0002"]
    assert (first["package_name"], first["package_version"]) == ("django", "1.9")
    assert (first["package_type"], first["purl"]) == ("python", "pkg:pypi/django@1.9")
    assert (first["severity"], first["native_severity"]) == ("NEGLIGIBLE", "Negligible")
    assert first["severity_source"] == "github:language:python"
    assert (first["location"], first["layer_digest"]) == ("/usr/lib/django", LAYER)
    assert first["fixed_version"] == "2.0, 1.9.1"
    assert (first["fix_state"], first["native_state"]) == ("available", "fixed")
    assert first["url"] == "https://example.com/GHSA-xxxx-yyyy-zzzz"


def test_the_related_record_lends_its_newest_primary_score():
    first = rows(read(grype()), "findings")[0]
    assert (first["cvss_score"], first["cvss_version"]) == (6.5, "3.1")
    own = {"version": "2.0", "vector": "AV:L", "metrics": {"baseScore": 1}}
    first = row(read(grype(matches=[match(cvss=[own])])), "findings")
    assert (first["cvss_score"], first["cvss_vector"]) == (1.0, "AV:L")


@pytest.mark.parametrize(
    ("fix", "state"),
    [
        ({"state": "fixed", "versions": []}, "available"),
        ({"state": "not-fixed", "versions": []}, "not_available"),
        ({"state": "wont-fix"}, "wont_fix"),
        ({"state": "unknown", "versions": ["1"]}, "unknown"),
        ({"state": "sunny", "versions": ["1"]}, "unknown"),
        ({"state": "", "versions": ["1"]}, "available"),
        ({"state": "", "versions": []}, "unknown"),
        (None, "unknown"),
    ],
)
def test_fix_state(fix, state):
    assert row(read(grype(matches=[match(fix=fix)])), "findings")["fix_state"] == state


def test_vulnerabilities_hold_epss_kev_and_the_related_records():
    known = {one["vulnerability_id"]: one for one in rows(read(grype()), "vulnerabilities")}
    ghsa, cve = known["GHSA-xxxx-yyyy-zzzz"], known["CVE-2026-0002"]
    assert (ghsa["epss_score"], ghsa["epss_percentile"]) == (0.2, 0.9)
    assert (ghsa["aliases"], ghsa["description"]) == (["CVE-2026-0002"], "Own words.")
    assert cve["kev_added_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert [(c["source"], c["score"]) for c in cve["cvss"]] == [
        ("cna@example.com", 4.5),
        ("nvd:cpe", 10.0),
        ("nvd@nist.gov", 6.5),
    ]


def test_a_manifest_of_the_registry_is_the_key_and_one_made_up_is_not():
    pulled = target()
    report = read(of())
    placed, image = row(report, "placements"), row(report, "images")
    assert (report.keyed_by, placed["digest"]) == ("digest", pulled["manifestDigest"])
    assert (placed["registry_id"], placed["repository"]) == ("example.azurecr.io", "shop/cart")
    assert (placed["tags"], placed["digest"]) == (["2"], image["digest"])
    assert image["media_type"] == pulled["mediaType"]
    local = read(of(unpacked=True))
    assert row(local, "placements")["digest"] == TWO
    assert row(local, "images")["media_type"] is None


@pytest.mark.parametrize("manifest", [None, "e30", "!!", "bm8=", "é"])
def test_a_manifest_that_does_not_prove_its_digest_is_not_the_key(manifest):
    report = read(of(manifest=manifest, repoDigests=[]))
    assert (report.keyed_by, row(report, "placements")["digest"]) == ("image id", CONFIG)


def test_facts_come_from_the_target_or_the_embedded_config():
    image = row(read(of()), "images")
    assert (image["os"], image["architecture"], image["labels"]) == (
        "linux",
        "amd64",
        ["team=shop"],
    )
    assert image["created_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    told = row(read(of(config="?", os="windows", labels=None)), "images")
    assert (told["os"], told["created_at"], told["labels"]) == ("windows", None, None)


def test_versions_and_dates_of_both_shapes():
    new, old = row(read(grype()), "assessments"), row(read(old_grype()), "assessments")
    assert (new["source"], new["state"], new["reason"]) == ("grype", "assessed", "imported report")
    assert new["scanned_at"] == datetime(2026, 11, 22, 11, 5, 22, 636_338, UTC)
    assert new["db_updated_at"] == datetime(2026, 11, 20, 4, 12, 38, tzinfo=UTC)
    assert (new["scanner_version"], old["scanner_version"]) == ("0.94.0", "0.28.0")
    assert old["db_updated_at"] == datetime(2021, 12, 24, 8, 14, 2, tzinfo=UTC)
    assert old["scanned_at"] is None
    assert old["reason"] == "imported report; it does not tell when the scan was made"
    assert new["content_hash"] == old["content_hash"]


def test_no_match_is_clean_only_where_a_distribution_was_seen():
    clean = row(read(grype(matches=[])), "assessments")
    assert clean["state"] == "assessed"
    blind = row(read(grype(matches=[], distro={"name": "", "version": ""})), "assessments")
    assert (blind["state"], blind["content_hash"]) == ("unknown", None)
    stated = row(read(grype(distro=None, ignoredMatches=[{}, {}])), "assessments")
    assert stated["state"] == "assessed"
    assert "2 statements suppressed" in stated["reason"]


@pytest.mark.parametrize(
    ("document", "where", "what"),
    [
        (grype(source={"type": "directory", "target": "/src"}), "source.type", "not image"),
        (grype(source={"target": {}}), "source.type", "missing"),
        (grype(source="image"), "source", "should be an object, and is text"),
        (grype(matches=None), "matches", "is missing"),
        (grype(matches=[match(id=None)]), "matches[0].vulnerability.id", "missing"),
        (grype(matches=[match(epss=[{"epss": "1"}])]), "matches[0].vulnerability.epss[0].epss", ""),
        (grype(matches=[match(severity=True)]), "matches[0].vulnerability.severity", "true or"),
        (grype(descriptor={"name": "other"}), "descriptor.name", "'other', not grype"),
    ],
)
def test_a_report_that_breaks_its_promise_is_refused_by_field(document, where, what):
    with pytest.raises(ReportFileError) as caught:
        read(document)
    assert caught.value.where == where
    assert what in caught.value.message
    assert caught.value.cure
