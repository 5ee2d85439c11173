"""gcloud's own output: figures counted from the raw JSON, held against importer and adapter."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # ships no types
from grafeas import grafeas_v1 as gr

from audit.model.scope import ScopeTally
from providers.gcp import lean
from providers.gcp.names import Where
from providers.gcp.scopes import findings_scope
from providers.gcp.stated import StatedOnce
from providers.gcp.statements import StatementWriter
from tests.unit.files.support import Read, read_paths, rows
from tests.unit.files.test_samples import FOLDER, needs_samples
from tests.unit.gcp.parts import Rows, digest, uri

SAMPLE = next(FOLDER.glob("*/unittests/scans/gcloud_artifact_scan/many_vulns.json"), FOLDER)
OURS = {"MINIMAL": "NEGLIGIBLE"}
Figure = tuple[str, str, str | None, str | None, str, str]
Change = Callable[[dict[str, Any]], None]


def occurrences(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for told in report["package_vulnerability_summary"]["vulnerabilities"].values():
        yield from told


def figures(report: dict[str, Any]) -> Counter[Figure]:
    """Count (id, package, version, version that mends it, fix state, severity) as they stand."""
    found: Counter[Figure] = Counter()
    for one in occurrences(report):
        for issue in one["vulnerability"]["packageIssue"]:
            fixed = issue["fixedVersion"]
            mended = fixed["kind"] != "MAXIMUM"
            found[
                one["noteName"].split("/")[-1],
                issue["affectedPackage"],
                issue["affectedVersion"]["fullName"],
                fixed["fullName"] if mended else None,
                "available" if mended else "not_available",
                OURS.get(issue["effectiveSeverity"], issue["effectiveSeverity"]),
            ] += 1
    return found


def as_it_is(_: dict[str, Any]) -> None:
    """The sample has nothing of severity MINIMAL, one package each, and a fix for all."""


def minimal(report: dict[str, Any]) -> None:
    for one in occurrences(report):
        one["vulnerability"]["packageIssue"][0]["effectiveSeverity"] = "MINIMAL"


def several_packages(report: dict[str, Any]) -> None:
    for one in occurrences(report):
        issues = one["vulnerability"]["packageIssue"]
        issues.append({**issues[0], "affectedPackage": "golang.org/x/net"})


def no_fix(report: dict[str, Any]) -> None:
    for one in list(occurrences(report))[::2]:
        (issue,) = one["vulnerability"]["packageIssue"]
        issue["fixedVersion"] = {"kind": "MAXIMUM"}
        issue["fixAvailable"] = False


def sample(change: Change) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(SAMPLE.read_bytes())
    change(report)
    return report


def told(found: list[dict[str, Any]]) -> Counter[Figure]:
    names = ("package_name", "package_version", "fixed_version", "fix_state", "severity")
    return Counter((one["vulnerability_id"], *(one[name] for name in names)) for one in found)


def by_adapter(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the same occurrences as they would come over the wire, none of their fields unknown."""
    answer = gr.ListOccurrencesResponse.pb()()
    for one in occurrences(report):
        # The sample's digest is cut short, so that it names no image.
        whole = {**one, "resourceUri": uri("a")}
        json_format.ParseDict(whole, answer.occurrences.add())
    place = Where("us-docker.pkg.dev/p/r", "app", digest("a"))
    kept, tally = Rows(), ScopeTally(findings_scope("p"))
    writer = StatementWriter(kept, "run-1", StatedOnce(), lean)
    writer.write(lean.Page.FromString(answer.SerializeToString()), {place: place}, tally)
    assert tally.errors == 0
    return kept.tables["findings"]


@needs_samples
@pytest.mark.parametrize("change", [as_it_is, minimal, several_packages, no_fix])
def test_gclouds_sample_gives_the_figures_of_its_raw_json(change, tmp_path):
    report = sample(change)
    counted = figures(report)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    (result,) = read_paths(path)
    assert isinstance(result.outcome, Read)
    assert told(rows(result.outcome, "findings")) == counted
    assert told(by_adapter(report)) == counted


@needs_samples
def test_the_changes_to_the_sample_change_what_they_are_about():
    whole = figures(sample(as_it_is))
    assert Counter(one[5] for one in whole) == {"CRITICAL": 6, "HIGH": 1}
    assert {one[5] for one in figures(sample(minimal))} == {"NEGLIGIBLE"}
    assert figures(sample(several_packages)).total() == 2 * whole.total() == 14
    states = Counter(one[4] for one in figures(sample(no_fix)))
    assert states == {"not_available": 4, "available": 3}
