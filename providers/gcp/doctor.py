"""Tries what a run would ask, one page of each, and says what is missing and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from audit.errors import AccessDeniedError, DisabledError, SourceError, TransientError
from audit.model.enums import Outcome
from audit.model.scope import Plan, ScopeOutcome, ScopeTally
from audit.ports import Check, CheckStatus
from providers.gcp.client import (
    GET_SUMMARY,
    LIST_DOCKER_IMAGES,
    LIST_LOCATIONS,
    LIST_OCCURRENCES,
    LIST_REPOSITORIES,
    GcpClients,
)
from providers.gcp.failures import Operation
from providers.gcp.listing import probe
from providers.gcp.operations import (
    PROJECT_POLICY,
    PROJECT_SETTINGS,
    REPOSITORY_POLICY,
    SEARCH_POLICIES,
    SEARCH_RESOURCES,
    SERVICES,
)
from providers.gcp.permissions import Permission, named, needed
from providers.gcp.posture_calls import RegistrySettings, project_policy, search_policies
from providers.gcp.projects import LEFT_OUT
from providers.gcp.rest import RestClient
from providers.gcp.scopes import PROVIDER, discovery_scope, root_scope
from providers.gcp.services import (
    ANALYSIS_SERVICE,
    REGISTRY_SERVICE,
    SCANNING_SERVICE,
    Services,
    read_services,
)
from providers.gcp.settings import DiscoverySettings, GcpSettings
from providers.gcp.tasks import Read, read_of

Told = TypeVar("Told")

_SEARCH = SEARCH_RESOURCES.name
_FORMAT_DOCKER = 1
_NOTHING_TO_TRY = "no repository to try it on"
_SWITCHES = (
    (REGISTRY_SERVICE, "Nothing of the project can be read.", True),
    (ANALYSIS_SERVICE, "No image of the project is assessed.", True),
    (SCANNING_SERVICE, "Google scans no image of the project.", False),
)


class GcpDoctor:
    """Examines what finds projects, then project by project.

    Args:
        settings: What a run would read, and how.
        plan: What a run would read of it.
    """

    def __init__(self, settings: GcpSettings, plan: Plan) -> None:
        self._settings, self._plan = settings, plan

    def examine(self) -> Iterator[Check]:
        """Yield every check; what cannot be tried is one too."""
        with ExitStack() as stack:
            rest = stack.enter_context(RestClient(self._settings))
            if self._settings.discovery:
                yield from _roots(rest, self._settings.discovery)
            for outcome in self._plan.outcomes:
                yield from _discovered(outcome)
            try:
                clients = stack.enter_context(GcpClients(self._settings))
                asked = stack.enter_context(RegistrySettings(self._settings))
            except SourceError as error:
                yield _condition(PROVIDER, "there are credentials", error)
                return
            for task in self._plan.tasks:
                yield from _Project(read_of(task.params), rest, clients, asked).examine()


def _roots(rest: RestClient, wanted: DiscoverySettings) -> Iterator[Check]:
    """Try both ways of finding projects; one of them does."""
    for root in wanted.scopes:
        subject = root_scope(root).scope_id
        made = [
            _tried(operation, subject, ask)[0] for operation, ask in probe(rest, root, wanted.by)
        ]
        yield from made
        searched = [one.status is CheckStatus.OK for one in made if one.what == _SEARCH]
        managed = [one.status is CheckStatus.OK for one in made if one.what != _SEARCH]
        found = any(searched) or (bool(managed) and all(managed))
        yield Check(
            provider=PROVIDER,
            subject=subject,
            what="projects are found",
            status=CheckStatus.OK if found else CheckStatus.MISSING,
            costs="No project is found: everything stays as last known, unconfirmed.",
        )


def _discovered(outcome: ScopeOutcome) -> Iterator[Check]:
    """Say what stands in a project's way already; what is left out on purpose says nothing."""
    left_out = outcome.error_code == LEFT_OUT
    if left_out or outcome.outcome is Outcome.COMPLETE or not outcome.ref.account:
        return
    status = CheckStatus.MISSING if outcome.outcome is Outcome.DENIED else CheckStatus.UNKNOWN
    missing = named(outcome.missing_permission or "")
    yield Check(
        provider=PROVIDER,
        subject=outcome.ref.scope_id,
        what="the project can be read",
        status=status,
        permission=missing.name if missing else "",
        costs="What lies in it stays as last known, unconfirmed.",
        told=outcome.error or "",
    )


