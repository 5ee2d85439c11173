"""A real registry through the whole job: listed, pulled from by both scanners, with a login."""

from __future__ import annotations

from providers.loopback.oci import Store
from providers.loopback.scanning import push
from providers.loopback.scanning.stand import IMAGES
from tests.support.anchore import Anchore
from tests.support.docker_registry import PASSWORD, DockerRegistry, installed
from tests.support.scanning import Nights, oracle

pytestmark = installed
NAME = "edge/node"


def test_what_is_in_a_real_registry_is_listed_pulled_by_digest_and_judged(tmp_path):
    store = Store()
    digest = push(store, NAME, IMAGES[NAME], "1.0")
    anchore = Anchore(tmp_path / "anchore")
    (tmp_path / "registry").mkdir()
    with DockerRegistry(tmp_path / "registry") as registry:
        registry.push(store)
        nights = Nights(registry, tmp_path, beside={"grype": anchore.settings})
        done = nights.run(0)
    assert (done.outcome, done.unassessed, done.incomplete) == ("complete", 0, False)
    assert nights.stated(NAME) == oracle({NAME: IMAGES[NAME]})[NAME]
    looks = nights.table("assessments")[["source", "digest", "state"]]
    assert sorted(looks.itertuples(index=False, name=None)) == [
        (tool, digest, "assessed") for tool in ("grype", "trivy")
    ]
    packages = nights.table("packages").value_counts("tool")
    assert packages["grype"] == packages["trivy"] == sum(map(len, IMAGES[NAME].layers))
    for path in (tmp_path / "warehouse").rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
