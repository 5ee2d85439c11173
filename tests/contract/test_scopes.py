"""Plans and outcomes: every promised scope is accounted for, once, under a name that holds."""

from __future__ import annotations

import pickle
import re
from collections import Counter

from audit.model.enums import Outcome, ScopeKind
from providers.loopback.answers import inventory_outcome, scope_of
from providers.loopback.scans import source_of
from tests.contract.collected import Collected, opened
from tests.contract.conftest import of_judging
from tests.contract.estate import COPIES, CORNERS, EMPTY, contract_estate
from tests.contract.faults import fault


def test_opening_makes_no_call(reached):
    before = reached.cloud.calls.total()
    opened(reached.name, reached.settings())
    assert reached.cloud.calls.total() == before


def test_two_plans_are_equal(reached):
    reached.cloud.show(contract_estate())
    one, two = (opened(reached.name, reached.settings()).plan() for _ in range(2))
    assert one.tasks == two.tasks
    assert [o.ref for o in one.outcomes] == [o.ref for o in two.outcomes]


def test_a_plan_of_another_night_keeps_the_names(reached, whole):
    """Scope ids hold still while what lies in the scopes changes."""
    provider = reached.provider
    broken = reached.collect(*(fault("images_page", provider, one) for one in provider.areas))
    assert _ids(broken) == _ids(whole)


def test_every_promised_scope_has_one_outcome(whole):
    promised = [ref for task in whole.plan.tasks for ref in task.scopes]
    assert len(set(promised)) == len(promised)
    counted = Counter(outcome.ref.scope_id for outcome in whole.outcomes)
    assert set(counted.values()) == {1}
    assert {ref.scope_id for ref in promised} <= counted.keys()


def test_an_outcome_is_of_the_scope_that_was_promised(whole):
    """The source may be known only once the registry was asked; all else holds from the plan."""
    met = {outcome.ref.scope_id: outcome.ref for outcome in whole.outcomes}
    for task in whole.plan.tasks:
        for ref in task.scopes:
            found = met[ref.scope_id]
            assert (found.kind, found.account, found.region) == (ref.kind, ref.account, ref.region)
            assert found.parent_scope_id == ref.parent_scope_id
            assert found.source == ref.source or not ref.source


def test_task_ids_are_unique(whole):
    ids = [task.task_id for task in whole.plan.tasks]
    assert len(ids) == len(set(ids)) > 0


def test_scopes_are_named_as_agreed(provider, whole):
    for outcome in whole.outcomes:
        ref = outcome.ref
        assert re.fullmatch(provider.scope_ids, ref.scope_id)
        assert ref.provider == provider.name
        assert bool(ref.source) == (ref.kind is ScopeKind.FINDINGS)


def test_parents_are_scopes_too(whole):
    ids = _ids(whole)
    assert {o.ref.parent_scope_id for o in whole.outcomes} - {""} <= ids


def test_the_scopes_are_the_estates(provider, estate, whole):
    inventories = {
        (scope_of(place, registry), place.account)
        for place in estate.of(provider.name)
        for registry in place.registries
    }
    kinds = {o.ref.scope_id: o.ref for o in whole.outcomes}
    found = {(i, r.account) for i, r in kinds.items() if r.kind is ScopeKind.INVENTORY}
    assert found == inventories
    sources = {(p.account, source_of(p)) for p in estate.of(provider.name) if source_of(p)}
    told = {(r.account, r.source) for r in kinds.values() if r.kind is ScopeKind.FINDINGS}
    assert told == sources


def test_nothing_wrong_reads_as_complete(provider, estate, whole):
    for place in estate.of(provider.name):
        for registry in place.registries:
            assert inventory_outcome(estate, place, registry) == "complete"
    for outcome in whole.outcomes:
        assert outcome.outcome is Outcome.COMPLETE, outcome
        assert (outcome.errors, outcome.error, outcome.error_code) == (0, None, None)
        assert outcome.missing_permission is None


def test_listed_counts_what_was_written(whole):
    placed = Counter(row["scope_id"] for row in whole["placements"])
    for outcome in whole.outcomes:
        if outcome.ref.kind is ScopeKind.INVENTORY:
            assert outcome.listed == placed[outcome.ref.scope_id] > 0
            assert outcome.expected in (None, outcome.listed)


@of_judging
def test_what_was_stated_is_counted(whole):
    stated = sum(o.listed for o in whole.outcomes if o.ref.kind is ScopeKind.FINDINGS)
    assert stated >= len(whole["findings"]) > 0


def test_tasks_and_outcomes_travel(whole):
    """A scheduler of another kind sends them between processes."""
    assert pickle.loads(pickle.dumps(whole.plan)) == whole.plan  # noqa: S301  our own plan
    assert pickle.loads(pickle.dumps(whole.outcomes)) == whole.outcomes  # noqa: S301  our own


def test_collecting_twice_gives_the_same(reached, whole):
    before = reached.cloud.calls.total()
    again = reached.collect()
    assert again.tables == whole.tables
    assert again.outcomes == whole.outcomes
    assert again.plan == whole.plan
    made = reached.cloud.calls.total() - before
    assert 0 < sum(outcome.api_calls for outcome in again.outcomes) <= made


def test_collecting_all_at_once_gives_the_same(reached, whole):
    assert reached.collect(workers=4).tables == whole.tables


def test_what_is_left_out_is_not_read_and_never_called_complete(reached, whole):
    got = reached.collect(include=["contract/*"], exclude=[COPIES])
    kept = [r for r in whole["placements"] if r["repository"] == CORNERS]
    assert got["placements"] == kept
    told = {(r["registry_id"], r["repository"]): r for r in got["repositories"]}
    assert told.keys() == {(r["registry_id"], r["repository"]) for r in whole["repositories"]}
    for (_, repository), row in told.items():
        assert row["complete"] is (repository in {CORNERS, EMPTY})
        assert bool(row["unread"]) is not row["complete"]
    assert got["registries"] == whole["registries"]
    assert {o.outcome for o in got.outcomes} == {Outcome.COMPLETE}


def _ids(got: Collected) -> set[str]:
    return {outcome.ref.scope_id for outcome in got.outcomes}
