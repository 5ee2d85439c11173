"""What scanners write, read alike for all of them: files, moments, packages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.ports import ScanError

_UNREADABLE = (orjson.JSONDecodeError, ReportFileError)
_PURL_TYPE = re.compile(r"pkg:([a-z0-9.+-]+)/")


@contextmanager
def reading_sbom(tool: str) -> Iterator[None]:
    """Say of an SBOM that cannot be read whose it is.

    Raises:
        ScanError: It cannot.
    """
    try:
        yield
    except _UNREADABLE as error:
        said = f"{tool} wrote an SBOM that cannot be read"
        raise ScanError(said, code="SbomUnreadable", told=str(error)) from error


@contextmanager
def reading_report(tool: str) -> Iterator[None]:
    """Say of a report that cannot be read whose it is.

    Raises:
        ScanError: It cannot.
    """
    try:
        yield
    except _UNREADABLE as error:
        said = f"{tool} wrote a report that cannot be read"
        raise ScanError(said, code="ReportUnreadable", told=str(error)) from error


def written(path: Path, tool: str) -> bytes:
    """Return what a program wrote to a file.

    Raises:
        ScanError: It ended well and wrote nothing.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ScanError(f"{tool} ended well and wrote nothing", code="ScannerBroken") from None


def told(content: bytes, member: str, tool: str) -> dict[str, Any]:
    """Return the JSON object that a program printed about itself, which tells ``member``.

    Raises:
        ScanError: It is no such object: this is another program.
    """
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get(member), str):
        raise ScanError(f"the program does not tell {member} as {tool} does", code="ScannerMissing")
    return found


def moment(text: object) -> datetime | None:
    """Return an ISO 8601 moment in UTC; None where it is none, or of no known zone."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def purl_type(purl: str | None) -> str | None:
    """Return the ecosystem that a package URL names."""
    found = _PURL_TYPE.match(purl or "")
    return found[1] if found else None


def package_rows(rows: Iterable[Mapping[str, Any]]) -> list[Columns]:
    """Return the blocks of ``packages`` of an SBOM, without digest and tool."""
    block = Columns("packages", digest=None, tool=None)
    for row in rows:
        block.append(**row)
    return [block] if block.rows else []
