"""Reads findings of Amazon Inspector: ListFindings, its exported reports, and recordings of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from audit.model.columns import Columns
from audit.model.enums import ImageKind
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.aws_image import needed_image
from providers.files.fields import Record
from providers.files.inspector_finding import CLOSED, INSPECTOR, learn, statements, vulnerability_id
from providers.files.listed import SEVERAL, Latest, no_image
from providers.files.rows import Facts, Image, Rows
from providers.files.subject import BY_DIGEST, not_an_image

_IMAGE = "AWS_ECR_CONTAINER_IMAGE"
_PACKAGE = "PACKAGE_VULNERABILITY"


class InspectorFindings:
    """Importer of ``aws inspector2 list-findings`` and of findings reports in JSON."""

    name: ClassVar[str] = "inspector-findings"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("findings",), ("data", "findings"))

    def recognises(self, document: object) -> bool:
        """Whether it is a list of Inspector's findings; an empty one cannot be told from others."""
        held = _held(document)
        findings = held.get("findings") if isinstance(held, dict) else None
        if not isinstance(findings, list):
            return False
        first = findings[0] if findings else {"findingArn": None}
        return isinstance(first, dict) and "findingArn" in first

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a list into rows: one for each vulnerable package of each finding and image."""
        report = Record(document.root)
        report = report if report.has("findings") else report.record("data")
        return ImportedReport(_blocks(document, report, order), SEVERAL, BY_DIGEST)


def _held(document: object) -> object:
    """Return the answer itself; botocore's placebo records it under ``data``."""
    if isinstance(document, dict) and "status_code" in document:
        return document.get("data")
    return document


def _blocks(document: Document, report: Record, order: ImportOrder) -> Iterator[Columns]:
    rows, latest = Rows(order), Latest()
    closings = Columns("source_closings")
    for finding in report.each("findings", document):
        _finding(finding, rows, latest, closings, order)
        if rows.full:
            yield from rows.flushed()
    yield from latest.judged(rows, order, cut=report.has("nextToken"))
    if closings.rows:
        yield closings


def _finding(
    finding: Record, rows: Rows, latest: Latest, closings: Columns, order: ImportOrder
) -> None:
    """Read one finding; network exposures and code findings are no vulnerabilities of packages."""
    if (finding.text("type") or _PACKAGE) != _PACKAGE:
        return
    looked_at = finding.instant("lastObservedAt")
    images = [_image(one, rows, order) for one in finding.records("resources")]
    if not images:
        finding.needed_list("resources")
        raise no_image("nothing", finding.where("resources"))
    for image in images:
        latest.note(image, looked_at)
        if finding.text("status") == CLOSED:
            closings.append(**_closing(finding, image))
            continue
        for row in statements(finding):
            rows.state(image, row)
    details, name = finding.raw("packageVulnerabilityDetails"), vulnerability_id(finding)
    told = [details.get(one) for one in ("cvss", "referenceUrls", "relatedVulnerabilities")]
    if rows.news(name, *told, finding.raw("description"), finding.raw("epss")):
        learn(rows.about(name), finding)


def _image(resource: Record, rows: Rows, order: ImportOrder) -> Image:
    kind = resource.text("type") or _IMAGE
    if kind == _IMAGE:
        told = resource.record("details").record("awsEcrContainerImage")
        facts = Facts(architecture=told.text("architecture"))
        return rows.image(needed_image(resource, "id", told.texts("imageTags")), INSPECTOR, facts)
    if not order.any_target:
        raise no_image(ascii(kind)[:60], resource.where("type"))
    subject = not_an_image(resource.needed_text("id"))
    return rows.image(subject, INSPECTOR, Facts(kind=ImageKind.ARTIFACT))


def _closing(finding: Record, image: Image) -> dict[str, object]:
    return {
        **image.where(),
        "vulnerability_id": vulnerability_id(finding),
        "native_id": finding.text("findingArn"),
        "native_state": finding.text("status"),
        "reason": "Inspector closed the finding; an imported list does not say why.",
        "closed_at": finding.instant("updatedAt"),
    }
