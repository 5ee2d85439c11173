"""Two scanners in one run over the same images: the real Trivy, and the real Syft under Grype.

Grype's matching is a stand-in's, see ``tests/support/anchore.py``.
"""

from __future__ import annotations

import pytest

from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import push
from providers.loopback.scanning.stand import CHART, IMAGES, INDEX
from tests.support.anchore import Anchore
from tests.support.scanning import Nights, oracle

NODE, REFUSED = "edge/node", "clean/debian"
BUILT = {one.built().digest: one for one in (IMAGES[NODE], *INDEX.images)}


def stored() -> Store:
    store = Store()
    for name in (NODE, REFUSED):
        push(store, name, IMAGES[name], "1.0")
    push(store, "shop/multi", INDEX, "1.0")
    push(store, "shop/chart", CHART, "1.0")
    return store


@pytest.fixture
def nights(tmp_path):
    """One image may not be pulled."""
    anchore = Anchore(tmp_path / "anchore")
    with OciLoopback(stored(), Ways(auth="basic")) as registry:
        registry.fails["blobs", REFUSED] = 403
        yield Nights(registry, tmp_path, beside={"grype": anchore.settings})


def test_each_looks_at_every_image_once_and_they_agree_on_what_is_in_it(nights):
    done = nights.run(0)
    assert (done.outcome, done.unassessed) == ("partial", 1)
    refused = {IMAGES[REFUSED].built().digest: "denied"}
    for tool in ("trivy", "grype"):
        assert states(nights, tool) == dict.fromkeys(BUILT, "assessed") | refused
    assert held(nights, "trivy") == held(nights, "grype")
    in_them = [package for one in BUILT.values() for some in one.layers for package in some]
    assert len(held(nights, "grype")) == len(in_them) == len(nights.table("packages")) / 2
    scopes = nights.table("scopes").query("kind == 'scan'")
    told = scopes[["source", "outcome", "error_code"]].itertuples(index=False, name=None)
    assert sorted(told) == [(tool, "partial", "Unauthorised") for tool in ("grype", "trivy")]
    assert nights.stated(NODE) == oracle({NODE: IMAGES[NODE]})[NODE]
    assert matched_by_grype(nights) == [
        (NODE, "lodash-1", IMAGES[NODE].built().layers[1].digest),
        ("shop/multi", "lodash-1", INDEX.images[1].built().layers[1].digest),
    ]
    before = matched_by_grype(nights), dict(nights.registry.pulls.blobs)
    nights.run(1)
    assert (matched_by_grype(nights), dict(nights.registry.pulls.blobs)) == before
    assert nights.stated(NODE) == oracle({NODE: IMAGES[NODE]})[NODE], "each by its own SBOM"


def matched_by_grype(nights: Nights) -> list[tuple[str, ...]]:
    own = nights.table("findings").set_index("source").loc["grype"]
    names = ["repository", "package_name", "layer_digest"]
    return sorted(own[names].itertuples(index=False, name=None))


def states(nights: Nights, tool: str) -> dict[str, str]:
    looks = nights.table("assessments").set_index("source").loc[tool]
    return dict(zip(looks["digest"], looks["state"], strict=True))


def held(nights: Nights, tool: str) -> set[tuple[str, ...]]:
    """What a scanner found in each image, to the layer that brought it."""
    names = ["digest", "package_name", "package_version", "package_type", "layer_digest"]
    packages = nights.table("packages").set_index("tool").loc[tool, names]
    return set(packages.itertuples(index=False, name=None))
