"""Occurrences of Artifact Analysis as protobuf messages."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from grafeas import grafeas_v1

from providers.loopback.estate import Scan, Statement
from providers.loopback.gcp.cvss import cvss_message
from providers.loopback.gcp.wire import Message, enum_number
from providers.loopback.gcp.world import Discovery, Group, ImageAt, ProjectView
from providers.loopback.packages import split_version

_DISCOVERY = grafeas_v1.DiscoveryOccurrence
_VERSION = grafeas_v1.Version
_NOTE = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY"
_OTHER_NOTE = "projects/goog-analysis/notes/SBOM_GENERATION"
_SUCCESS = "FINISHED_SUCCESS"
_KEPT = timedelta(days=90)


def discovery(view: ProjectView, told: Discovery) -> Message:
    """Return a DISCOVERY occurrence of an image: how far its analysis has come."""
    if told.older:
        return _older_discovery(told.at)
    at, scan = told.at, _scan(told.at)
    status, continuous = (*scan.native, "")[:2]
    message = _DISCOVERY.pb()(
        analysis_status=enum_number(_DISCOVERY.AnalysisStatus, status),
        continuous_analysis=enum_number(
            _DISCOVERY.ContinuousAnalysis, continuous or "CONTINUOUS_ANALYSIS_UNSPECIFIED"
        ),
        last_scan_time=scan.scanned_at,
        archive_time=_archive_time(view, scan),
        last_vulnerability_update_time=_results_changed(view, told.at),
        sbom_status={"sbom_state": int(_DISCOVERY.SBOMStatus.SBOMState.COMPLETE)}
        if status == _SUCCESS
        else None,
        analysis_completed={"analysis_type": ["OS", "NPM", "MAVEN"]},
    )
    return _occurrence(at, _NOTE, grafeas_v1.NoteKind.DISCOVERY, discovery=message)


def _results_changed(view: ProjectView, at: ImageAt) -> datetime | None:
    """Return when what is stated of an image last changed; None where nothing was analysed yet."""
    return view.results[at.url][1] if _scan(at).native[0] == _SUCCESS else None


def _older_discovery(at: ImageAt) -> Message:
    """Return a DISCOVERY occurrence of the same image that another analysis left a day before.

    It says nothing about vulnerabilities; who believes it takes the image for one being scanned.
    """
    message = _DISCOVERY.pb()(
        analysis_status=int(_DISCOVERY.AnalysisStatus.SCANNING),
        continuous_analysis=int(_DISCOVERY.ContinuousAnalysis.INACTIVE),
    )
    kind = grafeas_v1.NoteKind.DISCOVERY
    occurrence = _occurrence(at, _OTHER_NOTE, kind, discovery=message)
    earlier = _seen(at) - timedelta(days=1)
    occurrence.update_time.FromDatetime(earlier)
    occurrence.create_time.FromDatetime(earlier)
    return occurrence


def vulnerability(_view: ProjectView, group: Group) -> Message:
    """Return the VULNERABILITY occurrence of an image and a vulnerability, packages inside."""
    first = group.statements[0]
    severity = enum_number(grafeas_v1.Severity, first.native_severity)
    message = grafeas_v1.VulnerabilityOccurrence.pb()(
        type_="OS" if first.package_type == "OS" else first.package_type,
        severity=severity,
        effective_severity=severity,
        short_description=first.vulnerability_id,
        long_description=first.title,
        fix_available=any(one.fixed_version for one in group.statements),
        related_urls=[{"url": f"https://nvd.nist.gov/vuln/detail/{first.vulnerability_id}"}],
        package_issue=[_package_issue(group.at, one) for one in group.statements],
        **_score(first),
    )
    note = f"projects/goog-vulnz/notes/{first.vulnerability_id}"
    kind = grafeas_v1.NoteKind.VULNERABILITY
    return _occurrence(group.at, note, kind, vulnerability=message)


def _occurrence(at: ImageAt, note: str, kind: Message, **body: Message) -> Message:
    project = at.registry.registry_id.split("/")[1]
    named = hashlib.sha256(f"{at.url}\0{note}".encode()).hexdigest()
    seen = _seen(at)
    return grafeas_v1.Occurrence.pb()(
        name=f"projects/{project}/occurrences/{named[:36]}",
        resource_uri=at.url,
        note_name=note,
        kind=int(kind),
        create_time=seen,
        update_time=seen,
        **body,
    )


def _scan(at: ImageAt) -> Scan:
    if at.image.scan is None:
        raise ValueError(f"{at.url} was never scanned")
    return at.image.scan


def _seen(at: ImageAt) -> datetime:
    return _scan(at).scanned_at or at.image.pushed_at


def _archive_time(view: ProjectView, scan: Scan) -> datetime | None:
    """Return when the results are put away: in the past only of a scan described as expired."""
    kept = scan.scanned_at + _KEPT if scan.scanned_at else None
    if scan.state == "expired":
        ended = view.estate.moment - timedelta(days=1)
        return min(kept, ended) if kept else ended
    return kept if kept and kept > view.estate.moment else None


def _package_issue(at: ImageAt, statement: Statement) -> Message:
    fixed = statement.fixed_version
    issue: dict[str, Any] = {
        "affected_cpe_uri": _cpe(statement),
        "affected_package": statement.package,
        "affected_version": _version(statement),
        "fixed_cpe_uri": _cpe(statement),
        "fixed_package": statement.package,
        "fixed_version": {"kind": int(_VERSION.VersionKind.MAXIMUM)},
        "fix_available": fixed is not None,
        "package_type": statement.package_type,
        "effective_severity": enum_number(grafeas_v1.Severity, statement.native_severity),
    }
    if statement.package_type != "OS":
        issue["file_location"] = [_place(at, statement)]
    if fixed is not None:
        kind = int(_VERSION.VersionKind.NORMAL)
        issue["fixed_version"] = {"kind": kind, "name": fixed, "full_name": fixed}
    return grafeas_v1.VulnerabilityOccurrence.PackageIssue.pb()(**issue)


def _place(at: ImageAt, statement: Statement) -> dict[str, Any]:
    """Return the file of a language package, in the layer that is the image's own."""
    layer = hashlib.sha256(at.image.digest.encode()).hexdigest()
    return {
        "file_path": f"/srv/{statement.package}-{statement.version}",
        "layer_details": {"diff_id": f"sha256:{layer}"},
    }


def _version(statement: Statement) -> dict[str, Any]:
    parts = split_version(statement)
    return {
        "kind": int(_VERSION.VersionKind.NORMAL),
        "epoch": parts.epoch,
        "name": parts.upstream,
        "revision": parts.release,
        "full_name": statement.version,
    }


def _cpe(statement: Statement) -> str:
    is_os = statement.package_type == "OS"
    return "cpe:/o:debian:debian_linux:12" if is_os else f"cpe:/a:{statement.package.lower()}"


def _score(statement: Statement) -> dict[str, Any]:
    if statement.cvss_score is None:
        return {}
    return {
        "cvss_score": statement.cvss_score,
        "cvss_version": int(grafeas_v1.CVSSVersion.CVSS_VERSION_3),
        "cvssv3": cvss_message(statement.cvss_score, statement.cvss_vector or ""),
    }
