"""The files of a warehouse on an object store, read through local copies."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from audit.clock import Clock
from audit.ports import COPIES_MAX_BYTES, ObjectStore
from audit.store.copies import mark_used, trim
from audit.store.lease import Lease

_SBOM = re.compile(r"_sboms/[0-9a-f]{2}/[0-9a-f]{64}\.json\.gz")
"""Named by the hash of what is in it, which whoever reads it holds it against: needs no version."""
_RUN = re.compile(r"(?:\w+/run_id=([^/]+)/|_manifests/([^/]+)\.json$)")
_AT_ONCE = 16
"""Downloads at the same time: most files of a history are small, and waiting is all they cost."""


class ObjectFiles:
    """Implements ``audit.store.files.Files`` on an object store.

    Nothing is listed but ``runs/``. That listing names each run's commit and its version, and a
    local copy of any file of a run is kept under both: a run that was published again, in a store
    that was emptied and filled anew, is never answered from an old copy. Copies are trimmed to
    ``limit`` bytes once a writer is done.
    """

    def __init__(
        self,
        store: ObjectStore,
        address: str,
        cache: Path,
        clock: Clock,
        limit: int = COPIES_MAX_BYTES,
    ) -> None:
        self._store, self._address, self._clock = store, address, clock
        self._cache, self._limit = cache, limit
        self._versions: dict[str, str] | None = None
        self._lease: Lease | None = None

    @property
    def address(self) -> str:
        """The address as it was given."""
        return self._address

    def local(self, path: str, *, anew: bool = False) -> Path:
        """Return a local copy; a published file and an SBOM are downloaded once."""
        copy = self._copy_of(path)
        if copy is None:
            return self._download(path, self._cache / "unpublished" / path)
        used = not anew and mark_used(copy, self._clock.now())
        return copy if used else self._download(path, copy)

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        """Return local copies, several downloads at a time."""
        if self._versions is None:
            self.names("runs")  # once, before the threads would each ask
        if len(paths) < 2:
            return [self.local(path) for path in paths]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch") as pool:
            return list(pool.map(self.local, paths))

    def exists(self, path: str) -> bool:
        """Whether there is such a file; it is fetched, as whoever asks will read it."""
        try:
            self.local(path)
        except FileNotFoundError:
            return False
        return True

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder."""
        listed = self._store.objects(folder)
        if folder == "runs":
            runs = [(_RUN.match(found.path), found.version) for found in listed]
            self._versions = {str(run[1]): version for run, version in runs if run}
        return sorted({found.path[len(folder) + 1 :].partition("/")[0] for found in listed})

    def read(self, path: str) -> bytes:
        """Return an object's content, past any copy."""
        found = self._store.look(path)
        if found is None:
            raise FileNotFoundError(f"{self._address}/{path}")
        return found[0]

    def put(self, path: str, source: Path) -> None:
        """Upload; ``source`` stays."""
        self._store.upload(path, source)

    def create(self, path: str, source: Path) -> bool:
        """Upload on the condition that nothing lies there; the store decides between two."""
        return self._store.create(path, source.read_bytes()) is not None

    def delete(self, path: str) -> None:
        """Remove an object, and the copy of it that is here."""
        copy = self._copy_of(path)
        self._store.delete(path)
        if copy:
            copy.unlink(missing_ok=True)

    @contextmanager
    def writing(self, run_id: str) -> Iterator[None]:
        """Hold the lock object, and go on holding it from a thread."""
        with Lease(self._store, self._address, run_id, self._clock) as lease:
            self._lease = lease
            try:
                yield
            finally:
                self._lease = None
        trim(self._cache, self._limit, self._clock.now())

    def check_held(self) -> None:
        """Renew the lock now; the store tells whether it is still ours."""
        if self._lease:
            self._lease.renew()

    def _copy_of(self, path: str) -> Path | None:
        """Return where the copy of a published run's file, or of an SBOM, belongs."""
        if _SBOM.fullmatch(path):
            return self._cache / path
        run = _RUN.match(path)
        if run is None:
            return None
        if self._versions is None:
            self.names("runs")
        run_id = run[1] or run[2]
        version = (self._versions or {}).get(run_id)
        if version is None:
            return None
        told = hashlib.sha256(version.encode()).hexdigest()[:12]
        return self._cache / f"{run_id}-{told}" / path.replace("/", "~")

    def _download(self, path: str, target: Path) -> Path:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=target.parent)
        os.close(handle)
        try:
            self._store.download(path, Path(partial))
            mark_used(Path(partial), self._clock.now())
            Path(partial).replace(target)
        finally:
            Path(partial).unlink(missing_ok=True)
        return target
