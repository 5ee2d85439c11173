"""registry-audit verify: whether the warehouse is sound."""

from __future__ import annotations

import click

from audit.cli.exits import Exit
from audit.cli.options import Common, common
from audit.errors import UsageError


@click.command()
@click.option("--run", "run_id", metavar="ID", help="Check the files and rows of one run only.")
@click.option("--quick", is_flag=True, help="Check those of the newest run only.")
@common
def verify(options: Common, run_id: str | None, *, quick: bool) -> Exit:
    """Check hashes, the chain of runs, keys, references and counts; exit with 1 at a fault.

    Every fault is named with the file it is in and what to do about it.
    """
    if run_id and quick:
        raise UsageError("cannot be given with --run", where="--quick", cure="give one of them")
    found = options.upkeep().verify(run_id, quick=quick)
    for what, count in sorted(found.counts.items()):
        click.echo(f"checked\t{count}\t{what}")
    for fault in found.faults:
        click.echo(f"fault\t{fault.where}\t{fault.what}\t{fault.cure}")
    sound = _sound(run_id, quick=quick)
    click.echo(f"{len(found.faults)} faults" if found.faults else sound)
    return Exit.UNEXPECTED if found.faults else Exit.OK


def _sound(run_id: str | None, *, quick: bool) -> str:
    """Say what is sound, and that nothing is said of the rest."""
    checked = f"run {run_id}" if run_id else "the newest run" if quick else ""
    return f"{checked} is sound; the others were not checked" if checked else "sound"
