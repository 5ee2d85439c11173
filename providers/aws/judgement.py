"""Where a source's findings and verdicts are written, whichever source it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from audit.model.columns import Columns
from providers.aws.holdings import Holdings
from providers.aws.place import Place
from providers.aws.status import Verdict

Basis = Literal["read", "changes", "remembered"]
"""What an answer rests on; see the column of ``assessments``."""


class Vulnerabilities:
    """Writes each vulnerability met in a task once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._met: set[str] = set()
        self._block = Columns("vulnerabilities")

    def meet(
        self,
        vulnerability_id: str,
        facts_of: Callable[[Mapping[str, Any]], dict[str, Any]],
        finding: Mapping[str, Any],
    ) -> None:
        """Take what a finding tells of its vulnerability, unless that was met before."""
        if vulnerability_id not in self._met:
            self._met.add(vulnerability_id)
            self._block.append(**facts_of(finding))

    def flush(self) -> None:
        """Write those met since the last time."""
        self._place.write(self._block)
        self._block = Columns("vulnerabilities")


def append_statements(
    block: Columns, repository: str, digest: str, rows: Iterable[dict[str, Any]]
) -> None:
    """Add statements about one placed image to a block of ``findings``."""
    for row in rows:
        block.append(repository=repository, digest=digest, **row)


def _all_read(_repository: str, _digest: str) -> Basis:
    return "read"


def write_assessments(
    place: Place,
    source: str,
    holdings: Holdings,
    verdict_of: Callable[[str, str, bool | None], Verdict],
    basis_of: Callable[[str, str], Basis] = _all_read,
    *,
    os_packages_only: bool | None = None,
) -> None:
    """Write one ``assessments`` row for every assessable placement, whatever was learned of it.

    ``verdict_of`` is (repository, digest, archived) -> the placement's verdict; ``basis_of`` is
    asked after it what the verdict rests on. ``os_packages_only`` is as in the table.
    """
    block = place.judged("assessments", source)
    for repository, digest, archived in holdings.assessable():
        verdict = verdict_of(repository, digest, archived)
        block.append(
            repository=repository,
            digest=digest,
            state=verdict.state.value,
            reason=verdict.reason,
            native_status=verdict.native_status,
            scanned_at=verdict.scanned_at,
            db_updated_at=verdict.db_updated_at,
            basis=basis_of(repository, digest),
            os_packages_only=os_packages_only,
        )
    place.write(block)
