"""Real reports: their figures are counted here from the raw JSON, apart from the readers."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.errors import ReportFileError
from tests.unit.files.support import Read, read_paths, rows, write

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("REGISTRY_AUDIT_SAMPLES", ROOT.parent / "shared/data/samples"))
REFUSED = {
    "cvssv4_severity_source.json": "ArtifactType: is 'filesystem'",
    "inspector2.ListFindings_1.json": "'AWS_EC2_INSTANCE', no container image",
    "syft-scan-alpine-container.json": "an SBOM alone is no scan",
}
"""Reports that are about no container image, or no scan."""
WORDS = {"critical": "CRITICAL", "high": "HIGH", "medium": "MEDIUM", "low": "LOW"} | {
    "negligible": "NEGLIGIBLE",
    "minimal": "NEGLIGIBLE",
}


def samples() -> dict[Path, dict[str, str]]:
    """Every sample that the manifest lists, and its line; empty when there is no manifest."""
    manifest = FOLDER / "MANIFEST.tsv"
    if not manifest.is_file():
        return {}
    with manifest.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    files = {
        found: one  # of a document its block of JSON was kept, under the name and its own ending
        for one in lines
        for path in [FOLDER.joinpath(one["source_repo"].replace("/", "+"), one["path"])]
        for found in path.parent.glob(f"{path.name}*")
    }
    return dict(sorted(files.items()))


def is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


LISTED = samples()
KINDS = {path: one["kind"] for path, one in LISTED.items() if is_json(path)}
FIGURES = {path: one["findings_or_rows"] for path, one in LISTED.items()}
PAGES = {path.name: path for path in LISTED if path not in KINDS}
FINDINGS_PAGE, COVERAGE_PAGE = "describe-image-scan-findings.rst", "list-coverage.rst"
OTHERS = [path for path, kind in KINDS.items() if "recorded" in kind or "schema" in kind]
OTHERS = [path for path in OTHERS if path.name not in REFUSED]
REPORTS = [path for path in KINDS if path not in OTHERS]
needs_samples = pytest.mark.skipif(
    not KINDS, reason=f"no MANIFEST.tsv of samples in {FOLDER}; set REGISTRY_AUDIT_SAMPLES"
)


def name_of(path: Path) -> str:
    return path.name


def counted(raw: Any) -> Counter[tuple[str, str | None]]:
    """Return (vulnerability id, severity) of every statement of a report, by its own structure."""
    return Counter((name, WORDS.get((word or "").lower(), "UNKNOWN")) for name, word in stated(raw))


def stated(raw: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(raw, list):  # Defender's rows: one for each CVE
        held = [one["properties"]["additionalData"]["vulnerabilityDetails"] for one in raw]
        yield from ((one["cveId"], one["severity"]) for one in held)
    elif "matches" in raw:
        held = [one["vulnerability"] for one in raw["matches"]]
        yield from ((one["id"], one.get("severity")) for one in held)
    elif "SchemaVersion" in raw:
        held = [one for each in raw.get("Results") or [] for one in each.get("Vulnerabilities", [])]
        yield from ((one["VulnerabilityID"], one.get("Severity")) for one in held)
    elif "findings" in raw or "Findings" in raw:
        yield from listed(raw)
    elif "runs" in raw:
        for result in (one for run in raw["runs"] for one in run["results"]):
            text = result["message"]["text"]
            yield result["ruleId"], text.partition("Severity: ")[2].partition("\n")[0]
    else:
        yield from occurred(raw)


def listed(raw: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    for one in raw.get("findings", []):
        details = one["packageVulnerabilityDetails"]
        for _ in details["vulnerablePackages"]:
            yield details["vulnerabilityId"], one["severity"]
    for one in raw.get("Findings", []):
        for flaw in one["Vulnerabilities"]:
            for _ in flaw["VulnerablePackages"]:
                yield flaw["Id"], one["Severity"]["Label"]


def occurred(raw: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    held = (raw.get("package_vulnerability_summary") or {}).get("vulnerabilities") or {}
    found = [one for ones in held.values() for one in ones]
    if raw.get("kind") == "VULNERABILITY":
        found.append(raw)
    for one in found:
        note = one.get("noteName") or one["note_name"]
        for issue in one["vulnerability"]["packageIssue"]:
            yield note.rpartition("/")[2], issue.get("effectiveSeverity")


@needs_samples
@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_the_figures_of_a_real_report_are_right(path):
    (result,) = read_paths(path)
    if path.name in REFUSED:
        assert isinstance(result.outcome, ReportFileError)
        assert REFUSED[path.name] in result.outcome.message
        return
    raw = json.loads(path.read_bytes())
    assert isinstance(result.outcome, Read), result.outcome
    found = rows(result.outcome, "findings")
    if "statements" in raw or raw_kind(raw) == "CycloneDX":  # no image is named: VEX alone
        told = raw.get("statements") or raw["vulnerabilities"]
        kept = rows(result.outcome, "vex_statements")
        assert (len(kept), found) == (len(told), [])
        states = [one.get("status") or one["analysis"]["state"] for one in told]
        assert Counter(one["status"] for one in kept) == Counter(states)
        return
    assert Counter((one["vulnerability_id"], one["severity"]) for one in found) == counted(raw)
    assert len(found) == sum(counted(raw).values())


def raw_kind(raw: Any) -> str | None:
    return raw.get("bomFormat") if isinstance(raw, dict) else None


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
        (
            "many_vulns.json",
            "digest",
            ("northamerica-northeast1-docker.pkg.dev/testing/test-docker", "test-image"),
        ),
        ("alpine-310.sarif.golden", "image id", ("ghcr.io", "aquasecurity/trivy-test-images")),
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


def said_in(page: Path) -> list[Any]:
    """The JSON documents that a page of documentation shows as output, in order."""
    shown = page.read_text("utf-8").split("Output::")[1:]
    return [json.JSONDecoder().raw_decode(one[one.index("{") :])[0] for one in shown]


def basic(raw: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    for one in raw["imageScanFindings"]["findings"]:
        yield one["name"], one["severity"]


@needs_samples
def test_what_a_page_shows_is_read_or_refused_like_a_file(tmp_path):
    """AWS's pages of its command line: an answer of basic scanning, and two of coverage."""
    findings, coverage = (said_in(PAGES[name]) for name in (FINDINGS_PAGE, COVERAGE_PAGE))
    (raw,) = findings
    (result,) = read_paths(write(tmp_path / "findings.json", raw), region="us-west-2")
    assert isinstance(result.outcome, Read), result.outcome
    found = rows(result.outcome, "findings")
    told = Counter((name, WORDS.get((word or "").lower(), "UNKNOWN")) for name, word in basic(raw))
    assert Counter((one["vulnerability_id"], one["severity"]) for one in found) == told
    assert (
        sum(told.values()) == sum(raw["imageScanFindings"]["findingSeverityCounts"].values()) == 1
    )
    assert [one["digest"] for one in found] == [raw["imageId"]["imageDigest"]]
    assert len(coverage) == 2
    for number, one in enumerate(coverage):
        (result,) = read_paths(write(tmp_path / f"{number}.json", one))
        assert isinstance(result.outcome, ReportFileError)
        assert "not recognised" in result.outcome.message


