"""registry-audit judge: judge a past run again by another policy, without any cloud."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common
from audit.judging import judge_again, load_policy


@click.command()
@click.option("--run", "run_id", metavar="ID", help="Published run; the newest by default.")
@click.option(
    "--policy",
    "policy_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="YAML file with the keys of the block 'policy'; the configured policy by default.",
)
@common
def judge(options: Common, run_id: str | None, policy_file: Path | None) -> Exit:
    """Judge a past run again by today's policy or by another, from the warehouse alone.

    The warehouse is not changed. The result lies in a folder of its own, marked as judged again.
    """
    app = options.app()
    policy = load_policy(policy_file) if policy_file else app.config.policy
    done = judge_again(app, run_id, policy)
    click.echo(f"run {done.run_id} judged again; the warehouse holds its own record as before")
    click.echo(done.folder)
    for path in done.reports:
        click.echo(path)
    return Exit.OK
