"""From paths to rows: finds the files of an import, tells their formats, one error a bad file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from audit.errors import ReportFileError
from audit.importing.formats import looks_like
from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef
from audit.ports import ImportedReport, Importer, RunContext

PROVIDER = "files"
_SUFFIX = ".json"
_UTF8_MARK = b"\xef\xbb\xbf"
_NOT_UTF8 = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_PACKED = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "zip"), (b"(\xb5/\xfd", "zstd"))


@dataclass(frozen=True)
class ImportResult:
    """What became of one file.

    Attributes:
        scope: ``files/<16 hex digits of the SHA-256 of the bytes>``; of a file that cannot be
            opened ``files/unopened-<16 hex digits of the SHA-256 of its path>``.
    """

    path: Path
    scope: ScopeRef
    outcome: ImportedReport | ReportFileError


def read_reports(
    paths: Sequence[Path], importers: Sequence[Importer], context: RunContext
) -> Iterator[ImportResult]:
    """Read scanner reports, one at a time.

    A folder stands for every ``*.json`` file below it, in the order of their paths; links to
    folders are not followed. A file named twice, or two files of the same bytes, are read once.
    """
    seen: set[Path] = set()
    read: set[str] = set()
    for found in _expanded(paths):
        if isinstance(found, ImportResult):
            yield found
        elif (whole := found.absolute()) not in seen:
            seen.add(whole)
            result = _read_file(found, importers, context, read)
            if result is not None:
                yield result


def _read_file(
    path: Path, importers: Sequence[Importer], context: RunContext, read: set[str]
) -> ImportResult | None:
    """Read one file; None when the same bytes were read before."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return _unopened(path, error)
    scope_id = f"{PROVIDER}/{hashlib.sha256(content).hexdigest()[:16]}"
    if scope_id in read:
        context.log.info("same content as a file read before", extra={"path": _shown(path)})
        return None
    try:
        outcome = _read_document(_document(content), importers, context, scope_id)
    except ReportFileError as error:
        return ImportResult(path, _scope(scope_id), _named(error, path))
    read.add(scope_id)
    return ImportResult(path, _scope(scope_id), outcome)


def _read_document(
    document: Any,  # noqa: ANN401  parsed JSON
    importers: Sequence[Importer],
    context: RunContext,
    scope_id: str,
) -> ImportedReport:
    for importer in importers:
        if importer.recognises(document):
            return importer.read(document, context, scope_id)
    known = ", ".join(sorted(importer.name for importer in importers))
    raise ReportFileError(
        f"the format is not recognised; it looks like {looks_like(document)}",
        cure=f"import one of: {known}",
    )


def _document(content: bytes) -> Any:  # noqa: ANN401  parsed JSON
    """Parse a file's bytes.

    Raises:
        ReportFileError: They are not one whole JSON document in UTF-8.
    """
    content = content.removeprefix(_UTF8_MARK)
    if not content.strip():
        raise ReportFileError("the file is empty", cure="run the scanner again")
    for mark, name in _NOT_UTF8:
        if content.startswith(mark):
            message = f"the encoding is {name}, not UTF-8"
            raise ReportFileError(message, cure="let the scanner write the file itself")
    for mark, name in _PACKED:
        if content.startswith(mark):
            raise ReportFileError(f"the file is packed ({name})", cure="unpack it")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _not_json(content, error) from error


def _not_json(content: bytes, error: orjson.JSONDecodeError) -> ReportFileError:
    try:
        length = len(content.decode())
    except UnicodeDecodeError as wrong:
        return ReportFileError(
            f"the encoding is not UTF-8 (byte {wrong.start})", cure="write the file in UTF-8"
        )
    if error.pos >= length:
        return ReportFileError("the file is truncated", cure="run the scanner or the copy again")
    return ReportFileError(
        f"the file is not JSON: {error}", cure="write the report with the JSON output format"
    )


def _expanded(paths: Sequence[Path]) -> Iterator[Path | ImportResult]:
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


def _below(folder: Path) -> Iterator[Path | ImportResult]:
    refused: list[OSError] = []
    named = [
        Path(parent) / name
        for parent, _, names in os.walk(folder, onerror=refused.append)
        for name in names
        if name.lower().endswith(_SUFFIX)
    ]
    # A pipe would block; a link to nothing is kept, to be an error.
    found = [path for path in named if path.is_file() or not path.exists()]
    for error in refused:
        yield _unopened(Path(os.fsdecode(error.filename or folder)), error)
    if not found and not refused:
        empty = ReportFileError(f"holds no *{_SUFFIX} file", cure="name the files themselves")
        yield ImportResult(folder, _unopened_scope(folder), _named(empty, folder))
    yield from sorted(found)


def _unopened(path: Path, error: OSError) -> ImportResult:
    reason = error.strerror or type(error).__name__
    cure = "check the path and its permissions"
    wrong = ReportFileError(f"cannot be read: {reason}", cure=cure)
    return ImportResult(path, _unopened_scope(path), _named(wrong, path))


def _unopened_scope(path: Path) -> ScopeRef:
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return _scope(f"{PROVIDER}/unopened-{name}")


def _scope(scope_id: str) -> ScopeRef:
    return ScopeRef(PROVIDER, scope_id, ScopeKind.INVENTORY)


def _named(error: ReportFileError, path: Path) -> ReportFileError:
    """Return the error with the file's name in front of the field's."""
    message = f"{error.where}: {error.message}" if error.where else error.message
    return ReportFileError(message, where=_shown(path), cure=error.cure)


def _shown(path: Path) -> str:
    """Return a path that can be printed; a name that is not text is escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()
