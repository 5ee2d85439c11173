"""Reads Google's Artifact Analysis occurrences: gcloud's output, the API's answers, Grafeas.

One vulnerability occurrence is a vulnerability in an image; each of its package issues is one
statement. Members are in camelCase, in older output in snake_case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from audit.model.columns import Columns
from audit.model.enums import FixState, State
from audit.normalise.severity import normalise_severity
from audit.normalise.vex import vex_status
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import Record, top_records
from providers.files.listed import SEVERAL, Latest
from providers.files.reference import is_digest
from providers.files.rows import Cvss, Image, Rows, Verdict
from providers.files.subject import BY_DIGEST, Subject, Told, subject_of

SOURCE = "artifact-analysis"
_SCHEME = re.compile(r"^[a-z]+://", re.IGNORECASE)
_CVSS = (
    ("cvssV4", "4.0"),
    ("cvssv3", "3.0"),
    ("cvssV3", "3.0"),
    ("cvssV2", "2.0"),
    ("cvssv2", "2.0"),
)
_STATES = {
    "FINISHED_SUCCESS": State.ASSESSED,
    "COMPLETE": State.ASSESSED,
    "PENDING": State.PENDING,
    "SCANNING": State.PENDING,
    "FINISHED_FAILED": State.FAILED,
    "FINISHED_UNSUPPORTED": State.UNSUPPORTED,
}
_NOTE = "PACKAGE_VULNERABILITY"
_SUMMARIES = ("discovery_summary", "package_vulnerability_summary")


class Occurrences:
    """Importer of Artifact Analysis (Grafeas) occurrences."""

    name: ClassVar[str] = "gcloud-json"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (
        ("occurrences",),
        ("package_vulnerability_summary", "vulnerabilities", "*"),
        (),
    )

    def recognises(self, document: object) -> bool:
        """Whether it is gcloud's description of an image, an answer, a list or one occurrence."""
        if isinstance(document, dict) and not document.keys().isdisjoint(_SUMMARIES):
            return True
        if isinstance(document, dict) and "occurrences" in document:
            document = document["occurrences"]
        first = document[0] if isinstance(document, list) and document else document
        return (
            isinstance(first, dict)
            and "kind" in first
            and not first.keys().isdisjoint(("noteName", "note_name"))
        )

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn occurrences into rows: one for each package issue."""
        if isinstance(document.root, dict) and not document.root.keys().isdisjoint(_SUMMARIES):
            report = Record(document.root)
            subject = _described(report)
            blocks = _blocks(_of_description(document, report), order, subject, cut=False)
            return ImportedReport(blocks, subject.said, subject.keyed_by)
        cut = isinstance(document.root, dict) and bool(
            document.root.get("nextPageToken") or document.root.get("unreachable")
        )
        return ImportedReport(_blocks(_of_list(document), order, None, cut=cut), SEVERAL, BY_DIGEST)


def _of_list(document: Document) -> Iterator[Record]:
    if isinstance(document.root, list):
        return top_records(document)
    report = Record(document.root)
    return report.each("occurrences", document) if report.has("occurrences") else iter([report])


def _of_description(document: Document, report: Record) -> Iterator[Record]:
    yield from report.record("discovery_summary").records("discovery")
    found = report.record("package_vulnerability_summary").record("vulnerabilities")
    for severity in found.members():
        yield from found.each(severity, document)


def _described(report: Record) -> Subject:
    image = report.record("image_summary")
    digest, whole = image.text("digest"), image.text("fully_qualified_digest")
    name = (whole or "").partition("@")[0]
    if whole is None:
        first = next(iter(report.record("discovery_summary").records("discovery")), Record({}))
        return subject_of(_told(first))
    return subject_of(Told([name], [], [f"{name}@{digest}"] if is_digest(digest) else [], None))


def _told(occurrence: Record) -> Told:
    uri = _key(occurrence, "resourceUri", "resource_uri")
    if uri is None:
        uri = _key(occurrence.record("resource"), "uri", "url")
    name = _SCHEME.sub("", uri or "")
    bare, _, digest = name.partition("@")
    return Told([bare], [], [name] if is_digest(digest) else [], None)


def _blocks(
    occurrences: Iterator[Record], order: ImportOrder, subject: Subject | None, *, cut: bool
) -> Iterator[Columns]:
    rows, latest = Rows(order), Latest()
    scans: dict[int, tuple[bool, str, Record]] = {}
    for occurrence in occurrences:
        image = rows.image(subject or subject_of(_told(occurrence)), SOURCE)
        kind = occurrence.raw("kind")
        if kind == "VULNERABILITY":
            for row in _statements(occurrence, rows):
                rows.state(image, row)
            latest.note(image, occurrence.moment("updateTime") or occurrence.moment("createTime"))
        elif kind == "DISCOVERY":
            _note_scan(scans, image, occurrence)
        if rows.full:
            yield from rows.flushed()
    for image in rows.images:
        if (scan := scans.get(id(image))) is not None:
            image.verdict = _verdict(
                scan[2], whole=(order.whole or subject is not None) and not cut
            )
    yield from latest.judged(rows, order, cut=cut)


def _note_scan(scans: dict[int, tuple[bool, str, Record]], image: Image, told: Record) -> None:
    """Keep the discovery of the package scan, the newest of several."""
    note = _key(told, "noteName", "note_name") or ""
    mark = note.endswith(_NOTE), _key(told, "updateTime", "update_time") or ""
    held = scans.get(id(image))
    if held is None or held[:2] < mark:
        scans[id(image)] = (*mark, told)


def _verdict(told: Record, *, whole: bool) -> Verdict:
    """Judge an image by its discovery; what is stated without one is a list's word alone."""
    discovery = told.record("discovery")
    word = _key(discovery, "analysisStatus", "analysis_status") or ""
    state = _STATES.get(word, State.UNKNOWN)
    reason = "imported occurrences"
    if state is State.UNKNOWN:
        reason += f"; unknown analysis status {ascii(word)[:40]}"
    if _key(discovery, "continuousAnalysis", "continuous_analysis") == "INACTIVE":
        if state is State.ASSESSED:
            state = State.STALE
        reason += "; the image is no longer analysed continuously"
    name = "lastScanTime" if discovery.has("lastScanTime") else "last_scan_time"
    return Verdict(
        source=SOURCE,
        state=state,
        reason=reason,
        native_status=word or None,
        scanned_at=discovery.moment(name),
        basis="read" if whole else "changes",
    )


