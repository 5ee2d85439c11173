"""Unpacks what reports come packed in: gzip, xz, bzip2, zstd, zip and tar, told by content."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import pyarrow as pa

from audit.errors import ReportFileError

SUFFIXES = (".json", ".sarif")
"""Endings of names that folders and archives are searched for, beside those of packed files."""
PACKED_SUFFIXES = (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".zst")
MOST_BYTES = 16 << 30
"""Bytes that one file may unpack to: more is no report."""
MOST_DEEP = 3
"""How often what was unpacked may itself be packed: ``.tar.gz`` is twice."""
_CHUNK = 1 << 20
_TAR_AT, _TAR_MARK = 257, b"ustar"
_BROKEN = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile),
    *(RuntimeError, NotImplementedError, ValueError, pa.ArrowException),
)
"""What the readers raise for damage; RuntimeError of a zip that asks for a password."""


@dataclass(frozen=True)
class Plain:
    """A file as it is read: its name for people, and where its content lies now."""

    name: str
    path: Path


@dataclass(frozen=True)
class Unread:
    """A file that could not be unpacked."""

    name: str
    error: ReportFileError


def is_report(name: str) -> bool:
    """Whether a name ends as reports and packed reports do."""
    return name.lower().endswith((*SUFFIXES, *PACKED_SUFFIXES))


def unpacked(file: Plain, work: Path, depth: int = 0) -> Iterator[Plain | Unread]:
    """Yield a file's content, or each report that is packed in it.

    What is unpacked lies below ``work`` until the next one is asked for.
    """
    kind = _kind_of(file.path)
    if kind is None:
        yield file
        return
    if depth == MOST_DEEP:
        yield Unread(file.name, _error("is packed in itself too often"))
        return
    members = _MEMBERS[kind](file)
    held = work / f"unpacked-{depth}"
    while True:
        try:
            member = next(members, None)
            if member is None:
                return
            _copy(member[1], held)
        except _BROKEN as error:
            yield Unread(file.name, _broken(kind, error))
            return
        yield from unpacked(Plain(member[0], held), work, depth + 1)
        held.unlink(missing_ok=True)


def _kind_of(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_TAR_AT + len(_TAR_MARK))
    marks = ((mark, kind) for kind, (mark, _) in _STREAMS.items())
    found = next(
        (kind for mark, kind in (*marks, (b"PK\x03\x04", "zip")) if head.startswith(mark)), None
    )
    return "tar" if found is None and head[_TAR_AT:] == _TAR_MARK else found


def _copy(source: IO[bytes], target: Path) -> None:
    left = MOST_BYTES
    with closing(source), target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError(f"unpacks to more than {MOST_BYTES >> 30} GB")
            out.write(chunk)


def _stream(kind: str) -> Callable[[Plain], Iterator[tuple[str, IO[bytes]]]]:
    def members(file: Plain) -> Iterator[tuple[str, IO[bytes]]]:
        yield file.name, _STREAMS[kind][1](file.path)

    return members


def _zip(file: Plain) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(file.path) as archive:
        wanted = [one for one in archive.infolist() if not one.is_dir() and is_report(one.filename)]
        if not wanted:
            raise ValueError("holds no report")
        for one in wanted:
            yield f"{file.name}!/{one.filename}", archive.open(one)


def _tar(file: Plain) -> Iterator[tuple[str, IO[bytes]]]:
    found = False
    with tarfile.open(file.path, "r:") as archive:
        for one in archive:
            content = archive.extractfile(one) if one.isfile() and is_report(one.name) else None
            if content is not None:
                found = True
                yield f"{file.name}!/{one.name}", content
    if not found:
        raise ValueError("holds no report")


def _zstd(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd"))


def _opened(opener: Callable[[Path], Any]) -> Callable[[Path], IO[bytes]]:
    return lambda path: cast("BinaryIO", opener(path))


_STREAMS: dict[str, tuple[bytes, Callable[[Path], IO[bytes]]]] = {
    "gzip": (b"\x1f\x8b", _opened(gzip.open)),
    "xz": (b"\xfd7zXZ\x00", _opened(lzma.open)),
    "bzip2": (b"BZh", _opened(bz2.open)),
    "zstd": (b"(\xb5/\xfd", _zstd),
}
_MEMBERS: dict[str, Callable[[Plain], Iterator[tuple[str, IO[bytes]]]]] = {
    **{kind: _stream(kind) for kind in _STREAMS},
    "zip": _zip,
    "tar": _tar,
}


def _broken(kind: str, error: Exception) -> ReportFileError:
    said = str(error).partition("\n")[0] or type(error).__name__
    return _error(f"cannot be unpacked ({kind}): {said}")


def _error(message: str) -> ReportFileError:
    return ReportFileError(message, cure="unpack it yourself, or pack it again")
