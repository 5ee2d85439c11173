"""Syft's own JSON about an image: made the same each time, and its packages. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from audit.errors import ReportFileError
from audit.model.columns import Columns
from providers.files.fields import Record
from providers.scanners.written import package_rows, purl_type, reading_sbom

_SYSTEMS = frozenset({"deb", "apk", "rpm", "alpm", "portage"})
"""Types that Syft gives to packages of operating systems."""
_KEPT_AS = {
    **dict.fromkeys(("debian", "ubuntu"), "deb"),
    **dict.fromkeys(("alpine", "wolfi", "chainguard"), "apk"),
    **dict.fromkeys(
        ("rhel", "centos", "fedora", "amzn", "ol", "sles", "suse", "mariner", "azurelinux"), "rpm"
    ),
}
"""Operating system, by its id or one that it is like -> the type of its packages."""
_JUDGED = frozenset(
    {
        *("debian", "ubuntu", "alpine", "wolfi", "chainguard", "rhel", "centos", "rocky"),
        *("almalinux", "amzn", "ol", "sles", "mariner", "azurelinux"),
    }
)
"""Operating systems, by their id, that Grype is known to have data for. Of another it states
nothing, as if it were clean, and does not say so in its report."""
_UNLISTED = "unknowns-labeler:"
_NO_VERSION = "UNKNOWN"
"""Stands for a version that a package lacks (Syft's ``compliance.missing-version``)."""
_SOURCE_RPM = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm$")
_TOOL = "Syft"


@reading_sbom(_TOOL)
def steady(content: bytes) -> bytes:
    """Return an SBOM without what differs from one writing to the next, or holds settings.

    Raises:
        ScanError: It is no JSON of Syft's.
    """
    document = _document(content)
    descriptor = document.get("descriptor")
    if isinstance(descriptor, dict):  # its configuration holds logins, masked or not
        told = {name: descriptor[name] for name in ("name", "version") if name in descriptor}
        document["descriptor"] = told
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


@reading_sbom(_TOOL)
def form(content: bytes) -> str:
    """Return the format and version of an SBOM."""
    schema = _document(content).get("schema")
    version = schema.get("version") if isinstance(schema, dict) else None
    return f"Syft JSON {version or ''}".strip()


class Seen(NamedTuple):
    """How much of an image an SBOM holds. Grype's report does not tell: it lists matches alone.

    Attributes:
        unread: Why it is no look at the image; empty where it is one.
        note: What is to be said of one.
        layers: What a layer unpacks to -> the digest by which it lies in the registry.
    """

    unread: str = ""
    note: str = ""
    layers: Mapping[str, str] = MappingProxyType({})


@reading_sbom(_TOOL)
def seen(content: bytes) -> Seen:
    """Return how much of an image an SBOM holds.

    Raises:
        ScanError: A member is of another type than Syft promises.
    """
    document = Record(_document(content))
    return Seen(_unread(document), _passed_over(document), _layers(document))


def _unread(document: Record) -> str:
    """Say what could not be looked into: a broken list gives no package, or some of no version."""
    told = document.raw("distro")
    distribution = Record(told) if isinstance(told, dict) else Record({})
    # An os-release need not hold a NAME.
    system = _text(distribution, "name") or _text(distribution, "id")
    kinds = {one.text("type") for one in document.records("artifacts") if _version(one)}
    if system and not kinds & _kinds_of(distribution):
        return f"no package of its operating system, {system}, could be read"
    if not system and kinds & _SYSTEMS:
        # Grype looks a system's packages up by the system, and states nothing of them without it.
        return "it holds packages of an operating system, and not told is of which"
    if system and _text(distribution, "id") not in _JUDGED:
        return f"it is not known that Grype has data for its operating system, {system}"
    return "" if kinds else "no operating system and no package was detected"


def _kinds_of(distribution: Record) -> frozenset[str]:
    """Return the types that packages of a system are of: any, where it is not known here."""
    told = distribution.raw("idLike")
    like = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
    names = (_text(distribution, "id") or "", *like)
    return frozenset(_KEPT_AS[one] for one in names if one in _KEPT_AS) or _SYSTEMS


def _passed_over(document: Record) -> str:
    """Say so where Syft took a file for a list of packages and could not read it."""
    told = [words for file in document.records("files") for words in file.texts("unknowns")]
    # What nobody lists, an executable or an archive, is told in the same place.
    if any(not words.startswith(_UNLISTED) for words in told):
        return "a file of it that lists packages could not be read"
    # A list that is cut short ends in a package without its version, of which nothing is matched.
    systems = (one for one in document.records("artifacts") if one.text("type") in _SYSTEMS)
    if lost := sum(_version(one) is None for one in systems):
        return f"no version could be read of {lost} packages of its operating system"
    return ""


@reading_sbom(_TOOL)
def packages(content: bytes) -> list[Columns]:
    """Return the rows of ``packages``, without digest and tool.

    Raises:
        ScanError: A member is of another type than Syft promises.
    """
    document = Record(_document(content))
    layers = _layers(document)
    return package_rows(_package(one, layers) for one in document.records("artifacts"))


def _package(artifact: Record, layers: Mapping[str, str]) -> dict[str, Any]:
    places = artifact.records("locations")
    first = places[0] if places else Record({})
    purl, kind, version = artifact.text("purl"), artifact.text("type"), _version(artifact)
    source, source_version = _source(artifact, version)
    layer = first.text("layerID")
    return {
        "package_name": artifact.needed_text("name"),
        "package_version": version,
        "package_type": purl_type(purl) or kind,
        "purl": purl,
        "source_name": source,
        "source_version": source_version,
        "location": None if kind in _SYSTEMS else first.text("path"),
        "layer_digest": layers.get(layer, layer) if layer else None,
    }


def _version(artifact: Record) -> str | None:
    version = artifact.text("version")
    return None if version in ("", _NO_VERSION) else version


def _source(artifact: Record, version: str | None) -> tuple[str | None, str | None]:
    """Return the source package; dpkg and apk tell its version where it is another's only."""
    raw = artifact.raw("metadata")
    metadata = Record(raw) if isinstance(raw, dict) else Record({})
    if told := _SOURCE_RPM.match(_text(metadata, "sourceRpm") or ""):
        return told["name"], told["version"]
    source = _text(metadata, "source") or _text(metadata, "originPackage")
    return source, (_text(metadata, "sourceVersion") or version) if source else None


def _layers(document: Record) -> dict[str, str]:
    """Return the digests of layers; Syft itself names a layer by what it unpacks to."""
    source = document.raw("source")
    metadata = source.get("metadata") if isinstance(source, dict) else None
    if not isinstance(metadata, dict):
        return {}
    try:
        manifest, config = (
            orjson.loads(base64.b64decode(metadata[name])) for name in ("manifest", "config")
        )
        unpacked, packed = config["rootfs"]["diff_ids"], manifest["layers"]
        pairs = zip(unpacked, (one["digest"] for one in packed), strict=True)
        return {one: other for one, other in pairs if isinstance(other, str)}
    except (ValueError, KeyError, TypeError):
        return {}


def _text(record: Record, name: str) -> str | None:
    told = record.raw(name)
    return told if isinstance(told, str) and told else None


def _document(content: bytes) -> dict[str, Any]:
    document = orjson.loads(content)
    if not isinstance(document, dict) or not isinstance(document.get("artifacts"), list):
        raise ReportFileError("it holds no list of artifacts")
    return document
