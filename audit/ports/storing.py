"""What an object store must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from pydantic import Field

from audit.ports.settings import Settings

COPIES_MAX_BYTES = 20 * 2**30
"""Size of the local copies up to which none is trimmed, where nothing else is configured."""


class StoreSettings(Settings):
    """Base of the ``store`` block's settings: what every object store may be told."""

    work: Path | None = Field(
        None, description="Local folder for unfinished runs and for copies of what was read."
    )
    copies_max_bytes: int = Field(
        COPIES_MAX_BYTES,
        ge=0,
        description="Size of the copies beyond which those go that were not used for a day, the "
        "longest unused first, when a run ends.",
    )


class StoredObject(NamedTuple):
    """One object of a listing: its path in the warehouse, and what changes when it is replaced."""

    path: str
    version: str


class ObjectStore(Protocol):
    """One prefix of an object store (entry point group ``stores``, named by address scheme).

    Paths are relative to the prefix. Calls come from several threads. Credentials come from the
    cloud SDK's own chain only. A :class:`~audit.errors.WarehouseError` tells, without a secret,
    what the store refused after its retries.
    """

    settings_model: ClassVar[type[StoreSettings]]

    def __init__(self, address: str, settings: Any) -> None:  # noqa: ANN401  own model
        """Open ``scheme://bucket/prefix`` with validated settings; makes no call."""

    def objects(self, folder: str) -> list[StoredObject]:
        """Return every object below a folder: one listing call a thousand objects at most."""

    def download(self, path: str, target: Path) -> None:
        """Write an object's content to a local file.

        Raises:
            FileNotFoundError: There is no such object.
        """

    def upload(self, path: str, source: Path) -> None:
        """Make a local file an object, whole or not at all, in place of what was there."""

    def look(self, path: str) -> tuple[bytes, str] | None:
        """Return a small object's content and its tag, or None when there is none."""

    def create(self, path: str, content: bytes) -> str | None:
        """Make an object only if there is none, and return its tag; else None."""

    def replace(self, path: str, content: bytes, tag: str) -> str | None:
        """Replace an object only if it still has this tag, and return the new one; else None."""

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""
