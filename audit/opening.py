"""From a warehouse's address to the warehouse: a local folder, or an object store by its scheme."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from audit import plugins
from audit.clock import SystemClock
from audit.config import check_names, validate
from audit.ports import ObjectStore, StoreSettings
from audit.store.layout import Layout
from audit.store.objects import ObjectFiles
from audit.store.reader import Warehouse

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.+)", re.IGNORECASE)


def open_warehouse(location: str, store: Mapping[str, object], where: str) -> Warehouse:
    """Open a warehouse; it need not exist yet, and no call is made.

    Within a process the same location is the same warehouse, lock included.

    Args:
        location: Folder, ``file://`` address, or ``scheme://bucket/prefix``.
        store: Settings of an object store; a local folder has none and passes them over.
        where: What names the location and the settings, for error messages.

    Raises:
        ConfigError: There is no such kind of store, or its settings are wrong.
    """
    address = _ADDRESS.fullmatch(location)
    if not address or address[1].lower() == "file":
        return Warehouse.at(location)
    scheme = address[1].lower()
    check_names("warehouse", [scheme], [*plugins.names(plugins.STORES), "file"], where)
    settings = validate(plugins.store(scheme).settings_model, dict(store), "store", where)
    return _opened(scheme, location.rstrip("/"), settings)


def open_source(location: str, stores: Mapping[str, object], where: str) -> ObjectStore:
    """Open a prefix of an object store to read reports from; no call is made.

    Args:
        location: ``scheme://bucket/prefix``.
        stores: Settings of object stores, by scheme.
        where: What names the settings, for error messages.

    Raises:
        ConfigError: There is no such kind of store, or its settings are wrong.
    """
    scheme = location.partition("://")[0].lower()
    check_names("import", [scheme], plugins.names(plugins.STORES), where)
    kind = plugins.store(scheme)
    settings = validate(
        kind.settings_model, stores.get(scheme, {}), f"import_stores.{scheme}", where
    )
    return kind(location.rstrip("/"), settings)


@functools.cache
def _opened(scheme: str, address: str, settings: StoreSettings) -> Warehouse:
    work = (settings.work or _cache_folder()) / hashlib.sha256(address.encode()).hexdigest()[:16]
    store = plugins.store(scheme)(address, settings)
    files = ObjectFiles(store, address, work / "read", SystemClock(), settings.copies_max_bytes)
    return Warehouse(Layout(files, work / "staging"))


def _cache_folder() -> Path:
    """Return a folder that is this user's alone: what lies in it is believed."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "registry-audit"
