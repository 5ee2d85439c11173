"""Two nights of a plain registry through the whole job: nothing there reads as clean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from audit.notebook import open_warehouse
from providers.loopback.oci import OciLoopback, Store, Ways

FIRST = datetime(2026, 11, 22, 2, tzinfo=UTC)


def run(registry: OciLoopback, warehouse: str, night: int) -> RunResult:
    providers = {"oci": {**registry.settings(), "max_attempts": 1}}
    config = Config(version=1, warehouse=warehouse, providers=providers)
    with shown(bars=False) as planned:
        return App(config, FIRST + timedelta(days=night)).run(planned)


@pytest.fixture
def store() -> Store:
    store = Store()
    store.image("team/app", "1.0", layer=b"1")
    store.image("team/other", "1.0", layer=b"2")
    return store


def test_images_that_nobody_scans_are_not_scanned_and_make_the_run_incomplete(store, tmp_path):
    with OciLoopback(store, Ways(auth="bearer")) as registry:
        done = run(registry, str(tmp_path / "w"), 0)
    assert (done.outcome, done.incomplete, done.unassessed) == ("complete", True, 2)
    looks = open_warehouse(str(tmp_path / "w")).table("assessments")
    assert set(zip(looks["source"], looks["state"], strict=True)) == {("none", "not_scanned")}


def test_what_is_known_needs_no_second_reading_and_what_went_is_gone(store, tmp_path):
    with OciLoopback(store) as registry:
        run(registry, str(tmp_path / "w"), 0)
        del store.repositories["team/other"]
        registry.calls.clear()
        run(registry, str(tmp_path / "w"), 1)
        assert registry.calls["manifests GET"] == registry.calls["blobs"] == 0
    placements = open_warehouse(str(tmp_path / "w")).table("placements")
    assert set(placements["repository"]) == {"team/app"}


def test_a_registry_that_refuses_takes_nothing_away(store, tmp_path):
    with OciLoopback(store) as registry:
        run(registry, str(tmp_path / "w"), 0)
        registry.fails["catalog", ""] = 403
        done = run(registry, str(tmp_path / "w"), 1)
    assert done.scopes == {"denied": 1}
    warehouse = open_warehouse(str(tmp_path / "w"))
    assert set(warehouse.table("placements")["repository"]) == {"team/app", "team/other"}
    assert set(warehouse.table("assessments")["state"]) <= {"denied", "unknown", "not_scanned"}