@needs_samples
def test_no_file_of_the_folder_is_left_uncounted():
    """A new sample has to be listed, and to be counted, refused or read off its page by name."""
    there = {path for path in FOLDER.rglob("*") if path.is_file()}
    about = {FOLDER / "MANIFEST.tsv", FOLDER / "NOTICE.md"}
    assert there - about == {*REPORTS, *OTHERS, *PAGES.values()}
    assert len(KINDS) == len(REPORTS) + len(OTHERS)
    assert set(REFUSED) == {path.name for path in REPORTS if path.name in REFUSED}


@needs_samples
def test_the_figures_are_those_of_whoever_collected_the_samples():
    """Who listed them counted findings; of Security Hub and of machines another thing than rows."""
    other = {"inspector_ecr.json": (7, 12), "inspector2.ListFindings_1.json": (4, 0)}
    compared = 0
    for path in REPORTS:
        if figure := FIGURES.get(path):
            ours = sum(counted(json.loads(path.read_bytes())).values())
            assert (int(figure), ours) == other.get(path.name, (int(figure), int(figure))), path
            compared += 1
    assert compared >= 25


@needs_samples
def test_the_samples_hold_what_these_tests_need():
    assert len(REPORTS) >= 29
    assert len(OTHERS) >= 12


@needs_samples
def test_the_whole_folder_of_samples_is_one_import():
    results = read_paths(FOLDER)
    read = [one for one in results if isinstance(one.outcome, Read)]
    suffixed = [path for path in REPORTS if path.suffix == ".json"]
    assert len(read) == len([path for path in suffixed if path.name not in REFUSED])
    assert len(results) == len([path for path in KINDS if path.suffix == ".json"])
