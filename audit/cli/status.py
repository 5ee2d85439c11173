"""registry-audit status: what the warehouse holds."""

from __future__ import annotations

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common

_SCOPES = "SELECT outcome, count(*) AS scopes FROM scopes GROUP BY ALL ORDER BY ALL"
_COVER = """
SELECT count(*) AS assessable, count(*) FILTER (looked) AS assessed FROM (
    SELECT bool_or(state = 'assessed') AS looked FROM assessments
    GROUP BY provider, registry_id, repository, digest)
"""


@click.command()
@common
def status(options: Common) -> Exit:
    """Show the published runs and how far the newest one looked."""
    warehouse = options.app().warehouse
    published = warehouse.run_ids()
    click.echo(f"{warehouse.layout.address}: {len(published)} published runs")
    if not published:
        return Exit.OK
    with warehouse.open_run() as run:
        outcome = run.rows("SELECT outcome FROM runs")[0]["outcome"]
        scopes = ", ".join(f"{row['scopes']} {row['outcome']}" for row in run.rows(_SCOPES))
        cover = run.rows(_COVER)[0]
    click.echo(f"newest: {published[-1]} {outcome}")
    click.echo(f"scopes: {scopes}")
    click.echo(f"assessed: {cover['assessed']} of {cover['assessable']} images")
    return Exit.OK
