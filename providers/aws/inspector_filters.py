"""Filter criteria of Amazon Inspector's listings. Pure.

A listing without a filter by resource type and status never ends in a large account, and counts
the images of other clouds that Inspector sees as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from providers.aws.parse_findings import ACTIVE, CLOSED, ECR_IMAGE, SUPPRESSED

Criteria = dict[str, list[dict[str, Any]]]
MOST_VALUES = 10
"""Most values that one attribute of the criteria takes."""


def equals(*words: str) -> list[dict[str, str]]:
    """Return the condition that a value is one of ``words``."""
    return [{"comparison": "EQUALS", "value": word} for word in words]


def standing(accounts: Iterable[str]) -> Criteria:
    """Everything that stands about the images of accounts."""
    return _of(accounts) | {"findingStatus": equals(ACTIVE, SUPPRESSED)}


def changed(accounts: Iterable[str], since: datetime) -> Criteria:
    """Everything that was stated, changed or taken back since a moment."""
    return _of(accounts) | {
        "findingStatus": equals(ACTIVE, SUPPRESSED, CLOSED),
        "updatedAt": [{"startInclusive": since}],
    }


def closed(account: str, since: datetime) -> Criteria:
    """Everything about the images of an account that was taken back since a moment."""
    return changed([account], since) | {"findingStatus": equals(CLOSED)}


def about(account: str, digests: Iterable[str]) -> Criteria:
    """Everything that stands about some digests of an account."""
    return standing([account]) | {"ecrImageHash": equals(*digests)}


def covering(accounts: Iterable[str]) -> Criteria:
    """The coverage of the images of accounts."""
    wanted = tuple(accounts)
    criteria: Criteria = {"resourceType": equals(ECR_IMAGE)}
    return criteria | ({"accountId": equals(*wanted)} if _fits(wanted) else {})


def _of(accounts: Iterable[str]) -> Criteria:
    wanted = tuple(accounts)
    account: Criteria = {"awsAccountId": equals(*wanted)} if _fits(wanted) else {}
    return account | {"resourceType": equals(ECR_IMAGE)}


def _fits(accounts: tuple[str, ...]) -> bool:
    """Whether accounts can be named; where they are too many, all are asked for."""
    return 0 < len(accounts) <= MOST_VALUES
