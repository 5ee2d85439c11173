"""Archives whose bytes depend on their content alone: no clock, no owner, no zlib."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from collections.abc import Mapping

_BLOCK = 0xFFFF


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Return a tar archive of files by path, in the order of their paths."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def gzipped(data: bytes) -> bytes:
    """Return gzip that only stores: the digest then does not hang on a version of zlib."""
    blocks = [data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK)] or [b""]
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for number, block in enumerate(blocks, 1):
        size = len(block)
        parts.append(struct.pack("<BHH", number == len(blocks), size, size ^ _BLOCK) + block)
    return b"".join([*parts, struct.pack("<II", zlib.crc32(data), len(data) % 2**32)])
