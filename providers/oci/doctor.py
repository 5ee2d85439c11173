"""Tries what a run would ask of a registry, and says what is missing and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from audit.errors import ConfigError, NotFoundError, SourceError, TransientError
from audit.ports import Check, CheckStatus
from providers.oci.auth import Keyring
from providers.oci.client import RegistryClient
from providers.oci.failures import BASE, CATALOG, TAGS
from providers.oci.logins import login_of
from providers.oci.rows import PROVIDER, scope_id
from providers.oci.settings import OciRegistry, OciSettings
from providers.oci.wire import Wire

Told = TypeVar("Told")

_LOGIN = "the configured login can be read"
_ALL = "Nothing of the registry is read: all stays as last known, unconfirmed."
_NAMES = "No repository is found; name what to read under repositories where there is no catalogue."
_IMAGES = "Its images stay as last known, unconfirmed."
_NOTHING_TO_TRY = "the catalogue names no repository that is to be read"
_NO_TAGS = "it has no tags, or the registry hides it: {}"


class OciDoctor:
    """Examines every configured registry by one page of each listing; pulls nothing."""

    def __init__(self, settings: OciSettings) -> None:
        self._settings = settings

    def examine(self) -> Iterator[Check]:
        """Yield every check; what cannot be tried is one too."""
        for registry in self._settings.registries:
            yield from self._registry(registry)

    def _registry(self, registry: OciRegistry) -> Iterator[Check]:
        where = scope_id(registry.host)
        try:
            login = login_of(registry)
        except ConfigError as error:
            yield _check(where, _LOGIN, CheckStatus.MISSING, _ALL, told=str(error))
            return
        wire = Wire(self._settings.max_attempts, registry.ca_file)
        client = RegistryClient(
            registry.url, wire, Keyring(registry.url, login, wire, registry.token_hosts)
        )
        made, _ = _tried(where, BASE, _ALL, client.ping)
        # Some refuse this to those whom they let read: only what a run asks says what it lacks.
        unanswered = made.status is CheckStatus.UNREACHABLE
        yield replace(made, required=unanswered)
        if unanswered:
            return
        if registry.repositories is None:
            yield from self._catalogue(client, where)
        else:
            for name in sorted(set(registry.repositories)):
                if self._settings.wants(name):
                    yield _tried(where, f"{TAGS} {name}", _IMAGES, _first(client.tags, name))[0]

    def _catalogue(self, client: RegistryClient, where: str) -> Iterator[Check]:
        """Try the catalogue, and the tags of the first repository that it names."""
        made, page = _tried(where, CATALOG, _NAMES, lambda: next(client.repositories(), []))
        yield made
        if page is None:
            return
        wanted = [name for name in page if self._settings.wants(name)]
        if not wanted:
            yield _check(where, TAGS, CheckStatus.UNKNOWN, _IMAGES, told=_NOTHING_TO_TRY)
            return
        try:
            next(client.tags(wanted[0]), [])
        except NotFoundError as error:
            told = _NO_TAGS.format(error.message)
            yield _check(where, f"{TAGS} {wanted[0]}", CheckStatus.UNKNOWN, _IMAGES, told=told)
        except SourceError as error:
            yield _failed(where, f"{TAGS} {wanted[0]}", _IMAGES, error)
        else:
            yield _check(where, f"{TAGS} {wanted[0]}", CheckStatus.OK, _IMAGES)


def _first(pages: Callable[[str], Iterator[Told]], name: str) -> Callable[[], Told | None]:
    return lambda: next(pages(name), None)


def _tried(where: str, what: str, costs: str, ask: Callable[[], Told]) -> tuple[Check, Told | None]:
    """Make a call; return what it showed, and what it told where it was answered."""
    try:
        told = ask()
    except SourceError as error:
        return _failed(where, what, costs, error), None
    return _check(where, what, CheckStatus.OK, costs), told


def _failed(where: str, what: str, costs: str, error: SourceError) -> Check:
    """Say that a call was refused, or that nobody answered it."""
    unanswered = isinstance(error, TransientError)
    status = CheckStatus.UNREACHABLE if unanswered else CheckStatus.MISSING
    told = f"{error.code}: {error.message}"
    return _check(where, what, status, costs, permission=error.permission, told=told)


def _check(
    where: str, what: str, status: CheckStatus, costs: str, *, permission: str = "", told: str = ""
) -> Check:
    return Check(PROVIDER, where, what, status, permission, costs, told=told)
