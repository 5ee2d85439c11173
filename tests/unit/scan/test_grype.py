"""Grype through the same port and the same job as Trivy, over what the real Syft writes.

Grype's matching alone is a stand-in's: the program is nowhere to be had for the tests.
"""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime

import pytest

from audit.model.enums import State
from audit.ports import RunContext, ScanError
from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import push
from providers.loopback.scanning.stand import IMAGES
from providers.scanners.grype.scanner import GrypeScanner
from providers.scanners.grype.settings import GrypeSettings
from tests.support.anchore import MATCH, Anchore
from tests.support.scanning import Nights

NAME = "shop/worker"
CONTEXT = RunContext("run-1", datetime(2026, 11, 22, 2, tzinfo=UTC), logging.getLogger("test"))
LIBSSL = {
    "name": "libssl3",
    "version": "3.0.11-1",
    "type": "deb",
    "purl": "pkg:deb/debian/libssl3@3.0.11-1",
    "locations": [{"path": "/var/lib/dpkg/status", "layerID": "sha256:a"}],
    "metadata": {"package": "libssl3", "source": "openssl", "sourceVersion": "3.0.11-2"},
}
LODASH = {"name": "lodash-1", "version": "4.17.15", "type": "npm"}
SBOM = {"artifacts": [LIBSSL, LODASH], "distro": {"id": "debian"}}


def _packed(document: object) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


@pytest.fixture
def anchore(tmp_path) -> Anchore:
    return Anchore(tmp_path / "anchore")


@pytest.fixture
def scanner(tmp_path, anchore) -> GrypeScanner:
    return GrypeScanner(GrypeSettings(**anchore.settings), CONTEXT, tmp_path / "work")


def test_what_grype_states_of_what_syft_found_lands_as_its_own(tmp_path, anchore):
    """And a new Syft looks again."""
    store, image = Store(), IMAGES[NAME]
    push(store, NAME, image, "1.0")
    with OciLoopback(store, Ways(auth="basic")) as registry:
        nights = Nights(registry, tmp_path, scanners=False, beside={"grype": anchore.settings})
        done = nights.run(0)
        assert (done.outcome, done.unassessed) == ("complete", 0)
        (look,) = nights.table("assessments").query("source == 'grype'").itertuples()
        assert (look.state, look.reason, look.scanner_version) == ("assessed", "", "0.87.0")
        (found,) = nights.table("findings").itertuples()
        assert (found.source, found.vulnerability_id) == ("grype", "GHSA-35jh-r3h4-6jhm")
        assert (found.package_name, found.fixed_version) == ("lodash-1", "4.17.21")
        assert (found.repository, found.layer_digest) == (NAME, image.built().layers[2].digest)
        (sbom,) = nights.table("sboms").itertuples()
        assert (sbom.tool, sbom.tool_version) == ("grype", "syft 1.18.1")
        assert (sbom.format, sbom.packages) == ("Syft JSON 16.0.18", sum(map(len, image.layers)))
        packages = nights.table("packages").set_index("package_name")
        assert packages.loc["libssl3-1", "source_name"] == "openssl-1"
        assert packages.loc["lodash-1", "location"] == "/app/node_modules/lodash-1/package.json"
        assert len(anchore.pulls()) == 1
        anchore.says("syft", "version", {"version": "1.20.0"})
        nights.run(1)
        assert len(anchore.pulls()) == 2
        password = registry.password
    for call in anchore.calls:
        assert password not in " ".join(call["arguments"])
        syft = call["program"] == "syft"
        pull = syft and call["arguments"][0] == "scan"
        assert (password in call["environment"].values()) is pull
        foreign = "GRYPE_" if syft else "SYFT_"
        assert [name for name in call["environment"] if name.startswith(foreign)] == []
        if not syft:
            assert call["environment"]["GRYPE_DB_AUTO_UPDATE"] == "false"


def matched(scanner: GrypeScanner, tmp_path, sbom: object):
    path = tmp_path / "sbom.json"
    path.write_text(json.dumps(sbom))
    return scanner.match(path, lambda _: None)


def test_an_older_database_stays_one_on_every_night_that_follows_and_closes_nothing(
    tmp_path, anchore
):
    store = Store()
    push(store, NAME, IMAGES[NAME], "1.0")
    with OciLoopback(store) as registry:
        scanner = {"grype": anchore.settings}
        nights = Nights(registry, tmp_path, scanners=False, beside=scanner)
        nights.run(0)
        (first,) = nights.table("runs").itertuples()
        assert json.loads(str(first.scanner_databases)) == {"grype": "2026-11-21T02:00:00+00:00"}
        anchore.says("grype", "db", {"built": "2026-11-20T02:00:00Z"})
        anchore.says("grype", "sbom", {"matches": []})
        for night, nights.beside in ((1, scanner), (2, {}), (3, scanner)):
            assert nights.run(night).unassessed == 1
            (look,) = nights.table("assessments").query("source == 'grype'").itertuples()
            assert look.state == "stale"
            assert "older than one that was used before, of 2026-11-21 02:00" in str(look.reason)
            assert "closed" not in set(nights.table("exposures")["state"])
        anchore.says("grype", "db", {"built": "2026-11-21T02:00:00Z"})
        assert nights.run(4).unassessed == 0
        assert set(nights.table("exposures")["state"]) == {"closed"}


