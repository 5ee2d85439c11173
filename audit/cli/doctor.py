"""registry-audit doctor: what a run would lack."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from audit.app import App
from audit.cli.exits import Exit
from audit.cli.options import Common, common
from audit.ports import Check, CheckStatus, Doctor, RegistryProvider
from audit.scanning.examined import examined

_UNSEEN = frozenset({CheckStatus.MISSING, CheckStatus.UNREACHABLE})


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of lines.")
@common
def doctor(options: Common, *, as_json: bool) -> Exit:
    """Try what a run would read, by the smallest calls, and say what is missing and what it costs.

    Reads only, and leaves the warehouse alone. Exits with 4 when something that is configured could
    not be looked at.
    """
    app = options.app()
    checks = []
    for check in _checks(app):
        checks.append(check)
        if not as_json:
            click.echo(_line(check))
    if as_json:
        rows = [asdict(one) for one in checks]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(_total(checks))
    return Exit.INCOMPLETE if any(map(_stands_in_the_way, checks)) else Exit.OK


def _checks(app: App) -> Iterator[Check]:
    context = app.context()
    for name, provider in app.providers(context).items():
        yield from _examined(name, provider)
    with tempfile.TemporaryDirectory() as work:
        for scanner in app.scanners(context, Path(work)):
            yield examined(scanner, app.config.scan, app.moment)


def _examined(name: str, provider: RegistryProvider) -> Iterator[Check]:
    if isinstance(provider, Doctor):
        yield from provider.examine()
    else:
        yield Check(
            provider=name,
            subject=name,
            what="rights",
            status=CheckStatus.UNKNOWN,
            told="this provider cannot be examined; only a run shows what it lacks",
        )


def _stands_in_the_way(check: Check) -> bool:
    return check.required and check.status in _UNSEEN


def _line(check: Check) -> str:
    need = "required" if check.required else "optional"
    costs = check.costs if check.status in _UNSEEN else ""
    cells = (check.status, check.subject, need, check.what, check.permission, costs, check.told)
    return "\t".join(" ".join(str(cell).split()) for cell in cells).rstrip()


def _total(checks: list[Check]) -> str:
    counted = {status: sum(one.status is status for one in checks) for status in CheckStatus}
    told = ", ".join(f"{number} {status}" for status, number in counted.items())
    blind = sum(map(_stands_in_the_way, checks))
    return f"{len(checks)} checks: {told}; {blind} in the way of a run"
