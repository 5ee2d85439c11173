"""Nights through the warehouse: a registry in which nothing changed is not listed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.app import App
from audit.cli.progress import shown
from audit.config import Config
from audit.store.reader import Warehouse
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate
from tests.unit.loopback.azure_estates import NIGHT, estate, image

DAYS, PUSHED = 5, 3
Night = tuple[Counter[str], dict[str, list[dict[str, Any]]]]
PLACED = "SELECT * EXCLUDE (run_id, observed_run_id, current) FROM placements ORDER BY ALL"
READ = "SELECT repository, listed_at, complete, listed_images FROM repositories ORDER BY ALL"
IMAGES = "SELECT * EXCLUDE (run_id) FROM images ORDER BY digest"


def moved(before: Estate, day: int) -> Estate:
    """The same estate on a later day; on one of them one more image is pushed."""
    described = replace(before, moment=NIGHT + timedelta(days=day))
    if day != PUSHED:
        return described
    place, *others = described.places
    registry, *rest = place.registries
    first, *left = registry.repositories
    pushed = image("pushed", pushed_at=described.moment - timedelta(hours=5))
    first = replace(first, images=(*first.images, pushed))
    registry = replace(registry, repositories=(first, *left))
    return replace(described, places=(replace(place, registries=(registry, *rest)), *others))


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Night]:
    return list(run(tmp_path_factory.mktemp("unchanged") / "warehouse"))


def run(root: Path) -> Iterator[Night]:
    described = estate()
    with AzureLoopback(described) as cloud:
        for day in range(DAYS):
            described = moved(described, day)
            cloud.show(described)
            config = Config(version=1, warehouse=str(root), providers={"azure": cloud.settings()})
            before = Counter(cloud.calls)
            with shown(bars=False) as planned:
                App(config, described.moment).run(planned)
            with Warehouse.at(str(root)).open_run() as stored:
                rows = {query: stored.rows(query) for query in (PLACED, READ, IMAGES)}
            yield Counter(cloud.calls) - before, rows


def test_a_day_on_which_nothing_changed_lists_only_those_whose_turn_it_is(nights):
    first, *later = [calls["acr.manifests"] for calls, _ in nights]
    assert min(later) < first / 2
    assert sum(later) < len(later) * first
    assert all(calls["acr.manifest"] <= nights[0][0]["acr.manifest"] for calls, _ in nights)


def test_what_is_taken_over_is_what_was_read(nights):
    for _, rows in nights[1:PUSHED]:
        assert rows[PLACED] == nights[0][1][PLACED]
        assert rows[IMAGES] == nights[0][1][IMAGES]


def test_a_push_is_seen_on_its_night(nights):
    digests = [{row["digest"] for row in rows[PLACED]} for _, rows in nights]
    pushed = image("pushed").digest
    assert [pushed in found for found in digests] == [False] * PUSHED + [True] * (DAYS - PUSHED)
    assert all(len(found) == len(digests[0]) + (n >= PUSHED) for n, found in enumerate(digests))


def test_no_listing_is_older_than_the_interval(nights):
    for day, (_, rows) in enumerate(nights):
        for row in rows[READ]:
            age = NIGHT + timedelta(days=day) - row["listed_at"]
            assert timedelta() <= age < timedelta(days=7)
            assert row["complete"]
