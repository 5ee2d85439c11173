"""A small estate of two nights, written by hand; its figures are worked out in test_figures.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.reports.fake_run import FakeRun, Rows

MOMENT = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
RUN, BEFORE = "20261123T173000Z", "20261122T173000Z"
ECR = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
ECR_US = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
ACR = "acme.azurecr.io"
GAR = "europe-docker.pkg.dev/proj/apps"
_ACCOUNTS = {"aws": "111111111111", "azure": "sub-1", "gcp": "proj"}


def digest(name: str) -> str:
    return f"sha256:{name:0>64}"


def run_row(**more: Any) -> dict[str, Any]:
    row = {"started_at": MOMENT, "finished_at": MOMENT + timedelta(minutes=9), "command": "run"}
    row |= {"outcome": "partial", "tool_version": "0.1.0", "config_sha256": "c0" * 32}
    row |= {"policy": '{"newest_tagged": 3, "used_within_days": 30}', "previous_run_id": BEFORE}
    return row | {"manifest_sha256": "ab" * 32, "previous_manifest_sha256": "cd" * 32} | more


def scope(provider: str, scope_id: str, kind: str, outcome: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "provider": provider,
        "scope_id": scope_id,
        "kind": kind,
        "outcome": outcome,
    }
    row |= {"source": "", "account": _ACCOUNTS[provider], "region": "", "listed": 10}
    return row | {"errors": int(outcome != "complete"), "api_calls": 5} | more


def placed(provider: str, registry: str, repository: str, name: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"provider": provider, "registry_id": registry, "repository": repository}
    row |= {"account": _ACCOUNTS[provider], "region": "", "digest": digest(name), "tags": ["v1"]}
    return row | {"scope_id": f"{provider}/x", "current": True, "observed_run_id": RUN} | more


def judged(place: dict[str, Any], source: str, state: str, **more: Any) -> dict[str, Any]:
    keys = ("provider", "registry_id", "repository", "digest", "observed_run_id")
    row = {key: place[key] for key in keys} | {"source": source, "state": state}
    when = MOMENT - timedelta(days=2) if state == "assessed" else None
    return row | {"reason": f"because {state}", "scanned_at": when} | more


def finding(place: dict[str, Any], vulnerability: str, package: str, **more: Any) -> dict[str, Any]:
    keys = ("provider", "registry_id", "repository", "digest", "observed_run_id")
    row = {key: place[key] for key in keys}
    row |= {"source": "inspector", "vulnerability_id": vulnerability, "package_name": package}
    return row | {"severity": "CRITICAL", "fix_state": "available"} | more


def exposure(number: int, place: dict[str, Any], event: str, **more: Any) -> dict[str, Any]:
    row = {key: place[key] for key in ("provider", "registry_id", "repository", "account")}
    row |= {"exposure_id": f"{number:032x}", "event": event, "scope_id": place["scope_id"]}
    row |= {"vulnerability_id": f"CVE-2026-{number:04}", "package_name": f"package{number}"}
    row |= {"state": "open", "severity": "HIGH", "fix_state": "available", "region": ""}
    row |= {"sources": ["inspector"], "carrier_digests": [place["digest"]], "reopened_count": 0}
    return row | {"opened_at": MOMENT - timedelta(days=1), "last_confirmed_at": MOMENT} | more


def closed(number: int, place: dict[str, Any], why: str, **more: Any) -> dict[str, Any]:
    ends = {"state": "closed", "reason": why, "closing_reason": why, "closed_at": MOMENT}
    return exposure(number, place, "closed", **ends | more)


def control(control_id: str, status: str, provider: str = "azure", **more: Any) -> dict[str, Any]:
    row = {"control_id": control_id, "status": status, "provider": provider, "subject": ACR}
    row |= {"account": _ACCOUNTS[provider], "registry_id": ACR, "reason": f"because {status}"}
    return row | {"operation": "registry configuration", "observed_run_id": RUN} | more


WEB_1 = placed("aws", ECR, "shop/web", "a1")
WEB_2 = placed("aws", ECR, "shop/web", "a2")
WEB_INDEX = placed("aws", ECR, "shop/web", "a8")
API_1 = placed("aws", ECR, "shop/api", "b1")
API_2 = placed("aws", ECR, "shop/api", "b2")
BATCH = placed("aws", ECR_US, "legacy/batch", "c1", observed_run_id=BEFORE, scope_id="aws/us")
TEAM_1 = placed("azure", ACR, "team/app/api", "d1")
TEAM_2 = placed("azure", ACR, "team/app/api", "d2")
TEAM_3 = placed("azure", ACR, "team/app/api", "d3")
CHART = placed("azure", ACR, "team/app/api", "d9")
MIRROR = placed("azure", ACR, "team/mirror", "a1")
PAY_1 = placed("gcp", GAR, "pay", "e1")
PAY_2 = placed("gcp", GAR, "pay", "e2")
PLACEMENTS = [WEB_1, WEB_2, WEB_INDEX, API_1, API_2, BATCH, TEAM_1, TEAM_2, TEAM_3, CHART]
PLACEMENTS += [MIRROR, PAY_1, PAY_2]

KINDS = {digest("a8"): "index", digest("d9"): "artifact"}
IMAGES = [
    {"digest": found, "kind": KINDS.get(found, "image")}
    for found in sorted({place["digest"] for place in PLACEMENTS})
]
SCOPES = [
    scope("aws", "aws/111111111111/eu-west-1", "inventory", "complete"),
    scope("aws", "aws/111111111111/eu-west-1/findings", "findings", "complete"),
    scope(
        *("aws", "aws/111111111111/us-east-1", "inventory", "denied"),
        listed=0,
        error_code="AccessDeniedException",
        error="ecr:DescribeRepositories: AccessDeniedException:\nnot authorised",
        missing_permission="ecr:DescribeRepositories",
    ),
    scope("azure", "azure/tenant", "discovery", "complete"),
    scope("azure", "azure/acme.azurecr.io", "inventory", "partial", error="page 2 failed"),
    scope("azure", "azure/sub-1/defender", "findings", "complete", source="defender"),
    scope("gcp", "gcp/proj", "discovery", "complete"),
    scope("gcp", "gcp/proj/artifact-analysis", "findings", "denied", source="artifact-analysis"),
]
ASSESSMENTS = [
    judged(WEB_1, "inspector", "assessed"),
    judged(WEB_1, "trivy", "assessed", observed_run_id=BEFORE),
    judged(WEB_2, "inspector", "assessed", observed_run_id=BEFORE),
    judged(API_1, "inspector", "assessed"),
    judged(API_2, "inspector", "pending"),
    judged(BATCH, "inspector", "denied"),
    judged(TEAM_1, "defender", "assessed"),
    judged(TEAM_2, "defender", "inferred_clean"),
    judged(TEAM_3, "defender", "a word nobody has seen"),
    judged(PAY_1, "artifact-analysis", "denied"),
    judged(PAY_2, "artifact-analysis", "denied"),
]
FINDINGS = [
    finding(WEB_1, "CVE-2026-0001", "package1", location="/a"),
    finding(WEB_1, "CVE-2026-0001", "package1", location="/b"),
    finding(WEB_1, "CVE-2026-0001", "package1", source="trivy", severity="HIGH"),
    finding(WEB_2, "CVE-2026-0001", "package1"),
    finding(API_1, "CVE-2026-0007", "package7", fix_state="wont_fix"),
    finding(TEAM_1, "CVE-2026-0008", "package8", severity="HIGH", fix_state="unknown"),
    finding(TEAM_1, "CVE-2026-0005", "package5", severity="LOW"),
]
REPOSITORIES = [
    {"provider": p, "registry_id": r, "repository": n, "complete": c, "observed_run_id": o}
    | {"account": _ACCOUNTS[p], "expected_images": 4, "listed_images": 4}
    for p, r, n, c, o in (
        ("aws", ECR, "shop/web", True, RUN),
        ("aws", ECR, "shop/api", True, RUN),
        ("aws", ECR_US, "legacy/batch", True, BEFORE),
        ("azure", ACR, "team/app/api", False, RUN),
        ("azure", ACR, "team/mirror", True, RUN),
        ("azure", ACR, "team/empty", True, RUN),
        ("gcp", GAR, "pay", True, RUN),
    )
]
CONTROLS = [
    control("IAM-04", "FAIL", field="admin_user_enabled", value="true"),
    control("IAM-01", "UNKNOWN"),
    control("IAM-04", "NOT_APPLICABLE", "aws", subject=ECR),
    control("SCN-02", "PASS", "aws", subject=ECR),
    control("SCN-02", "FAIL", "aws", subject=ECR_US, field="scan_type", value="BASIC"),
    control("SCN-02", "a word nobody has seen", "aws", subject="somewhere"),
]
CHANGES = [
    closed(2, WEB_1, "fixed"),
    closed(3, API_1, "removed", severity="MEDIUM"),
    exposure(4, PAY_1, "unconfirmed", reason="image_denied", state="unconfirmed"),
    exposure(5, TEAM_1, "reopened", reason="newly_reported", severity="LOW", reopened_count=1),
    exposure(
        *(6, BATCH, "unconfirmed"),
        reason="scope_denied",
        state="unconfirmed",
        severity="WORSE",
        fix_state="not_available",
    ),
    exposure(7, API_1, "opened", reason="new_image", severity="CRITICAL", fix_state="wont_fix"),
    exposure(8, TEAM_1, "opened", reason="first_assessed", fix_state="unknown"),
    closed(9, TEAM_1, "withdrawn"),
]
HISTORY = [
    exposure(1, WEB_1, "opened", severity="CRITICAL"),
    exposure(2, WEB_1, "opened"),
    exposure(3, API_1, "opened", severity="MEDIUM"),
    exposure(4, PAY_1, "opened"),
    closed(5, TEAM_1, "fixed", severity="LOW"),
    exposure(6, BATCH, "opened"),
    exposure(9, TEAM_1, "opened"),
]


def night() -> dict[str, list[dict[str, Any]]]:
    """Give the rows of the second night, to be changed at will."""
    return {
        "runs": [run_row()],
        "scopes": list(SCOPES),
        "repositories": list(REPOSITORIES),
        "images": list(IMAGES),
        "placements": list(PLACEMENTS),
        "assessments": list(ASSESSMENTS),
        "findings": list(FINDINGS),
        "exposures": list(CHANGES),
        "control_results": list(CONTROLS),
    }


def before() -> Rows:
    first = run_row(started_at=MOMENT - timedelta(days=1), previous_run_id=None)
    return {"runs": [first], "exposures": list(HISTORY)}


def second_night() -> FakeRun:
    return FakeRun(RUN, night(), BEFORE, before())


def empty_run() -> FakeRun:
    """A first run that met nothing: no scope, no placement."""
    return FakeRun(RUN, {"runs": [run_row(previous_run_id=None, outcome="complete")]})


def whole_run() -> FakeRun:
    """A run that looked at all there is: one scope, one repository, one image, one control."""
    rows = {
        "runs": [run_row(outcome="complete")],
        "scopes": SCOPES[:1],
        "repositories": REPOSITORIES[:1],
        "images": [{"digest": WEB_1["digest"], "kind": "image"}],
        "placements": [WEB_1],
        "assessments": ASSESSMENTS[:1],
        "control_results": [control("SCN-02", "PASS")],
    }
    return FakeRun(RUN, rows, BEFORE, before())
