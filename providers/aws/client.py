"""The only door to AWS: calls and pages of one account and region, typed. Imports botocore."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from botocore import xform_name
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from audit.errors import AccessDeniedError, BrokenPageError, SourceError, UnavailableError
from audit.model.scope import ScopeTally
from providers.aws.api import PAGE_TOKENS, STS_IDENTITY, Answer
from providers.aws.credentials import Keyring
from providers.aws.failures import (
    from_botocore_error,
    from_client_error,
    is_expired,
    is_unreachable,
)
from providers.aws.sessions import Sessions
from providers.aws.settings import AccountSettings, AwsSettings

_GIVE_UP_AFTER = 3
_MISSHAPEN = (ResponseParserError, AttributeError, KeyError, TypeError, ValueError)
"""What botocore's parsers let escape on an answer of another shape than the model's."""


class AwsApi:
    """One account and region: one client a service, built when first used, dropped at the end.

    One client is one adaptive rate limiter, as AWS's own limit is per account, region and
    operation. A service that could not be reached several times in a row is not asked again: with
    its retries, each call would cost minutes. For several threads, each with a tally of its own.
    """

    def __init__(
        self, clients: Clients, account: AccountSettings, region: str, keys: Credentials | None
    ) -> None:
        self._clients, self._account, self._region = clients, account, region
        self._keys = keys
        self._lock = threading.Lock()
        self._open: dict[str, BaseClient] = {}
        self._unreached: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every client and its connections."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        for client in self._open.values():
            client.close()
        self._open.clear()

    def call(self, tally: ScopeTally, operation: str, needs: str, **parameters: object) -> Answer:
        """Make one call; see :class:`providers.aws.api.Api`."""
        service, _, name = operation.partition(":")
        if self._unreached[service] >= _GIVE_UP_AFTER:
            raise UnavailableError(
                "not asked: the service could not be reached", operation=operation
            )
        tally.api_calls += 1
        answer = self._ask(operation, lambda: self._method(service, name)(**parameters), tally)
        if not isinstance(answer.get(needs), list | dict | str):
            raise BrokenPageError(
                f"the answer lacks {needs}: cut short or of another shape", operation=operation
            )
        return answer

    def pages(
        self, tally: ScopeTally, operation: str, needs: str, **parameters: object
    ) -> Iterator[Answer]:
        """Yield every page; see :class:`providers.aws.api.Api`."""
        seen: set[int] = set()  # not the tokens: Inspector's may have a million characters each
        name = PAGE_TOKENS.get(operation.partition(":")[0], "nextToken")
        while True:
            page = self.call(tally, operation, needs, **parameters)
            yield page
            token = page.get(name)
            if not token:
                return
            if hash(token) in seen:
                raise BrokenPageError(f"the same {name} came back", operation=operation)
            seen.add(hash(token))
            parameters[name] = token

    def _ask(self, operation: str, once: Callable[[], Answer], tally: ScopeTally) -> Answer:
        """Ask, and once more with a new session where AWS calls the role's session expired."""
        keys = self._keys
        try:
            return self._answer(operation, once)
        except AccessDeniedError as error:
            if not is_expired(error.code) or not self._renewed(keys, tally):
                raise
        return self._answer(operation, once)

    def _renewed(self, stale: Credentials | None, tally: ScopeTally) -> bool:
        """Go on with another session, unless another thread sees to that already."""
        with self._lock:
            if self._keys is stale:
                keys = self._clients.keyring.renew(self._account, stale, tally)
                if keys is None:
                    return False
                self._drop()
                self._keys = keys
        return True

    def _answer(self, operation: str, once: Callable[[], Answer]) -> Answer:
        reached, service = True, operation.partition(":")[0]
        # Not chained: a logged cause would repeat the words that were cut from the message.
        try:
            return once()
        except ClientError as error:
            raise from_client_error(error, operation) from None
        except BotoCoreError as error:
            reached = not is_unreachable(error)
            raise from_botocore_error(error, operation) from None
        except RuntimeError:  # botocore's word for credentials that are old when they come
            raise AccessDeniedError(
                "the session that was just given has ended already: is the machine's clock right?",
                operation=operation,
                code="SessionOver",
            ) from None
        except _MISSHAPEN as error:
            raise BrokenPageError(
                f"the answer has another shape than its model: {type(error).__name__}",
                operation=operation,
            ) from error
        finally:
            self._unreached[service] = 0 if reached else self._unreached[service] + 1

    def _method(self, service: str, name: str) -> Callable[..., Answer]:
        with self._lock:
            if service not in self._open:
                self._open[service] = self._clients.sessions.build(
                    service, self._region, self._keys
                )
            method: Callable[..., Answer] = getattr(self._open[service], xform_name(name))
        return method


class Clients:
    """Opens accounts and regions; shared by all threads.

    Attributes:
        keyring: The sessions of the accounts entered.
        sessions: What clients are built from.
    """

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self.sessions = Sessions(settings)
        self.keyring = Keyring(settings, self._ask_sts)
        self._lock = threading.Lock()
        self._own_account: str | None = None

    def open(self, account: AccountSettings, region: str, tally: ScopeTally) -> AwsApi:
        """Open an account and region, assuming the account's role if it has one.

        Raises:
            SourceError: The role cannot be assumed, or there are no credentials to be had.
        """
        if account.role_arn is None:
            return AwsApi(self, account, region, self._own())
        return AwsApi(self, account, region, self.keyring.enter(account, tally))

    def own_account(self, tally: ScopeTally) -> str:
        """Return the account of the tool's own credentials, asked once; empty if nobody tells.

        Where it cannot be told that is an error of ``tally``, the first one's that asked.
        """
        with self._lock:
            if self._own_account is None:
                self._own_account = ""
                try:
                    self._own_account = self._identity(tally)
                except SourceError as error:
                    tally.fail(error)
            return self._own_account

    def _identity(self, tally: ScopeTally) -> str:
        answer = self._ask_sts(tally, STS_IDENTITY, "ResponseMetadata")
        account = answer.get("Account")
        if not isinstance(account, str):
            raise BrokenPageError("the answer lacks Account", operation=STS_IDENTITY)
        return account

    def own(self, region: str) -> AwsApi:
        """Open a region with the tool's own credentials, whichever account they are of.

        Raises:
            SourceError: There are no credentials to be had.
        """
        return AwsApi(self, _NOBODY, region, self._own())

    def _own(self) -> Credentials | None:
        try:
            return self.sessions.own()
        except BotoCoreError as error:
            raise from_botocore_error(error, "credentials") from None

    def _ask_sts(
        self, tally: ScopeTally, operation: str, needs: str, **parameters: object
    ) -> Answer:
        with self.own(self._settings.home) as api:
            return api.call(tally, operation, needs, **parameters)


_NOBODY = AccountSettings(id="000000000000")
"""Stands for the account of the tool's own credentials where that is not known."""
