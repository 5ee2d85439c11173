"""Traps in which other readers of Google Cloud were caught, each by the name of what it costs."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

import orjson
import pytest
from google.cloud import artifactregistry_v1 as ar

from audit.ports import RunContext
from providers.gcp import client
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings
from tests.support.kept import Kept
from tests.unit.files.formats import occurrence
from tests.unit.files.support import Read, read_paths, rows
from tests.unit.gcp import parts
from tests.unit.gcp.parts import issue, stated, vulnerability
from tests.unit.gcp.server import Script, serving


@pytest.fixture
def script():
    with serving() as served:
        served.answers["ListRepositories"] = lambda _: ar.ListRepositoriesResponse(
            repositories=[parts.repository()]
        )
        served.answers["ListDockerImages"] = lambda _: ar.ListDockerImagesResponse(
            docker_images=[parts.image("a")]
        )
        yield served


def collect(script: Script, before: parts.Rows | None = None, **more: Any) -> Any:
    moment = parts.MOMENT + (timedelta(days=1) if before else timedelta())
    memory = {"memory": Kept(before.tables)} if before else {}
    context = RunContext("run-1", moment, logging.getLogger("test"), **memory)
    provider = GcpProvider(GcpSettings(**script.settings(**more)), context)
    found = parts.Rows()
    (task,) = provider.plan().tasks
    return found, {one.ref.scope_id: one for one in provider.collect(task, found)}


def imported(tmp_path, **detail: Any) -> list[dict[str, Any]]:
    told = occurrence()
    told["vulnerability"].update(detail)
    path = tmp_path / "one.json"
    path.write_bytes(orjson.dumps([told]))
    (result,) = read_paths(path)
    assert isinstance(result.outcome, Read)
    return rows(result.outcome, "findings")


def test_a_generic_score_is_not_filed_as_version_3(tmp_path):
    """``cvssScore`` says nothing of its version where ``cvssVersion`` does not."""
    (row,) = stated(vulnerability(cvss_score=7.5))
    assert (row["cvss_score"], row["cvss_version"], row["cvss_vector"]) == (7.5, None, None)
    found = imported(tmp_path, cvssv3={}, cvssScore=7.5)
    assert {(one["cvss_score"], one["cvss_version"]) for one in found} == {(7.5, None)}


def test_minimal_is_below_low_and_no_information(tmp_path):
    (row,) = stated(vulnerability(package_issue=[issue(effective_severity=1)]))
    assert (row["native_severity"], row["severity"]) == ("MINIMAL", "NEGLIGIBLE")
    told = {one["package_name"]: one["severity"] for one in imported(tmp_path)}
    assert told == {"openssl": "NEGLIGIBLE", "libssl": "HIGH"}


def test_the_second_package_of_an_occurrence_is_not_lost(tmp_path):
    issues = [issue(affected_package=name) for name in ("openssl", "libssl", "libcrypto")]
    assert len(stated(vulnerability(package_issue=issues))) == 3
    assert len(imported(tmp_path)) == 2


def test_the_notes_severity_is_not_taken_for_the_effective_one(tmp_path):
    levels: dict[str, Any] = {"severity": 5, "effective_severity": 2}
    (row,) = stated(vulnerability(package_issue=[issue(effective_severity=0)], **levels))
    assert (row["severity"], row["severity_source"]) == ("LOW", "vulnerability.effectiveSeverity")
    words = {"severity": "CRITICAL", "effectiveSeverity": "LOW"}
    bare = [{"affectedPackage": "openssl", "fixedVersion": {"kind": "MAXIMUM"}}]
    (told,) = imported(tmp_path, packageIssue=bare, **words)
    assert (told["severity"], told["fix_state"]) == ("LOW", "not_available")


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("ListLocations", "gcp/p"),
        ("ListRepositories", "gcp/p/us"),
        ("ListDockerImages", "gcp/p/us"),
        ("ListOccurrences", "gcp/p/artifact-analysis"),
    ],
)
def test_a_list_has_a_time_out_though_the_sdk_gives_it_none(script, monkeypatch, method, scope):
    monkeypatch.setattr(client, "_TIMEOUT", 0.2)
    script.answers[method] = lambda _: time.sleep(0.5)
    _, outcomes = collect(script, max_attempts=1)
    assert outcomes[scope].error_code == "DEADLINE_EXCEEDED"
    assert str(outcomes[scope].outcome) != "complete"


def test_no_filter_speaks_of_time(script):
    """Occurrences that no longer apply are deleted: what changed since would not tell that."""
    first, _ = collect(script)
    collect(script, first)
    filters = [one.filter for one in script.requests if hasattr(one, "return_partial_success")]
    assert len(filters) > 2
    assert not [one for one in filters if "ime" in one]


def test_statements_need_no_call_for_each_note(script):
    """Severity, fix and VEX come with the occurrence; a note would be a call a vulnerability."""
    collect(script)
    assert {name for name, count in script.calls.items() if count} == {
        *("ListLocations", "ListRepositories", "ListDockerImages", "ListOccurrences"),
        "GetVulnerabilityOccurrencesSummary",
    }
