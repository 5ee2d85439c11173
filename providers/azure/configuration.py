"""Reads what hangs below a subscription's registries; what cannot be read is said by column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.errors import SourceError, TerminalError
from audit.model.scope import ScopeOutcome, ScopeRef, ScopeTally
from audit.ports import RunContext
from providers.azure.arm_client import ArmClient
from providers.azure.failures import Call, broken
from providers.azure.names import READ_SETTINGS
from providers.azure.parse_children import SETTINGS_OF, Children, cells_of
from providers.azure.parse_registries import Registry

_NOT_OFFERED = frozenset({"SkuNotSupported", "RegistrySkuNotSupported", "FeatureNotSupported"})


class ConfigurationReader:
    """Reads the settings of a subscription's registries: five lists each."""

    def __init__(self, ref: ScopeRef, arm: ArmClient, context: RunContext) -> None:
        self._arm, self._context = arm, context
        self._tally = ScopeTally(ref)

    def read(self, registries: Iterable[Registry]) -> tuple[dict[str, Children], ScopeOutcome]:
        """Return what was read, by login server, and how it went."""
        found = {one.login_server: self._registry(one) for one in registries}
        self._tally.api_calls = self._arm.calls
        return found, self._tally.finish()

    def _registry(self, registry: Registry) -> Children:
        children = Children()
        for kind, columns in SETTINGS_OF.items():
            call = Call(f"arm:registries/{kind}", READ_SETTINGS.format(kind))
            try:
                children.cells |= self._cells(registry, kind, call)
            except SourceError as error:
                self._failed(error, registry)
                children.unread += [f"{column}: {error}" for column in columns]
        return children

    def _cells(self, registry: Registry, kind: str, call: Call) -> dict[str, Any]:
        try:
            rows = self._arm.children(registry.native_id, kind, call)
        except TerminalError as error:
            if error.code not in _NOT_OFFERED:
                raise
            rows = []  # this tier of registry has no such thing, and the service says so
        try:
            cells = cells_of(kind, rows, registry.subscription, registry.location)
        except ValueError as error:
            raise broken(str(error), call) from error
        self._tally.listed += len(rows)
        return cells

    def _failed(self, error: SourceError, registry: Registry) -> None:
        self._tally.fail(error)
        self._context.log.warning(
            "%s: %s: %s", self._tally.ref.scope_id, registry.login_server, error
        )
