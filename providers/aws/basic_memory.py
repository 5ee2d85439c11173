"""Which results of basic scanning the run before knows already, and that cannot have moved.

Basic scanning does not rescan by itself: a result moves when the image is pushed again, or when
somebody starts a scan by hand. ECR offers nothing cheap to compare a stored result with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audit.model.enums import State
from providers.aws.inspector_marks import Image, share
from providers.aws.place import Place
from providers.aws.status import ECR_BASIC, Verdict

_SETTLED = frozenset({State.ASSESSED, State.UNSUPPORTED})
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = (
    *("repository", "digest", "told_state", "reason", "native_status", "scanned_at"),
    *("db_updated_at", "read_run_id"),
)


@dataclass(frozen=True)
class _Answer:
    verdict: Verdict
    asked_at: datetime


class BasicMemory:
    """Results of an account and region that need not be asked for again."""

    def __init__(self, place: Place) -> None:
        self._moment = place.context.moment
        self._days = place.settings.basic.reask_days
        rows = place.context.memory.rows(
            "assessments",
            _NAMES,
            provider="aws",
            registry_id=place.registry_id,
            source=ECR_BASIC,
        )
        self._answers: dict[Image, _Answer] = {}
        for repository, digest, state, reason, status, scanned_at, dated, run_id in rows:
            asked_at = _moment_of_run(run_id)
            if state in _SETTLED and asked_at:
                verdict = Verdict(State(state), reason, status, scanned_at, dated)
                self._answers[repository, digest] = _Answer(verdict, asked_at)

    def verdict(self, image: Image, pushed_at: datetime | None) -> Verdict | None:
        """Return what holds of an image; None if it has to be asked for."""
        answer = self._answers.get(image)
        if answer is None or pushed_at is None:
            return None
        if pushed_at > (answer.verdict.scanned_at or answer.asked_at):
            return None
        return None if self._is_due(image, answer.asked_at) else answer.verdict

    def _is_due(self, image: Image, asked_at: datetime) -> bool:
        """Each image has its own night in the interval, so that every night asks a like part."""
        shift = share("/".join(image)) * self._days

        def turn(moment: datetime) -> int:
            return int(((moment - _EPOCH) / _DAY + shift) // self._days)

        return turn(self._moment) != turn(asked_at)


def _moment_of_run(run_id: str | None) -> datetime | None:
    try:
        return datetime.strptime(run_id or "", "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
