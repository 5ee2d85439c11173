"""Vulnerability ids and their aliases. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CVE = re.compile(r"^CVE-\d{4}-\d{4,}$", re.IGNORECASE)


def leading_id(vulnerability_id: str, aliases: Iterable[str] = ()) -> str:
    """Return the id that stands for the alias group: its CVE where it has exactly one.

    An advisory that bundles several CVEs keeps its own id: it is not an alias of any of them.
    """
    if _CVE.match(vulnerability_id):
        return vulnerability_id.upper()
    cves = {alias.upper() for alias in aliases if _CVE.match(alias)}
    return cves.pop() if len(cves) == 1 else vulnerability_id
