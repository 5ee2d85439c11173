"""Credentials by account: a role is assumed once and its session renewed before it ends.

botocore's own AssumeRoleCredentialFetcher is not used: it can neither fall back from a duration
that is refused nor say in the tool's words why a role cannot be assumed.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from typing import Protocol

from botocore.credentials import Credentials, RefreshableCredentials

from audit.errors import AccessDeniedError, BrokenPageError, SourceError
from audit.model.enums import ScopeKind
from audit.model.scope import ScopeRef, ScopeTally
from providers.aws.api import STS_ASSUME_ROLE, Answer
from providers.aws.settings import AccountSettings, AwsSettings

CHAINED_SECONDS = 3600
"""The longest session of a role that is assumed by a role; every role allows it."""
_TOO_LONG = "DurationSeconds exceeds"
_LOG = logging.getLogger("registry_audit.aws")


class Ask(Protocol):
    """Makes one call to STS with the tool's own credentials."""

    def __call__(
        self, tally: ScopeTally, operation: str, needs: str, **parameters: object
    ) -> Answer:
        """See :meth:`providers.aws.api.Api.call`."""


class Keyring:
    """The sessions of every role that was assumed; for many threads.

    What is held of a session is its keys alone (some hundred bytes), so that no role is assumed
    twice, however late its account's last region comes.
    """

    def __init__(self, settings: AwsSettings, ask: Ask) -> None:
        self._settings, self._ask = settings, ask
        self._lock = threading.Lock()
        self._doors: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._held: dict[str, RefreshableCredentials] = {}
        self._refused: dict[str, AccessDeniedError] = {}
        self._seconds = settings.session_seconds

    def enter(self, account: AccountSettings, tally: ScopeTally) -> Credentials:
        """Return the session of an account's role; assumed, and counted, at the first call.

        Raises:
            SourceError: The role cannot be assumed; where that was refused it is not tried again.
        """
        role = str(account.role_arn)
        with self._door(role):
            if role in self._refused:
                raise self._refused[role]
            if role not in self._held:
                self._held[role] = self._assume(account, tally)
            return self._held[role]

    def renew(
        self, account: AccountSettings, stale: Credentials | None, tally: ScopeTally
    ) -> Credentials | None:
        """Return another session than the one that AWS calls expired; None where there is none.

        Raises:
            SourceError: The role cannot be assumed any more.
        """
        role = account.role_arn
        if role is None:
            return None
        with self._door(role):
            if self._held.get(role) is stale:
                self._held[role] = self._assume(account, tally)
            return self._held[role]

    def _door(self, role: str) -> threading.Lock:
        with self._lock:
            return self._doors[role]

    def _assume(self, account: AccountSettings, tally: ScopeTally) -> RefreshableCredentials:
        try:
            keys = self._keys(account, tally)
        except AccessDeniedError as error:
            self._refused[str(account.role_arn)] = error
            raise
        later = ScopeTally(ScopeRef("aws", f"aws/{account.id}", ScopeKind.DISCOVERY))
        return RefreshableCredentials.create_from_metadata(
            keys, refresh_using=lambda: self._keys(account, later), method="assume-role"
        )

    def _keys(self, account: AccountSettings, tally: ScopeTally) -> dict[str, str]:
        seconds = self._seconds
        try:
            answer = self._asked(account, tally, seconds)
        except SourceError as error:
            if seconds <= CHAINED_SECONDS or _TOO_LONG not in error.message:
                raise
            _LOG.warning(
                "%s: a session of %d s is refused, asking for %d s: %s",
                account.role_arn,
                seconds,
                CHAINED_SECONDS,
                error.message,
            )
            if "chaining" in error.message:  # so it is for every account, not for this role alone
                self._seconds = CHAINED_SECONDS
            answer = self._asked(account, tally, CHAINED_SECONDS)
        return _keys_of(answer["Credentials"])

    def _asked(self, account: AccountSettings, tally: ScopeTally, seconds: int) -> Answer:
        optional = {
            "ExternalId": account.external_id,
            "SourceIdentity": self._settings.source_identity,
        }
        return self._ask(
            tally,
            STS_ASSUME_ROLE,
            "Credentials",
            RoleArn=account.role_arn,
            RoleSessionName=self._settings.session_name,
            DurationSeconds=seconds,
            **{name: value for name, value in optional.items() if value is not None},
        )


def _keys_of(credentials: Answer) -> dict[str, str]:
    """Return what botocore's refreshable credentials are made of."""
    try:
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": credentials["Expiration"].isoformat(),
        }
    except (KeyError, AttributeError) as error:
        raise BrokenPageError(
            f"the answer lacks a part of the credentials: {type(error).__name__}",
            operation=STS_ASSUME_ROLE,
        ) from None
