"""Reads findings of AWS Security Hub about container images: ASFF, and OCSF class 2002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from audit.model.columns import Columns
from audit.model.enums import FixState, ImageKind
from audit.normalise.severity import normalise_severity
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.aws_image import image_of_arn, needed_image
from providers.files.fields import Record, top_records
from providers.files.inspector_finding import INSPECTOR, joined_version
from providers.files.listed import SEVERAL, Latest, no_image
from providers.files.rows import Cvss, Facts, Image, Rows
from providers.files.subject import BY_DIGEST, not_an_image

_IMAGE = "AwsEcrContainerImage"
_OCSF_CLASS = 2002
_FIXES = {"YES": FixState.AVAILABLE, "NO": FixState.NOT_AVAILABLE}


def _first(document: object) -> object:
    findings = document.get("Findings") if isinstance(document, dict) else document
    return findings[0] if isinstance(findings, list) and findings else None


def _findings(document: Document) -> Iterator[Record]:
    if isinstance(document.root, list):
        return top_records(document)
    return Record(document.root).each("Findings", document)


class SecurityHub:
    """Importer of ``aws securityhub get-findings`` (ASFF)."""

    name: ClassVar[str] = "security-hub"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("Findings",), ())

    def recognises(self, document: object) -> bool:
        """Whether it is a list of ASFF findings."""
        first = _first(document)
        return isinstance(first, dict) and {"ProductArn", "Resources"} <= first.keys()

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a list into rows: one for each vulnerable package of each finding and image."""
        return ImportedReport(_blocks(document, order, _asff), SEVERAL, BY_DIGEST)


