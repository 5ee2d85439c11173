"""Reads Trivy's JSON report of a container image, schema 2 (``trivy image --format json``)."""

from __future__ import annotations

from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.enums import FixState, State
from audit.normalise.severity import normalise_severity
from audit.ports import ImportedReport, RunContext
from providers.files.fields import Record
from providers.files.rows import Facts, Reading, Statements, Verdict
from providers.files.subject import Told, subject_of
from providers.files.trivy_cvss import leading, scores

SOURCE = "trivy"

_SCHEMA = 2
_IMAGE = "container_image"
_IMAGE_FACTS = ("ImageID", "RepoTags", "RepoDigests", "ImageConfig")
_PACKAGES = ("os-pkgs", "lang-pkgs")
_MARKS = frozenset({"ArtifactName", "ArtifactType", "Results", "Metadata"})
_SCAN_AN_IMAGE = "import reports of container images: trivy image --format json"

# Trivy's pkg/types status words. not_affected and unknown tell nothing about a fix.
_FIX_STATES = {
    "fixed": FixState.AVAILABLE,
    "affected": FixState.NOT_AVAILABLE,
    "fix_deferred": FixState.NOT_AVAILABLE,
    "under_investigation": FixState.NOT_AVAILABLE,
    "will_not_fix": FixState.WONT_FIX,
    "end_of_life": FixState.WONT_FIX,
}


class TrivyJson:
    """Importer of Trivy JSON, schema 2."""

    name: ClassVar[str] = "trivy-json"

    def recognises(self, document: object) -> bool:
        """Whether it is Trivy's JSON, of any schema version and of any kind of artifact."""
        if isinstance(document, list):  # schema 1 was a list of results
            head = document[0] if document else None
            return isinstance(head, dict) and {"Target", "Vulnerabilities"} <= head.keys()
        return (
            isinstance(document, dict)
            and "SchemaVersion" in document
            and not _MARKS.isdisjoint(document)
        )

    def read(self, document: Any, context: RunContext, scope_id: str) -> ImportedReport:  # noqa: ANN401  parsed JSON
        """Turn a report into rows: as many findings as ``Results[].Vulnerabilities[]`` holds.

        Raises:
            ReportFileError: Another schema version, not about an image, or a field that is missing
                or of a wrong type.
        """
        report = _checked_report(document)
        results = report.records("Results")
        subject = subject_of(_told(report))
        statements = Statements(subject, SOURCE, context)
        for result in results:
            for finding in result.records("Vulnerabilities"):
                _state(statements, result, finding)
        facts = _facts(report.record("Metadata").record("ImageConfig"))
        verdict = _verdict(report, results)
        return Reading(subject, facts, verdict, statements).report(context, scope_id)


def _checked_report(document: Any) -> Record:  # noqa: ANN401  parsed JSON
    version = 1 if isinstance(document, list) else document["SchemaVersion"]
    if isinstance(version, bool) or version != _SCHEMA:
        raise ReportFileError(
            f"is {ascii(version)[:20]}; only {_SCHEMA} can be read",
            where="SchemaVersion",
            cure="write the report with Trivy 0.20 or newer, --format json",
        )
    report = Record(document, "")
    kind = report.text("ArtifactType")
    if kind not in (None, _IMAGE):
        raise ReportFileError(
            f"is {kind!a}, not {_IMAGE}", where="ArtifactType", cure=_SCAN_AN_IMAGE
        )
    metadata = report.record("Metadata")
    if kind is None and not any(metadata.has(name) for name in _IMAGE_FACTS):
        raise ReportFileError("tells nothing of an image", where="Metadata", cure=_SCAN_AN_IMAGE)
    return report


def _told(report: Record) -> Told:
    metadata = report.record("Metadata")
    names = (metadata.text("Reference"), report.text("ArtifactName"))
    return Told(
        names=[name for name in names if name],
        tags=metadata.texts("RepoTags"),
        digests=metadata.texts("RepoDigests"),
        image_id=metadata.text("ImageID"),
    )


def _facts(config: Record) -> Facts:
    return Facts(
        os=config.text("os"),
        architecture=config.text("architecture"),
        variant=config.text("variant"),
        created_at=config.moment("created"),
        labels=config.record("config").labels("Labels"),
    )


