"""Reads rows of Microsoft Defender about container images, as Azure Resource Graph returns them.

Two shapes: one row for each image and package with its CVEs inside (``assessments``), and the
retired one with a row for each CVE (``subassessments``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import FixState
from audit.normalise.severity import normalise_severity
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import AGAIN, Record, top_records
from providers.files.listed import SEVERAL, Latest, no_image
from providers.files.loose import member, text, unwrapped
from providers.files.reference import is_digest
from providers.files.rows import Cvss, Rows
from providers.files.subject import BY_DIGEST, Subject

SOURCE = "defender"
_OLD = "microsoft.security/assessments/subassessments"
_NEW = "microsoft.security/assessments"
_OLD_IMAGE = "AzureContainerRegistryVulnerability"
_FIXES = {
    "fixavailable": FixState.AVAILABLE,
    "nofix": FixState.NOT_AVAILABLE,
    "nofixavailable": FixState.NOT_AVAILABLE,
    "willnotfix": FixState.WONT_FIX,
}
_VECTOR_VERSION = re.compile(r"CVSS:(\d\.\d)/")
_REGISTRY = re.compile(
    r"/providers/microsoft\.containerregistry/registries/([\w-]+)", re.IGNORECASE
)


class DefenderRows:
    """Importer of ``az graph query`` output about container images."""

    name: ClassVar[str] = "defender-rows"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("data",), ("value",), ())

    def recognises(self, document: object) -> bool:
        """Whether it is a list of Defender's rows, bare or in Resource Graph's answer."""
        first = _first(document)
        kind = first.get("type") if isinstance(first, dict) else None
        return isinstance(kind, str) and kind.lower() in (_OLD, _NEW)

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn rows into rows: one for each CVE of each package and image."""
        return ImportedReport(_blocks(document, order), SEVERAL, BY_DIGEST)


def _first(document: object) -> object:
    if isinstance(document, dict):
        document = document.get("data", document.get("value", [document]))
    return document[0] if isinstance(document, list) and document else None


def _told(document: Document) -> Iterator[Record]:
    if isinstance(document.root, list):
        return top_records(document)
    report = Record(document.root)
    for name in ("data", "value"):
        if report.has(name):
            return report.each(name, document)
    return iter([report])


def _blocks(document: Document, order: ImportOrder) -> Iterator[Columns]:
    rows, latest = Rows(order), Latest()
    for row in _told(document):
        kind = (row.text("type") or "").lower()
        if kind == _OLD:
            _old(row, rows, latest)
        elif kind == _NEW:
            _new(row, rows, latest)
        else:
            raise no_image(ascii(row.raw("type"))[:60], row.where("type"))
        if rows.full:
            yield from rows.flushed()
    root = document.root
    cut = isinstance(root, dict) and bool(root.get("$skipToken") or root.get("skip_token"))
    yield from latest.judged(rows, order, cut=cut)


def _old(row: Record, rows: Rows, latest: Latest) -> None:
    properties = row.record("properties")
    additional = member(properties, "additionalData")
    kind = additional.text("assessedResourceType")
    if kind != _OLD_IMAGE:
        raise no_image(ascii(kind)[:60], additional.where("assessedResourceType"))
    artifact, flaw = additional.record("artifactDetails"), additional.record("vulnerabilityDetails")
    software = additional.record("softwareDetails")
    host, repository = artifact.needed_text("registryHost"), artifact.needed_text("repositoryName")
    image = rows.image(_subject(artifact, host, repository, artifact.texts("tags")), SOURCE)
    latest.note(image, properties.moment("timeGenerated"))
    status, severity = properties.record("status"), flaw.text("severity")
    fixed, word = software.text("fixedVersion"), software.text("fixStatus")
    name = flaw.text("cveId") or properties.needed_text("id")
    scores = _scores(flaw.raw("cvss"), flaw)
    links = [one.text("link") for one in flaw.records("references")]
    rows.state(
        image,
        {
            "vulnerability_id": name,
            "package_name": software.text("packageName"),
            "package_version": software.text("version"),
            "package_type": software.text("language") or software.text("category"),
            "fixed_version": fixed,
            "fix_state": _fix_state(word, fixed),
            "severity": normalise_severity(severity).value,
            "severity_source": SOURCE if severity else None,
            "native_severity": severity,
            **_lead(scores),
            "title": properties.text("displayName"),
            "url": next((link for link in links if link), None),
            "native_id": row.text("id"),
            "native_state": status.text("code"),
        },
    )
    known = rows.about(name)
    known.description = known.description or properties.text("description")
    known.references.update(link for link in links if link)
    known.cvss.update(scores)
    known.published_at = known.published_at or flaw.moment("publishedDate")


