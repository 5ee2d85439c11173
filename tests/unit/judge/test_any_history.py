"""Any history of pushes, deletions, faults and new names, against one who knows the truth."""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from audit.model.enums import Outcome
from providers.loopback.story import FIRST_NIGHT
from tests.unit.judge.nights import Told, balances, exposures, night

FLAWS = range(4)
IMAGES = "abc"
SEVERITIES = ("LOW", "HIGH")
_FLOW = """
SELECT count(*) FILTER (
    open_before + opened + reopened - fixed - removed - withdrawn - not_affected - merged
    + moved_in - moved_out <> open_now) AS broken
FROM flow
"""


def names(flaw: int) -> tuple[str, str]:
    return f"CVE-2026-{1000 + flaw}", f"GHSA-{flaw}"


class World(RuleBasedStateMachine):
    """One repository. What is true, what sources told so far, and what the tool makes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.nights = 0
        self.holes: dict[str, set[int]] = {"a": {0, 1}}
        self.rejected: set[int] = set()
        self.cleared: set[int] = set()
        self.related: set[int] = set()
        self.severity = dict.fromkeys(FLAWS, "HIGH")
        self.first: dict[str, datetime] = {}
        self.seen: list[tuple[str, str, datetime]] = []
        self.all_seen = False
        self.sound = True

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    @rule(image=st.sampled_from(IMAGES), flaws=st.sets(st.sampled_from(FLAWS)))
    def push(self, image: str, flaws: set[int]) -> None:
        """Push an image; what lies in a digest never changes."""
        self.holes.setdefault(image, flaws)

    @precondition(lambda self: len(self.holes) > 1)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        del self.holes[data.draw(st.sampled_from(sorted(self.holes)))]

    @rule(flaw=st.sampled_from(FLAWS))
    def reject(self, flaw: int) -> None:
        self.rejected.add(flaw)

    @rule(flaw=st.sampled_from(FLAWS))
    def state_by_vex(self, flaw: int) -> None:
        self.cleared ^= {flaw}

    @rule(flaw=st.sampled_from(FLAWS), severity=st.sampled_from(SEVERITIES))
    def rate(self, flaw: int, severity: str) -> None:
        self.severity[flaw] = severity

    @rule(
        named=st.lists(st.booleans(), min_size=4, max_size=4),
        related=st.sets(st.sampled_from(FLAWS)),
        failed=st.sets(st.sampled_from(IMAGES)),
        outcome=st.sampled_from([Outcome.COMPLETE, Outcome.COMPLETE, Outcome.DENIED]),
    )
    def look(
        self, named: list[bool], related: set[int], failed: set[str], outcome: Outcome
    ) -> None:
        """Run a night: each flaw goes by one of its names, some with the other as an alias."""
        listed = set(self.holes) if outcome is Outcome.COMPLETE else set()
        judged = sorted(listed - failed)
        moment = FIRST_NIGHT + timedelta(days=self.nights)
        used = {flaw: names(flaw)[named[flaw]] for flaw in FLAWS}
        told = [self._told(i, f, used[f], related) for i in judged for f in sorted(self.holes[i])]
        stated = {flaw for image in judged for flaw in self.holes[image]}
        self.related |= stated & related
        for flaw in sorted(stated):
            if not self._dismissed(flaw, used[flaw]):
                self.first.setdefault(used[flaw], moment)
        known = [
            {"vulnerability_id": names(flaw)[0], "withdrawn_at": FIRST_NIGHT}
            for flaw in sorted(self.rejected)
        ]
        states = dict.fromkeys(failed & listed, "failed")
        shown = "".join(sorted(listed))
        with night(
            self.root, self.nights, told, images=shown, states=states, outcome=outcome, known=known
        ) as run:
            self._check_closings(run, blind=bool(failed & listed) or not listed)
            self.seen = exposures(run, "vulnerability_id", "state", "opened_at")
            (flow,) = run.rows(_FLOW)
            self.sound = balances(run) and flow["broken"] == 0
        self.nights += 1
        self.all_seen = listed == set(judged) == set(self.holes)
        if self.all_seen:
            holes = set().union(*self.holes.values())
            wanted = {
                self._canon(flaw, used[flaw])
                for flaw in holes
                if not self._dismissed(flaw, used[flaw])
            }
            assert {name for name, state, _ in self.seen if state != "closed"} == wanted

    def _told(self, image: str, flaw: int, name: str, related: set[int]) -> Told:
        other = [one for one in names(flaw) if one != name]
        vex = {"vex_status": "not_affected"} if flaw in self.cleared else {}
        aliases = other if flaw in related else []
        return Told(name, image, aliases=aliases, severity=self.severity[flaw], more=vex)

    def _dismissed(self, flaw: int, name: str) -> bool:
        """Whether a word from outside says that it is none; the CVE is what gets rejected."""
        rejected = flaw in self.rejected and self._canon(flaw, name) == names(flaw)[0]
        return rejected or flaw in self.cleared

    def _canon(self, flaw: int, name: str) -> str:
        return names(flaw)[0] if flaw in self.related else name

    def _check_closings(self, run, *, blind: bool) -> None:
        for row in run.rows("SELECT closing_reason FROM exposure_changes WHERE event = 'closed'"):
            if blind:
                assert row["closing_reason"] != "fixed"
            if not run.rows("SELECT 1 FROM placements"):
                assert row["closing_reason"] in {"withdrawn", "removed"}

    @invariant()
    def every_flow_balances(self) -> None:
        assert self.sound

    @invariant()
    def no_age_starts_again(self) -> None:
        for name, _, opened in self.seen:
            flaw = next(flaw for flaw in FLAWS if name in names(flaw))
            mine = names(flaw) if flaw in self.related else (name,)
            assert opened == min(self.first[one] for one in mine if one in self.first)


World.TestCase.settings = settings(
    max_examples=6,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
test_any_history_is_told_right = World.TestCase
