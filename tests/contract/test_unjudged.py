"""A provider without a source of its own, through the whole job: nothing of it reads as clean."""

from __future__ import annotations

from collections import Counter

import pytest

from audit.app import App
from audit.cli.progress import shown
from audit.config import Config
from audit.notebook import open_warehouse
from providers.loopback.answers import listed
from tests.contract.conftest import PROVIDERS, name_of
from tests.contract.estate import contract_estate

UNJUDGED = [one for one in PROVIDERS if not one.judges]


@pytest.fixture(scope="module", params=UNJUDGED, ids=name_of)
def night(request, clouds, estate, tmp_path_factory):
    """How a run over the whole estate ended, and the warehouse it left."""
    reached = clouds.reach(request.param)
    reached.cloud.show(contract_estate())
    providers = {request.param.name: reached.settings()}
    root = str(tmp_path_factory.mktemp("unjudged") / "w")
    config = Config(version=1, warehouse=root, providers=providers)
    with shown(bars=False) as planned:
        done = App(config, estate.moment).run(planned)
    runnable = [
        (registry.registry_id, repository, image.digest)
        for place in estate.of(request.param.name)
        for registry in place.registries
        for repository, image in listed(estate, place, registry)
        if image.kind == "image"
    ]
    return done, open_warehouse(root), runnable


def test_what_nobody_judges_is_not_scanned_and_counts_as_not_looked_at(night):
    done, warehouse, runnable = night
    looks = warehouse.table("assessments")
    assert Counter(zip(looks["source"], looks["state"], strict=True)) == {
        ("none", "not_scanned"): len(runnable)
    }
    assert set(zip(looks["registry_id"], looks["repository"], looks["digest"], strict=True)) == set(
        runnable
    )
    assert (done.outcome, done.incomplete) == ("complete", True)
    assert done.unassessed
    coverage = warehouse.table("coverage")
    assert set(coverage["state"]) == {"not_scanned"}
    assert coverage["placements"].sum() == len(runnable) > 0


def test_nothing_is_open_and_nothing_closed_by_what_nobody_judges(night):
    _, warehouse, _ = night
    assert warehouse.table("findings").empty
    assert warehouse.table("exposures").empty
