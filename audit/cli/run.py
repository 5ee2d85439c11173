"""registry-audit run: collect, publish, judge, report."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from audit.app import App, RunResult
from audit.cli.exits import Exit, gravest
from audit.cli.gate import SEVERITIES, breach
from audit.cli.options import Common, common
from audit.cli.progress import shown
from audit.log import LOGGER


@click.command()
@click.option("--fail-on", type=SEVERITIES, help="Exit with 3 when an exposure this grave is open.")
@click.option("--fixable-only", is_flag=True, help="Of those, count only exposures with a fix.")
@click.option("--fresh", is_flag=True, help="Read all anew, whatever a broken run had read.")
@common
def run(options: Common, fail_on: str | None, *, fixable_only: bool, fresh: bool) -> Exit:
    """Collect everything, publish it to the warehouse and write the reports.

    Exits with 4 when some scope or image could not be looked at.
    """
    app = options.app()
    bars = not options.quiet and not options.json_logs
    with shown(bars=bars) as planned:
        result = app.run(planned, fresh=fresh)
    tell(app, result)
    codes = [Exit.INCOMPLETE if result.incomplete else Exit.OK]
    with app.warehouse.open_run(result.run_id) as published:
        codes.append(breach(published, fail_on, fixable_only=fixable_only))
    return gravest(codes)


def tell(app: App, result: RunResult) -> None:
    """Write the reports of a run and log how it ended."""
    written = app.report(Path(app.config.out), result.run_id)
    logging.getLogger(LOGGER).info(
        "run %s: %s",
        result.run_id,
        result.outcome,
        extra={
            "run_id": result.run_id,
            "outcome": result.outcome,
            "scopes": dict(result.scopes),
            "images_not_assessed": result.unassessed,
            "warehouse": app.warehouse.layout.address,
            "reports": [str(path) for path in written],
        },
    )
