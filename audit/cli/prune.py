"""registry-audit prune: thin out old snapshots, never the history."""

from __future__ import annotations

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common
from audit.store.prune import Doomed, PrunePlan


@click.command()
@click.option("--yes", is_flag=True, help="Delete; without it nothing is touched.")
@common
def prune(options: Common, *, yes: bool) -> Exit:
    """Say which snapshots and SBOMs the retention rule would delete; with --yes delete them."""
    plan = options.upkeep().prune(delete=yes)
    for one in plan.unfinished:
        _tell("left over from a pruning that was not finished", one)
    for one in plan.doomed:
        _tell("deleted" if yes else "would be deleted", one)
    if plan.sboms.files:
        size = f"{plan.sboms.bytes} bytes before compression"
        done = "deleted" if yes else "would be deleted"
        click.echo(f"_sboms\t{plan.sboms.files} files\t{size}\t{done}")
    click.echo(_total(plan, done=yes))
    return Exit.OK


def _tell(what: str, one: Doomed) -> None:
    click.echo(f"{one.run_id}\t{len(one.files)} files\t{one.bytes} bytes\t{what}")


def _total(plan: PrunePlan, *, done: bool) -> str:
    going = (*plan.unfinished, *plan.doomed)
    files, size = sum(len(one.files) for one in going), sum(one.bytes for one in going)
    sboms = f", {plan.sboms.files} SBOMs" if plan.sboms.files else ""
    counted = f"{len(going)} runs, {files} files, {size} bytes{sboms}"
    told = f"{counted}; {len(plan.kept)} runs keep theirs"
    if not going and not sboms:
        return f"nothing to delete: {told}"
    return f"deleted: {told}" if done else f"would be deleted: {told}; --yes deletes"
