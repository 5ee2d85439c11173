"""Four nights over an organisation: an account is shut, is left out, and leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from audit.store.reader import Warehouse
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from providers.loopback.estate import Estate
from providers.loopback.story import first_night, places
from tests.support.strategies import SMALL

PLACES = tuple(place for place in places() if place.provider == "aws")
OTHER = PLACES[-1].account
REGION = f"aws/{OTHER}/{PLACES[-1].region}"


def night(root: Path, estate: Estate, options: Options, **wanted: Any) -> RunResult:
    with AwsLoopback(estate, options) as aws:
        block = aws.organization_settings(**wanted) | {"max_attempts": 1}
        config = Config(
            version=1, warehouse=str(root), out=str(root.parent / "out"), providers={"aws": block}
        )
        with shown(bars=False) as planned:
            return App(config, estate.moment).run(planned)


def left(root: Path) -> tuple[dict[str, Any], dict[str, int], set[tuple[str, str]]]:
    """Return the region's scope, the account's exposures by state, and what changed of them."""
    with Warehouse.at(str(root)).open_run() as run:
        scopes = run.rows("SELECT * FROM scopes WHERE scope_id = $scope", {"scope": REGION})
        mine = {"account": OTHER}
        states = run.rows(
            "SELECT state, count(*) AS n FROM exposures_now WHERE account = $account GROUP BY 1",
            mine,
        )
        events = run.rows(
            "SELECT DISTINCT event, reason FROM exposure_changes WHERE account = $account", mine
        )
    return (
        scopes[0] if scopes else {},
        {row["state"]: row["n"] for row in states},
        {(row["event"], row["reason"]) for row in events},
    )


def test_an_account_of_an_organisation_from_night_to_night(tmp_path):
    root, first = tmp_path / "warehouse", first_night(5, SMALL, PLACES)
    nights = [replace(first, moment=first.moment + timedelta(days=n)) for n in range(4)]

    night(root, nights[0], Options())
    scope, states, _ = left(root)
    assert (scope["outcome"], scope["parent_scope_id"]) == ("complete", f"aws/{OTHER}")
    known = states["open"]
    assert known > 0

    shut = night(root, nights[1], Options(states={OTHER: "SUSPENDED"}))
    scope, states, events = left(root)
    assert (scope["outcome"], scope["error_code"]) == ("failed", "ParentIncomplete")
    assert (states["unconfirmed"], events) == (known, {("unconfirmed", "scope_failed")})
    assert shut.incomplete

    out = night(root, nights[2], Options(), exclude_accounts=[OTHER])
    scope, states, events = left(root)
    assert (scope["outcome"], scope["error_code"]) == ("left_out", "ParentLeftOut")
    assert (states["unconfirmed"], events) == (known, set())
    assert out.outcome == "complete"
    assert out.incomplete  # its images are known and were not assessed

    staying = tuple(place for place in nights[3].places if place.account != OTHER)
    night(
        root, replace(nights[3], places=staying), Options(regions=tuple(p.region for p in PLACES))
    )
    scope, states, events = left(root)
    assert scope == {}
    assert states == {"closed": known}
    assert events == {("closed", "removed")}
