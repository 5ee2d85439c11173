"""Syft's own JSON about an image: made the same each time, and its packages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.ports import ScanError
from providers.files.fields import Record

_PURL_TYPE = re.compile(r"pkg:([a-z0-9.+-]+)/")


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


def form(content: bytes) -> str:
    """Return the format and version of an SBOM."""
    schema = _document(content).get("schema")
    version = schema.get("version") if isinstance(schema, dict) else None
    return f"Syft JSON {version or ''}".strip()


def looked_into(content: bytes) -> bool:
    """Whether an operating system or a package was found."""
    document = _document(content)
    distribution = document.get("distro")
    named = isinstance(distribution, dict) and bool(distribution.get("name"))
    return named or bool(document.get("artifacts"))


def packages(content: bytes) -> Iterator[Columns]:
    """Yield the rows of ``packages``, without digest and tool.

    Raises:
        ScanError: A member is of another type than Syft promises.
    """
    block = Columns("packages", digest=None, tool=None)
    try:
        for artifact in Record(_document(content)).records("artifacts"):
            block.append(**_package(artifact))
    except ReportFileError as error:
        raise _no_sbom(str(error)) from error
    if block.rows:
        yield block


def _package(artifact: Record) -> dict[str, Any]:
    places = artifact.records("locations")
    first = places[0] if places else Record({})
    raw = artifact.raw("metadata")
    metadata = Record(raw) if isinstance(raw, dict) else Record({})
    purl, kind = artifact.text("purl"), artifact.text("type")
    found = _PURL_TYPE.match(purl or "")
    system = kind in {"deb", "apk", "rpm", "alpm", "portage"}
    source = _text(metadata, "source") or _text(metadata, "originPackage")
    return {
        "package_name": artifact.needed_text("name"),
        "package_version": artifact.text("version"),
        "package_type": found[1] if found else kind,
        "purl": purl,
        "source_name": source,
        "source_version": _text(metadata, "sourceVersion") if source else None,
        "location": None if system else first.text("path"),
        "layer_digest": first.text("layerID"),
    }


def _text(record: Record, name: str) -> str | None:
    told = record.raw(name)
    return told if isinstance(told, str) and told else None


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _no_sbom(str(error)) from error
    if not isinstance(document, dict) or not isinstance(document.get("artifacts"), list):
        raise _no_sbom("it holds no list of artifacts")
    return document


def _no_sbom(why: str) -> ScanError:
    return ScanError(f"Syft wrote an SBOM that cannot be read: {why}", code="SbomUnreadable")
