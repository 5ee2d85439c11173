"""Reads SPDX JSON that tells of vulnerabilities: 2.3 with security references, and 3.0.

SPDX 2.3 has no severity: an advisory named for a package is a finding of unknown severity. SPDX 3.0
has vulnerabilities, their scores and VEX statements as elements of a graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import FixState, State
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import Record
from providers.files.listed import NO_IMAGE
from providers.files.openvex import STATEMENTS
from providers.files.purl import image_of_purl, parse_purl
from providers.files.reference import is_digest
from providers.files.rows import Rows, Verdict
from providers.files.subject import Subject, Told, subject_of
from providers.files.vex import Product, VexDocument, VexRows

SOURCE = "spdx"
_FLAW = re.compile(r"(CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3})", re.ASCII)
_VEX = {
    "security_VexAffectedVulnAssessmentRelationship": "affected",
    "security_VexNotAffectedVulnAssessmentRelationship": "not_affected",
    "security_VexFixedVulnAssessmentRelationship": "fixed",
    "security_VexUnderInvestigationVulnAssessmentRelationship": "under_investigation",
}
_NOTHING = "holds packages and no vulnerabilities: an SBOM alone is no scan"


class Spdx:
    """Importer of SPDX JSON."""

    name: ClassVar[str] = "spdx"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("packages",), ("files",), ("relationships",))

    def recognises(self, document: object) -> bool:
        """Whether it is an SPDX document."""
        if not isinstance(document, dict):
            return False
        context = document.get("@context")
        return "spdxVersion" in document or (
            "@graph" in document and isinstance(context, str) and "spdx.org" in context
        )

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn advisories (2.3) or VEX relationships (3.0) into rows.

        Raises:
            ReportFileError: It tells of no vulnerability, or not which image it is about.
        """
        report = Record(document.root)
        if "@graph" in report.members():
            return _graph(report, order)
        advised = [one for one in report.each("packages", document) if any(_advisories(one))]
        if not advised:
            raise ReportFileError(_NOTHING, where="packages", cure="import the scanner's report")
        subject = _subject(document, report)
        blocks = _blocks(report, advised, subject, order)
        return ImportedReport(blocks, subject.said, subject.keyed_by)


def _advisories(package: Record) -> Iterator[str]:
    """Yield the vulnerabilities that a package's advisories name; a fix is none."""
    for one in package.records("externalRefs"):
        kind = (one.text("referenceCategory"), one.text("referenceType"))
        if kind == ("SECURITY", "advisory"):
            found = _FLAW.search(one.text("referenceLocator") or "")
            if found:
                yield found[1]


def _purl(package: Record) -> str | None:
    for one in package.records("externalRefs"):
        if one.text("referenceType") == "purl":
            return one.text("referenceLocator")
    return None


def _subject(document: Document, report: Record) -> Subject:
    described = set(report.texts("documentDescribes"))
    for one in report.each("relationships", document):
        if one.text("relationshipType") == "DESCRIBES":
            described.add(one.text("relatedSpdxElement") or "")
    for package in report.each("packages", document):
        purl = parse_purl(_purl(package) or "")
        about = package.text("SPDXID") in described
        if purl and purl.is_image and (about or not described):
            reference, digest = image_of_purl(purl)
            name = f"{reference.registry_id}/{reference.repository}" if reference else purl.names[0]
            return subject_of(Told([name], [], [f"{name}@{digest}"] if digest else [], None))
        if about and package.text("primaryPackagePurpose") == "CONTAINER":
            name, version = package.text("name") or "", package.text("versionInfo")
            whole = [f"{name}@{version}"] if is_digest(version) and "@" not in name else []
            return subject_of(Told([*whole, name], [], [], None))
    raise ReportFileError(
        "does not describe a container image", where="documentDescribes", cure=NO_IMAGE
    )


def _blocks(
    report: Record, packages: Sequence[Record], subject: Subject, order: ImportOrder
) -> Iterator[Columns]:
    rows = Rows(order)
    image = rows.image(subject, SOURCE)
    rows.only(image)
    for package in packages:
        for name in dict.fromkeys(_advisories(package)):
            rows.state(
                image,
                {
                    "vulnerability_id": name,
                    "package_name": package.needed_text("name"),
                    "package_version": package.text("versionInfo"),
                    "purl": _purl(package),
                    "fix_state": FixState.UNKNOWN.value,
                    "severity": "UNKNOWN",
                },
            )
            rows.about(name)
        if rows.full:
            yield from rows.flushed()
    created = report.record("creationInfo").moment("created")
    reason = "imported SBOM that names advisories; it may name no more than some"
    image.verdict = Verdict(SOURCE, State.ASSESSED, reason, None, created, basis="changes")
    yield from rows.rest()


def _graph(report: Record, order: ImportOrder) -> ImportedReport:
    elements = {}
    for one in report.records("@graph"):
        elements[one.text("spdxId") or one.text("@id") or ""] = one
    stated = [one for one in elements.values() if one.text("type") in _VEX]
    if not stated:
        raise ReportFileError(_NOTHING, where="'@graph'", cure="import the scanner's report")
    return ImportedReport(_graph_blocks(elements, stated, order), STATEMENTS, "product")


def _graph_blocks(
    elements: dict[str, Record], stated: Sequence[Record], order: ImportOrder
) -> Iterator[Columns]:
    document = next((one for one in elements.values() if one.text("type") == "SpdxDocument"), None)
    name = (document.text("spdxId") if document else None) or order.scope_id
    rows = VexRows(VexDocument(name, None, None), order)
    for one in stated:
        row = _graph_row(elements, one)
        for target in one.texts("to"):
            rows.add(_product(elements.get(target), target), row)
        if rows.full:
            yield from rows.flushed()
    yield from rows.flushed()


def _graph_row(elements: dict[str, Record], stated: Record) -> dict[str, Any]:
    flaw = stated.needed_text("from")
    held = elements.get(flaw)
    told = [one.text("identifier") for one in held.records("externalIdentifier")] if held else []
    found = [match[1] for text in (*told, flaw) if (match := _FLAW.search(text or ""))]
    names = list(dict.fromkeys(found)) or [(held.text("name") if held else None) or flaw]
    return {
        "vulnerability_id": names[0],
        "aliases": sorted(names[1:]),
        "status": _VEX[stated.needed_text("type")],
        "justification": stated.text("security_justificationType"),
        "impact": stated.text("security_impactStatement")
        or stated.text("security_actionStatement"),
        "stated_at": stated.moment("security_publishedTime"),
    }


def _product(element: Record | None, target: str) -> Product:
    if element is None:
        return Product(target)
    purl = element.text("software_packageUrl")
    hashes = [one.text("hashValue") for one in element.records("verifiedUsing")]
    digest = next((f"sha256:{one}" for one in hashes if one and is_digest(f"sha256:{one}")), None)
    return Product(purl or element.text("name") or target, digest)
