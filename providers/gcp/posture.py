"""Settings of a project and its registries beside what is listed: what they are, or why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from audit.errors import NotFoundError, SourceError
from audit.model.scope import ScopeOutcome, ScopeTally
from providers.gcp.iam import COLUMNS, Binding, Home, Organisation, access_columns
from providers.gcp.parse_registry import Registry
from providers.gcp.posture_calls import (
    Policies,
    RegistrySettings,
    project_policy,
    search_policies,
)
from providers.gcp.rest import RestClient
from providers.gcp.scopes import posture_scope
from providers.gcp.services import SCANNING_SERVICE, Services, read_services
from providers.gcp.settings import GcpSettings

Told = TypeVar("Told")

_POLICY = "policy"
_BESIDE = (*COLUMNS, "legacy_redirection", "scanning_service_enabled")
"""Columns that only further calls tell."""


def row_without(registry: Registry) -> dict[str, Any]:
    """Return the row of a repository whose settings the configuration says not to read."""
    notes = [f"{column}: posture is switched off" for column in _BESIDE]
    blank = dict.fromkeys(_BESIDE)
    return {**registry.row, **blank, "unread": [*registry.row["unread"], *notes]}


class Posture:
    """Settings of one project. Each question that fails is an error of the posture scope alone.

    The inventory stays whole without them: what cannot be read is null in the registry's row, with
    a note in ``unread`` that says why.
    """

    def __init__(
        self,
        rest: RestClient,
        registry: RegistrySettings,
        settings: GcpSettings,
        *,
        project: str,
        known_projects: frozenset[str],
    ) -> None:
        self._rest, self._registry, self._project = rest, registry, project
        self._organisation = Organisation(
            frozenset(settings.domains), known_projects | {*settings.projects}
        )
        self._tally = ScopeTally(posture_scope(project))
        self._services: Services | None = None
        self._searched: Policies | None = None
        self._project_policy: list[Binding] | None = None
        self._redirection: str | None = None
        self._why: dict[str, str] = {}

    def services(self) -> Services:
        """Return which services are on; nothing is known of them where that cannot be read."""
        found = self._ask("services", lambda: read_services(self._rest, self._project, self._tally))
        self._services = found
        return found or Services()

    def prepare(self, *, by_search: bool) -> None:
        """Read what holds for the project as a whole.

        Args:
            by_search: Whether Cloud Asset found the project, and may tell all policies at once.
        """
        tally = self._tally
        if by_search:
            self._searched = self._search()
        if self._searched is not None:
            self._project_policy = self._searched.project
        else:
            self._project_policy = self._ask(
                "project policy", lambda: project_policy(self._rest, self._project, tally)
            )
        self._redirection = self._ask(
            "redirection", lambda: self._registry.redirection(self._project, tally)
        )

    def row(self, registry: Registry) -> dict[str, Any]:
        """Return the ``registries`` row of a repository with its settings in it."""
        columns, notes = self._access(registry)
        columns["legacy_redirection"] = self._redirection
        if self._redirection is None:
            notes.append(f"legacy_redirection: {self._why.get('redirection', 'not asked')}")
        scanning = self._services.enabled(SCANNING_SERVICE) if self._services else None
        columns["scanning_service_enabled"] = scanning
        if scanning is None:
            notes.append(f"scanning_service_enabled: {self._why_unknown()}")
        return {**registry.row, **columns, "unread": [*registry.row["unread"], *notes]}

    def finish(self) -> ScopeOutcome:
        """Return how the reading of settings ended; ``listed`` counts what was told."""
        return self._tally.finish()

    def _search(self) -> Policies | None:
        """Search for all policies; where that is refused, they are asked for one by one."""
        tally = ScopeTally(self._tally.ref)
        try:
            found = search_policies(self._rest, self._project, tally)
        except SourceError:
            found = None
        self._tally.api_calls += tally.api_calls
        self._tally.listed += found is not None
        return found

    def _access(self, registry: Registry) -> tuple[dict[str, Any], list[str]]:
        own = self._own_policy(registry)
        if own is None:
            why = self._why[_POLICY]
            return dict.fromkeys(COLUMNS), [f"{column}: {why}" for column in COLUMNS]
        number = self._services.number if self._services else ""
        home = Home(self._project, number, self._organisation)
        return access_columns(own, self._project_policy, home)

    def _own_policy(self, registry: Registry) -> list[Binding] | None:
        if self._searched is not None:
            name = "/".join(registry.name.split("/")[2:])
            return self._searched.repositories.get(name, [])
        return self._ask(
            _POLICY, lambda: self._registry.repository_policy(registry.name, self._tally)
        )

    def _ask(self, what: str, read: Callable[[], Told]) -> Told | None:
        try:
            told = read()
        except SourceError as error:
            if not (what == _POLICY and isinstance(error, NotFoundError)):
                self._tally.fail(error)  # a repository may be deleted since it was listed
            self._why[what] = error.code
            return None
        self._tally.listed += 1
        return told

    def _why_unknown(self) -> str:
        if self._services is None:
            return self._why.get("services", "not asked")
        state = self._services.states.get(SCANNING_SERVICE)
        return f"the state {state!r} of {SCANNING_SERVICE} is not known" if state else "not told"
