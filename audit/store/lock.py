"""One writer at a time. The system frees the lock when its holder dies, however it dies."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from audit.errors import LockHeldError
from audit.store.layout import Layout


@contextmanager
def writer_lock(layout: Layout, run_id: str) -> Iterator[None]:
    """Hold the warehouse for writing.

    Raises:
        LockHeldError: Another process holds it; the message names that process.
    """
    layout.root.mkdir(parents=True, exist_ok=True)
    owner = layout.lock.with_name("_lock.owner")
    lock = FileLock(layout.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        holder = owner.read_text(encoding="utf-8") if owner.exists() else "another process"
        raise LockHeldError(f"{layout.root} is being written by {holder}") from error
    try:
        owner.write_text(f"run {run_id}, process {os.getpid()} on {platform.node()}", "utf-8")
        yield
    finally:
        lock.release()
