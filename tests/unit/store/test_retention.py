"""Which runs keep their snapshot, whatever the history of runs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from audit.store.chain import Link
from audit.store.prune import Keep, kept_of, moment_of

START = datetime(2024, 12, 20, 2, tzinfo=UTC)
KEEP = st.builds(Keep, st.integers(1, 40), st.integers(0, 30))


@st.composite
def ledgers(draw: st.DrawFn) -> list[Link]:
    """Draw runs in the order of their publication; some were filled in for the past."""
    hours = draw(st.lists(st.integers(0, 24 * 500), min_size=1, max_size=60, unique=True))
    if draw(st.booleans()):
        hours.sort()
    return [
        Link(
            f"{START + timedelta(hours=hour):%Y%m%dT%H%M%SZ}",
            draw(st.sampled_from(("run", "run", "import"))),
            draw(st.sampled_from(("complete", "partial"))),
            str(place),
            str(place - 1),
            "{}",
        )
        for place, hour in enumerate(hours)
    ]


@given(ledgers(), KEEP)
def test_what_must_never_go_is_kept(chain: list[Link], keep: Keep):
    kept = kept_of(chain, keep)
    runs = sorted(link.run_id for link in chain)
    complete = sorted(link.run_id for link in chain if link.outcome == "complete")
    newest = [link.run_id for link in chain].index(runs[-1])
    assert kept >= {runs[0], *runs[-2:], *complete[-1:]}
    assert kept >= {link.run_id for link in chain[newest:]}, "the next run builds on these"
    edge = moment_of(runs[-1]) - timedelta(days=keep.daily)
    assert kept >= {run for run in runs if moment_of(run) >= edge}


@given(ledgers(), KEEP)
def test_every_week_and_month_that_had_a_run_keeps_one(chain: list[Link], keep: Keep):
    kept = kept_of(chain, keep)
    newest = moment_of(max(link.run_id for link in chain))
    daily = newest - timedelta(days=keep.daily)
    weekly = daily - timedelta(weeks=keep.weekly)
    for link in chain:
        moment = moment_of(link.run_id)
        period = "%G-W%V" if moment >= weekly else "%Y-%m"
        assert f"{moment:{period}}" in {f"{moment_of(run):{period}}" for run in kept}


@given(ledgers(), KEEP)
def test_one_a_week_and_one_a_month_are_kept_and_no_more(chain: list[Link], keep: Keep):
    runs = sorted(link.run_id for link in chain)
    complete = sorted(link.run_id for link in chain if link.outcome == "complete")
    position = [link.run_id for link in chain].index(runs[-1])
    forced = {runs[0], *runs[-2:], *complete[-1:], *(link.run_id for link in chain[position:])}
    daily = moment_of(runs[-1]) - timedelta(days=keep.daily)
    weekly = daily - timedelta(weeks=keep.weekly)
    chosen = [moment_of(run) for run in kept_of(chain, keep) - forced if moment_of(run) < daily]
    weeks = Counter(f"{moment:%G-W%V}" for moment in chosen if moment >= weekly)
    months = Counter(f"{moment:%Y-%m}" for moment in chosen if moment < weekly)
    assert max([*weeks.values(), *months.values()], default=0) <= 1


@given(ledgers(), KEEP)
def test_thinning_twice_is_thinning_once(chain: list[Link], keep: Keep):
    kept = kept_of(chain, keep)
    assert kept_of([link for link in chain if link.run_id in kept], keep) == kept


@given(ledgers(), KEEP)
def test_a_complete_run_is_preferred(chain: list[Link], keep: Keep):
    """Of a month that is thinned out, no complete run goes while a partial one is chosen."""
    runs = sorted(link.run_id for link in chain)
    kept = kept_of(chain, keep)
    edge = moment_of(runs[-1]) - timedelta(days=keep.daily, weeks=keep.weekly)
    for month in {run[:6] for run in runs if moment_of(run) < edge}:
        of_month = [
            link for link in chain if link.run_id[:6] == month and moment_of(link.run_id) < edge
        ]
        if any(link.outcome == "complete" for link in of_month):
            assert any(link.outcome == "complete" and link.run_id in kept for link in of_month)


def test_nothing_published_is_nothing_to_keep():
    assert kept_of([], Keep(35, 26)) == set()
