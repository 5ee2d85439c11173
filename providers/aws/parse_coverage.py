"""Rows of inspector2 ListCoverage -> what Inspector knows of an image. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.model.enums import State
from providers.aws.parse_findings import ECR_IMAGE, account_of_id, image_of_id
from providers.aws.status import Verdict, coverage_verdict


@dataclass(frozen=True, slots=True)
class Covered:
    """What coverage says of one image."""

    verdict: Verdict
    in_use_count: int | None

    def with_other(self, other: Covered) -> Covered:
        """Settle two rows of one image: not having looked outweighs having looked.

        The larger count holds; none running is believed only where both rows counted.
        """
        settled = other if self.verdict.state is State.ASSESSED else self
        counts = (self.in_use_count, other.in_use_count)
        most = max((count for count in counts if count is not None), default=None)
        return replace(settled, in_use_count=most if most or None not in counts else None)


def covered_image(row: Mapping[str, Any]) -> tuple[str, tuple[str, str], Covered] | None:
    """Return (account, (repository, digest), what is said), or None if it is of something else.

    Raises:
        BrokenPageError: The row is of an ECR image but does not say which.
    """
    if row.get("resourceType") != ECR_IMAGE:
        return None
    status = row.get("scanStatus") or {}
    image = (row.get("resourceMetadata") or {}).get("ecrImage") or {}
    verdict = coverage_verdict(
        status.get("statusCode", "absent"), status.get("reason", "absent"), row.get("lastScannedAt")
    )
    resource = str(row.get("resourceId", ""))
    key = image_of_id(resource)
    account = str(row.get("accountId") or account_of_id(resource) or "")
    return account, key, Covered(verdict, image.get("inUseCount"))
