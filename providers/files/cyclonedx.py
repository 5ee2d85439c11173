"""Reads CycloneDX JSON with vulnerabilities: an SBOM that was scanned, or a VEX document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import FixState, ImageKind, State
from audit.normalise.severity import normalise_severity
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import AGAIN, Record
from providers.files.listed import NO_IMAGE
from providers.files.openvex import STATEMENTS
from providers.files.purl import image_of_purl, parse_purl
from providers.files.reference import is_digest
from providers.files.rows import Cvss, Facts, Image, Rows, Verdict
from providers.files.subject import Subject, Told, not_an_image, subject_of
from providers.files.vex import Product, VexDocument, VexRows

_METHODS = {"CVSSv2": "2.0", "CVSSv3": "3.0", "CVSSv31": "3.1", "CVSSv4": "4.0"}
_VEX = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
}
"""States of an impact analysis. A false positive is said of this product, as not_affected is."""
_TRIVY = "aquasecurity:trivy:"


class _Part(NamedTuple):
    """A component as a finding needs it."""

    name: str | None
    version: str | None
    purl: str | None
    place: str | None


class CycloneDx:
    """Importer of CycloneDX JSON."""

    name: ClassVar[str] = "cyclonedx"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (
        ("vulnerabilities",),
        ("components",),
        ("dependencies",),
    )

    def recognises(self, document: object) -> bool:
        """Whether it says so."""
        return isinstance(document, dict) and document.get("bomFormat") == "CycloneDX"

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn vulnerabilities into rows.

        A finding for each component affected, and what was judged of it as a VEX statement.

        Raises:
            ReportFileError: An SBOM without vulnerabilities; or about no image, with nothing
                judged that could be kept.
        """
        report = Record(document.root)
        if not report.has("vulnerabilities"):
            raise ReportFileError(
                "holds components and no vulnerabilities: an SBOM alone is no scan",
                where="vulnerabilities",
                cure="scan it, and import the scanner's report",
            )
        about = report.record("metadata").record("component")
        subject = _subject(about, order)
        if subject is None and not _is_judged(document, report):
            kind = about.text("type")
            message = f"is {kind!a}, no container" if kind else "does not say what was scanned"
            where = about.where("type") if kind else "metadata.component"
            raise ReportFileError(message, where=where, cure=NO_IMAGE)
        blocks = _blocks(document, report, subject, order)
        if subject is None:
            return ImportedReport(blocks, STATEMENTS, "product")
        return ImportedReport(blocks, subject.said, subject.keyed_by)


def _is_judged(document: Document, report: Record) -> bool:
    found = report.each("vulnerabilities", document)
    return any(one.record("analysis").text("state") for one in found)


def _subject(about: Record, order: ImportOrder) -> Subject | None:
    """Return the image that the document is about; None when it is about none."""
    kind, name, version = about.text("type"), about.text("name"), about.text("version")
    if kind != "container":
        return not_an_image(name or kind) if kind and order.any_target else None
    told = [(one.text("name"), one.text("value")) for one in about.records("properties")]
    digests = [value for key, value in told if key == f"{_TRIVY}RepoDigest" and value]
    tags = [value for key, value in told if key == f"{_TRIVY}RepoTag" and value]
    ids = [value for key, value in told if key == f"{_TRIVY}ImageID" and value]
    purl = parse_purl(about.text("purl") or "")
    if purl and purl.is_image:
        reference, digest = image_of_purl(purl)
        if reference and digest:
            digests.append(f"{reference.registry_id}/{reference.repository}@{digest}")
    if is_digest(version):
        names = [f"{name}@{version}"] if name and "@" not in name else []
        return subject_of(
            Told([*names, name or ""], tags, digests, ids[0] if ids else None, version)
        )
    return subject_of(Told([name or ""], tags, digests, ids[0] if ids else None))


def _blocks(
    document: Document, report: Record, subject: Subject | None, order: ImportOrder
) -> Iterator[Columns]:
    parts = {key: part for one in _components(document, report) for key, part in _parts(one)}
    tool, version = _tool(report.record("metadata"))
    rows = Rows(order)
    about = report.record("metadata").record("component")
    facts = Facts(kind=None if about.raw("type") == "container" else ImageKind.ARTIFACT)
    image = rows.image(subject, tool, facts) if subject and parts else None
    vex = VexRows(_document(report, order, tool), order)
    for flaw in report.each("vulnerabilities", document):
        _flaw(flaw, rows, image, parts)
        _statement(flaw, vex, subject, parts)
        if rows.full or vex.full:
            yield from rows.flushed()
            yield from vex.flushed()
    if image is not None:
        image.verdict = _verdict(report, image, version)
    yield from rows.rest()
    yield from vex.flushed()


def _components(document: Document, report: Record) -> Iterator[Record]:
    """Yield the components, those inside of others too."""
    held = list(report.record("metadata").record("component").records("components"))
    for one in report.each("components", document):
        held.append(one)
        while held:
            part = held.pop()
            held.extend(part.records("components"))
            yield part


