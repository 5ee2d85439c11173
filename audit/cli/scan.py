"""registry-audit scan: look into images with a scanner of our own."""

from __future__ import annotations

import click
import orjson

from audit.cli.exits import Exit
from audit.cli.options import Common, common
from audit.cli.progress import shown
from audit.cli.run import tell
from audit.scanning.plan import Action, Wanted


@click.command()
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --plan: one JSON list, not lines.")
@common
def scan(options: Common, *, only_plan: bool, as_json: bool) -> Exit:
    """Scan the current images that the newest run knows, and publish that as a run of its own.

    A run scans by itself where a scanner is configured; this is for between two. Exits with 4 when
    some image could not be looked at.
    """
    app = options.app()
    if only_plan:
        click.echo(_printed(app.scan_plan(), as_json=as_json))
        return Exit.OK
    with shown(bars=not options.quiet and not options.json_logs) as planned:
        result = app.scan(planned)
    tell(app, result)
    return Exit.INCOMPLETE if result.incomplete else Exit.OK


def _printed(plans: dict[str, list[Wanted]], *, as_json: bool) -> str:
    rows = [_row(scanner, wanted) for scanner, plan in plans.items() for wanted in plan]
    if as_json:
        return orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode()
    lines = ["\t".join(_cell(cell) for cell in row.values()) for row in rows]
    return "\n".join([*lines, *(_total(scanner, plan) for scanner, plan in plans.items())])


def _row(scanner: str, wanted: Wanted) -> dict[str, object]:
    place = wanted.places[0]
    return {
        "action": wanted.action.value,
        "scanner": scanner,
        "image": f"{place.registry_id}/{place.repository}@{wanted.digest}",
        "places": len(wanted.places),
        "size_bytes": wanted.size_bytes,
        "reason": wanted.reason,
    }


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _total(scanner: str, plan: list[Wanted]) -> str:
    counted = {action: sum(one.action is action for one in plan) for action in Action}
    pulled = [one for one in plan if one.action in {Action.PULL, Action.RENEW}]
    size = sum(one.size_bytes or 0 for one in pulled)
    unknown = sum(one.size_bytes is None for one in pulled)
    told = ", ".join(f"{number} {action}" for action, number in counted.items())
    more = f" and {unknown} images of unknown size" if unknown else ""
    return f"{scanner}: {len(plan)} images: {told}; {size} bytes to pull{more}"
