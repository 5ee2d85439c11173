"""One writer at a time, wherever the warehouse lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audit.store.layout import Layout


@contextmanager
def writer_lock(layout: Layout, run_id: str) -> Iterator[None]:
    """Hold the warehouse for writing.

    Raises:
        LockHeldError: Another process holds it; the message names that process.
    """
    with layout.files.writing(run_id):
        yield