def _new(row: Record, rows: Rows, latest: Latest) -> None:
    """Read a row of one package; a Healthy one's package is mended."""
    properties = row.record("properties") if row.has("properties") else row
    resource = member(properties, "resourceDetails")
    about, additional = (
        member(properties, "resourceAdditionalData"),
        member(properties, "additionalData"),
    )
    repository = text(member(about, "repositoryDetails"), "repositoryName") or text(
        about, "repositoryName"
    )
    place = _REGISTRY.search(text(resource, "id") or "") or _REGISTRY.search(row.text("id") or "")
    if not repository or not place:
        raise no_image(ascii(text(resource, "resourceType"))[:60], row.where("resourceDetails"))
    host = f"{place[1].lower()}.azurecr.io"
    image = rows.image(_subject(about, host, repository, []), SOURCE)
    status = properties.record("status")
    code = status.text("code") or properties.text("statusCode") or ""
    held = status if status.members() else properties
    latest.note(image, held.moment("statusChangeDate") or held.moment("firstEvaluationDate"))
    if code.lower() == "healthy":
        return
    for entry in _cves(additional):
        row_ = _statement(entry, additional)
        rows.state(
            image,
            {
                **row_,
                "title": text(entry, "title") or properties.text("displayName"),
                "native_id": f"{row.text('id')}#{row_['vulnerability_id']}",
                "native_first_seen_at": held.moment("firstEvaluationDate"),
                "native_state": code or None,
            },
        )
        known = rows.about(row_["vulnerability_id"])
        known.cvss.update(_scores(unwrapped(entry, "cvss"), entry))
        known.published_at = known.published_at or entry.moment("PublishedDate")


def _cves(additional: Record) -> list[Record]:
    """Return the CVEs of a package: a list, one, or an object by id; often JSON in a text."""
    told = unwrapped(additional, "cvesDetails")
    if isinstance(told, dict):
        named = text(Record(told), "cveId") is not None
        told = [told] if named else [{"CveId": name, **_dict(one)} for name, one in told.items()]
    if told is None:
        raise ReportFileError(
            "is missing or empty", where=additional.where("CvesDetails"), cure=AGAIN
        )
    return Record({"CvesDetails": told}, additional).records("CvesDetails")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _statement(entry: Record, additional: Record) -> dict[str, Any]:
    name, severity = text(entry, "cveId"), text(entry, "severity")
    if name is None:
        raise ReportFileError("is missing or empty", where=entry.where("CveId"), cure=AGAIN)
    fixed = text(entry, "fixedVersion") or text(additional, "fixedVersion")
    kind, language = text(additional, "packageType"), text(additional, "language")
    return {
        "vulnerability_id": name,
        "package_name": text(additional, "softwareName"),
        "package_version": _versions(additional),
        "package_type": kind if (kind or "").lower() == "os" else language or kind,
        "fixed_version": fixed,
        "fix_state": _fix_state(text(entry, "fixStatus"), fixed),
        "severity": normalise_severity(severity).value,
        "severity_source": SOURCE if severity else None,
        "native_severity": severity,
        **_lead(_scores(unwrapped(entry, "cvss"), entry)),
    }


def _versions(additional: Record) -> str | None:
    """Return the installed version; several are joined, for a row does not say which has what."""
    scanners = unwrapped(additional, "scannersDetails")
    told = [unwrapped(additional, "detectedSoftwareVersions")]
    for one in scanners.values() if isinstance(scanners, dict) else ():
        told.insert(0, _dict(one).get("DetectedSoftwareVersions"))
    for value in told:
        names = [value] if isinstance(value, str) else value
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return ", ".join(names) or None
    return None


def _fix_state(word: str | None, fixed: str | None) -> str:
    if word is None:
        return (FixState.AVAILABLE if fixed else FixState.UNKNOWN).value
    return _FIXES.get(word.lower(), FixState.UNKNOWN).value


def _scores(told: object, record: Record) -> list[Cvss]:
    """Return the scores: ``{version: {base, cvssVectorString}}`` or ``[{Key, Value}]``."""
    if isinstance(told, list):
        pairs = {str(_dict(one).get("Key")): _dict(one).get("Value") for one in told}
    else:
        pairs = _dict(told)
    found = []
    for version, value in pairs.items():
        if value is None:
            continue
        one = Record(value, record, "cvss")
        base = one.number("Base") if one.has("Base") else one.number("base")
        vector = text(one, "cvssVectorString")
        if base is not None and (base or vector):  # 0 without a vector stands for none
            known = _VECTOR_VERSION.match(vector or "")
            found.append(Cvss(SOURCE, known[1] if known else version, vector, base))
    return found


def _lead(scores: Sequence[Cvss]) -> dict[str, Any]:
    best = max(scores, key=lambda one: one.version or "", default=None)
    return best.lead() if best else {}


def _subject(holder: Record, host: str, repository: str, tags: Sequence[str]) -> Subject:
    digest = (text(holder, "digest") or "").lower()
    if not is_digest(digest):
        raise ReportFileError(
            f"{ascii(digest)[:80]} is no digest", where=holder.where("digest"), cure=AGAIN
        )
    known, said = tuple(sorted(set(tags))), f"{host}/{repository}@{digest}"
    return Subject(host.lower(), repository, digest, BY_DIGEST, known, said)
