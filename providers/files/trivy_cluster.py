"""Reads Trivy's reports of a Kubernetes cluster: ``trivy k8s``, and the operator's resources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import AGAIN, Record
from providers.files.rows import Facts, Image, Rows, Verdict
from providers.files.subject import BY_DIGEST, Subject, Told, subject_of
from providers.files.targets import image_of_target
from providers.files.trivy_statements import (
    SOURCE,
    TrivyStatements,
    facts_of,
    imported,
    suppressed,
)

_KINDS = ("VulnerabilityReport", "ClusterVulnerabilityReport")
_LISTS = ("List", *(f"{kind}List" for kind in _KINDS))
_TO_TRIVY = {
    "vulnerabilityID": "VulnerabilityID",
    "resource": "PkgName",
    "installedVersion": "InstalledVersion",
    "fixedVersion": "FixedVersion",
    "severity": "Severity",
    "primaryLink": "PrimaryURL",
    "title": "Title",
    "description": "Description",
    "links": "References",
    "cvss": "CVSS",
    "pkgPath": "PkgPath",
    "publishedDate": "PublishedDate",
}


class TrivyKubernetes:
    """Importer of ``trivy k8s --report all --format json``."""

    name: ClassVar[str] = "trivy-k8s"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("Resources",),)

    def recognises(self, document: object) -> bool:
        """Whether it names a cluster and what was scanned in it."""
        return (
            isinstance(document, dict)
            and "ClusterName" in document
            and not {"Resources", "Vulnerabilities", "Misconfigurations", "Findings"}.isdisjoint(
                document
            )
        )

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a report into rows: each resource with an image is a look at that image.

        Raises:
            ReportFileError: A summary, which names no vulnerability.
        """
        report = Record(document.root)
        if "Findings" in report.members() and not report.has("Resources"):
            raise ReportFileError(
                "is a summary, which names no vulnerability",
                where="Findings",
                cure="write it with trivy k8s --report all",
            )
        return ImportedReport(
            _cluster(document, report, order), "the images of a cluster", BY_DIGEST
        )


class TrivyOperator:
    """Importer of the operator's VulnerabilityReport resources (``kubectl get -o json``)."""

    name: ClassVar[str] = "trivy-operator"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (
        ("items",),
        ("report", "vulnerabilities"),
    )

    def recognises(self, document: object) -> bool:
        """Whether it is such a resource, or a list of which the first is one."""
        if not isinstance(document, dict) or "apiVersion" not in document:
            return False
        if document.get("kind") in _LISTS:
            items = document.get("items")
            first = items[0] if isinstance(items, list) and items else None
            kind = first.get("kind") if isinstance(first, dict) else None
            return kind in _KINDS or (first is None and document["kind"] != "List")
        return document.get("kind") in _KINDS

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn resources into rows: each is a look at one image."""
        report = Record(document.root)
        if report.raw("kind") in _KINDS:
            subject = subject_of(_artifact(report.record("report")))
            blocks = _resources([report], document, order)
            return ImportedReport(blocks, subject.said, subject.keyed_by)
        items = report.each("items", document)
        return ImportedReport(_resources(items, document, order), "images of a cluster", BY_DIGEST)


def _cluster(document: Document, report: Record, order: ImportOrder) -> Iterator[Columns]:
    rows = Rows(order)
    statements = TrivyStatements(rows)
    for name in ("Resources", "Vulnerabilities"):  # the second before Trivy 0.30
        for resource in report.each(name, document):
            _resource(resource, rows, statements)
            if rows.full:
                yield from rows.flushed()
                statements.flushed()
    yield from rows.rest()


def _resource(resource: Record, rows: Rows, statements: TrivyStatements) -> None:
    """Read one workload; one without an image (a role, a node) holds nothing of ours."""
    results = [one for one in resource.records("Results") if one.raw("Class") != "config"]
    metadata = _metadata(resource)
    error = resource.text("Error")
    if not metadata and not any(image_of_target(one.text("Target")) for one in results):
        return
    told = metadata or [Record({})]
    targets = [image_of_target(one.text("Target")) for one in results] if len(told) == 1 else []
    images = [(rows.image(*_image(one, targets)), one) for one in told]
    lost = 0
    for result in results:
        image = images[0][0] if len(images) == 1 else _whose(images, result)
        for finding in result.records("Vulnerabilities"):
            if image is None:
                lost += 1
            else:
                statements.add(image, result, finding)
    for image, one in images:
        image.verdict = _verdict(image, one, results, error=error, lost=lost)


def _metadata(resource: Record) -> list[Record]:
    told = resource.raw("Metadata")
    return [Record(told)] if isinstance(told, dict) else resource.records("Metadata")


def _image(metadata: Record, targets: Sequence[str | None]) -> tuple[Subject, str, Facts]:
    told = Told(
        names=[one for one in (metadata.text("Reference"), *targets) if one],
        tags=metadata.texts("RepoTags"),
        digests=metadata.texts("RepoDigests"),
        image_id=metadata.text("ImageID"),
    )
    return subject_of(told), SOURCE, facts_of(metadata.record("ImageConfig"))


def _whose(images: Sequence[tuple[Image, Record]], result: Record) -> Image | None:
    """Return the one of a workload's images that a result names; language packages name none."""
    target = image_of_target(result.text("Target"))
    for image, told in images:
        names = (told.text("Reference"), *told.texts("RepoTags"), *told.texts("RepoDigests"))
        if target is not None and target in names:
            return image
    return None


