"""registry-audit report: write the reports of a published run again."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common


@click.command()
@click.option("--run", "run_id", metavar="ID", help="Published run; the newest by default.")
@common
def report(options: Common, run_id: str | None) -> Exit:
    """Write the reports of a published run from the warehouse alone."""
    app = options.app()
    for path in app.report(Path(app.config.out), run_id):
        click.echo(path)
    return Exit.OK
