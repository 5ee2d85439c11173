"""How many rows a page of a registry is asked for: less when a gateway gives up, more again."""

from __future__ import annotations

MOST = 1000
"""Rows in a page; the registry's own default is 100, its most is 1000."""
LEAST = 5
"""The field tells of registries that answer 502 at 100 rows and work at 5."""
_STEP = 4


class PageSize:
    """The size of the pages of one registry, learnt as it is read.

    Attributes:
        rows: How many to ask for.
    """

    def __init__(self) -> None:
        self.rows = MOST
        self._good, self._trust = 0, 4

    @property
    def can_shrink(self) -> bool:
        """Whether a smaller page may be asked for."""
        return self.rows > LEAST

    def shrink(self) -> None:
        """Ask for a quarter from now on; after pages that came, be slower to trust larger ones."""
        if self._good:
            self._trust *= 2
        self.rows, self._good = max(LEAST, self.rows // _STEP), 0

    def succeeded(self) -> None:
        """Note a page that came; after some of them twice as much is asked for again."""
        self._good += 1
        if self._good >= self._trust and self.rows < MOST:
            self.rows, self._good = min(MOST, self.rows * 2), 0
