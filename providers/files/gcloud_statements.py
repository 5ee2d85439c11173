"""VULNERABILITY occurrences as JSON -> findings. Pure."""

from __future__ import annotations

from typing import Any

from audit.errors import ReportFileError
from audit.model.enums import FixState
from audit.normalise.severity import normalise_severity
from audit.normalise.vex import vex_status
from providers.files.fields import AGAIN, Record
from providers.files.gcloud_cvss import leading, scores
from providers.files.rows import Statements

_UNSPECIFIED = "_UNSPECIFIED"


def state(statements: Statements, occurrence: Record) -> None:
    """Add a statement for each package issue of an occurrence.

    Raises:
        ReportFileError: It names no vulnerability, or a field is of a wrong type.
    """
    detail = occurrence.record("vulnerability")
    identifier = _identifier(occurrence, detail)
    lead = leading(detail)
    links = [url for link in detail.records("relatedUrls") if (url := link.text("url"))]
    common = {
        "vulnerability_id": identifier,
        **(lead.lead() if lead else {}),
        "url": links[0] if links else None,
        "native_id": occurrence.text("name"),
        "native_first_seen_at": occurrence.moment("createTime"),
        **_vex(detail.record("vexAssessment")),
    }
    for issue in detail.records("packageIssue"):
        statements.add({**common, **_package(issue, detail)})
    known = statements.about(identifier)
    known.description = known.description or detail.text("longDescription")
    known.references.update(links)
    known.cvss.update(scores(detail))
    epss = detail.record("risk").record("epss")
    if (score := epss.number("score")) is not None:
        known.epss = (score, epss.number("percentile"))


def _identifier(occurrence: Record, detail: Record) -> str:
    """Return the id: the short description where it is one, else the end of the note's name."""
    short = detail.text("shortDescription")
    note = (occurrence.text("noteName") or "").rpartition("/")[2]
    identifier = short if short and " " not in short else note
    if not identifier:
        raise ReportFileError(
            "is missing or empty", where=detail.where("shortDescription"), cure=AGAIN
        )
    return identifier


def _package(issue: Record, detail: Record) -> dict[str, Any]:
    places = issue.records("fileLocation")
    paths = sorted({path for place in places if (path := place.text("filePath"))})
    layers = {place.record("layerDetails").text("diffId") for place in places} - {None}
    return {
        "package_name": issue.needed_text("affectedPackage"),
        "package_version": _version(issue.record("affectedVersion")),
        "package_type": issue.text("packageType") or detail.text("type"),
        "location": ", ".join(paths) or None,
        "layer_digest": layers.pop() if len(layers) == 1 else None,
        **_severity(issue, detail),
        **_fix(issue),
    }


def _severity(issue: Record, detail: Record) -> dict[str, Any]:
    """Return the severity: that of the package, then that of the occurrence, then the note's."""
    stated = (
        ("packageIssue.effectiveSeverity", issue.text("effectiveSeverity")),
        ("vulnerability.effectiveSeverity", detail.text("effectiveSeverity")),
        ("vulnerability.severity", detail.text("severity")),
    )
    told = [(origin, word) for origin, word in stated if word and not word.endswith(_UNSPECIFIED)]
    origin, word = told[0] if told else (None, None)
    return {
        "severity": normalise_severity(word).value,
        "severity_source": origin,
        "native_severity": word or "SEVERITY_UNSPECIFIED",
    }


def _fix(issue: Record) -> dict[str, Any]:
    """Return the version that mends it. MAXIMUM and no version mean that there is none yet."""
    fixed = issue.record("fixedVersion")
    kind, version = fixed.text("kind") or "", _version(fixed)
    known = kind in {"", "NORMAL"} or kind.endswith(_UNSPECIFIED)
    if kind == "MAXIMUM":
        found = FixState.NOT_AVAILABLE
    elif not known:
        found = FixState.UNKNOWN
    elif issue.flag("fixAvailable") or (kind == "NORMAL" and version):
        found = FixState.AVAILABLE
    else:
        found = FixState.NOT_AVAILABLE
    return {
        "fix_state": found.value,
        "fixed_version": version if found is FixState.AVAILABLE else None,
    }


def _version(version: Record) -> str | None:
    name = version.text("name")
    if version.text("fullName") or name is None:
        return version.text("fullName")
    epoch, revision = int(version.number("epoch") or 0), version.text("revision")
    return f"{f'{epoch}:' if epoch else ''}{name}{f'-{revision}' if revision else ''}"


def _vex(assessment: Record) -> dict[str, Any]:
    word = assessment.text("state")
    why = assessment.record("justification").text("justificationType")
    justified = why and not why.endswith(_UNSPECIFIED)
    return {
        "native_state": f"{word}/{why}" if word and justified else word,
        "vex_status": vex_status(word),
    }