def _parts(component: Record) -> Iterator[tuple[str, _Part]]:
    name, group = component.text("name"), component.text("group")
    places = (
        one.text("value")
        for one in component.records("properties")
        if one.text("name") in (f"{_TRIVY}FilePath", "syft:location:0:path")
    )
    purl = component.text("purl")
    kind = parse_purl(purl or "")
    joined = {"maven": ":"}.get(kind.kind if kind else "", "/")
    whole = (
        f"{group}{joined}{name}"
        if group and kind and kind.kind not in ("deb", "rpm", "apk")
        else name
    )
    part = _Part(whole, component.text("version"), purl, next((one for one in places if one), None))
    for key in (component.text("bom-ref"), purl):
        if key:
            yield key, part


def _flaw(flaw: Record, rows: Rows, image: Image | None, parts: Mapping[str, _Part]) -> None:
    """State a vulnerability of each component that it affects."""
    if image is None:
        return
    name = flaw.needed_text("id")
    ratings = flaw.records("ratings")
    scores = [one for one in map(_score, ratings) if one]
    severities = [(one.text("severity"), one.record("source").text("name")) for one in ratings]
    severity, source = next((one for one in severities if one[0]), (None, None))
    url = flaw.record("source").text("url")
    aliases = {one.needed_text("id") for one in flaw.records("references")} - {name}
    common = {
        "vulnerability_id": name,
        "aliases": sorted(aliases),
        "severity": normalise_severity(severity).value,
        "severity_source": source,
        "native_severity": severity,
        **(scores[0].lead() if scores else {}),
        "url": url,
        "native_id": flaw.text("bom-ref"),
        "native_state": flaw.record("analysis").text("state"),
        "vex_status": _VEX.get(flaw.record("analysis").text("state") or ""),
        "fix_state": FixState.UNKNOWN.value,
    }
    for affected in flaw.records("affects"):
        part = _affected(affected, parts)
        place = {"package_name": part.name, "package_version": part.version, "purl": part.purl}
        rows.state(image, {**common, **place, "location": part.place})
    known = rows.about(name)
    known.aliases = (known.aliases or set()) | aliases
    known.description = known.description or flaw.text("description")
    known.references.update(one.text("url") or "" for one in flaw.records("advisories"))
    known.references.discard("")
    known.cvss.update(scores)
    known.published_at = known.published_at or flaw.moment("published")


def _affected(affected: Record, parts: Mapping[str, _Part]) -> _Part:
    ref = affected.needed_text("ref")
    part = parts.get(ref) or parts.get(ref.rpartition("#")[2])
    if part is None:
        message = f"{ascii(ref)[:80]} is no component of the document"
        raise ReportFileError(message, where=affected.where("ref"), cure=AGAIN)
    return part


def _score(rating: Record) -> Cvss | None:
    score, method = rating.number("score"), rating.text("method")
    if score is None or method not in _METHODS:
        return None
    source = rating.record("source").text("name")
    return Cvss(source, _METHODS[method], rating.text("vector"), score)


def _statement(
    flaw: Record, vex: VexRows, subject: Subject | None, parts: Mapping[str, _Part]
) -> None:
    """Keep what was judged of a vulnerability, for the findings of others too."""
    analysis = flaw.record("analysis")
    status = _VEX.get(analysis.text("state") or "")
    if status is None:
        return
    aliases = {one.needed_text("id") for one in flaw.records("references")}
    row = {
        "vulnerability_id": flaw.needed_text("id"),
        "aliases": sorted(aliases - {flaw.text("id")}),
        "status": status,
        "justification": analysis.text("justification"),
        "impact": analysis.text("detail"),
        "stated_at": analysis.moment("lastUpdated") or flaw.moment("updated"),
    }
    for affected in flaw.records("affects"):
        ref = affected.needed_text("ref")
        part = parts.get(ref) or parts.get(ref.rpartition("#")[2])
        package = (part.purl or part.name) if part else None
        if subject is None:
            vex.add(Product(package or ref), row)
        else:
            name = f"{subject.registry_id}/{subject.repository}@{subject.digest}"
            vex.add(Product(name, subject.digest, package), row)


def _tool(metadata: Record) -> tuple[str, str | None]:
    """Return the tool's name in lower case and its version; two forms of the member are known."""
    told = metadata.raw("tools")
    tools = (
        metadata.records("tools")
        if isinstance(told, list)
        else metadata.record("tools").records("components")
    )
    if not tools:
        return "cyclonedx", None
    return (tools[0].text("name") or "cyclonedx").lower(), tools[0].text("version")


def _document(report: Record, order: ImportOrder, tool: str) -> VexDocument:
    issued = report.record("metadata").moment("timestamp")
    authors = [one.text("name") for one in report.record("metadata").records("authors")]
    author = next((name for name in authors if name), None)
    return VexDocument(report.text("serialNumber") or order.scope_id, author or tool, issued)


def _verdict(report: Record, image: Image, version: str | None) -> Verdict:
    scanned_at = report.record("metadata").moment("timestamp")
    reason = "imported SBOM with vulnerabilities"
    if scanned_at is None:
        reason += "; it does not tell when the scan was made"
    return Verdict(image.source, State.ASSESSED, reason, None, scanned_at, version)
