"""registry-audit scopes: what would be collected."""

from __future__ import annotations

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common
from audit.model.enums import Outcome


@click.command()
@common
def scopes(options: Common) -> Exit:
    """List the scopes that a run would read, and what could not be discovered."""
    app = options.app()
    blind = False
    for provider in app.providers(app.context()).values():
        plan = provider.plan()
        for outcome in plan.outcomes:
            blind |= outcome.outcome not in {Outcome.COMPLETE, Outcome.LEFT_OUT}
            click.echo(f"{outcome.ref.scope_id}\t{outcome.outcome}\t{outcome.error or ''}")
        for task in plan.tasks:
            for ref in task.scopes:
                click.echo(f"{ref.scope_id}\t{ref.kind}\tplanned")
    return Exit.INCOMPLETE if blind else Exit.OK
