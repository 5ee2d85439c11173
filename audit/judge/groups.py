"""Alias groups with memory: which ids are one vulnerability, and under which id it leads.

An id that was once found to be another's alias stays so: an age must not start again because a
source stopped telling of an alias. CVE ids never give way to each other, and an id that several
CVEs claim (an advisory) joins none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)


def is_cve(identifier: str) -> bool:
    """Whether an id is a CVE id."""
    return _CVE.fullmatch(identifier) is not None


def leading_ids(pairs: Iterable[tuple[str, str]], remembered: Mapping[str, str]) -> dict[str, str]:
    """Return the leading id of every id that does not lead itself.

    Args:
        pairs: Ids that a source calls one vulnerability, in any order and case of CVE ids.
        remembered: What earlier runs found: id -> leading id.

    Returns:
        id -> leading id. Ids that lead themselves are left out, CVE ids always.
    """
    groups = _Groups()
    for one, two in (*sorted(remembered.items()), *sorted(pairs)):
        groups.join(one, two)
    found = {}
    for members in groups.components():
        for member in members:
            lead = _lead(member, members, groups.cves, remembered)
            if lead != member:
                found[member] = lead
    return {member: found.get(lead, lead) for member, lead in found.items()}


def _lead(
    member: str, members: list[str], cves: Mapping[str, set[str]], remembered: Mapping[str, str]
) -> str:
    before = remembered.get(member)
    if before and is_cve(before):
        return before
    own = cves.get(member, set())
    shared = set().union(*(cves.get(other, set()) for other in members))
    for claimed in (shared, own):
        if len(claimed) == 1:
            return next(iter(claimed))
    if shared:
        return before or member
    leads = {remembered[other] for other in members if other in remembered}
    return min(leads or set(members))


class _Groups:
    """Ids that are no CVEs, joined with each other, and the CVEs each is linked to."""

    def __init__(self) -> None:
        self.cves: dict[str, set[str]] = {}
        self._above: dict[str, str] = {}

    def join(self, one: str, two: str) -> None:
        cves = [identifier for identifier in (one, two) if is_cve(identifier)]
        others = [identifier for identifier in (one, two) if not is_cve(identifier)]
        for other in others:
            self._above.setdefault(other, other)
            self.cves.setdefault(other, set()).update(cve.upper() for cve in cves)
        if len(others) == 2:
            low, high = sorted((self._root(one), self._root(two)))
            self._above[high] = low

    def components(self) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for identifier in sorted(self._above):
            found.setdefault(self._root(identifier), []).append(identifier)
        return list(found.values())

    def _root(self, identifier: str) -> str:
        while self._above[identifier] != identifier:
            self._above[identifier] = self._above[self._above[identifier]]
            identifier = self._above[identifier]
        return identifier
