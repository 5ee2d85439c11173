"""Reads Grype's JSON report of a container image (``grype IMAGE -o json``).

The format has no version of its own. Read are the shapes of Grype 0.7 to 0.94: the database's date
moved from ``descriptor.db.built`` to ``descriptor.db.status.built``; ``descriptor.timestamp``,
EPSS and KEV came later; a missing one is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import FixState, ImageKind, State
from audit.normalise.severity import normalise_severity
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import AGAIN, Record
from providers.files.grype_image import embedded_config, facts_of, proven_manifest
from providers.files.rows import Cvss, Facts, Image, Known, Rows, Verdict, newest
from providers.files.subject import Told, not_an_image, subject_of

SOURCE = "grype"

_FIX_STATES = {
    "fixed": FixState.AVAILABLE,
    "not-fixed": FixState.NOT_AVAILABLE,
    "wont-fix": FixState.WONT_FIX,
}


class GrypeJson:
    """Importer of Grype JSON."""

    name: ClassVar[str] = "grype-json"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("matches",), ("ignoredMatches",))

    def recognises(self, document: object) -> bool:
        """Whether it is Grype's JSON, of any kind of source."""
        return (
            isinstance(document, dict)
            and "matches" in document
            and ("descriptor" in document or "source" in document)
        )

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a report into rows: as many findings as ``matches`` holds.

        Raises:
            ReportFileError: Of another tool, not about an image, or a field that is missing or of
                a wrong type.
        """
        report = Record(document.root)
        _check_tool(report)
        report.needed_list("matches")
        kind = report.record("source").needed_text("type")
        if kind != "image":
            return _of_something_else(document, report, kind, order)
        target = report.record("source").record("target")
        manifest = proven_manifest(target)
        subject = subject_of(_told(target, manifest is not None))
        facts = facts_of(target, embedded_config(target), manifest)
        blocks = _blocks(document, report, Image(subject, facts, SOURCE), order)
        return ImportedReport(blocks, subject.said, subject.keyed_by)


def _of_something_else(
    document: Document, report: Record, kind: str, order: ImportOrder
) -> ImportedReport:
    if not order.any_target:
        raise ReportFileError(
            f"is {ascii(kind)[:40]}, not image",
            where="source.type",
            cure="import reports of container images, or everything with --any-target",
        )
    target = report.record("source").raw("target")
    name = target if isinstance(target, str) else Record(target or {}).text("path")
    subject = not_an_image(name or kind)
    image = Image(subject, Facts(kind=ImageKind.ARTIFACT), SOURCE)
    return ImportedReport(_blocks(document, report, image, order), subject.said, subject.keyed_by)


def _blocks(
    document: Document, report: Record, about: Image, order: ImportOrder
) -> Iterator[Columns]:
    rows = Rows(order)
    image = rows.image(about.subject, SOURCE, about.facts)
    rows.only(image)
    statements = Matches(rows, image)
    for match in report.each("matches", document):
        statements.add(match)
        if rows.full:
            yield from rows.flushed()
            statements.read.clear()
    left_out = sum(1 for _ in report.each("ignoredMatches", document))
    image.verdict = _verdict(report, stated=image.statements > 0, left_out=left_out)
    yield from rows.rest()


def _check_tool(report: Record) -> None:
    tool = report.record("descriptor").text("name")
    if tool not in (None, SOURCE):
        message = f"is {ascii(tool)[:40]}, not {SOURCE}"
        raise ReportFileError(message, where="descriptor.name", cure=AGAIN)


def _told(target: Record, proven: bool) -> Told:
    name = target.text("userInput")
    return Told(
        names=[name] if name else [],
        tags=target.texts("tags"),
        digests=target.texts("repoDigests"),
        image_id=target.text("imageID"),
        manifest_digest=target.text("manifestDigest") if proven else None,
    )


class Matches:
    """Turns matches into findings; what is told of a vulnerability in the same words, once.

    Attributes:
        read: What was told of late: (vulnerability id, namespace) -> the record and its scores.
    """

    def __init__(
        self, rows: Rows, image: Image, layers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Take where statements go.

        Args:
            rows: Of the report.
            image: What all of them are about.
            layers: What a layer unpacks to, as Grype names it -> its digest, where that is known.
        """
        self._rows, self._image, self._layers = rows, image, layers
        self.read: dict[tuple[str, str | None], tuple[Any, list[Cvss]]] = {}

    def add(self, match: Record) -> None:
        """Add one match."""
        vulnerability = match.record("vulnerability")
        vulnerability_id = vulnerability.needed_text("id")
        related = match.records("relatedVulnerabilities")
        aliases = {one.needed_text("id") for one in related} - {vulnerability_id}
        own = self._learned(vulnerability, vulnerability_id, aliases)
        theirs = [
            one for record in related for one in self._learned(record, record.needed_text("id"))
        ]
        lead = newest(own) or newest(theirs)
        severity, namespace = vulnerability.text("severity"), vulnerability.text("namespace")
        row = {
            "vulnerability_id": vulnerability_id,
            "aliases": sorted(aliases),
            **_package(match.record("artifact"), self._layers),
            **_fix(vulnerability),
            "severity": normalise_severity(severity).value,
            "severity_source": namespace,
            "native_severity": severity,
            "url": vulnerability.text("dataSource"),
        }
        if lead:
            row.update(lead.lead())
        self._rows.state(self._image, row)

    def _learned(
        self, told: Record, name: str, aliases: set[str] | frozenset[str] = frozenset()
    ) -> list[Cvss]:
        """Keep what is told of a vulnerability, a match's own or a related one; its scores."""
        key = name, told.text("namespace")
        read = self.read.get(key)
        known = self._rows.about(name)
        known.aliases = (known.aliases or set()) | aliases
        if read and told.same(read[0]):
            return read[1]
        scores = _scores(told)
        _learn(known, told, scores)
        self.read[key] = told, scores
        return scores


