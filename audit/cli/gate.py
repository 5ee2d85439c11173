"""registry-audit gate: policy as an exit code."""

from __future__ import annotations

import click

from audit.cli.exits import Exit, gravest
from audit.cli.options import Common, common
from audit.model.enums import Severity
from audit.ports import RunReader

_OPEN = """
SELECT count(*) AS open FROM exposures_now
WHERE state <> 'closed' AND list_position($grave, severity) IS NOT NULL
    AND (NOT $fixable_only OR fix_state = 'available')
"""
_COVER = """
SELECT count(*) AS assessable, count(*) FILTER (looked) AS assessed FROM (
    SELECT bool_or(coalesce(a.state = 'assessed', false)) AS looked
    FROM placements AS p
    ANTI JOIN (FROM images WHERE kind <> 'image') AS i USING (digest)
    LEFT JOIN assessments AS a USING (provider, registry_id, repository, digest)
    GROUP BY provider, registry_id, repository, digest)
"""
_SCOPES = "SELECT count(*) AS blind FROM scopes WHERE outcome NOT IN ('complete', 'left_out')"
SEVERITIES = click.Choice([str(severity) for severity in Severity], case_sensitive=False)


@click.command()
@click.option("--run", "run_id", metavar="ID", help="Published run; the newest by default.")
@click.option("--fail-on", type=SEVERITIES, help="Fail when an exposure this grave is open.")
@click.option("--fixable-only", is_flag=True, help="Count only exposures that have a fix.")
@click.option(
    "--min-assessed",
    type=click.FloatRange(0, 100),
    default=100.0,
    show_default=True,
    help="Share of known images that must have been assessed, in percent. Every scope must be "
    "complete or left out; only 0 forgives that too.",
)
@common
def gate(
    options: Common,
    run_id: str | None,
    fail_on: str | None,
    *,
    fixable_only: bool,
    min_assessed: float,
) -> Exit:
    """Exit with 3 when policy is breached, with 4 when too little was looked at to say."""
    with options.app().warehouse.open_run(run_id) as run:
        codes = [
            breach(run, fail_on, fixable_only=fixable_only),
            _covered(run, min_assessed),
        ]
    return gravest(codes)


def open_exposures(run: RunReader, at_least: str, *, fixable_only: bool = False) -> int:
    """Return how many open exposures are at least this grave; UNKNOWN counts as the gravest."""
    order = [str(severity) for severity in Severity]
    grave = order[: order.index(at_least.upper()) + 1]
    grave += [Severity.UNKNOWN] if Severity.UNKNOWN not in grave else []
    values = {"grave": grave, "fixable_only": fixable_only}
    return int(run.rows(_OPEN, values)[0]["open"])


def breach(run: RunReader, fail_on: str | None, *, fixable_only: bool) -> Exit:
    """Say how many open exposures policy does not allow, and return the code that follows."""
    if fail_on is None:
        return Exit.OK
    found = open_exposures(run, fail_on, fixable_only=fixable_only)
    click.echo(f"{found} open exposures of severity {fail_on.upper()} or above, or UNKNOWN")
    return Exit.POLICY if found else Exit.OK


def _covered(run: RunReader, min_assessed: float) -> Exit:
    cover = run.rows(_COVER)[0]
    blind = run.rows(_SCOPES)[0]["blind"]
    assessed, assessable = cover["assessed"], cover["assessable"]
    click.echo(f"{assessed} of {assessable} images assessed, {blind} scopes not complete")
    if min_assessed == 0:
        return Exit.OK
    enough = assessable > 0 and assessed * 100 >= min_assessed * assessable
    # A share is of the images that are known: a scope that was not listed is in no share.
    return Exit.OK if enough and not blind else Exit.INCOMPLETE
