"""A disk that is full is told in words, and never taken for a fault of a cloud."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from audit.errors import WarehouseError

_CURE = "what was published before is whole; make room and run again"
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO))


@contextmanager
def disk_told(place: Path | str, *, every: bool = False) -> Iterator[None]:
    """Turn what the disk and the query engine say of a failed write into the tool's own error.

    Args:
        place: What is being written.
        every: Whether every error of the system is one of writing; else only those that say so.

    Raises:
        WarehouseError: Something could not be written, or the engine ran out of memory and disk.
    """
    try:
        yield
    except OSError as error:
        if not every and error.errno not in _FULL:
            raise
        raise WarehouseError(f"{place} cannot be written to: {error}; {_CURE}") from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        told = str(error).partition("\n")[0]
        words = (os.strerror(number) for number in _FULL)
        if isinstance(error, duckdb.IOException) and not any(word in told for word in words):
            raise
        raise WarehouseError(
            f"{place}: the query engine has no room: {told}; {_CURE}, or raise collect.memory"
        ) from error
