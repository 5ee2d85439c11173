"""The writer's lock on an object store: one object, written under conditions only.

It names its holder and when it expires, and the holder renews it from a thread. Whoever finds it
expired may replace it, if it is still the object that was found; the former holder's next renewal
then fails, and with it whatever it had not yet committed.
"""

from __future__ import annotations

import logging
import secrets
import threading
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import orjson

from audit.clock import Clock
from audit.errors import LockHeldError, WarehouseError
from audit.ports import ObjectStore
from audit.store.files import holder_name

LOCK = "_lock"
LIFETIME = timedelta(minutes=3)
"""How long a lock outlives its last renewal; far above what two machines' clocks may differ."""
_LOG = logging.getLogger("registry_audit.lock")


class Lease:
    """Holds a warehouse for writing inside its ``with`` block.

    Raises:
        LockHeldError: Another process holds it; the message names that process.
    """

    def __init__(
        self,
        store: ObjectStore,
        address: str,
        run_id: str,
        clock: Clock,
        lifetime: timedelta = LIFETIME,
    ) -> None:
        self._store, self._address, self._clock = store, address, clock
        self._lifetime = lifetime
        self._about = {"owner": holder_name(run_id), "token": secrets.token_hex(16)}
        self._tag = ""
        self._mutex = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)

    def __enter__(self) -> Self:
        self._tag = self._take()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        try:
            self.renew(timedelta(0))
        except LockHeldError:
            _LOG.warning("the lock of %s was lost before its end", self._address)
        except WarehouseError as failure:
            _LOG.warning("the lock could not be given back and will expire: %s", failure)

    def renew(self, lifetime: timedelta | None = None) -> None:
        """Prove that the lock is still held, and hold it for ``lifetime`` from now.

        Raises:
            LockHeldError: It was lost.
            WarehouseError: The store could not be asked.
        """
        with self._mutex:
            content = self._content(self._lifetime if lifetime is None else lifetime)
            tag = self._store.replace(LOCK, content, self._tag) or self._own_tag()
            if tag is None:
                raise LockHeldError(
                    f"the lock of {self._address} was lost to {self._holder()}; nothing more is "
                    "published"
                )
            self._tag = tag

    def _take(self) -> str:
        tag = self._store.create(LOCK, self._content(self._lifetime))
        if tag:
            return tag
        found = self._store.look(LOCK)
        if found and self._is_free(_read(found[0])):
            tag = self._store.replace(LOCK, self._content(self._lifetime), found[1])
        # A write may have succeeded without its answer reaching us.
        tag = tag or self._own_tag()
        if not tag:
            raise LockHeldError(f"{self._address} is being written by {self._holder()}")
        return tag

    def _is_free(self, held: dict[str, Any]) -> bool:
        try:
            expires = datetime.fromisoformat(held["expires"])
            free = expires <= self._clock.now()
        except (KeyError, TypeError, ValueError):
            return False
        if free and not held.get("released"):
            _LOG.warning(
                "took over the lock of %s, which expired at %s", held.get("owner"), expires
            )
        return free

    def _holder(self) -> str:
        found = self._store.look(LOCK)
        held = _read(found[0]) if found else {}
        owner, until = held.get("owner", "another process"), held.get("expires", "it is deleted")
        return f"{owner}, until {until}"

    def _own_tag(self) -> str | None:
        found = self._store.look(LOCK)
        ours = found and _read(found[0]).get("token") == self._about["token"]
        return found[1] if found and ours else None

    def _content(self, lifetime: timedelta) -> bytes:
        now = self._clock.now()
        times = {"heartbeat": now, "expires": now + lifetime, "released": not lifetime}
        return orjson.dumps({**self._about, **times}, option=orjson.OPT_INDENT_2)

    def _keep(self) -> None:
        while not self._ended.wait(self._lifetime.total_seconds() / 4):
            try:
                self.renew()
            except LockHeldError as lost:
                _LOG.error("%s", lost)
                return
            except WarehouseError as failure:
                _LOG.warning("the lock could not be renewed: %s", failure)


def _read(content: bytes) -> dict[str, Any]:
    """Read a lock; one that cannot be read is held by nobody known and does not expire."""
    try:
        held = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return held if isinstance(held, dict) else {}
