"""The shape before the individual recommendations: read where it comes, never beside the new."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.errors import BrokenPageError
from audit.model.enums import Outcome
from providers.azure.finding_rows import finding_rows, statements
from providers.azure.parse_older import older, plain
from providers.azure.placements import Place
from tests.unit.azure.scripted import Say
from tests.unit.azure.support import Row, rows_of
from tests.unit.azure.test_incremental import collect, digest
from tests.unit.azure.test_incremental import row as present

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("REGISTRY_AUDIT_SAMPLES", ROOT.parent / "shared/data/samples"))
REAL = (
    "MicrosoftDocs+azure-security-docs/articles/defender-for-cloud/"
    "subassessment-rest-api.md.block1.azure.json"
)
ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/one"


def row(letter: str, cve: str | None = "CVE-2020-1", **changes: Any) -> Row:
    artifact = {
        "digest": digest(letter),
        "repositoryName": "app",
        "registryHost": "one.azurecr.io",
    }
    return {
        "id": f"{ARM}/providers/Microsoft.Security/assessments/k/subassessments/{letter}-{cve}",
        "displayName": cve,
        "statusCode": "Unhealthy",
        "timeGenerated": "2026-07-01T00:00:00.1234567Z",
        "additionalData": {
            "artifactDetails": artifact,
            "vulnerabilityDetails": {"cveId": cve, "severity": "Medium", "cvss": None},
            "softwareDetails": {"packageName": "curl", "version": "7", "category": "OS"},
            "cvssV30Score": 5.5,
        },
    } | changes


def test_the_older_shape_alone_is_read_as_it_always_was():
    run = collect([], placed="ab", older=[row("a"), row("a", "CVE-2020-2")])
    assert run.told("state") == {"a": "assessed", "b": "inferred_clean"}
    assert run.outcome.outcome is Outcome.COMPLETE
    told = {one["vulnerability_id"]: one for one in run.sink["findings"]}
    assert told.keys() == {"CVE-2020-1", "CVE-2020-2"}
    one = told["CVE-2020-1"]
    assert (one["package_name"], one["package_version"], one["package_type"]) == ("curl", "7", "OS")
    assert (one["severity"], one["cvss_score"], one["cvss_version"]) == ("MEDIUM", 5.5, "3.0")


def test_both_shapes_at_once_are_counted_once_an_image():
    run = collect([present("a")], placed="ab", older=[row("a"), row("a", "CVE-2026-1"), row("b")])
    told = sorted((one["digest"][7], one["vulnerability_id"]) for one in run.sink["findings"])
    assert told == [("a", "CVE-2026-1"), ("b", "CVE-2020-1")]
    assert run.outcome.listed == 2
    assert run.told("state") == {"a": "assessed", "b": "assessed"}


def test_the_older_shape_does_not_come_back_for_an_image_that_stands():
    before = collect([present("a", n) for n in range(1, 1100)], placed="a")
    rows = [present("a", n) for n in range(1, 1100)]
    run = collect(rows, placed="a", before=before.sink, older=[row("a")])
    assert run.sink["findings"] == []
    assert run.told("basis") == {"a": "remembered"}


@pytest.mark.parametrize(
    ("failing", "state"),
    [
        (Say({}, 500), "unknown"),
        (Say({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403), "denied"),
        (Say({"totalRecords": 7, "data": []}), "unknown"),
    ],
)
def test_an_older_shape_that_cannot_be_read_leaves_only_images_without_rows_open(failing, state):
    run = collect([present("a")], placed="ab", older=failing)
    assert run.told("state") == {"a": "assessed", "b": state}
    assert run.outcome.outcome is Outcome.PARTIAL


def test_an_older_row_without_an_image_may_be_about_any():
    run = collect([present("a")], placed="ab", older=[{"id": "/x", "additionalData": {}}])
    assert set(run.told("state").values()) == {"unknown"}
    with pytest.raises(BrokenPageError, match="names no image digest"):
        older({"id": "/x", "additionalData": None})


@pytest.mark.parametrize(
    ("code", "cause", "state", "kept", "native"),
    [
        ("Unhealthy", None, "assessed", 1, "Unhealthy"),
        ("Healthy", None, "assessed", 0, "Healthy"),
        ("NotApplicable", "Exempt", "assessed", 1, "NotApplicable (Exempt)"),
        ("NotApplicable", "NotSupported", "unsupported", 1, "NotApplicable"),
        ("OnHold", None, "unknown", 1, "OnHold"),
    ],
)
def test_status_codes(code, cause, state, kept, native):
    run = collect([], placed="a", older=[row("a", statusCode=code, statusCause=cause)])
    assert run.told("state") == {"a": state}
    assert [one["native_state"] for one in run.sink["findings"]] == [native] * kept
    assert run.told("native_status") == {"a": native}


def test_a_row_that_names_no_cve_leaves_its_image_unknown():
    run = collect([], placed="a", older=[row("a", None)])
    assert run.told("state") == {"a": "unknown"}
    assert run.outcome.errors == 1


@pytest.mark.skipif(not (FOLDER / REAL).is_file(), reason=f"no samples in {FOLDER}")
def test_the_real_record_lands_right():
    (record,) = json.loads((FOLDER / REAL).read_bytes())
    read = older(plain(record))
    assert read.digest == record["properties"]["additionalData"]["artifactDetails"]["digest"]
    assert (
        read.repository
        == "ptebic.azurecr.io/public/azureml/aifx/stable-ubuntu2004-cu117-py39-torch200"
    )
    assert read.problem is None
    assert read.evaluated_at == datetime(2023, 9, 12, 13, 36, 15, 77279, tzinfo=UTC)
    place = Place("ptebic.azurecr.io", "public/azureml", read.digest)
    (told,) = rows_of(finding_rows([([place], statements(read))], "run-1"))
    wanted = {
        "vulnerability_id": "CVE-2022-42969",
        "package_name": "py",
        "package_version": "1.11.0.0",
        "package_type": "python",
        "fixed_version": None,
        "fix_state": "available",
        "severity": "HIGH",
        "severity_source": "defender",
        "native_severity": "High",
        "cvss_score": 7.5,
        "cvss_version": "3.0",
        "cvss_vector": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
        "url": "https://nvd.nist.gov/vuln/detail/CVE-2022-42969",
        "native_state": "NotApplicable (Exempt)",
        "title": "CVE-2022-42969",
    }
    assert {name: told[name] for name in wanted} == wanted
