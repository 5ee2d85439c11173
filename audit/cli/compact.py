"""registry-audit compact: merge the many small files of the history."""

from __future__ import annotations

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common


@click.command()
@common
def compact(options: Common) -> Exit:
    """Write one merged copy of each history table, so that questions over many runs open few files.

    The files it is made of stay, and no answer changes.
    """
    done = options.upkeep().compact()
    for one in done:
        click.echo(f"{one.table}\t{one.files} files\t{one.rows} rows\t{one.bytes} bytes in one")
    if not done:
        click.echo("fewer than two runs: nothing to merge")
    return Exit.OK