def _statements(occurrence: Record, rows: Rows) -> Iterator[dict[str, Any]]:
    detail = occurrence.record("vulnerability")
    name = _vulnerability_id(occurrence, detail)
    scores = _scores(detail)
    links = [one.text("url") for one in _records(detail, "relatedUrls", "related_urls")]
    native = _key(detail.record("vexAssessment"), "state")
    common = {
        "vulnerability_id": name,
        **(scores[0].lead() if scores else {}),
        "title": _title(detail, name),
        "url": next((link for link in links if link), None),
        "native_id": occurrence.text("name"),
        "native_first_seen_at": occurrence.moment("createTime"),
        "native_state": native,
        "vex_status": vex_status(native),
    }
    for issue in _records(detail, "packageIssue", "package_issue") or [Record({})]:
        yield {**common, **_issue(issue, detail)}
    known = rows.about(name)
    known.title = known.title or _title(detail, name)
    known.description = known.description or detail.text("longDescription")
    known.references.update(link for link in links if link)
    known.cvss.update(scores)
    epss = detail.record("risk").record("epss")
    if (score := epss.number("score")) is not None:
        known.epss = score, epss.number("percentile")


def _vulnerability_id(occurrence: Record, detail: Record) -> str:
    """Return the short description where it is an id, else the note's name."""
    short = detail.text("shortDescription")
    if short and " " not in short:
        return short
    key = "noteName" if occurrence.has("noteName") else "note_name"
    return occurrence.needed_text(key).rpartition("/")[2]


def _title(detail: Record, name: str) -> str | None:
    short = detail.text("shortDescription")
    return short if short != name else None


def _issue(issue: Record, detail: Record) -> dict[str, Any]:
    old, mended = issue.record("affectedLocation"), issue.record("fixedLocation")
    fixed = issue.record("fixedVersion") if issue.has("fixedVersion") else mended.record("version")
    installed = (
        issue.record("affectedVersion") if issue.has("affectedVersion") else old.record("version")
    )
    places = [one.text("filePath") for one in issue.records("fileLocation")]
    told = (
        ("packageIssue.effectiveSeverity", issue.text("effectiveSeverity")),
        ("vulnerability.effectiveSeverity", detail.text("effectiveSeverity")),
        ("vulnerability.severity", detail.text("severity")),
    )
    origin, severity = next(
        (one for one in told if one[1] not in (None, "SEVERITY_UNSPECIFIED")), (None, None)
    )
    version, state = _fix(issue, fixed)
    return {
        "package_name": issue.text("affectedPackage") or old.text("package"),
        "package_version": _version(installed),
        "package_type": issue.text("packageType"),
        "fixed_version": version,
        "fix_state": state.value,
        "severity": normalise_severity(severity).value,
        "severity_source": origin,
        "native_severity": severity,
        "location": ", ".join(sorted({place for place in places if place})) or None,
    }


def _fix(issue: Record, fixed: Record) -> tuple[str | None, FixState]:
    """Return the version that mends it. MAXIMUM and no version mean that there is none yet."""
    kind, version = fixed.text("kind"), _version(fixed)
    if kind == "MAXIMUM":
        return None, FixState.NOT_AVAILABLE
    if kind not in (None, "NORMAL", "VERSION_KIND_UNSPECIFIED"):
        return None, FixState.UNKNOWN
    if issue.flag("fixAvailable") or (kind == "NORMAL" and version):
        return version, FixState.AVAILABLE
    return None, FixState.NOT_AVAILABLE


def _version(version: Record) -> str | None:
    whole, name = version.text("fullName"), version.text("name")
    if whole or not name:
        return whole
    revision, epoch = version.text("revision"), version.number("epoch")
    return f"{f'{int(epoch)}:' if epoch else ''}{name}{f'-{revision}' if revision else ''}"


def _scores(detail: Record) -> list[Cvss]:
    found = [
        Cvss(SOURCE, version, None, score)
        for key, version in _CVSS
        if (score := detail.record(key).number("baseScore")) is not None
    ]
    if not found and (score := detail.number("cvssScore")) is not None:
        version = {"CVSS_VERSION_2": "2.0"}.get(detail.text("cvssVersion") or "")
        found.append(Cvss(SOURCE, version, None, score))
    return found


def _key(record: Record, *names: str) -> str | None:
    return next((found for name in names if (found := record.text(name))), None)


def _records(record: Record, *names: str) -> list[Record]:
    return next((record.records(name) for name in names if record.has(name)), [])
