"""Logins to pull images with: ECR's tokens, one for each account and region; none for ECR Public.

Whether such a pull leaves the time of the last pull alone (ListPullTimeUpdateExclusions) is read
with the token, for whom the token is given to is who pulls.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from audit.endpoints import check_endpoint, is_loopback
from audit.errors import BrokenPageError, SourceError, TerminalError
from audit.keeping import Keeper, Lasting
from audit.model.scope import ScopeTally
from audit.ports import PullLogin, RunContext
from providers.aws.api import (
    ECR_PULL_EXCLUSIONS,
    ECR_TOKEN,
    STS_IDENTITY,
    Answer,
    Api,
    clock_of,
    member,
    whole_rows,
)
from providers.aws.posture_registry import same_principal
from providers.aws.scopes import account_scope
from providers.aws.settings import AwsSettings

if TYPE_CHECKING:
    from providers.aws.client import AwsApi

PUBLIC = "public.ecr.aws"
_HOST = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


class EcrPulls:
    """The logins of every registry that is pulled from. Thread-safe.

    Args:
        settings: Whether an address of this machine may do without TLS.
        open_account: Opens an account and region.
    """

    def __init__(
        self,
        settings: AwsSettings,
        context: RunContext,
        open_account: Callable[[str, str, ScopeTally], AwsApi],
    ) -> None:
        self._settings, self._context, self._open = settings, context, open_account
        self._kept: Keeper[str, PullLogin] = Keeper(self._fetched)

    def login(self, registry_id: str) -> PullLogin:
        """Return how images of a registry are pulled; see :class:`audit.ports.Pulls`."""
        host, _, alias = registry_id.partition("/")
        if host == PUBLIC:  # it tells no time of a pull (ecr-public DescribeImages)
            return PullLogin(host, prefix=f"{alias}/", traceless=True)
        return self._kept.get(registry_id)

    def _fetched(self, registry_id: str) -> Lasting[PullLogin]:
        found = _HOST.fullmatch(registry_id)
        if found is None:
            raise TerminalError(f"{registry_id!r} is no registry of ECR", operation=ECR_TOKEN)
        account, region = found.groups()
        tally = ScopeTally(account_scope(account))
        with self._open(account, region, tally) as api:
            answer = api.call(tally, ECR_TOKEN, "authorizationData")
            login, ends = self._read(account, answer, self._traceless(api, registry_id, tally))
        began = clock_of(answer)
        return Lasting(login, max(0.0, (ends - began).total_seconds()) if began else 0.0)

    def _read(
        self, account: str, answer: Answer, traceless: bool | None
    ) -> tuple[PullLogin, datetime]:
        """Read an answer of GetAuthorizationToken; nothing of it is repeated in an error.

        Raises:
            BrokenPageError: It is of another shape, or is not about the account's own registry.
        """
        rows = whole_rows(answer["authorizationData"], ECR_TOKEN)
        row = rows[0] if len(rows) == 1 else {}
        ends = row.get("expiresAt")
        username, secret = _unpacked(member(row, "authorizationToken", ECR_TOKEN))
        address = urlsplit(self._checked(account, member(row, "proxyEndpoint", ECR_TOKEN)))
        if not isinstance(ends, datetime):
            raise BrokenPageError("a row has no expiresAt", operation=ECR_TOKEN)
        login = PullLogin(
            host=address.netloc,
            username=username,
            secret=secret,
            plain_http=address.scheme == "http",
            traceless=traceless,
        )
        return login, ends

    def _checked(self, account: str, url: str) -> str:
        """Return the registry's address, to which the token will be sent.

        The tool's own credentials, used for want of a configured role, open another registry.
        """
        try:
            check_endpoint(url, allow_insecure_loopback=self._settings.allow_insecure_loopback)
        except ValueError as error:
            raise BrokenPageError(f"proxyEndpoint: {error}", operation=ECR_TOKEN) from None
        host = urlsplit(url).hostname or ""
        if not host.startswith(f"{account}.") and not is_loopback(host):
            raise BrokenPageError(
                f"the token is for {host}, which is not a registry of account {account}",
                operation=ECR_TOKEN,
            )
        return url

    def _traceless(self, api: Api, registry_id: str, tally: ScopeTally) -> bool | None:
        """Whether who pulls is among the excluded; None where that could not be read."""
        needs = "pullTimeUpdateExclusions"
        try:
            pages = api.pages(tally, ECR_PULL_EXCLUSIONS, needs, maxResults=1000)
            excluded = [str(one) for page in pages for one in page[needs]]
            own = str(api.call(tally, STS_IDENTITY, "Arn")["Arn"]) if excluded else ""
        except SourceError as error:
            self._context.log.warning(
                "%s: whether scanning counts as a pull is not known: %s",
                registry_id,
                error,
                extra={"error_code": error.code},
            )
            return None
        return any(same_principal(own, one) for one in excluded)


def _unpacked(token: str) -> tuple[str, str]:
    """Return user and password of an authorization token, ``base64(AWS:password)``."""
    try:
        username, colon, secret = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        username, colon, secret = "", "", ""
    if not (username and colon and secret):
        raise BrokenPageError("authorizationToken is of another form", operation=ECR_TOKEN)
    return username, secret