def _verdict(
    image: Image, metadata: Record, results: Sequence[Record], *, error: str | None, lost: int
) -> Verdict:
    state, note = imported(results, metadata.record("OS"), stated=image.statements > 0)
    if error:
        state, note = State.FAILED, f"the scan failed: {error[:200]}"
    reason = f"imported report; {note}" if note else "imported report"
    if lost:
        state = State.UNKNOWN
        reason += f"; {lost} statements do not tell which of the workload's images they are of"
    if left_out := suppressed(results):
        reason += f"; {left_out} statements suppressed by the scanner are left out"
    return Verdict(SOURCE, state, f"{reason}; it does not tell when the scan was made")


def _resources(
    resources: Iterator[Record] | list[Record], document: Document, order: ImportOrder
) -> Iterator[Columns]:
    rows = Rows(order)
    statements = TrivyStatements(rows)
    for resource in resources:
        if resource.raw("kind") not in _KINDS:
            raise ReportFileError(
                f"is {ascii(resource.raw('kind'))[:40]}, not {_KINDS[0]}",
                where=resource.where("kind"),
                cure="export vulnerability reports alone",
            )
        report = resource.record("report")
        image = rows.image(subject_of(_artifact(report)), SOURCE)
        for finding in report.each("vulnerabilities", document):
            _operator_statement(statements, image, finding)
            if rows.full:
                yield from rows.flushed()
                statements.flushed()
        image.verdict = _operator_verdict(report)
    yield from rows.rest()


def _artifact(report: Record) -> Told:
    artifact, server = report.record("artifact"), report.record("registry").text("server")
    repository, digest = artifact.text("repository"), artifact.text("digest")
    tag = artifact.text("tag")
    if not repository:
        raise ReportFileError("is missing or empty", where=artifact.where("repository"), cure=AGAIN)
    name = f"{server}/{repository}" if server else repository
    tagged = f"{name}:{tag}" if tag else name
    return Told([tagged], [tagged] if tag else [], [f"{name}@{digest}"] if digest else [], None)


def _operator_statement(statements: TrivyStatements, image: Image, finding: Record) -> None:
    """Read an entry in Trivy's own words, which the operator writes in camel case."""
    entry = {theirs: finding.raw(ours) for ours, theirs in _TO_TRIVY.items() if finding.has(ours)}
    entry["PkgIdentifier"] = {"PURL": finding.raw("packagePURL")}
    score = finding.number("score")
    if score is not None and not entry.get("CVSS"):
        entry["CVSS"] = {"": {"V3Score": score}}
    result = Record(
        {
            "Class": finding.text("class"),
            "Type": finding.text("packageType"),
            "Target": finding.text("target"),
        }
    )
    statements.add(image, result, finding.renamed(entry))


def _operator_verdict(report: Record) -> Verdict:
    return Verdict(
        source=SOURCE,
        state=State.ASSESSED,
        reason="imported report",
        native_status="EOSL" if report.record("os").flag("eosl") else None,
        scanned_at=report.moment("updateTimestamp"),
        scanner_version=report.record("scanner").text("version"),
    )
