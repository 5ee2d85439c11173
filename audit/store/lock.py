"""One writer at a time, wherever the warehouse lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audit.store.layout import Layout
from audit.store.room import disk_told


@contextmanager
def writer_lock(layout: Layout, run_id: str) -> Iterator[None]:
    """Hold the warehouse for writing.

    Raises:
        LockHeldError: Another process holds it; the message names that process.
        WarehouseError: The disk is full, or cannot be written to.
    """
    with disk_told(layout.address), layout.files.writing(run_id):
        yield
