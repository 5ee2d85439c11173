"""Syft's own JSON about an image: made the same each time, and its packages. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from audit.errors import ReportFileError
from audit.model.columns import Columns
from providers.files.fields import Record
from providers.scanners.written import package_rows, purl_type, reading_sbom

_SYSTEMS = frozenset({"deb", "apk", "rpm", "alpm", "portage"})
"""Types that Syft gives to packages of operating systems."""
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


@reading_sbom(_TOOL)
def unread(content: bytes) -> str:
    """Say what of an image could not be looked into, where that is so: Grype lists matches alone.

    Raises:
        ScanError: A member is of another type than Syft promises.
    """
    document = _document(content)
    distribution = document.get("distro")
    system = distribution.get("name") if isinstance(distribution, dict) else None
    kinds = {one.text("type") for one in Record(document).records("artifacts")}
    if system and not kinds & _SYSTEMS:
        return f"no package of its operating system, {system}, could be read"
    return "" if kinds else "no operating system and no package was detected"


@reading_sbom(_TOOL)
def packages(content: bytes) -> list[Columns]:
    """Return the rows of ``packages``, without digest and tool.

    Raises:
        ScanError: A member is of another type than Syft promises.
    """
    return package_rows(map(_package, Record(_document(content)).records("artifacts")))


def _package(artifact: Record) -> dict[str, Any]:
    places = artifact.records("locations")
    first = places[0] if places else Record({})
    raw = artifact.raw("metadata")
    metadata = Record(raw) if isinstance(raw, dict) else Record({})
    purl, kind = artifact.text("purl"), artifact.text("type")
    source = _text(metadata, "source") or _text(metadata, "originPackage")
    return {
        "package_name": artifact.needed_text("name"),
        "package_version": artifact.text("version"),
        "package_type": purl_type(purl) or kind,
        "purl": purl,
        "source_name": source,
        "source_version": _text(metadata, "sourceVersion") if source else None,
        "location": None if kind in _SYSTEMS else first.text("path"),
        "layer_digest": first.text("layerID"),
    }


def _text(record: Record, name: str) -> str | None:
    told = record.raw(name)
    return told if isinstance(told, str) and told else None


def _document(content: bytes) -> dict[str, Any]:
    document = orjson.loads(content)
    if not isinstance(document, dict) or not isinstance(document.get("artifacts"), list):
        raise ReportFileError("it holds no list of artifacts")
    return document
