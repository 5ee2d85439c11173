"""What the stores share: bulk reading and writing through pyarrow's file systems."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from audit.errors import WarehouseError
from audit.ports import StoredObject

ATTEMPTS = 8
"""Attempts for each call in all, the first one included."""
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
_CHUNK = 8 * 1024 * 1024


class UnmetError(Exception):
    """The condition of a conditional write was not met."""


class Prefix:
    """A prefix of a bucket, and how what goes wrong in it is told."""

    def __init__(self, address: str) -> None:
        """Take ``scheme://bucket/prefix`` apart."""
        self.address = address
        self.bucket, _, prefix = address.partition("://")[2].strip("/").partition("/")
        self.prefix = f"{prefix}/" if prefix else ""

    def key(self, path: str) -> str:
        """Return the object's name in its bucket."""
        return self.prefix + path

    def failed(self, doing: str, error: Exception) -> WarehouseError:
        """Return our error for what a store refused."""
        return WarehouseError(f"{self.address}: cannot {doing}: {error}")


class ArrowStore(Prefix):
    """Bulk through pyarrow; subclasses know their file system and their conditional writes."""

    _seen = False

    def file_system(self) -> fs.FileSystem:
        """Return pyarrow's file system with credentials that are valid now."""
        raise NotImplementedError

    def objects(self, folder: str) -> list[StoredObject]:
        """Return every object below a folder; see the port."""
        selector = fs.FileSelector(
            f"{self.bucket}/{self.key(folder)}", recursive=True, allow_not_found=True
        )
        with self.told(f"list {folder}"):
            found = self.file_system().get_file_info(selector)
            if not found and not self._seen and not self.bucket_exists():
                raise WarehouseError(f"{self.address}: there is no such bucket")
            self._seen = True
        skip = len(self.bucket) + 1 + len(self.prefix)
        return [
            StoredObject(info.path[skip:], f"{info.mtime_ns}-{info.size}")
            for info in found
            if info.type is fs.FileType.File
        ]

    def bucket_exists(self) -> bool:
        """Whether finding nothing means anything: a bucket that is not there is not empty."""
        (bucket,) = self.file_system().get_file_info([self.bucket])
        return bool(bucket.type is fs.FileType.Directory)

    def download(self, path: str, target: Path) -> None:
        """Read an object into a local file; see the port."""
        with (
            self.told(f"read {path}"),
            self.file_system().open_input_stream(
                f"{self.bucket}/{self.key(path)}", compression=None
            ) as source,
            target.open("wb") as out,
        ):
            shutil.copyfileobj(source, out, _CHUNK)

    def upload(self, path: str, source: Path) -> None:
        """Write a local file as an object; see the port."""
        with (
            self.told(f"write {path}"),
            source.open("rb") as content,
            self.file_system().open_output_stream(
                f"{self.bucket}/{self.key(path)}", compression=None
            ) as out,
        ):
            shutil.copyfileobj(content, out, _CHUNK)

    @contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """Turn a file system's error into ours; a missing object stays ``FileNotFoundError``."""
        try:
            yield
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{self.address}: cannot {doing}: there is none") from error
        except (OSError, pa.ArrowException) as error:
            raise self.failed(doing, error) from error