@pytest.mark.parametrize(
    ("sbom", "state", "word"),
    [
        ({"artifacts": [], "distro": {}}, State.UNSUPPORTED, "no package"),
        ({**SBOM, "artifacts": []}, State.UNSUPPORTED, "system, debian"),
        ({**SBOM, "artifacts": [LODASH]}, State.UNSUPPORTED, "debian"),
        (
            {**SBOM, "artifacts": [LODASH, {**LIBSSL, "version": "UNKNOWN"}]},
            *(State.UNSUPPORTED, "debian"),
        ),
        ({"artifacts": [LODASH], "distro": {}}, State.ASSESSED, ""),
        ({**SBOM, "distro": {}}, State.UNSUPPORTED, "of which"),
        (
            {**SBOM, "artifacts": [{**LIBSSL, "type": "apk"}]},
            *(State.UNSUPPORTED, "system, debian"),
        ),
        (
            {"artifacts": [{**LIBSSL, "type": "rpm"}], "distro": {"id": "x", "idLike": ["debian"]}},
            *(State.UNSUPPORTED, "system, x"),
        ),
        (
            {**SBOM, "artifacts": [LIBSSL, {**LIBSSL, "version": "UNKNOWN"}]},
            *(State.ASSESSED, "no version could be read of 1 packages"),
        ),
        (
            {**SBOM, "distro": {"id": "fedora", "name": "Fedora"}},
            State.UNSUPPORTED,
            "system, Fedora",
        ),
        ({**SBOM, "distro": {"id": "arch", "idLike": []}}, State.UNSUPPORTED, "system, arch"),
        (SBOM, State.ASSESSED, ""),
    ],
)
def test_what_is_no_look_is_told_as_such(scanner, tmp_path, sbom, state, word):
    judged = matched(scanner, tmp_path, sbom)
    assert judged.state is state
    assert word in judged.reason
    assert bool(judged.reason) is bool(word)
    assert (judged.content_hash is None) is (state is not State.ASSESSED)


def test_what_grype_holds_back_is_counted(scanner, anchore, tmp_path):
    anchore.says("grype", "sbom", {"matches": [], "ignoredMatches": [MATCH]})
    judged = matched(scanner, tmp_path, SBOM)
    assert judged.reason == "1 statements suppressed by the scanner are left out"


@pytest.mark.parametrize("answer", [{"matches": 7}, {"matches": None}])
def test_a_report_that_cannot_be_read_is_no_look(scanner, anchore, tmp_path, answer):
    anchore.says("grype", "sbom", answer)
    with pytest.raises(ScanError) as caught:
        matched(scanner, tmp_path, SBOM)
    assert caught.value.code == "ReportUnreadable"


@pytest.mark.parametrize("sbom", [{"artifacts": 7}, [], {"artifacts": [{"type": 1}]}])
def test_an_sbom_that_cannot_be_read_is_no_look(scanner, tmp_path, sbom):
    path = tmp_path / "sbom.json"
    path.write_text(json.dumps(sbom))
    with pytest.raises(ScanError) as caught:
        list(scanner.packages(path))
    assert caught.value.code == "SbomUnreadable"


def test_a_grype_without_a_database_cannot_scan_and_tells_the_age_of_one(scanner, anchore):
    assert scanner.facts().db_updated_at == datetime(2026, 11, 21, 2, tzinfo=UTC)
    anchore.says("grype", "db", {"error": "database does not exist"})
    with pytest.raises(ScanError) as caught:
        scanner.facts()
    assert caught.value.code == "DatabaseAbsent"


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        7,
        {"manifest": "e30=", "config": "%%%"},
        {"manifest": 7, "config": None},
        {"manifest": _packed({"layers": []}), "config": _packed({"rootfs": {"diff_ids": ["x"]}})},
        {
            "manifest": _packed({"layers": [{"digest": 7}]}),
            "config": _packed({"rootfs": {"diff_ids": ["sha256:a"]}}),
        },
    ],
)
def test_what_is_not_told_of_a_package_is_left_as_it_is(scanner, tmp_path, metadata):
    path = tmp_path / "sbom.json"
    path.write_text(json.dumps({**SBOM, "source": {"metadata": metadata}}))
    (block,) = scanner.packages(path)
    assert block.data["layer_digest"] == ["sha256:a", None]
    assert block.data["source_name"] == ["openssl", None]
    assert block.data["source_version"] == ["3.0.11-2", None]


def test_the_database_is_looked_for_where_grype_keeps_it_for_this_user(
    scanner, anchore, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    scanner.facts()
    told = {call["environment"].get("GRYPE_DB_CACHE_DIR") for call in anchore.calls}
    assert told == {None, str(tmp_path / "cache" / "grype" / "db")}, "none for Syft"
