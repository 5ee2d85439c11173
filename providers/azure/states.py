"""What Defender's rows, or their absence, say of an image. Pure.

Defender gives no row for a clean image, so a clean one is never ``assessed`` but at best
``inferred_clean``, and every other reason for the absence comes first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from audit.errors import AccessDeniedError, SourceError
from audit.model.enums import State
from providers.azure.plans import Plan, PlanReading

_SAID = frozenset({"healthy", "unhealthy"})
_KNOWN = _SAID | {"notapplicable"}


@dataclass
class Evidence:
    """All rows about one placement.

    Attributes:
        codes: Status codes in Defender's words.
        latest: Latest time of a row's status.
        total: Sum of the statements' hashes, so that their order does not matter.
        problem: Why a row of it could not be read.
    """

    codes: set[str] = field(default_factory=set)
    latest: datetime | None = None
    count: int = 0
    total: int = 0
    problem: str | None = None

    def add(self, code: str, evaluated_at: datetime | None, problem: str | None) -> None:
        """Take in a row."""
        self.codes.add(code)
        self.problem = self.problem or problem
        if evaluated_at is not None:
            self.latest = max(self.latest or evaluated_at, evaluated_at)

    def add_statement(self, hashed: int) -> None:
        """Take in one statement of a row."""
        self.count += 1
        self.total += hashed

    @property
    def words(self) -> str:
        """The status codes, joined."""
        return "/".join(sorted(self.codes))

    @property
    def content_hash(self) -> str:
        """SHA-256 over the statements, whatever their order."""
        return sha256(f"{self.count}:{self.total:x}".encode()).hexdigest()


@dataclass(frozen=True)
class Circumstances:
    """What else bears on an image without rows.

    Attributes:
        error: Why the listing of the subscription is not complete; None when it is.
        silent: The whole subscription gave not a single row.
        pending: Time after a push in which no row is expected.
        rescan: Age since push up to which Defender looks again.
    """

    moment: datetime
    plan: PlanReading
    error: SourceError | None
    silent: bool
    pending: timedelta
    rescan: timedelta


@dataclass(frozen=True)
class Verdict:
    """The state of one assessment and why."""

    state: State
    reason: str


def judge(evidence: Evidence | None, pushed_at: datetime | None, around: Circumstances) -> Verdict:
    """Return the state of one image.

    Args:
        evidence: Its rows; None when there are none.
        pushed_at: When it was pushed; None when the registry did not tell.
        around: What holds for the whole subscription.
    """
    if isinstance(around.error, AccessDeniedError):
        return Verdict(State.DENIED, f"Defender's findings could not be read: {around.error}.")
    if around.error is not None:
        return Verdict(
            State.UNKNOWN, f"The listing of Defender's findings is incomplete: {around.error}."
        )
    if evidence is not None:
        verdict = _from_rows(evidence)
        if verdict.state is State.ASSESSED and around.plan.plan is Plan.OFF:
            return Verdict(State.STALE, "Rows are left of a Defender plan that is off now.")
        return verdict
    return _from_plan(around) or _from_age(pushed_at, around) or _from_silence(around)


def _from_rows(evidence: Evidence) -> Verdict:
    codes = {code.lower() for code in evidence.codes}
    if evidence.problem is not None:
        return Verdict(State.UNKNOWN, f"A row of Defender could not be read: {evidence.problem}.")
    if codes - _KNOWN:
        return Verdict(State.UNKNOWN, f"Defender gives a status not known: {evidence.words!r}.")
    if codes & _SAID:
        return Verdict(State.ASSESSED, _judged(evidence))
    return Verdict(State.UNSUPPORTED, "Defender could not assess the image.")


def _judged(evidence: Evidence) -> str:
    """Say what is known of the time: Defender tells when a status changed, not when it looked."""
    said = "Defender has judged packages of the image"
    changed = f"; last change of a status {evidence.latest:%Y-%m-%d}" if evidence.latest else ""
    return f"{said}{changed}; it does not tell when it last looked."


def _from_plan(around: Circumstances) -> Verdict | None:
    if around.plan.plan is Plan.OFF:
        return Verdict(State.NOT_SCANNED, "No Defender plan scans registries here.")
    if around.plan.plan is Plan.UNKNOWN:
        return Verdict(
            State.UNKNOWN,
            f"No row, and whether Defender scans here is not known: {around.plan.reason}.",
        )
    return None


def _from_age(pushed_at: datetime | None, around: Circumstances) -> Verdict | None:
    if pushed_at is None:
        return Verdict(State.UNKNOWN, "No row, and the registry does not tell the push time.")
    age = around.moment - pushed_at
    if age < around.pending:
        return Verdict(State.PENDING, "Pushed so recently that the first scan may be under way.")
    if age > around.rescan:
        return Verdict(State.STALE, "No row, and pushed longer ago than Defender goes on scanning.")
    return None


def _from_silence(around: Circumstances) -> Verdict:
    if around.silent:
        return Verdict(State.UNKNOWN, "Defender gave no row for the whole subscription.")
    return Verdict(
        State.INFERRED_CLEAN, "No row; Defender gives none for an image without findings."
    )
