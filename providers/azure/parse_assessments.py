"""Defender's individual recommendations: one row is one software package in one image. Pure.

The CVEs of the package are in ``additionalData.CvesDetails``: a JSON string, a list, an object or
null. Members come in PascalCase or camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.errors import BrokenPageError
from providers.azure.values import dig, digest, folded, moment, pick, text, unwrap

_OPERATION = "resourcegraph:assessments"
_REGISTRY = "/providers/microsoft.containerregistry/registries/"
EXEMPT = "exempt"


@dataclass(frozen=True)
class Software:
    """One assessments row: what Defender says of a package in an image.

    Attributes:
        digest: Manifest digest, lower case.
        registry_native_id: ARM id of the registry in lower case; None when the row does not tell.
        code: Status in Defender's words: Unhealthy, Healthy, NotApplicable, or
            NotApplicable (Exempt) where somebody exempted it.
        evaluated_at: Latest time the row gives for its status.
        additional: ``additionalData``: the package and its CVEs.
        cves: One mapping a CVE, names in lower case, in the row's order, each CVE once.
        problem: Why the row's CVEs could not be read; None when they could.
    """

    row_id: str
    digest: str
    repository: str | None
    registry_native_id: str | None
    code: str
    title: str | None
    first_seen_at: datetime | None
    evaluated_at: datetime | None
    additional: Mapping[str, Any]
    cves: tuple[Mapping[str, Any], ...]
    problem: str | None

    @property
    def mute(self) -> bool:
        """Whether it is exempt and names no CVE: those it named before are not mended by that."""
        return is_exempt(self.code) and not self.cves and self.problem is None


def software(row: Mapping[str, Any]) -> Software:
    """Read one row.

    Raises:
        BrokenPageError: The row does not tell its image, so it may be about any.
    """
    image = _mapping(row, "resourceAdditionalData")
    subject = digest(_nested(image, "Digest"))
    if subject is None:
        raise BrokenPageError(f"{row['id']} names no image digest", operation=_OPERATION)
    first, changed = (
        moment(pick(row, name)) for name in ("firstEvaluationDate", "statusChangeDate")
    )
    additional = _mapping(row, "additionalData")
    code = status_words(pick(row, "statusCode"), pick(row, "statusCause"))
    cves, problem = _cves(additional, code)
    return Software(
        row_id=row["id"],
        digest=subject,
        repository=_repository(image),
        registry_native_id=registry_id(row),
        code=code,
        title=text(pick(row, "displayName")),
        first_seen_at=first,
        evaluated_at=max(filter(None, (first, changed)), default=None),
        additional=additional,
        cves=cves,
        problem=problem,
    )


def status_words(code: object, cause: object) -> str:
    """Return a status code, with the cause where it is an exemption.

    An exemption is somebody's decision about a flaw that is still there; without its cause the
    code would read as if the image could not be assessed.
    """
    told, why = text(code) or "", text(cause)
    return f"{told} ({why})" if told and why and why.lower() == EXEMPT else told


def is_exempt(code: str) -> bool:
    """Whether words of :func:`status_words` tell an exemption."""
    return code.lower().endswith(f"({EXEMPT})")


def versions(additional: Mapping[str, Any]) -> str | None:
    """Return the installed version; several are joined, for a row does not say which has what."""
    told = [pick(additional, "DetectedSoftwareVersions")]
    scanners = _loaded(pick(additional, "ScannersDetails"))
    if isinstance(scanners, Mapping):
        told = [pick(one, "DetectedSoftwareVersions") for one in scanners.values()] + told
    for value in told:
        names = _names(value)
        if names:
            return ", ".join(names)
    return None


def _mapping(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a member that is an object or a JSON string of one; empty when it is neither."""
    value = _loaded(pick(row, name))
    return value if isinstance(value, Mapping) else {}


def _loaded(value: object) -> object:
    try:
        return unwrap(value)
    except ValueError:
        return None


def _nested(mapping: Mapping[str, Any], name: str) -> str | None:
    """Return a text member at the top or one level down."""
    inner = (value for value in mapping.values() if isinstance(value, Mapping))
    found = (text(pick(part, name)) for part in (mapping, *inner))
    return next((value for value in found if value), None)


def _repository(image: Mapping[str, Any]) -> str | None:
    details = _loaded(pick(image, "RepositoryDetails"))
    return text(pick(details, "RepositoryName")) or text(pick(image, "RepositoryName"))


def registry_id(row: Mapping[str, Any]) -> str | None:
    """Return the registry's ARM id where the resource's or the row's own id lies below it."""
    for value in (dig(row, "resourceDetails", "Id"), pick(row, "id")):
        lowered = value.lower() if isinstance(value, str) else ""
        above, found, below = lowered.partition(_REGISTRY)
        if found and above.startswith("/subscriptions/"):
            return above + found + below.split("/", 1)[0]
    return None


def _cves(
    additional: Mapping[str, Any], code: str
) -> tuple[tuple[Mapping[str, Any], ...], str | None]:
    """Return a row's CVEs and what is wrong with them.

    A Healthy row's package is mended: CVEs it still names are no findings. A row of any other
    code keeps the CVEs it names; an Unhealthy one must name some, or those it named before would
    pass for mended. So must an exempted one, see :attr:`Software.mute`.
    """
    if code.lower() == "healthy":
        return (), None
    try:
        told = _entries(unwrap(pick(additional, "CvesDetails")))
    except ValueError:
        return _bare(additional), "its CVE details are not JSON"
    if not told:
        told = list(_bare(additional))
    named: dict[str, Mapping[str, Any]] = {}
    for entry in told:
        if name := cve_id(entry):
            named.setdefault(name.upper(), folded(entry))
    if not named and code.lower() == "unhealthy":
        return (), "it names no CVE"
    unnamed = sum(1 for entry in told if not cve_id(entry))
    return tuple(named.values()), f"{unnamed} CVEs without an id" if unnamed else None


def cve_id(entry: object) -> str | None:
    """Return the id of a CVE entry."""
    return text(pick(entry, "CveId"))


def _entries(details: object) -> list[Any]:
    """Return CVE entries from a list, one entry, or a mapping of id to entry."""
    if isinstance(details, list):
        return details
    if not isinstance(details, Mapping):
        return []
    if cve_id(details):
        return [details]
    return [
        {"CveId": name, **value} for name, value in details.items() if isinstance(value, Mapping)
    ]


def _bare(additional: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the CVEs that a scanner's summary names when the details are missing, folded."""
    scanners = _loaded(pick(additional, "ScannersDetails"))
    if not isinstance(scanners, Mapping):
        return ()
    ids = (name for one in scanners.values() for name in _names(pick(one, "CvesIds")))
    return tuple({"cveid": name} for name in dict.fromkeys(ids))


def _names(value: object) -> list[str]:
    """Return the texts of a list, of a JSON list in a string, or of a plain string."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _loaded(value)
    if isinstance(value, str):
        return [value] if value.strip() else []
    return [name for name in value if text(name)] if isinstance(value, list) else []
