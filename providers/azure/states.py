"""What Defender's rows, or their absence, say of an image. Pure.

Defender gives no row for a clean image, so a clean one is never ``assessed`` but at best
``inferred_clean``, and every other reason for the absence comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from audit.errors import AccessDeniedError, SourceError
from audit.model.enums import State
from providers.azure.parse_assessments import EXEMPT
from providers.azure.plans import Plan, PlanReading
from providers.azure.recall import Earlier

_SAID = frozenset({"healthy", "unhealthy", f"notapplicable ({EXEMPT})"})
_CHINA, _CHINA_END = ".chinacloudapi.cn", datetime(2026, 8, 18, tzinfo=UTC)
_KNOWN = _SAID | {"notapplicable"}


def not_offered(resource_manager: str, moment: datetime) -> str | None:
    """Return why there is no Defender for Cloud in a cloud; None where there is.

    Args:
        resource_manager: Address of the cloud's Resource Manager.
        moment: When it is asked.
    """
    host = urlsplit(resource_manager).hostname or ""
    if host.endswith(_CHINA) and moment >= _CHINA_END:
        return "Defender for Cloud ended in Azure China on 2026-08-18"
    return None


# There are few words and many images: each set of words is kept once.
@lru_cache(maxsize=256)
def _split(words: str) -> frozenset[str]:
    return frozenset(words.split("/"))


@lru_cache(maxsize=256)
def _joined(codes: frozenset[str], code: str) -> frozenset[str]:
    return codes | {code}


@dataclass(slots=True)
class Evidence:
    """All rows about one placement.

    Attributes:
        codes: Status codes in Defender's words.
        latest: Latest time of a row's status.
        total: Sum of the statements' hashes, so that their order does not matter.
        problem: Why a row of it could not be read.
        earlier: What the run before made of rows that did not change since; then none was read.
    """

    codes: frozenset[str] = frozenset()
    latest: datetime | None = None
    count: int = 0
    total: int = 0
    problem: str | None = None
    earlier: Earlier | None = None

    @classmethod
    def standing(cls, earlier: Earlier, changed: datetime | None) -> Evidence:
        """Return the evidence of an image whose rows are as the run before read them."""
        return cls(_split(earlier.words), changed, earlier=earlier)

    def add(self, code: str, evaluated_at: datetime | None, problem: str | None) -> None:
        """Take in a row."""
        if code not in self.codes:
            self.codes = _joined(self.codes, code)
        self.problem = self.problem or problem
        if evaluated_at is not None:
            self.latest = max(self.latest or evaluated_at, evaluated_at)

    def add_statement(self, hashed: int) -> None:
        """Take in one statement of a row."""
        self.count += 1
        self.total += hashed

    @property
    def says_something(self) -> bool:
        """Whether some package was judged; else what was stated earlier is kept, not confirmed."""
        return not _SAID.isdisjoint(code.lower() for code in self.codes)

    @property
    def words(self) -> str:
        """The status codes, joined."""
        return "/".join(sorted(self.codes))

    @property
    def content_hash(self) -> str:
        """SHA-256 over the statements, whatever their order."""
        if self.earlier is not None:
            return self.earlier.content_hash
        return sha256(f"{self.count}:{self.total:x}".encode()).hexdigest()


@dataclass(frozen=True)
class Circumstances:
    """What else bears on an image without rows.

    Attributes:
        error: Why the listing of the subscription is not complete; None when it is.
        older_error: Why the listing of the older shape is not complete; None when it is.
        silent: The whole subscription gave not a single row.
        unavailable: Why there is no Defender in this cloud; None where there is.
        pending: Time after a push in which no row is expected.
        rescan: Age since push up to which Defender looks again.
    """

    moment: datetime
    plan: PlanReading
    error: SourceError | None
    silent: bool
    pending: timedelta
    rescan: timedelta
    unavailable: str | None = None
    older_error: SourceError | None = None

    def awaits(self, pushed_at: datetime | None) -> bool:
        """Whether an image of this age would have rows by now, had it any flaw."""
        if self.plan.plan is not Plan.ON or pushed_at is None:
            return False
        return self.pending <= self.moment - pushed_at <= self.rescan


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
    unread = _from_reading(around)
    if unread is not None:
        return unread
    if evidence is None:
        return (
            _from_older(around)
            or _from_plan(around)
            or _from_age(pushed_at, around)
            or _from_silence(around)
        )
    verdict = _from_rows(evidence)
    if verdict.state is State.ASSESSED and around.plan.plan is Plan.OFF:
        return Verdict(State.STALE, "Rows are left of a Defender plan that is off now.")
    return verdict


def _from_reading(around: Circumstances) -> Verdict | None:
    if around.unavailable is not None:
        return Verdict(State.NOT_SCANNED, f"{around.unavailable}.")
    if isinstance(around.error, AccessDeniedError):
        return Verdict(State.DENIED, f"Defender's findings could not be read: {around.error}.")
    if around.error is not None:
        return Verdict(
            State.UNKNOWN, f"The listing of Defender's findings is incomplete: {around.error}."
        )
    return None


def _from_older(around: Circumstances) -> Verdict | None:
    if around.older_error is None:
        return None
    denied = isinstance(around.older_error, AccessDeniedError)
    return Verdict(
        State.DENIED if denied else State.UNKNOWN,
        f"No row, and the older shape of rows could not be read: {around.older_error}.",
    )


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
    since = "; its rows did not change since the run before" if evidence.earlier else ""
    return f"{said}{changed}{since}; it does not tell when it last looked."


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
