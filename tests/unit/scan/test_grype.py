"""Grype through the same port and the same job as Trivy; stand-ins answer for the programs."""

from __future__ import annotations

import orjson
import pytest

from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import push
from providers.loopback.scanning.stand import IMAGES
from tests.support.anchore import MATCH, SBOM, Anchore
from tests.support.scanning import Nights

NAME = "shop/web"


@pytest.fixture
def anchore(tmp_path) -> Anchore:
    return Anchore(tmp_path / "anchore")


@pytest.fixture
def nights(tmp_path, anchore):
    store = Store()
    push(store, NAME, IMAGES[NAME], "1.0")
    with OciLoopback(store, Ways(auth="basic")) as registry:
        yield Nights(registry, tmp_path, scanners=False, beside={"grype": anchore.settings})


def look(nights: Nights) -> tuple[str, str]:
    (row,) = nights.table("assessments").query("source == 'grype'").to_dict("records")
    return str(row["state"]), str(row["reason"])


def test_what_grype_states_of_what_syft_found_lands_as_its_own(nights):
    done = nights.run(0)
    assert (done.outcome, done.unassessed) == ("complete", 0)
    assert look(nights) == ("assessed", "")
    (found,) = nights.table("findings").itertuples()
    assert (found.source, found.vulnerability_id) == ("grype", "GHSA-35jh-r3h4-6jhm")
    assert (found.package_name, found.fixed_version) == ("lodash", "4.17.21")
    assert found.repository == NAME
    (sbom,) = nights.table("sboms").itertuples()
    assert (sbom.tool, sbom.tool_version, sbom.format, sbom.packages) == (
        *("grype", "syft 1.18.1", "Syft JSON 16.0.18"),
        2,
    )
    packages = nights.table("packages").set_index("package_name")
    assert packages.loc["libssl3", "source_name"] == "openssl"
    assert packages.loc["lodash", "location"] == "/app/node_modules/lodash/package.json"


def test_the_login_is_in_the_environment_of_syft_alone(nights, anchore):
    nights.run(0)
    (pull,) = anchore.pulls()
    registry = nights.registry
    assert pull["environment"]["SYFT_REGISTRY_AUTH_PASSWORD"] == registry.password
    assert pull["environment"]["SYFT_REGISTRY_AUTH_AUTHORITY"] == registry.host
    digest = IMAGES[NAME].built().digest
    assert pull["arguments"][:2] == ["scan", f"registry:{registry.host}/{NAME}@{digest}"]
    for call in anchore.calls:
        assert registry.password not in " ".join(call["arguments"])
        assert call["environment"]["GRYPE_DB_AUTO_UPDATE"] == "false"
        kept = call["program"] == "syft" and call["arguments"][0] == "scan"
        assert (registry.password in call["environment"].values()) is kept


def test_the_next_night_matches_without_a_pull_and_a_new_syft_looks_again(nights, anchore):
    nights.run(0)
    nights.run(1)
    assert len(anchore.pulls()) == 1
    anchore.says("syft", "version", {"version": "1.20.0"})
    nights.run(2)
    assert len(anchore.pulls()) == 2


def test_both_scanners_stand_beside_each_other(nights):
    nights.scanners = True
    nights.run(0)
    assert set(nights.table("findings")["source"]) == {"grype", "trivy"}
    scopes = nights.table("scopes").query("kind == 'scan'")
    assert sorted(scopes["source"]) == ["grype", "trivy"]
    assert sorted(nights.table("sboms")["tool"]) == ["grype", "trivy"]


def test_an_older_database_stays_one_on_every_night_that_follows_and_closes_nothing(
    nights, anchore
):
    nights.run(0)
    (first,) = nights.table("runs").itertuples()
    assert orjson.loads(first.scanner_databases) == {"grype": "2026-11-21T02:00:00+00:00"}
    anchore.says("grype", "db", {"built": "2026-11-20T02:00:00Z"})
    anchore.says("grype", "sbom", {"matches": []})
    scanner = nights.beside
    for night, nights.beside in ((1, scanner), (2, {}), (3, scanner)):
        assert nights.run(night).unassessed == 1
        state, reason = look(nights)
        assert state == "stale"
        assert "older than one that was used before, of 2026-11-21 02:00" in reason
        assert "closed" not in set(nights.table("exposures")["state"])
    anchore.says("grype", "db", {"built": "2026-11-21T02:00:00Z"})
    assert nights.run(4).unassessed == 0
    assert set(nights.table("exposures")["state"]) == {"closed"}


@pytest.mark.parametrize(
    ("said", "state", "word"),
    [
        (("syft", "scan", {"error": "* remote error: UNAUTHORIZED: no"}), "denied", "login"),
        (("syft", "scan", {"artifacts": 7}), "failed", "cannot be read"),
        (("grype", "sbom", {"matches": 7}), "failed", "cannot be read"),
        (("grype", "db", {"error": "database does not exist"}), "failed", "no database"),
        (("grype", "db", {"built": "2026-10-01T00:00:00Z"}), "stale", "older than 7 days"),
        (("syft", "scan", {**SBOM, "artifacts": [], "distro": {}}), "unsupported", "no package"),
        (("syft", "scan", {**SBOM, "artifacts": []}), "unsupported", "system, debian"),
        (("syft", "scan", {**SBOM, "artifacts": SBOM["artifacts"][1:]}), "unsupported", "debian"),
        (("syft", "scan", {**SBOM, "distro": {}}), "assessed", ""),
        (("grype", "sbom", {"matches": [], "ignoredMatches": [MATCH]}), "assessed", "1 statements"),
    ],
)
def test_what_is_no_look_is_told_as_such(nights, anchore, said, state, word):
    anchore.says(*said)
    nights.run(0)
    told, reason = look(nights)
    assert told == state
    assert word in reason
