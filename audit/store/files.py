"""The files of a warehouse, wherever it lies: the only door to them beside local staging.

A path is relative to the warehouse, with ``/`` between its parts. What is published never changes
under its path: only ``current/`` is replaced.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from audit.errors import LockHeldError
from audit.store.sync import sync


class Files(Protocol):
    """What the store asks of the place where a warehouse lies."""

    @property
    def address(self) -> str:
        """Where the warehouse lies, as a person writes it."""

    def local(self, path: str, *, anew: bool = False) -> Path:
        """Return a local file that holds the content of ``path``; it must not be written to.

        Args:
            path: What to read.
            anew: Past any copy that is kept of it.

        Raises:
            FileNotFoundError: There is no such file.
        """

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        """Do what ``local`` does for several paths, at the same time where that is faster."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""

    def names(self, folder: str) -> list[str]:
        """Return the names of what lies directly in a folder, sorted; costs one listing.

        A folder that holds nothing is none.
        """

    def read(self, path: str) -> bytes:
        """Return the content of a small file as it is now.

        Raises:
            FileNotFoundError: There is no such file.
        """

    def put(self, path: str, source: Path) -> None:
        """Bring a staged file to ``path``, whole or not at all; ``source`` may be gone after."""

    def create(self, path: str, source: Path) -> bool:
        """Do what ``put`` does, but only where nothing lies yet; return whether it was done."""

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""

    def writing(self, run_id: str) -> AbstractContextManager[None]:
        """Hold the warehouse for writing.

        Raises:
            LockHeldError: Another process holds it; the message names that process.
        """

    def check_held(self) -> None:
        """Prove, just before what cannot be undone, that ``writing`` still holds.

        Raises:
            LockHeldError: It was lost: another process may be writing.
        """


@dataclass(frozen=True)
class LocalFiles:
    """A warehouse in a local folder. A rename is the whole of a publication."""

    root: Path

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.root)

    def local(self, path: str, *, anew: bool = False) -> Path:  # noqa: ARG002  there is no copy
        """Return the file itself."""
        file = self.root / path
        if not file.is_file():
            raise FileNotFoundError(file)
        return file

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        """Return the files themselves."""
        return [self.local(path) for path in paths]

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return self.root.joinpath(path).is_file()

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder; a folder that is not there holds none."""
        try:
            found = list(self.root.joinpath(folder).iterdir())
        except FileNotFoundError:
            return []
        return sorted(path.name for path in found if path.is_file() or any(path.iterdir()))

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        return self.root.joinpath(path).read_bytes()

    def put(self, path: str, source: Path) -> None:
        """Move a synced file of the same disk into place, and the move onto the disk."""
        target = self.root / path
        above = [self.root / folder for folder in Path(path).parents]
        new = [folder.parent for folder in above[:-1] if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        for folder in [target.parent, *new]:
            sync(folder)

    def create(self, path: str, source: Path) -> bool:
        """Move a file into place if nothing lies there; the writer's lock makes it exact."""
        if self.exists(path):
            return False
        self.put(path, source)
        return True

    def delete(self, path: str) -> None:
        """Remove a file and the folders that are empty then, up to the warehouse's own."""
        target = self.root / path
        target.unlink(missing_ok=True)
        for folder in target.relative_to(self.root).parents[:-1]:
            try:
                self.root.joinpath(folder).rmdir()
            except OSError:  # something else lies in it
                return

    @contextmanager
    def writing(self, run_id: str) -> Iterator[None]:
        """Hold ``_lock``. The system frees it when its holder dies, however it dies."""
        self.root.mkdir(parents=True, exist_ok=True)
        owner = self.root / "_lock.owner"
        lock = FileLock(self.root / "_lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            holder = owner.read_text(encoding="utf-8") if owner.exists() else "another process"
            raise LockHeldError(f"{self.root} is being written by {holder}") from error
        try:
            owner.write_text(holder_name(run_id), encoding="utf-8")
            yield
        finally:
            lock.release()

    def check_held(self) -> None:
        """Do nothing: the system does not take this lock from a living process."""


def holder_name(run_id: str) -> str:
    """Return how this process is named to whoever finds the warehouse held."""
    return f"run {run_id}, process {os.getpid()} on {platform.node()}"
