"""The only module that talks to AWS: clients, credentials, paging. Imports boto3."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from audit.endpoints import is_loopback
from audit.errors import BrokenPageError, UnavailableError
from audit.model.scope import ScopeTally
from providers.aws import fast
from providers.aws.api import CLIENTS, PAGE_TOKENS, STS_ASSUME_ROLE, Answer
from providers.aws.failures import from_botocore_error, from_client_error, is_unreachable
from providers.aws.settings import AccountSettings, AwsSettings

_GIVE_UP_AFTER = 3
_MISSHAPEN = (ResponseParserError, AttributeError, KeyError, TypeError, ValueError)
"""What botocore's parsers let escape on an answer of another shape than the model's."""


@dataclass(frozen=True)
class Keys:
    """Credentials of one client; never printed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class AwsApi:
    """One account and region: one client a service, built when first used.

    One client is one adaptive rate limiter, as AWS's own limit is per account, region and
    operation. A service that could not be reached several times in a row is not asked again: with
    its retries, each call would cost minutes. Not for use by several threads at once.
    """

    def __init__(self, clients: Clients, region: str, keys: Keys | None) -> None:
        self._clients, self._region, self._keys = clients, region, keys
        self._open: dict[str, BaseClient] = {}
        self._unreached: Counter[str] = Counter()

    def call(self, tally: ScopeTally, operation: str, needs: str, **parameters: object) -> Answer:
        """Make one call; see :class:`providers.aws.api.Api`."""
        service, _, name = operation.partition(":")
        if self._unreached[service] >= _GIVE_UP_AFTER:
            raise UnavailableError(
                "not asked: the service could not be reached", operation=operation
            )
        tally.api_calls += 1
        try:
            method = getattr(self._client(service), xform_name(name))
        except BotoCoreError as error:
            raise from_botocore_error(error, operation) from None
        answer = self._ask(service, method, operation, parameters)
        if not isinstance(answer.get(needs), list | dict | str):
            raise BrokenPageError(
                f"the answer lacks {needs}: cut short or of another shape", operation=operation
            )
        return answer

    def pages(
        self, tally: ScopeTally, operation: str, needs: str, **parameters: object
    ) -> Iterator[Answer]:
        """Yield every page; see :class:`providers.aws.api.Api`."""
        seen: set[str] = set()
        name = PAGE_TOKENS.get(operation.partition(":")[0], "nextToken")
        while True:
            page = self.call(tally, operation, needs, **parameters)
            yield page
            token = page.get(name)
            if not token:
                return
            if token in seen:
                raise BrokenPageError(f"the same {name} came back", operation=operation)
            seen.add(token)
            parameters[name] = token

    def _ask(
        self,
        service: str,
        method: Callable[..., Answer],
        operation: str,
        parameters: dict[str, object],
    ) -> Answer:
        reached = True
        # Not chained: a logged cause would repeat the words that were cut from the message.
        try:
            return method(**parameters)
        except ClientError as error:
            raise from_client_error(error, operation) from None
        except BotoCoreError as error:
            reached = not is_unreachable(error)
            raise from_botocore_error(error, operation) from None
        except _MISSHAPEN as error:
            raise BrokenPageError(
                f"the answer has another shape than its model: {type(error).__name__}",
                operation=operation,
            ) from error
        finally:
            self._unreached[service] = 0 if reached else self._unreached[service] + 1

    def _client(self, service: str) -> BaseClient:
        if service not in self._open:
            self._open[service] = self._clients.build(service, self._region, self._keys)
        return self._open[service]


class Clients:
    """Builds clients on one shared boto3 session (its models and endpoint data load once)."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        core = botocore.session.get_session()
        parsers = core.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=utc)
        self._session = boto3.session.Session(botocore_session=core)

    def open(self, account: AccountSettings, region: str, tally: ScopeTally) -> AwsApi:
        """Open an account and region, assuming the account's role if it has one.

        The role is assumed anew for each account and region: a chained session lasts one hour.

        Raises:
            SourceError: The role cannot be assumed.
        """
        own = self._own_keys()
        if account.role_arn is None:
            return AwsApi(self, region, own)
        request = {"RoleArn": account.role_arn, "RoleSessionName": self._settings.session_name}
        if account.external_id:
            request["ExternalId"] = account.external_id
        answer = AwsApi(self, region, own).call(tally, STS_ASSUME_ROLE, "Credentials", **request)
        return AwsApi(self, region, _keys_of(answer["Credentials"]))

    def build(self, service: str, region: str, keys: Keys | None) -> BaseClient:
        """Make a client. Sessions are not promised to be thread-safe, hence the lock."""
        name = CLIENTS.get(service, service)
        url = self._settings.endpoints.of(name)
        with self._lock:
            client: BaseClient = self._session.client(  # type: ignore[call-overload]  # a value
                name,
                region_name=region,
                endpoint_url=url,
                aws_access_key_id=keys.access_key_id if keys else None,
                aws_secret_access_key=keys.secret_access_key if keys else None,
                aws_session_token=keys.session_token if keys else None,
                config=self._config(url),
            )
        fast.install(client.meta, utc)
        return client

    def _own_keys(self) -> Keys | None:
        given = self._settings.credentials
        if given is None:
            return None
        return Keys(given.access_key_id, given.secret_access_key.get_secret_value())

    def _config(self, url: str | None) -> Config:
        loopback = url is not None and is_loopback(urlsplit(url).hostname or "")
        return Config(
            retries={
                "mode": "adaptive",
                "total_max_attempts": self._settings.max_attempts,
            },
            connect_timeout=5,
            read_timeout=60,
            user_agent_extra="registry-audit",
            # An empty mapping keeps a proxy of the environment away from loopback.
            proxies={} if loopback else None,
        )


def utc(value: Any) -> datetime | None:  # noqa: ANN401  a number or a text, as the wire has it
    """Read a timestamp of the wire as UTC (botocore's own reader answers in the machine's zone).

    Nonsense is None: one bad time must not take a page of a thousand images with it.
    """
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        return parse_timestamp(value).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _keys_of(credentials: Answer) -> Keys:
    try:
        return Keys(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
        )
    except KeyError as error:
        raise BrokenPageError(f"the answer lacks {error}", operation=STS_ASSUME_ROLE) from error
