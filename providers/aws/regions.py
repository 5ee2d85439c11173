"""Which regions an account has enabled (account ListRegions)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from audit.errors import AccessDeniedError, BrokenPageError, SourceError
from audit.model.scope import ScopeTally
from providers.aws.api import ACCOUNT_REGIONS
from providers.aws.client import AwsApi, Clients
from providers.aws.settings import AccountSettings, AwsSettings

FROM_OFFLINE_LIST = "RegionsFromOfflineList"
_A_PAGE = 50
_ENABLED = ["ENABLED", "ENABLED_BY_DEFAULT"]


class RegionReader:
    """Asks for an account's regions: through the hub, else in the account, else nobody.

    For many threads.
    """

    def __init__(self, settings: AwsSettings, clients: Clients) -> None:
        self._settings, self._clients = settings, clients
        self._lock = threading.Lock()
        self._hub: AccountSettings | None = None
        self._hub_refuses = False

    def use_hub(self, hub: AccountSettings) -> None:
        """Ask this account (management, or delegated administrator) about the others."""
        self._hub = hub

    def read(self, account: AccountSettings, api: AwsApi, tally: ScopeTally) -> list[str]:
        """Return the regions to read of an account that ``api`` has open.

        Where nobody tells, they are those that the SDK knows to have ECR: more than are enabled,
        perhaps not all. That is an error of the account's scope, which is then no ground to
        believe a region gone.
        """
        if self._settings.listed_regions:
            return list(self._settings.listed_regions)
        try:
            found = self._through_hub(account, tally)
            return self._asked(api, tally) if found is None else found
        except SourceError as error:
            tally.fail(_unknown(error))
        return self._clients.sessions.known_regions("ecr", self._settings.cloud)

    def _through_hub(self, account: AccountSettings, tally: ScopeTally) -> list[str] | None:
        """Ask the hub; None where it does not answer for this account.

        A refusal is one of the hub's role or of trusted access: it holds for every account.
        """
        if self._hub is None or self._hub_refuses or self._hub.id == account.id:
            return None
        try:
            with self._clients.open(self._hub, self._settings.home, tally) as api:
                return self._asked(api, tally, AccountId=account.id)
        except AccessDeniedError:
            with self._lock:
                self._hub_refuses = True
        except SourceError:
            return None
        return None

    def _asked(self, api: AwsApi, tally: ScopeTally, **whose: str) -> list[str]:
        pages = api.pages(
            tally,
            ACCOUNT_REGIONS,
            "Regions",
            MaxResults=_A_PAGE,
            RegionOptStatusContains=_ENABLED,
            **whose,
        )
        found = sorted(name for page in pages for name in _names(page["Regions"]))
        if not found:  # every account has some: an empty answer is no word that all are gone
            raise BrokenPageError("no region is named", operation=ACCOUNT_REGIONS)
        return found


def _names(rows: Sequence[object]) -> list[str]:
    names = [row.get("RegionName") if isinstance(row, dict) else None for row in rows]
    if not all(isinstance(name, str) and name for name in names):
        raise BrokenPageError("a region has no RegionName", operation=ACCOUNT_REGIONS)
    return [str(name) for name in names]


def _unknown(error: SourceError) -> AccessDeniedError:
    """Say that the regions are those of the SDK's list, and which permission is missing."""
    return AccessDeniedError(
        f"the enabled regions are not told ({error.code}: {error.message}); those that the SDK "
        "lists were tried",
        operation=ACCOUNT_REGIONS,
        code=FROM_OFFLINE_LIST,
        permission=error.permission,
    )
