"""From a file of JSON to a document: parsed whole where it is small, by its outline where not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from audit.errors import ReportFileError
from audit.importing.outline import LongList, Outline, Patterns, StructureError, pieces, skeleton
from audit.ports import Document

WHOLE = 8 << 20
"""Bytes up to which a file is parsed at once: that takes 5 to 8 times its size in memory."""
_UTF8_MARK = b"\xef\xbb\xbf"
_NOT_UTF8 = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def open_document(path: Path, patterns: Patterns, *, whole: int | None = None) -> Document:
    """Parse a file.

    Args:
        path: Plain (unpacked) file.
        patterns: Places of the lists that may be left in the file.
        whole: Bytes up to which nothing is left in it, instead of ``WHOLE``.

    Raises:
        ReportFileError: It is not one whole JSON document in UTF-8.
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    if size <= (WHOLE if whole is None else whole):
        return Document(parsed(path.read_bytes()))
    with path.open("rb") as file:
        _check_encoding(file.read(4))
        file.seek(0)
        try:
            lists = Outline(file, patterns).lists
        except StructureError as error:
            raise _truncated() if error.cut else _not_json("its brackets do not fit") from error
        root = parsed(skeleton(file, lists, size))
    return Document(root, {keys: _reader(path, one) for keys, one in lists.items()})


def parsed(content: bytes) -> Any:  # noqa: ANN401  parsed JSON
    """Parse bytes.

    Raises:
        ReportFileError: They are not one whole JSON document in UTF-8.
    """
    content = content.removeprefix(_UTF8_MARK)
    if not content.strip():
        raise ReportFileError("the file is empty", cure="run the scanner again")
    _check_encoding(content)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _why(content, error) from error


def _reader(path: Path, one: LongList) -> Callable[[], Iterator[list[Any]]]:
    return partial(_elements, path, one)


def _elements(path: Path, one: LongList) -> Iterator[list[Any]]:
    try:
        with path.open("rb") as file:
            for piece in pieces(file, one):
                yield parsed(piece)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ReportFileError(f"cannot be read: {reason}", cure="import it again") from error


def _check_encoding(content: bytes) -> None:
    for mark, name in _NOT_UTF8:
        if content.startswith(mark):
            message = f"the encoding is {name}, not UTF-8"
            raise ReportFileError(message, cure="let the scanner write the file itself")


def _why(content: bytes, error: orjson.JSONDecodeError) -> ReportFileError:
    try:
        length = len(content.decode())
    except UnicodeDecodeError as wrong:
        return ReportFileError(
            f"the encoding is not UTF-8 (byte {wrong.start})", cure="write the file in UTF-8"
        )
    return _truncated() if error.pos >= length else _not_json(str(error))


def _truncated() -> ReportFileError:
    return ReportFileError("the file is truncated", cure="run the scanner or the copy again")


def _not_json(reason: str) -> ReportFileError:
    return ReportFileError(
        f"the file is not JSON: {reason}", cure="write the report with the JSON output format"
    )
