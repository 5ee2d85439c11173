"""From what the user named to files: local files, folders, and prefixes of object stores."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from audit.errors import ReportFileError, WarehouseError
from audit.importing.packed import SUFFIXES, Plain, Unread, is_report
from audit.ports import ObjectStore

OpenStore = Callable[[str], ObjectStore]
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def is_address(name: str) -> bool:
    """Whether a name is that of an object store's prefix, and of no local path."""
    found = _ADDRESS.match(name)
    return found is not None and found[1].lower() != "file"


def found_files(
    names: Sequence[str], open_store: OpenStore, work: Path
) -> Iterator[Plain | Unread]:
    """Yield every file below what was named, packed or not, in the order of their paths.

    A folder stands for the reports below it; links to folders are not followed. An object is
    copied below ``work`` until the next one is asked for, and nothing is written to its store. A
    file that is named twice is read once.
    """
    seen: set[str] = set()
    for name in names:
        files = _objects(name, open_store, work) if is_address(name) else _local(name)
        for found in files:
            whole = found.name if is_address(found.name) else str(Path(found.name).absolute())
            if isinstance(found, Unread) or whole not in seen:
                seen.add(whole)
                yield found


def shown(path: Path | str) -> str:
    """Return a path that can be printed; a name that is not text is escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def unopened(name: str, error: OSError) -> Unread:
    """Return the error of a file that cannot be read."""
    reason = error.strerror or type(error).__name__
    cure = "check the path and its permissions"
    return Unread(name, ReportFileError(f"cannot be read: {reason}", cure=cure))


def _local(name: str) -> Iterator[Plain | Unread]:
    path = Path(re.sub(r"^file://", "", name, flags=re.IGNORECASE))
    if path.is_dir():
        yield from _below(path)
    else:
        yield Plain(str(path), path)


def _below(folder: Path) -> Iterator[Plain | Unread]:
    refused: list[OSError] = []
    named = [
        Path(parent) / name
        for parent, _, names in os.walk(folder, onerror=refused.append)
        for name in names
        if is_report(name)
    ]
    # A pipe would block; a link to nothing is kept, to be an error.
    found = [path for path in named if path.is_file() or not path.exists()]
    for error in refused:
        yield unopened(os.fsdecode(error.filename or folder), error)
    if not found and not refused:
        yield _hollow(str(folder))
    for path in sorted(found):
        yield Plain(str(path), path)


def _objects(address: str, open_store: OpenStore, work: Path) -> Iterator[Plain | Unread]:
    """Yield the objects below a prefix, or the one object that the address names."""
    held = work / "object"
    try:
        base, paths = _listed(address.rstrip("/"), open_store)
        store = open_store(base)
        for path in paths:
            store.download(path, held)
            yield Plain(f"{base}/{path}", held)
    except (WarehouseError, FileNotFoundError) as error:
        cure = "check the address, and that it may be listed and read"
        yield Unread(address, ReportFileError(f"cannot be read: {error}", cure=cure))
        return
    finally:
        held.unlink(missing_ok=True)
    if not paths:
        yield _hollow(address)


def _listed(address: str, open_store: OpenStore) -> tuple[str, list[str]]:
    """Return the prefix to read from and the objects of it that are wanted.

    An address that ends as reports do may be an object's: a prefix may too.
    """
    below = [found.path for found in open_store(address).objects("") if is_report(found.path)]
    if below or not is_report(address):
        return address, sorted(below)
    base, _, name = address.rpartition("/")
    return base, [name]


def _hollow(name: str) -> Unread:
    endings = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
    message = f"holds no report ({endings}, packed or not)"
    return Unread(name, ReportFileError(message, cure="name the files themselves"))