class SecurityHubOcsf:
    """Importer of ``aws securityhub get-findings-v2`` and other OCSF vulnerability findings."""

    name: ClassVar[str] = "security-hub-ocsf"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("Findings",), ())

    def recognises(self, document: object) -> bool:
        """Whether it is an OCSF finding, or a list of them."""
        first = _first(document)
        return any(
            isinstance(one, dict) and {"class_uid", "finding_info"} <= one.keys()
            for one in (first, document)
        )

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a list into rows: one for each affected package of each vulnerability and image."""
        return ImportedReport(_blocks(document, order, _ocsf), SEVERAL, BY_DIGEST)


def _blocks(document: Document, order: ImportOrder, read: Any) -> Iterator[Columns]:  # noqa: ANN401  one of the two below
    rows, latest = Rows(order), Latest()
    root = document.root
    single = isinstance(root, dict) and "Findings" not in root
    for finding in [Record(root)] if single else _findings(document):
        read(finding, rows, latest, order)
        if rows.full:
            yield from rows.flushed()
    cut = isinstance(root, dict) and bool(root.get("NextToken"))
    yield from latest.judged(rows, order, cut=cut)


def _asff(finding: Record, rows: Rows, latest: Latest, order: ImportOrder) -> None:
    """Read one finding; a failed control holds no vulnerability and is left out."""
    flaws = finding.records("Vulnerabilities")
    if not flaws:
        return
    source = (finding.text("ProductName") or INSPECTOR).lower()
    for resource in finding.records("Resources"):
        image = _asff_image(resource, source, rows, order)
        latest.note(image, finding.moment("LastObservedAt") or finding.moment("UpdatedAt"))
        if finding.text("RecordState") == "ARCHIVED":  # its source has closed it
            continue
        for flaw in flaws:
            for row in _asff_rows(finding, flaw):
                rows.state(image, row)


def _asff_image(resource: Record, source: str, rows: Rows, order: ImportOrder) -> Image:
    kind = resource.needed_text("Type")
    if kind == _IMAGE:
        told = resource.record("Details").record(_IMAGE)
        facts = Facts(architecture=told.text("Architecture"))
        return rows.image(needed_image(resource, "Id", told.texts("ImageTags")), source, facts)
    if not order.any_target:
        raise no_image(ascii(kind)[:60], resource.where("Type"))
    subject = not_an_image(resource.needed_text("Id"))
    return rows.image(subject, source, Facts(kind=ImageKind.ARTIFACT))


def _asff_rows(finding: Record, flaw: Record) -> Iterator[dict[str, Any]]:
    name, severity = flaw.needed_text("Id"), finding.record("Severity").text("Label")
    vendor, url = flaw.record("Vendor"), flaw.record("Vendor").text("Url")
    scores = [
        Cvss(
            one.text("Source"), one.text("Version"), one.text("BaseVector"), one.number("BaseScore")
        )
        for one in flaw.records("Cvss")
    ]
    common = {
        "vulnerability_id": name,
        "severity": normalise_severity(severity).value,
        "severity_source": vendor.text("Name"),
        "native_severity": severity,
        **(scores[0].lead() if scores else {}),
        "title": finding.text("Title"),
        "url": url,
        "native_id": finding.text("Id"),
        "native_first_seen_at": finding.moment("FirstObservedAt"),
        "native_state": finding.record("Workflow").text("Status"),
    }
    for package in flaw.records("VulnerablePackages") or [Record({})]:
        fixed = package.text("FixedInVersion")
        fixed = None if fixed == "NotAvailable" else fixed
        known = _FIXES.get(flaw.text("FixAvailable") or "", FixState.UNKNOWN)
        yield {
            **common,
            "package_name": package.text("Name"),
            "package_version": joined_version(package.raw("Epoch"), package, "Version", "Release"),
            "package_type": package.text("PackageManager"),
            "fixed_version": fixed,
            "fix_state": (FixState.AVAILABLE if fixed else known).value,
            "location": package.text("FilePath"),
            "layer_digest": package.text("SourceLayerHash"),
        }


def _ocsf(finding: Record, rows: Rows, latest: Latest, order: ImportOrder) -> None:
    """Read one OCSF finding; those of another class are left out."""
    if finding.raw("class_uid") != _OCSF_CLASS:
        return
    product = finding.record("metadata").record("product").text("name") or "ocsf"
    source = INSPECTOR if "inspector" in product.lower() else product.lower()
    info = finding.record("finding_info")
    for resource in finding.records("resources"):
        image = _ocsf_image(resource, source, rows, order)
        seen = info.moment("last_seen_time_dt") or info.moment("modified_time_dt")
        latest.note(image, seen)
        if finding.text("status") in ("Resolved", "Archived"):
            continue
        for flaw in finding.records("vulnerabilities"):
            for row in _ocsf_rows(finding, info, flaw):
                rows.state(image, row)


def _ocsf_image(resource: Record, source: str, rows: Rows, order: ImportOrder) -> Image:
    told = resource.record("data").record("Details").record(_IMAGE)
    uid = resource.needed_text("uid")
    subject = image_of_arn(uid, told.texts("ImageTags") or resource.record("image").texts("tags"))
    if subject is not None:
        return rows.image(subject, source, Facts(architecture=told.text("Architecture")))
    if not order.any_target:
        raise no_image(ascii(resource.text("type") or uid)[:60], resource.where("uid"))
    return rows.image(not_an_image(uid), source, Facts(kind=ImageKind.ARTIFACT))


def _ocsf_rows(finding: Record, info: Record, flaw: Record) -> Iterator[dict[str, Any]]:
    cve = flaw.record("cve")
    name = cve.text("uid") or flaw.record("advisory").needed_text("uid")
    scores = [
        Cvss(
            one.text("src_url"),
            one.text("version"),
            one.text("vector_string"),
            one.number("base_score"),
        )
        for one in cve.records("cvss")
    ]
    severity = flaw.text("severity") or finding.text("severity")
    links = flaw.texts("references")
    common = {
        "vulnerability_id": name,
        "severity": normalise_severity(severity).value,
        "severity_source": flaw.text("vendor_name"),
        "native_severity": severity,
        **(scores[0].lead() if scores else {}),
        "title": flaw.text("title") or info.text("title"),
        "url": links[0] if links else None,
        "native_id": info.text("uid"),
        "native_first_seen_at": flaw.moment("first_seen_time_dt")
        or info.moment("first_seen_time_dt"),
        "native_state": finding.text("status"),
    }
    for package in flaw.records("affected_packages") or [Record({})]:
        fixed = package.text("fixed_in_version")
        fixed = None if fixed == "NotAvailable" else fixed
        fixable = fixed or flaw.raw("is_fix_available") is True
        yield {
            **common,
            "package_name": package.text("name"),
            "package_version": joined_version(package.raw("epoch"), package, "version", "release"),
            "package_type": package.text("package_manager"),
            "purl": package.text("purl"),
            "fixed_version": fixed,
            "fix_state": (FixState.AVAILABLE if fixable else FixState.UNKNOWN).value,
            "location": package.text("path"),
        }