class _Project:
    def __init__(
        self, read: Read, rest: RestClient, clients: GcpClients, asked: RegistrySettings
    ) -> None:
        self._read, self._rest, self._clients, self._asked = read, rest, clients, asked
        self._project, self._ref = read.project, discovery_scope(read.project)
        self._subject = self._ref.scope_id

    def examine(self) -> Iterator[Check]:
        made, services = self._try(
            SERVICES, lambda: read_services(self._rest, self._project, self._tally())
        )
        yield made
        yield from _switches(self._subject, services)
        yield from self._listings()
        yield from self._settings()
        yield self._first(LIST_OCCURRENCES, lambda: self._clients.discovery_pages(self._project))[0]
        yield self._try(GET_SUMMARY, lambda: self._clients.vulnerability_counts(self._project))[0]

    def _listings(self) -> Iterator[Check]:
        locations: Sequence[str] = self._read.locations or ()
        if self._read.locations is None:
            made, page = self._first(
                LIST_LOCATIONS, lambda: self._clients.location_pages(self._project)
            )
            yield made
            locations = sorted(one.location_id for one in page.locations) if page else ()
        found: list[Any] = []
        for location in locations[:1]:
            made, page = self._first(
                LIST_REPOSITORIES,
                lambda: self._clients.repository_pages(self._project, location),  # noqa: B023  called at once
            )
            yield made
            found = list(page.repositories) if page else []
        yield self._on(LIST_DOCKER_IMAGES, _docker(found), self._images)
        yield self._on(REPOSITORY_POLICY, found, self._policy)

    def _settings(self) -> Iterator[Check]:
        project, tally = self._project, self._tally()
        yield self._try(PROJECT_POLICY, lambda: project_policy(self._rest, project, tally))[0]
        yield self._try(PROJECT_SETTINGS, lambda: self._asked.redirection(project, tally))[0]
        if self._read.root:
            yield self._try(SEARCH_POLICIES, lambda: search_policies(self._rest, project, tally))[0]

    def _images(self, name: str) -> object:
        return next(self._clients.image_pages(name), None)

    def _policy(self, name: str) -> object:
        return self._asked.repository_policy(name, self._tally())

    def _on(
        self, operation: Operation, repositories: Sequence[Any], ask: Callable[[str], object]
    ) -> Check:
        """Try an operation on the first of some repositories."""
        if not repositories:
            return _check(needed(operation.name), self._subject, _NOTHING_TO_TRY)
        return self._try(operation, lambda: ask(repositories[0].name))[0]

    def _first(
        self, operation: Operation, pages: Callable[[], Iterator[Any]]
    ) -> tuple[Check, Any | None]:
        return self._try(operation, lambda: next(pages()))

    def _try(self, operation: Operation, ask: Callable[[], Told]) -> tuple[Check, Told | None]:
        return _tried(operation, self._subject, ask)

    def _tally(self) -> ScopeTally:
        return ScopeTally(self._ref)


def _docker(repositories: Sequence[Any]) -> list[Any]:
    return [one for one in repositories if one.format_ == _FORMAT_DOCKER]


def _tried(
    operation: Operation, subject: str, ask: Callable[[], Told]
) -> tuple[Check, Told | None]:
    """Make a call; return what it showed, and what it told where it was answered."""
    one = needed(operation.name)
    try:
        told = ask()
    except SourceError as error:
        return _check(one, subject, f"{error.code}: {error.message}", _status(error)), None
    return _check(one, subject, "", CheckStatus.OK), told


def _check(
    one: Permission, subject: str, told: str, status: CheckStatus = CheckStatus.UNKNOWN
) -> Check:
    return Check(
        provider=PROVIDER,
        subject=subject,
        what=one.operation,
        status=status,
        permission=one.name,
        costs=one.costs,
        required=not one.optional,
        told=told,
    )


def _condition(subject: str, what: str, error: SourceError) -> Check:
    return Check(
        provider=PROVIDER,
        subject=subject,
        what=what,
        status=_status(error),
        costs="Nothing can be read.",
        told=f"{error.code}: {error.message}",
    )


def _status(error: SourceError) -> CheckStatus:
    if isinstance(error, AccessDeniedError | DisabledError):
        return CheckStatus.MISSING
    return CheckStatus.UNREACHABLE if isinstance(error, TransientError) else CheckStatus.UNKNOWN


def _switches(subject: str, services: Services | None) -> Iterator[Check]:
    for service, costs, required in _SWITCHES:
        on = services.enabled(service) if services else None
        status = {True: CheckStatus.OK, False: CheckStatus.MISSING, None: CheckStatus.UNKNOWN}[on]
        yield Check(
            provider=PROVIDER,
            subject=subject,
            what=f"{service} is switched on",
            status=status,
            costs=costs,
            required=required,
        )
