"""Reads Grype's JSON report of a container image (``grype IMAGE -o json``).

The format has no version of its own. Read are the shapes of Grype 0.7 to 0.94: the database's date
moved from ``descriptor.db.built`` to ``descriptor.db.status.built``; ``descriptor.timestamp``,
EPSS and KEV came later; a missing one is not told.
"""

from __future__ import annotations

from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.enums import FixState, State
from audit.normalise.severity import normalise_severity
from audit.ports import ImportedReport, RunContext
from providers.files.fields import AGAIN, Record
from providers.files.grype_image import embedded_config, facts_of, proven_manifest
from providers.files.rows import Cvss, Reading, Statements, Verdict, newest
from providers.files.subject import Told, subject_of

SOURCE = "grype"

_FIX_STATES = {
    "fixed": FixState.AVAILABLE,
    "not-fixed": FixState.NOT_AVAILABLE,
    "wont-fix": FixState.WONT_FIX,
}


class GrypeJson:
    """Importer of Grype JSON."""

    name: ClassVar[str] = "grype-json"

    def recognises(self, document: object) -> bool:
        """Whether it is Grype's JSON, of any kind of source."""
        return (
            isinstance(document, dict)
            and "matches" in document
            and ("descriptor" in document or "source" in document)
        )

    def read(self, document: Any, context: RunContext, scope_id: str) -> ImportedReport:  # noqa: ANN401  parsed JSON
        """Turn a report into rows: as many findings as ``matches`` holds.

        Raises:
            ReportFileError: Of another tool, not about an image, or a field that is missing or of
                a wrong type.
        """
        report = Record(document, "")
        target = _image(report)
        manifest = proven_manifest(target)
        subject = subject_of(_told(target, manifest is not None))
        statements = Statements(subject, SOURCE, context)
        matches = report.needed_records("matches")
        for match in matches:
            _state(statements, match)
        facts = facts_of(target, embedded_config(target), manifest)
        verdict = _verdict(report, stated=bool(matches))
        return Reading(subject, facts, verdict, statements).report(context, scope_id)


def _image(report: Record) -> Record:
    """Return what the report tells of the image.

    Raises:
        ReportFileError: It was made by another tool, or of something that is no image.
    """
    tool = report.record("descriptor").text("name")
    if tool not in (None, SOURCE):
        message = f"is {ascii(tool)[:40]}, not {SOURCE}"
        raise ReportFileError(message, where="descriptor.name", cure=AGAIN)
    source = report.record("source")
    kind = source.needed_text("type")
    if kind != "image":
        raise ReportFileError(
            f"is {ascii(kind)[:40]}, not image",
            where="source.type",
            cure="import reports of container images: grype IMAGE -o json",
        )
    return source.record("target")


def _told(target: Record, proven: bool) -> Told:
    name = target.text("userInput")
    return Told(
        names=[name] if name else [],
        tags=target.texts("tags"),
        digests=target.texts("repoDigests"),
        image_id=target.text("imageID"),
        manifest_digest=target.text("manifestDigest") if proven else None,
    )


def _state(statements: Statements, match: Record) -> None:
    """Add one match to the statements."""
    vulnerability = match.record("vulnerability")
    vulnerability_id = vulnerability.needed_text("id")
    related = match.records("relatedVulnerabilities")
    aliases = {one.needed_text("id") for one in related} - {vulnerability_id}
    own, theirs = _scores(vulnerability), [one for record in related for one in _scores(record)]
    lead = newest(own) or newest(theirs)
    severity = vulnerability.text("severity")
    statements.add(
        {
            "vulnerability_id": vulnerability_id,
            "aliases": sorted(aliases),
            **_package(match.record("artifact")),
            **_fix(vulnerability),
            "severity": normalise_severity(severity).value,
            "severity_source": vulnerability.text("namespace"),
            "native_severity": severity,
            **(lead.lead() if lead else {}),
            "url": vulnerability.text("dataSource"),
        }
    )
    _learn(statements, vulnerability, aliases)
    for record in related:
        _learn(statements, record, set())


def _package(artifact: Record) -> dict[str, Any]:
    places = artifact.records("locations")
    first = places[0] if places else Record({}, "")
    return {
        "package_name": artifact.needed_text("name"),
        "package_version": artifact.text("version"),
        "package_type": artifact.text("type"),
        "purl": artifact.text("purl"),
        "location": first.text("path"),
        "layer_digest": first.text("layerID"),
    }


def _fix(vulnerability: Record) -> dict[str, Any]:
    fix = vulnerability.record("fix")
    state, versions = fix.text("state"), fix.texts("versions")
    known = FixState.AVAILABLE if versions else FixState.UNKNOWN
    ours = known if state is None else _FIX_STATES.get(state, FixState.UNKNOWN)
    return {
        "fixed_version": ", ".join(versions) or None,
        "fix_state": ours.value,
        "native_state": state,
    }


def _scores(vulnerability: Record) -> list[Cvss]:
    """Return the CVSS scores, the primary ones first (NVD marks its own so)."""
    told = vulnerability.records("cvss")
    told.sort(key=lambda one: one.text("type") != "Primary")
    return [
        Cvss(
            one.text("source") or vulnerability.text("namespace"),
            one.text("version"),
            one.text("vector"),
            one.record("metrics").number("baseScore"),
        )
        for one in told
    ]


def _learn(statements: Statements, vulnerability: Record, aliases: set[str]) -> None:
    """Keep what a match tells of a vulnerability, its own or a related one."""
    known = statements.about(vulnerability.needed_text("id"))
    known.aliases = (known.aliases or set()) | aliases
    known.description = known.description or vulnerability.text("description")
    known.references.update(vulnerability.texts("urls"))
    known.cvss.update(_scores(vulnerability))
    for one in vulnerability.records("epss"):
        score = one.number("epss")
        if score is not None and (known.epss is None or score > known.epss[0]):
            known.epss = score, one.number("percentile")
    dates = [one.moment("dateAdded") for one in vulnerability.records("knownExploited")]
    known.kev_added_at = min((day for day in (*dates, known.kev_added_at) if day), default=None)


def _verdict(report: Record, *, stated: bool) -> Verdict:
    descriptor = report.record("descriptor")
    database = descriptor.record("db")
    state, notes = State.ASSESSED, ["imported report"]
    if not stated and report.record("distro").text("name") is None:
        # Grype lists matches, not packages: this may be a clean image or one it cannot read.
        state = State.UNKNOWN
        notes.append("it tells neither a distribution nor a match, so nothing shows a look")
    if suppressed := len(report.records("ignoredMatches")):
        notes.append(f"{suppressed} statements suppressed by the scanner are left out")
    scanned_at = descriptor.moment("timestamp")
    if scanned_at is None:
        notes.append("it does not tell when the scan was made")
    return Verdict(
        source=SOURCE,
        state=state,
        reason="; ".join(notes),
        scanned_at=scanned_at,
        scanner_version=descriptor.text("version"),
        db_updated_at=database.moment("built") or database.record("status").moment("built"),
    )