def _package(artifact: Record, layers: Mapping[str, str]) -> dict[str, Any]:
    places = artifact.records("locations")
    first = places[0] if places else Record({})
    layer = first.text("layerID")
    return {
        "package_name": artifact.needed_text("name"),
        "package_version": artifact.text("version"),
        "package_type": artifact.text("type"),
        "purl": artifact.text("purl"),
        "location": first.text("path"),
        "layer_digest": layers.get(layer, layer) if layer else None,
    }


def _fix(vulnerability: Record) -> dict[str, Any]:
    fix = vulnerability.record("fix")
    state, versions = fix.text("state"), fix.texts("versions")
    if not versions and (version := vulnerability.text("fixedInVersion")):  # before 0.13
        versions = [version]
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


def _learn(known: Known, told: Record, scores: list[Cvss]) -> None:
    known.description = known.description or told.text("description")
    known.references.update(told.texts("urls") or told.texts("links"))
    known.cvss.update(scores)
    for one in told.records("epss"):
        score = one.number("epss")
        if score is not None and (known.epss is None or score > known.epss[0]):
            known.epss = score, one.number("percentile")
    dates = [one.moment("dateAdded") for one in told.records("knownExploited")]
    known.kev_added_at = min((day for day in (*dates, known.kev_added_at) if day), default=None)


def _verdict(report: Record, *, stated: bool, left_out: int) -> Verdict:
    descriptor = report.record("descriptor")
    database = descriptor.record("db")
    state, notes = State.ASSESSED, ["imported report"]
    if not stated and report.record("distro").text("name") is None:
        # Grype lists matches, not packages: this may be a clean image or one it cannot read.
        state = State.UNKNOWN
        notes.append("it tells neither a distribution nor a match, so nothing shows a look")
    if left_out:
        notes.append(f"{left_out} statements suppressed by the scanner are left out")
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
