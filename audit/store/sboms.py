"""SBOMs beside the tables: each is kept once, under the hash of its content, and never changes."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.errors import WarehouseError
from audit.store.layout import Layout
from audit.store.sync import sync

_LEVEL = 6
SBOM_LOST = "SbomLost"
"""Marks the look at an image of which the SBOM was missing or damaged: it has to be made anew."""


@dataclass(frozen=True)
class StoredSbom:
    """An SBOM in the warehouse: where it lies and what its content is.

    Attributes:
        tool_version: Version of the scanner that wrote it.
        asked_for: Kinds of weaknesses that it was asked about at the same time.
        run_id: The run in which it looked.
    """

    path: str
    sha256: str
    tool_version: str
    asked_for: frozenset[str] = frozenset()
    run_id: str = ""


@dataclass(frozen=True)
class SbomStore:
    """The SBOMs of a warehouse.

    Attributes:
        work: Local folder on the warehouse's disk for what is on its way in or out.
    """

    layout: Layout
    work: Path

    def keep(self, sbom: Path) -> tuple[str, str]:
        """Keep an SBOM and return its path in the warehouse and its SHA-256.

        What lies there already and is damaged is replaced: nothing else can lie under that hash.
        """
        content = sbom.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.layout.sbom(sha256)
        with self._aside(f"{sha256}.gz") as packed:
            packed.write_bytes(gzip.compress(content, _LEVEL, mtime=0))
            sync(packed)
            if not self.layout.files.create(path, packed) and not self.sound(
                StoredSbom(path, sha256, "")
            ):
                self.layout.files.put(path, packed)
        return path, sha256

    def sound(self, stored: StoredSbom) -> bool:
        """Whether an SBOM is there, not only a copy of it, and is what was kept."""
        try:
            with self.opened(stored, anew=True):
                return True
        except WarehouseError:
            return False

    @contextmanager
    def opened(self, stored: StoredSbom, *, anew: bool = False) -> Iterator[Path]:
        """Hold a local copy of an SBOM, as it was before it was compressed.

        Args:
            stored: Which one.
            anew: Past any copy that is kept of the file, which else is read where it is sound.

        Raises:
            WarehouseError: It is missing or is not what was kept.
        """
        with self._aside("sbom.json") as copy:
            try:
                self._unpack(stored, copy, anew=anew)
            except WarehouseError:
                if anew:
                    raise
                self._unpack(stored, copy, anew=True)
            yield copy

    def _unpack(self, stored: StoredSbom, copy: Path, *, anew: bool) -> None:
        try:
            with (
                gzip.open(self.layout.files.local(stored.path, anew=anew)) as packed,
                copy.open("wb") as out,
            ):
                shutil.copyfileobj(packed, out)
        except (OSError, EOFError, zlib.error) as error:
            raise WarehouseError(f"{stored.path} cannot be read: {error}") from error
        if hashlib.sha256(copy.read_bytes()).hexdigest() != stored.sha256:
            raise WarehouseError(f"{stored.path} is not the SBOM that was kept")

    @contextmanager
    def _aside(self, name: str) -> Iterator[Path]:
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            yield Path(folder) / name
