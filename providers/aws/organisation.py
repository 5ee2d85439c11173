"""Who belongs to the organisation, as far as this run knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_ANYONE = "*"


@dataclass(frozen=True)
class Organisation:
    """The organisation whose registries are read.

    Attributes:
        id: ``o-...``; empty when not known.
        accounts: Accounts known to belong to it.
        whole: Whether ``accounts`` are all of them.
    """

    id: str = ""
    accounts: frozenset[str] = frozenset()
    whole: bool = False

    def is_outside(self, parties: Iterable[str], *, more: bool) -> tuple[bool | None, str]:
        """Say whether one of some accounts and organisations does not belong to it.

        Args:
            parties: Account ids, organisation ids, ``*`` for anyone.
            more: There may be others.

        Returns:
            Yes, no, or None with the reason.
        """
        answers = [self._holds(party) for party in parties]
        if False in answers:
            return True, ""
        if None in answers:
            return None, "the accounts of the organisation are not known"
        return (None, "others may be let in") if more else (False, "")

    def _holds(self, party: str) -> bool | None:
        if party == _ANYONE:
            return False
        if party.startswith("o-"):
            return party == self.id if self.id else None
        if party in self.accounts:
            return True
        return False if self.whole else None
