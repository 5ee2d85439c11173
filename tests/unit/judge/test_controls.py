"""Each control's verdicts: a setting that could not be read is UNKNOWN, never PASS."""

from pathlib import Path
from typing import Any

import pytest

from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.staging import TaskStaging
from providers.loopback.story import FIRST_NIGHT
from tests.support.staging import commit_outcomes


def verdicts(root: Path, provider: str, registry: dict[str, Any], repository: dict[str, Any]):
    """Publish one registry with one repository and return (control, subject) -> row."""
    layout, area = Layout(root), {"provider": provider, "scope_id": f"{provider}/scope"}
    registries = Columns("registries", **area, registry_id="host")
    registries.append(**registry)
    repositories = Columns("repositories", **area, registry_id="host", repository="team/app")
    repositories.append(**repository)
    with TaskStaging(layout.staged("20261122T020000Z") / "raw", "task") as sink:
        sink.write(registries)
        sink.write(repositories)
    ref = ScopeRef(provider, f"{provider}/scope", ScopeKind.INVENTORY)
    commit_outcomes(layout, FIRST_NIGHT, [ScopeOutcome(ref, Outcome.COMPLETE)])
    with Warehouse(layout).open_run() as run:
        rows = run.rows("SELECT * FROM control_results")
    return {(row["control_id"], row["subject"]): row for row in rows}


@pytest.mark.parametrize(
    ("control", "provider", "registry", "repository", "status"),
    [
        ("SCN-01", "azure", {"scanning_enabled": True}, {}, "PASS"),
        ("SCN-01", "azure", {"scanning_enabled": False}, {}, "FAIL"),
        ("SCN-01", "gcp", {}, {}, "UNKNOWN"),
        ("SCN-01", "aws", {}, {"scan_frequency": "CONTINUOUS_SCAN"}, "PASS"),
        ("SCN-01", "aws", {}, {"scan_frequency": "MANUAL"}, "FAIL"),
        ("SCN-01", "aws", {"scanning_enabled": True}, {"scan_frequency": "NEW"}, "UNKNOWN"),
        ("SCN-01", "aws", {"scanning_enabled": True}, {}, "UNKNOWN"),
        ("SCN-02", "aws", {"language_packages_scanned": True}, {}, "PASS"),
        ("SCN-02", "aws", {"language_packages_scanned": False}, {}, "FAIL"),
        ("SCN-02", "gcp", {}, {}, "UNKNOWN"),
        ("IAM-01", "azure", {"anonymous_pull_enabled": True}, {}, "FAIL"),
        ("IAM-01", "azure", {"anonymous_pull_enabled": False}, {}, "PASS"),
        ("IAM-01", "gcp", {}, {}, "UNKNOWN"),
        ("IAM-01", "aws", {}, {}, "UNKNOWN"),
        ("IAM-01", "aws", {"anonymous_access": False}, {"anonymous_access": False}, "PASS"),
        ("IAM-01", "aws", {}, {"anonymous_access": False}, "UNKNOWN"),
        ("IAM-01", "aws", {"anonymous_access": False}, {}, "UNKNOWN"),
        ("IAM-01", "aws", {}, {"anonymous_access": True}, "FAIL"),
        ("IAM-01", "aws", {"anonymous_access": True}, {"anonymous_access": False}, "FAIL"),
        ("IAM-01", "gcp", {"anonymous_access": False}, {}, "PASS"),
        ("IAM-01", "gcp", {"anonymous_access": True}, {}, "FAIL"),
        ("IAM-01", "gcp", {"anonymous_pull_enabled": False}, {}, "UNKNOWN"),
        ("ENC-02", "gcp", {"key_manager": "CUSTOMER"}, {}, "PASS"),
        ("ENC-02", "gcp", {"key_manager": "none"}, {}, "FAIL"),
        ("ENC-02", "gcp", {}, {}, "UNKNOWN"),
        ("ENC-02", "aws", {}, {"key_manager": "CUSTOMER"}, "PASS"),
        ("ENC-02", "aws", {}, {"key_manager": "AWS"}, "FAIL"),
        ("ENC-02", "aws", {}, {"key_manager": "none"}, "FAIL"),
        ("ENC-02", "aws", {}, {"key_manager": "NEW"}, "UNKNOWN"),
        ("ENC-02", "aws", {}, {"encryption_type": "KMS"}, "UNKNOWN"),
        ("LIF-01", "aws", {"retention_enabled": True}, {}, "UNKNOWN"),
        ("LIF-01", "aws", {}, {"retention_enabled": True}, "PASS"),
        ("LIF-01", "aws", {}, {"retention_enabled": False}, "FAIL"),
        ("LIF-01", "azure", {"retention_enabled": True}, {}, "PASS"),
        ("LIF-01", "gcp", {"retention_enabled": False}, {}, "FAIL"),
        ("LIF-01", "azure", {}, {}, "UNKNOWN"),
        ("SCN-01", "aws", {}, {"scan_frequency": "NONE"}, "FAIL"),
        ("IAM-04", "azure", {"admin_user_enabled": True}, {}, "FAIL"),
        ("IAM-04", "azure", {"admin_user_enabled": False}, {}, "PASS"),
        ("IAM-04", "azure", {}, {}, "UNKNOWN"),
        ("IAM-04", "gcp", {}, {}, "NOT_APPLICABLE"),
        ("NET-01", "azure", {"public_network_access": "Disabled"}, {}, "PASS"),
        ("NET-01", "azure", {"network_default_action": "deny"}, {}, "PASS"),
        ("NET-01", "azure", {"public_network_access": "Enabled"}, {}, "FAIL"),
        ("NET-01", "azure", {}, {}, "UNKNOWN"),
        ("NET-01", "aws", {}, {}, "NOT_APPLICABLE"),
        ("INT-01", "aws", {}, {"tag_mutability": "IMMUTABLE"}, "PASS"),
        ("INT-01", "aws", {}, {"tag_mutability": "MUTABLE_WITH_EXCLUSION"}, "FAIL"),
        ("INT-01", "aws", {}, {}, "UNKNOWN"),
        ("INT-01", "gcp", {"tag_mutability": "IMMUTABLE"}, {}, "PASS"),
        ("INT-01", "azure", {}, {}, "NOT_APPLICABLE"),
    ],
)
def test_verdict(tmp_path, control, provider, registry, repository, status):
    found = verdicts(tmp_path, provider, registry, repository)
    subjects = [subject for known, subject in found if known == control]
    assert len(subjects) == 1
    row = found[control, subjects[0]]
    assert row["status"] == status
    assert row["reason"]
    assert row["operation"]
    assert row["observed_run_id"] == "20261122T020000Z"


def test_every_row_names_its_control_and_subject(tmp_path):
    found = verdicts(tmp_path, "aws", {}, {})
    assert {control for control, _ in found} == {
        *("INV-01", "SCN-01", "SCN-02", "IAM-01", "IAM-04", "NET-01"),
        *("ENC-02", "INT-01", "LIF-01"),
    }
    assert all(subject for _, subject in found)
