"""Builds botocore clients: the models load once, credentials are the caller's. Imports botocore."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials
from botocore.utils import parse_timestamp

from audit.endpoints import is_loopback
from providers.aws import fast
from providers.aws.api import CLIENTS
from providers.aws.settings import AwsSettings

_SHARED = ("data_loader", "response_parser_factory")
"""Parts that sessions share. Without the loader each would read and parse the models anew: 263
instead of 23 ms and 8.9 instead of 0.3 MB a client."""
_AT_ONCE = 16
"""Sessions held, for the accounts in flight; one that was let go costs some 30 ms again."""
_CONNECTIONS = 64
"""As many as tasks may run at once: they share the client of Inspector's administrator, and what
does not fit is thrown away after each call. One that is not needed is not opened."""


class _Given(CredentialProvider):
    """Hands a session the credentials it is built for."""

    METHOD = "given"

    def __init__(self, credentials: Credentials | None) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials | None:
        return self._credentials


class Sessions:
    """One botocore session for each set of credentials, on models that are loaded once."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._held: OrderedDict[int, tuple[Credentials | None, botocore.session.Session]] = (
            OrderedDict()
        )
        given = settings.credentials
        self._given = (
            Credentials(given.access_key_id, given.secret_access_key.get_secret_value())
            if given
            else None
        )
        self._core = botocore.session.Session()
        parsers = self._core.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=utc)

    def own(self) -> Credentials | None:
        """Return the tool's own credentials: those configured, else those of the SDK's chain.

        Raises:
            BotoCoreError: The chain has some and they cannot be had.
        """
        if self._given is not None:
            return self._given
        with self._lock:
            found: Credentials | None = self._core.get_credentials()
        return found

    def build(self, service: str, region: str, credentials: Credentials | None) -> BaseClient:
        """Make a client. Sessions are not promised to be thread-safe, hence the lock."""
        name = CLIENTS.get(service, service)
        url = self._settings.endpoints.of(name)
        with self._lock:
            client: BaseClient = self._session(credentials).create_client(
                name, region_name=region, endpoint_url=url, config=self._config(url)
            )
            fast.install(client.meta, utc)
        return client

    def _session(self, credentials: Credentials | None) -> botocore.session.Session:
        """Return the session of some credentials; it is made anew when it was let go."""
        key = id(credentials)  # unique among those held, as each holds its credentials
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key][1]
        session = botocore.session.Session()
        for part in _SHARED:
            session.register_component(part, self._core.get_component(part))
        resolver = CredentialResolver([_Given(credentials)])
        session.register_component("credential_provider", resolver)
        session.set_config_variable("sts_regional_endpoints", "regional")
        self._held[key] = (credentials, session)
        if len(self._held) > _AT_ONCE:
            self._held.popitem(last=False)
        return session

    def known_regions(self, service: str, partition: str) -> list[str]:
        """Return the regions of a service that botocore's own data name; asks nobody."""
        with self._lock:
            return sorted(self._core.get_available_regions(service, partition))

    def _config(self, url: str | None) -> Config:
        loopback = url is not None and is_loopback(urlsplit(url).hostname or "")
        return Config(
            retries={"mode": "adaptive", "total_max_attempts": self._settings.max_attempts},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=_CONNECTIONS,
            user_agent_extra="registry-audit",
            # An empty mapping keeps a proxy of the environment away from loopback.
            proxies={} if loopback else None,
        )


def utc(value: Any) -> datetime | None:  # noqa: ANN401  a number or a text, as the wire has it
    """Read a timestamp of the wire as UTC (botocore's own reader answers in the machine's zone).

    Nonsense is None: one bad time must not take a page of a thousand images with it.
    """
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        return parse_timestamp(value).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
