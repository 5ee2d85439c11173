"""Inspector through its delegated administrator: one look for all accounts, none assumed."""

from collections import Counter
from collections.abc import Iterator
from math import ceil
from typing import Any

import pytest

from providers.loopback.aws.world import ADMINISTRATOR
from providers.loopback.estate import Estate, Fault, Image, Place
from tests.support.inspector_nights import Night, estate, found, nights, place
from tests.unit.loopback.estates import ACCOUNT, OTHER_ACCOUNT, OTHER_REGION, REGION

THIRD = "333333333333"
ACCOUNTS, REGIONS = (ACCOUNT, OTHER_ACCOUNT, THIRD), (REGION, OTHER_REGION)
A, R, P, I, F, PAGE = 3, 2, 2, 4, 7, 25  # noqa: E741  the names of the formulas


def _places(*, administrator: str = OTHER_ACCOUNT, gone: bool = False) -> Iterator[Place]:
    """Two repositories with four images of seven findings each, in every account and region."""
    stated = tuple(range(2 if gone else 1, F + 1))
    for account in ACCOUNTS:
        for region in REGIONS:
            images = [found(number, *range(1, F + 1)) for number in range(1, I + 1)]
            other = [found(number, *stated) for number in range(11, 11 + I)]
            settings: Any = {ADMINISTRATOR: administrator} if administrator else {}
            more = {"more": tuple(other)}
            yield place(account, *images, region=region, more=more, **settings)


def _calls(told: Night) -> Counter[str]:
    return Counter({name: n for name, n in told.calls.items() if name in _INSPECTOR})


_INSPECTOR = ("ListFindings", "ListCoverage", "ListMembers", "ListFindingAggregations")


@pytest.mark.parametrize("mode", [None, OTHER_ACCOUNT])
def test_no_more_is_asked_than_the_formulas_say(tmp_path, mode):
    def shown(day: int, **more: Any) -> Estate:
        return estate(day, *_places(**more), findings_page_size=PAGE)

    with nights(tmp_path, shown(0), delegated_administrator=mode) as job:
        cold, quiet, busy = (job.run(shown(day, gone=day == 2)) for day in range(3))
        regions = R if mode else A * R
        covered = R * ceil(A * P * I / PAGE) if mode else A * R * ceil(P * I / PAGE)
        every_night = Counter(ListCoverage=covered, ListMembers=R if mode else 0)
        assert _calls(cold) == +every_night + Counter(
            ListFindings=A * R * ceil(P * I * F / PAGE),
            ListFindingAggregations=A * R * ceil(P * I / PAGE),
        )
        assert _calls(quiet) == +every_night + Counter(ListFindings=regions)
        changed = ceil(A * I / PAGE) * R if mode else A * R
        assert _calls(busy) == +every_night + Counter(ListFindings=changed)
        assert len(busy.closings()) == I
        counted = "SELECT count(*) FROM findings"
        assert busy.rows(counted) == [(A * R * P * I * F - A * R * I,)]
        assert quiet.rows("SELECT * FROM exposure_changes") == []


def test_an_account_outside_inspector_is_never_clean(tmp_path):
    """It is a member at first; then it is none, and what it has found since is not seen."""

    def shown(day: int, status: str, *images: Image) -> Estate:
        admin: Any = {ADMINISTRATOR: OTHER_ACCOUNT}
        return estate(
            day,
            place(ACCOUNT, found(1, 1), **admin),
            place(OTHER_ACCOUNT),
            place(THIRD, *images, inspector_membership=status),
        )

    with nights(tmp_path, shown(0, "ENABLED"), delegated_administrator="discover") as job:
        job.run(shown(0, "ENABLED", found(3, 3), found(4)))
        told = job.run(shown(1, "", found(3), found(4)), honest=False)
        assert told.states() == {"1": "assessed", "3": "unknown", "4": "unknown"}
        assert told.findings_scope(THIRD) == ("disabled", "NotAMember")
        assert told.stated() == {("1", 1), ("3", 3)}
        query = "SELECT DISTINCT reason FROM assessments WHERE state = 'unknown'"
        ((reason,),) = told.rows(query)
        assert "no member" in reason
        assert THIRD in reason
        suspended = job.run(shown(2, "ACCOUNT_SUSPENDED", found(3), found(4)), honest=False)
        ((reason,),) = suspended.rows(query)
        assert "ACCOUNT_SUSPENDED" in reason
        again = job.run(shown(3, "ENABLED", found(3), found(4)), honest=False)
        assert again.states() == {"1": "assessed", "3": "assessed", "4": "assessed"}
        assert again.stated() == {("1", 1)}


def test_an_administrator_that_may_not_look_hides_nothing(tmp_path):
    """Members and coverage are refused to it: nothing is known of any account."""
    denied = Fault("findings_denied", "aws", OTHER_ACCOUNT, REGION)

    def shown(day: int, *faults: Fault) -> Estate:
        admin: Any = {ADMINISTRATOR: OTHER_ACCOUNT}
        images = place(ACCOUNT, found(1, 1), **admin), place(OTHER_ACCOUNT)
        return estate(day, *images, faults=faults)

    with nights(tmp_path, shown(0), delegated_administrator=OTHER_ACCOUNT) as job:
        job.run(shown(0))
        told = job.run(shown(1, denied), honest=False)
        assert told.states() == {"1": "denied"}
        assert told.findings_scope() == ("denied", "AccessDeniedException")
        assert told.stated() == {("1", 1)}


def test_without_an_administrator_to_discover_each_account_is_asked(tmp_path):
    shown = estate(0, place(ACCOUNT, found(1, 1)), place(OTHER_ACCOUNT, found(2, 2)))
    with nights(tmp_path, shown, delegated_administrator="discover") as job:
        told = job.run(shown)
        assert told.stated() == {("1", 1), ("2", 2)}
        assert told.calls["GetDelegatedAdminAccount"] == 1
        assert told.calls["ListMembers"] == 0
