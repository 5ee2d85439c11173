"""Logins to pull images with: an access token of the identity that the tool runs with."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from audit.clock import SystemClock
from audit.errors import TerminalError
from audit.keeping import Keeper, Lasting
from audit.ports import PullLogin
from providers.gcp.settings import LOCATION, GcpSettings

USER = "oauth2accesstoken"
"""User name that goes with an access token (Google's documentation of Artifact Registry)."""
_REGISTRY = re.compile(r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<path>[^/]+(?:/[^/]+){1,2})")
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class GcpPulls:
    """One token for every registry. Thread-safe."""

    def __init__(self, settings: GcpSettings) -> None:
        self._settings = settings
        self._kept: Keeper[str, str] = Keeper(_fetched)

    def login(self, registry_id: str) -> PullLogin:
        """Return how images of a registry are pulled; see :class:`audit.ports.Pulls`.

        Repositories of gcr.io are pulled from Artifact Registry's own host too.
        """
        found = _REGISTRY.fullmatch(registry_id)
        if found is None:
            raise TerminalError(f"{registry_id!r} is no registry of Artifact Registry")
        usual = f"https://{LOCATION}-docker.pkg.dev"
        url = (self._settings.endpoints.docker or usual).replace(LOCATION, found["location"])
        address = urlsplit(url)
        return PullLogin(
            host=address.netloc,
            prefix=f"{found['path']}/",
            username=USER,
            secret=self._kept.get(USER),
            plain_http=address.scheme == "http",
            # No time of a pull is told, but an image that was pulled is scanned on for 30 days.
            traceless=False,
        )


def _fetched(_user: str) -> Lasting[str]:
    """Fetch an access token with the credentials that Google's library finds.

    Raises:
        AccessDeniedError: There are none, or they were refused.
        UnavailableError: Whoever gives out tokens could not be reached.
    """
    import google.auth  # noqa: PLC0415  lazy import of the SDKs
    from google.auth.transport.requests import Request  # noqa: PLC0415  lazy import of the SDKs

    from providers.gcp.failures import translated  # noqa: PLC0415  lazy import of the SDKs
    from providers.gcp.operations import PULL  # noqa: PLC0415  lazy import of the SDKs

    with translated(PULL):
        found: Any = google.auth.default(scopes=_SCOPES)[0]
        found.refresh(Request())
    if not found.token:
        raise TerminalError("no token was given", operation=PULL.name)
    return Lasting(str(found.token), _left(found.expiry))


def _left(expiry: datetime | None) -> float:
    """Return the seconds to an end that the library took from the machine's clock, in UTC."""
    if expiry is None:
        return 0.0
    return max(0.0, (expiry.replace(tzinfo=UTC) - SystemClock().now()).total_seconds())