def _state(statements: Statements, result: Record, finding: Record) -> None:
    """Add one entry of ``Vulnerabilities`` to the statements."""
    vulnerability_id = finding.needed_text("VulnerabilityID")
    source = finding.text("SeveritySource")
    cvss = scores(finding.named("CVSS"))
    lead = leading(cvss, source)
    severity = finding.text("Severity")
    statements.add(
        {
            "vulnerability_id": vulnerability_id,
            **_package(result, finding),
            **_fix(finding),
            "severity": normalise_severity(severity).value,
            "severity_source": source,
            "native_severity": severity,
            **(lead.lead() if lead else {}),
            "title": finding.text("Title"),
            "url": finding.text("PrimaryURL"),
            "native_id": finding.text("Fingerprint"),
        }
    )
    known = statements.about(vulnerability_id)
    known.title = known.title or finding.text("Title")
    known.description = known.description or finding.text("Description")
    known.references.update(finding.texts("References"))
    known.cvss.update(cvss)
    known.published_at = known.published_at or finding.moment("PublishedDate")


def _package(result: Record, finding: Record) -> dict[str, Any]:
    layer = finding.record("Layer")
    language = result.text("Class") == "lang-pkgs"
    return {
        "package_name": finding.needed_text("PkgName"),
        "package_version": finding.text("InstalledVersion"),
        "package_type": result.text("Type"),
        "purl": finding.record("PkgIdentifier").text("PURL"),
        # The target of OS packages is the image's name, which is no place in the image.
        "location": finding.text("PkgPath") or (result.text("Target") if language else None),
        "layer_digest": layer.text("Digest") or layer.text("DiffID"),
    }


def _fix(finding: Record) -> dict[str, Any]:
    status, version = finding.text("Status"), finding.text("FixedVersion")
    known = FixState.AVAILABLE if version else FixState.UNKNOWN
    state = known if status is None else _FIX_STATES.get(status, FixState.UNKNOWN)
    # "affected" and "fixed" tell of fixes here; these two are what VEX means by them.
    vex = status if status in {"not_affected", "under_investigation"} else None
    return {
        "fixed_version": version,
        "fix_state": state.value,
        "native_state": status,
        "vex_status": vex,
    }


def _verdict(report: Record, results: list[Record]) -> Verdict:
    system = report.record("Metadata").record("OS")
    state, reason = _judged(results, system)
    eosl = system.flag("EOSL")
    notes = [reason]
    if eosl:
        notes.append("its operating system is past its end of service life")
    if suppressed := sum(_suppressed(result) for result in results):
        notes.append(f"{suppressed} statements suppressed by the scanner are left out")
    scanned_at = report.moment("CreatedAt")
    if scanned_at is None:
        notes.append("it does not tell when the scan was made")
    return Verdict(
        source=SOURCE,
        state=state,
        reason="; ".join(notes),
        native_status="EOSL" if eosl else None,
        scanned_at=scanned_at,
        scanner_version=report.record("Trivy").text("Version"),
    )


def _judged(results: list[Record], system: Record) -> tuple[State, str]:
    """Say whether packages were looked at.

    A report without any result about packages is no look: Trivy writes one for the OS packages
    and for each place with language packages, also when it finds nothing in them.
    """
    detected = system.text("Family") is not None
    if any(_is_about_packages(result) for result in results):
        if detected:
            return State.ASSESSED, "imported report"
        return State.ASSESSED, "imported report; no operating system was detected in the image"
    if not results and not detected:
        return State.UNSUPPORTED, "imported report; no operating system and no package was detected"
    return State.UNKNOWN, "imported report; it holds no result about packages"


def _is_about_packages(result: Record) -> bool:
    kind = result.text("Class")
    if kind is None:  # early reports of schema 2 name no class
        return result.text("Type") is not None
    return kind in _PACKAGES or bool(result.records("Vulnerabilities"))


def _suppressed(result: Record) -> int:
    changed = result.records("ExperimentalModifiedFindings")
    return sum(one.text("Type") in (None, "vulnerability") for one in changed)
