"""From names to rows: unpacks files, tells their formats by content, one error a bad file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit.errors import ReportFileError
from audit.importing.document import open_document
from audit.importing.formats import looks_like
from audit.importing.packed import Plain, Unread, unpacked
from audit.importing.sources import OpenStore, found_files, shown, unopened
from audit.model.columns import Columns
from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef
from audit.ports import Document, ImportedReport, Importer, ImportOrder

PROVIDER = "files"


@dataclass(frozen=True)
class ImportResult:
    """What became of one file.

    Attributes:
        name: The file, with the archive that it lies in.
        scope: ``files/<16 hex digits of the SHA-256 of the bytes>``; of a file that cannot be
            opened ``files/unopened-<16 hex digits of the SHA-256 of its name>``.
        outcome: A report must be read before the next result is asked for.
    """

    name: str
    scope: ScopeRef
    outcome: ImportedReport | ReportFileError


@dataclass(frozen=True)
class Reader:
    """Reads scanner reports, one at a time.

    Attributes:
        order: What is asked of the importers; the scope is each file's own.
        work: Folder for what must be unpacked or copied; it is left empty.
    """

    importers: Sequence[Importer]
    order: ImportOrder
    open_store: OpenStore
    work: Path

    def read(self, names: Sequence[str]) -> Iterator[ImportResult]:
        """Yield what became of each file; of two files of the same bytes the first is read."""
        self.work.mkdir(parents=True, exist_ok=True)
        read: set[str] = set()
        for found in found_files(names, self.open_store, self.work):
            for file in self._unpacked(found):
                result = _failed(file) if isinstance(file, Unread) else self._tried(file, read)
                if result is not None:
                    yield result

    def _unpacked(self, found: Plain | Unread) -> Iterator[Plain | Unread]:
        if isinstance(found, Unread):
            yield found
            return
        try:
            yield from unpacked(found, self.work)
        except OSError as error:
            yield unopened(found.name, error)

    def _tried(self, file: Plain, read: set[str]) -> ImportResult | None:
        try:
            return self._read(file, read)
        except OSError as error:
            return _failed(unopened(file.name, error))

    def _read(self, file: Plain, read: set[str]) -> ImportResult | None:
        """Read one file; None when the same bytes were read before."""
        with file.path.open("rb") as content:
            scope_id = f"{PROVIDER}/{hashlib.file_digest(content, 'sha256').hexdigest()[:16]}"
        if scope_id in read:
            told = {"path": shown(file.name)}
            self.order.context.log.info("same content as a file read before", extra=told)
            return None
        outcome: ImportedReport | ReportFileError
        try:
            patterns = [one for importer in self.importers for one in importer.lists]
            outcome = self._report(open_document(file.path, patterns), scope_id)
        except ReportFileError as error:
            return ImportResult(file.name, _scope(scope_id), named(error, file.name))
        read.add(scope_id)
        return ImportResult(file.name, _scope(scope_id), outcome)

    def _report(self, document: Document, scope_id: str) -> ImportedReport:
        for importer in self.importers:
            if importer.recognises(document.root):
                order = replace(self.order, scope_id=scope_id)
                try:
                    report = importer.read(document, order)
                except RecursionError as error:
                    raise _too_deep() from error
                return replace(report, blocks=_shallow(report.blocks))
        known = ", ".join(sorted(importer.name for importer in self.importers))
        raise ReportFileError(
            f"the format is not recognised; it looks like {looks_like(document.root)}",
            cure=f"import one of: {known}",
        )


def named(error: ReportFileError, name: str) -> ReportFileError:
    """Return the error with the file's name in front of the field's."""
    message = f"{error.where}: {error.message}" if error.where else error.message
    return ReportFileError(message, where=shown(name), cure=error.cure)


def _shallow(blocks: Iterable[Columns]) -> Iterator[Columns]:
    """Yield the blocks of a report.

    Raises:
        ReportFileError: It is nested more deeply than Python compares and prints.
    """
    try:
        yield from blocks
    except RecursionError as error:
        raise _too_deep() from error


def _too_deep() -> ReportFileError:
    return ReportFileError(
        "the file is nested too deeply for a report",
        cure="write the report again with the scanner's own JSON output",
    )


def _failed(file: Unread) -> ImportResult:
    name = hashlib.sha256(os.fsencode(file.name)).hexdigest()[:16]
    scope = _scope(f"{PROVIDER}/unopened-{name}")
    return ImportResult(file.name, scope, named(file.error, file.name))


def _scope(scope_id: str) -> ScopeRef:
    return ScopeRef(PROVIDER, scope_id, ScopeKind.INVENTORY)
