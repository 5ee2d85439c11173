"""Real reports: their figures are counted here from the raw JSON, apart from the readers."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from audit.errors import ReportFileError
from tests.unit.files.support import Read, read_paths, rows

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("REGISTRY_AUDIT_SAMPLES", ROOT.parent / "shared/data/samples"))
READABLE = ("trivy-json-v2", "grype-json")
WORDS = {"critical": "CRITICAL", "high": "HIGH", "medium": "MEDIUM", "low": "LOW"} | {
    "negligible": "NEGLIGIBLE"
}
TRIVY_FIX = {
    "fixed": "available",
    "will_not_fix": "wont_fix",
    "end_of_life": "wont_fix",
} | dict.fromkeys(("affected", "fix_deferred", "under_investigation"), "not_available")
GRYPE_FIX = {"fixed": "available", "not-fixed": "not_available", "wont-fix": "wont_fix"}


def kinds() -> dict[Path, str]:
    """Every JSON sample of the manifest and its kind; empty when there is no manifest."""
    manifest = FOLDER / "MANIFEST.tsv"
    if not manifest.is_file():
        return {}
    with manifest.open(encoding="utf-8", newline="") as file:
        listed = {
            (one["source_repo"].replace("/", "+"), one["path"]): one["kind"]
            for one in csv.DictReader(file, delimiter="\t")
        }
    files = {FOLDER / repo / path: kind for (repo, path), kind in listed.items()}
    return {path: kind for path, kind in sorted(files.items()) if is_json(path)}


def is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


KINDS = kinds()
REPORTS = [path for path, kind in KINDS.items() if kind in READABLE]
OTHERS = [path for path, kind in KINDS.items() if kind not in READABLE]
needs_samples = pytest.mark.skipif(
    not KINDS, reason=f"no MANIFEST.tsv of samples in {FOLDER}; set REGISTRY_AUDIT_SAMPLES"
)


def name_of(path: Path) -> str:
    return path.name


def counted(raw: dict[str, Any]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return (severities, fix states, vulnerability ids) of a report."""
    if "matches" in raw:
        told = [match["vulnerability"] for match in raw["matches"]]
        fixes = [grype_fix(one.get("fix") or {}) for one in told]
        ids = [one["id"] for one in told]
        severities = [one.get("severity") for one in told]
    else:
        results = raw.get("Results") or []
        told = [one for result in results for one in result.get("Vulnerabilities") or []]
        fixes = [trivy_fix(one) for one in told]
        ids = [one["VulnerabilityID"] for one in told]
        severities = [one.get("Severity") for one in told]
    words = Counter(WORDS.get((word or "").lower(), "UNKNOWN") for word in severities)
    return words, Counter(fixes), Counter(ids)


def trivy_fix(entry: dict[str, Any]) -> str:
    if entry.get("Status"):
        return TRIVY_FIX.get(entry["Status"], "unknown")
    return "available" if entry.get("FixedVersion") else "unknown"


def grype_fix(fix: dict[str, Any]) -> str:
    if fix.get("state"):
        return GRYPE_FIX.get(fix["state"], "unknown")
    return "available" if fix.get("versions") else "unknown"


@needs_samples
@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_the_figures_of_a_real_report_are_right(path):
    raw = json.loads(path.read_bytes())
    (result,) = read_paths(path)
    if raw.get("ArtifactType", "container_image") != "container_image":
        assert isinstance(result.outcome, ReportFileError)
        assert "ArtifactType" in result.outcome.message
        return
    assert isinstance(result.outcome, Read)
    found = rows(result.outcome, "findings")
    severities, fixes, ids = counted(raw)
    assert result.outcome.statements == len(found) == sum(ids.values())
    assert Counter(one["severity"] for one in found) == severities
    assert Counter(one["fix_state"] for one in found) == fixes
    assert Counter(one["vulnerability_id"] for one in found) == ids
    assert {one["vulnerability_id"] for one in rows(result.outcome, "vulnerabilities")} >= set(ids)
    assert [one["state"] for one in rows(result.outcome, "assessments")] == ["assessed"]


@needs_samples
@pytest.mark.parametrize("path", OTHERS, ids=name_of)
def test_every_other_json_sample_is_refused_by_name(path):
    (result,) = read_paths(path)
    assert isinstance(result.outcome, ReportFileError)
    assert result.outcome.where == str(path)
    assert "not recognised" in result.outcome.message


@needs_samples
@pytest.mark.parametrize(
    ("name", "keyed_by", "place"),
    [
        # Its manifest is a registry's; of the other two Grype made one up from a local daemon.
        ("fix_available.json", "digest", ("(unknown)", "REDACTED")),
        ("many_vulns_with_epss_values.json", "digest", ("docker.io", "library/busybox")),
        ("check_all_fields.json", "image id", ("docker.io", "library/vulnerable-image")),
        ("all_statuses.json", "image id", ("(unknown)", "(unnamed)")),
        ("scheme_2_many_vulns.json", "reference", ("docker.io", "library/teamdojo")),
        ("alpine-310.json.golden", "image id", ("ghcr.io", "aquasecurity/trivy-test-images")),
        ("full_report.json", "digest", ("docker.io", "library/alpine")),
    ],
)
def test_a_real_report_is_keyed_by_the_best_it_tells(name, keyed_by, place):
    (path,) = [path for path in REPORTS if path.name == name]
    (result,) = read_paths(path)
    assert isinstance(result.outcome, Read)
    (placed,) = rows(result.outcome, "placements")
    assert result.outcome.keyed_by == keyed_by
    assert (placed["registry_id"], placed["repository"]) == place


@needs_samples
def test_the_samples_hold_what_these_tests_need():
    assert len(REPORTS) == len([kind for kind in KINDS.values() if kind in READABLE]) == 19
    assert len(OTHERS) > 15


@needs_samples
def test_the_whole_folder_of_samples_is_one_import():
    results = read_paths(FOLDER)
    read = [one for one in results if isinstance(one.outcome, Read)]
    assert len(read) + sum(isinstance(one.outcome, ReportFileError) for one in results) == len(
        results
    )
    suffixed = [path for path in REPORTS if path.suffix == ".json"]
    filesystem = 1
    assert len(read) == len(suffixed) - filesystem
