"""AWS Account Management: the regions of an account (REST, JSON)."""

from __future__ import annotations

from typing import Any

from providers.loopback.aws.gates import Options
from providers.loopback.aws.wire import AwsError
from providers.loopback.aws.world import AwsWorld
from providers.loopback.paging import Listing

PATHS = {"/listRegions": "ListRegions"}
_MOST = 50
_OPT_IN = ("af-south-1", "ap-east-1")
"""Regions that no account has enabled."""


def list_regions(
    world: AwsWorld, options: Options, caller: str, params: dict[str, Any]
) -> dict[str, Any]:
    """Answer ListRegions of the caller's account, or of a member's for the management account."""
    management, asked = world.accounts[0], params.get("AccountId")
    if asked == management == caller:
        raise AwsError("ValidationException", "The management account must not specify its own id")
    if asked is not None and caller != management:
        raise AwsError("AccessDeniedException", "account:ListRegions on another account", 403)
    if asked is not None and asked not in world.accounts:
        raise AwsError("ResourceNotFoundException", "no such account", 404)
    size = params.get("MaxResults", _MOST)
    if not isinstance(size, int) or not 1 <= size <= _MOST:
        raise AwsError("ValidationException", f"MaxResults must be between 1 and {_MOST}")
    wanted = params.get("RegionOptStatusContains") or ["ENABLED", "ENABLED_BY_DEFAULT", "DISABLED"]
    enabled = options.regions or world.regions
    known = dict.fromkeys(enabled, "ENABLED_BY_DEFAULT")
    known |= {name: "DISABLED" for name in _OPT_IN if name not in known}
    rows = [{"RegionName": n, "RegionOptStatus": s} for n, s in known.items() if s in wanted]
    listing = Listing(("ListRegions", asked or caller, world.estate.name))
    page = listing.page(rows, str(params.get("NextToken") or ""), size)
    more = {"NextToken": page.next_token} if page.next_token else {}
    return {"Regions": list(page.items), **more}
