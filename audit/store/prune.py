"""Thinning out snapshots: every run for some weeks, then one a week, then one a month; then SBOMs.

History tables, manifests and the ledger stay whole, so that every trend, every clock and the chain
are what they were. Ages are measured against the newest run, not against the machine's clock: a
clock that is years ahead must not thin out a warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from audit.model.enums import RunOutcome
from audit.store.chain import Link, chain_of, manifest_files
from audit.store.layout import Layout
from audit.store.pruned import Pruned, Tombstone, is_snapshot, kept_runs, read_pruned, write_pruned
from audit.store.sboms_pruned import DoomedSboms, plan_sboms, prune_sboms


class Keep(NamedTuple):
    """What is kept: every run of ``daily`` days, then one a week for ``weekly`` weeks."""

    daily: int
    weekly: int

    def __str__(self) -> str:
        return f"daily {self.daily} days, weekly {self.weekly} weeks, then monthly"


@dataclass(frozen=True)
class Doomed:
    """One run that would be thinned out: its snapshot's files and their size in bytes."""

    run_id: str
    files: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class PrunePlan:
    """What a pruning would do.

    Attributes:
        kept: Runs that keep their snapshot.
        unfinished: Runs that an earlier pruning had begun with and did not finish.
        sboms: What would become of the SBOMs once these are gone.
    """

    kept: tuple[str, ...]
    doomed: tuple[Doomed, ...]
    unfinished: tuple[Doomed, ...]
    sboms: DoomedSboms = field(default_factory=DoomedSboms)


def plan_prune(layout: Layout, run_ids: Sequence[str], keep: Keep) -> PrunePlan:
    """Work out what would be thinned out; deletes nothing.

    Raises:
        WarehouseError: The runs are no chain, or a manifest is missing.
    """
    pruned = read_pruned(layout)
    chain = chain_of(layout, run_ids)
    whole = kept_runs([link.run_id for link in chain], pruned)
    kept = kept_of([link for link in chain if link.run_id in whole], keep)
    doomed = tuple(_doomed(layout, run_id) for run_id in sorted(set(whole) - kept))
    unfinished = tuple(_doomed(layout, run_id) for run_id in pruned.pending)
    sboms = plan_sboms(layout, run_ids, kept)
    return PrunePlan(tuple(sorted(kept)), doomed, unfinished, sboms)


def prune(layout: Layout, plan: PrunePlan, keep: Keep, today: datetime) -> None:
    """Delete what the plan names, snapshots before SBOMs.

    Must be called with the writer lock held.
    """
    if plan.doomed or plan.unfinished:
        _prune_snapshots(layout, plan, keep, today)
    prune_sboms(layout, plan.sboms)


def _prune_snapshots(layout: Layout, plan: PrunePlan, keep: Keep, today: datetime) -> None:
    """Delete snapshots. The list of runs is written first, and again at the end."""
    before = read_pruned(layout)
    stone = Tombstone(today.date().isoformat(), str(keep))
    stones = {**before.runs, **{one.run_id: stone for one in plan.doomed}}
    going = (*plan.unfinished, *plan.doomed)
    write_pruned(layout, Pruned(stones, tuple(one.run_id for one in going)))
    layout.files.check_held()
    for one in going:
        for path in one.files:
            layout.files.delete(path)
    write_pruned(layout, Pruned(stones))


def kept_of(chain: Sequence[Link], keep: Keep) -> set[str]:
    """Return which runs keep their snapshot, of those that have one, in order of publication.

    Always kept: the first, the last complete one, the two of the latest moments, and whatever was
    published since the newest: the next run builds on these.
    """
    by_moment = sorted(chain, key=lambda link: link.run_id)
    if not by_moment:
        return set()
    newest = by_moment[-1]
    complete = [link for link in by_moment if link.outcome == RunOutcome.COMPLETE]
    kept = {by_moment[0], *by_moment[-2:], *complete[-1:], *chain[chain.index(newest) :]}
    now = moment_of(newest.run_id)
    daily = now - timedelta(days=keep.daily)
    weekly = daily - timedelta(weeks=keep.weekly)
    older = [link for link in by_moment if moment_of(link.run_id) < daily]
    kept |= {link for link in by_moment if moment_of(link.run_id) >= daily}
    kept |= _best((link for link in older if moment_of(link.run_id) >= weekly), "%G-W%V")
    kept |= _best((link for link in older if moment_of(link.run_id) < weekly), "%Y-%m")
    return {link.run_id for link in kept}


def _best(links: Iterable[Link], period: str) -> set[Link]:
    """Return one run of each period: a complete nightly one where there is one, and the latest."""
    best: dict[str, Link] = {}
    for link in links:
        name = f"{moment_of(link.run_id):{period}}"
        if name not in best or _rank(link) > _rank(best[name]):
            best[name] = link
    return set(best.values())


def _rank(link: Link) -> tuple[bool, bool, str]:
    return link.outcome == RunOutcome.COMPLETE, link.command == "run", link.run_id


def moment_of(run_id: str) -> datetime:
    """Return the moment that a run's id names."""
    return datetime.strptime(run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _doomed(layout: Layout, run_id: str) -> Doomed:
    files = [file for file in manifest_files(layout, run_id) if is_snapshot(str(file["path"]))]
    size = sum(int(str(file["bytes"])) for file in files)
    return Doomed(run_id, tuple(str(file["path"]) for file in files), size)
