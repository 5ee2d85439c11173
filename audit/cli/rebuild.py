"""registry-audit rebuild: make the history again from the snapshots and compare."""

from __future__ import annotations

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common
from audit.judging import rebuild as rebuild_history


@click.command()
@common
def rebuild(options: Common) -> Exit:
    """Make the history again from the snapshots, beside the warehouse, and compare the two.

    Nothing is changed. Exits with 1 when they differ.
    """
    done = rebuild_history(options.app())
    click.echo(f"{len(done.runs)} runs judged again by the rules of their time")
    for table, rows in done.differences.items():
        click.echo(f"{table}: {rows} rows differ")
    click.echo("the history differs" if done.differences else "the history is equal")
    return Exit.UNEXPECTED if done.differences else Exit.OK
