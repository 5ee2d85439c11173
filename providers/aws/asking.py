"""Reads settings, one question at a time: one that is refused leaves its columns empty, said so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from audit.errors import DisabledError, NotFoundError, SourceError
from audit.model.scope import ScopeTally
from providers.aws.api import Answer, whole_rows
from providers.aws.place import Place

_NOT_OFFERED = frozenset({"UnknownOperationException", "UnsupportedCommandException"})
_GONE = "RepositoryNotFoundException"


@dataclass
class Facts:
    """Columns of one row, and the notes on those that could not be read."""

    columns: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def miss(self, reason: str, *columns: str) -> None:
        """Note why columns are null."""
        self.unread += [f"{column}: {reason}" for column in columns]

    def take(self, other: Facts) -> None:
        """Add another's columns and notes."""
        self.columns |= other.columns
        self.unread += other.unread


@dataclass(frozen=True)
class Asker:
    """Asks for settings of one account and region; what cannot be read is in the tally."""

    place: Place
    tally: ScopeTally

    def ask(self, facts: Facts, read: Callable[[], Facts], *columns: str) -> None:
        """Take what ``read`` tells, or note why ``columns`` are not known.

        What a region does not offer, and a repository deleted meanwhile, are no errors.
        """
        try:
            told = read()
        except SourceError as error:
            facts.miss(self.note(error), *columns)
        else:
            facts.take(told)
            self.tally.listed += 1

    def note(self, error: SourceError) -> str:
        """Count an error, unless it is none, and return the word for it."""
        if isinstance(error, DisabledError) or error.code in _NOT_OFFERED:
            return "not offered in this region"
        if not (isinstance(error, NotFoundError) and error.code == _GONE):
            self.tally.fail(error)
        return error.code

    def call(self, operation: str, needs: str, **parameters: object) -> Answer:
        """Make one call; see :class:`providers.aws.api.Api`."""
        return self.place.api.call(self.tally, operation, needs, **parameters)

    def text(self, operation: str, needs: str, none: str, **parameters: object) -> str | None:
        """Return a text of which ``none`` is the error that says that there is none.

        Raises:
            SourceError: It could not be read.
        """
        try:
            return str(self.call(operation, needs, **parameters)[needs])
        except NotFoundError as error:
            if error.code != none:
                raise
            return None

    def rows(self, operation: str, needs: str, **parameters: object) -> list[Answer]:
        """Return the rows of every page.

        Raises:
            SourceError: One of the pages or rows cannot be read.
        """
        pages = self.place.api.pages(self.tally, operation, needs, **parameters)
        return [row for page in pages for row in whole_rows(page[needs], operation)]


def told(**columns: Any) -> Facts:  # noqa: ANN401  cell values
    """Return facts without a note."""
    return Facts(columns)


def pairs(rows: Iterable[tuple[str, str]], between: str = "=") -> list[str]:
    """Return ``name=value`` texts, sorted."""
    return sorted(f"{name}{between}{value}" for name, value in rows)
