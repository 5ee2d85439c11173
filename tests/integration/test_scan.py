"""Real Trivy over real images in a registry, through the whole job."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from audit.notebook import open_warehouse
from audit.scanning.plan import Action
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.sound import check_all
from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import (
    Advisory,
    Distribution,
    Package,
    StandImage,
    TrivyDatabase,
    push,
)
from providers.loopback.scanning.stand import ADVISORIES, BASE, CHART, IMAGES, INDEX, many
from reports.figures import collect
from tests.support.command_line import registry_audit
from tests.support.scanning import FIRST, Nights, oracle
from tests.support.trivy import PROGRAM, scan

SOME = {name: IMAGES[name] for name in ("shop/web", "edge/node", "clean/debian")}
NEW = Advisory("CVE-2026-10099", "debian 12", "tar-4", "CRITICAL", "1.35-1")


def stored(images) -> Store:
    store = Store()
    for name, image in images.items():
        push(store, name, image, "1.0")
    return store


def test_every_image_is_looked_at_and_what_is_found_is_what_is_there(tmp_path):
    with OciLoopback(stored(IMAGES), Ways(auth="basic")) as registry:
        nights = Nights(registry, tmp_path)
        done = nights.run(0)
    assert (done.outcome, done.unassessed, done.incomplete) == ("complete", 0, False)
    assert {state for state, _ in nights.states().values()} == {"assessed"}
    assert {name: nights.stated(name) for name in IMAGES} == oracle(IMAGES)
    assert "past its end of service life" in nights.states()["old/ledger"][1]
    (run,) = nights.table("runs").itertuples()
    (scope,) = nights.table("scopes").query("kind == 'scan'").itertuples()
    assert run.trivy_db_updated_at == FIRST - timedelta(days=1)
    assert (scope.expected, scope.listed, scope.errors) == (len(IMAGES), len(IMAGES), 0)
    looks = nights.table("assessments").query("source == 'trivy'")
    assert set(looks["scanner_version"]) == {"0.76.0"}
    assert set(looks["db_updated_at"]) == {run.trivy_db_updated_at}


def test_the_next_night_pulls_nothing_and_says_what_an_image_scan_would_say(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        pulled = dict(registry.pulls.blobs)
        nights.know([*ADVISORIES, NEW], age_days=0)
        nights.run(1)
        assert registry.pulls.blobs == pulled
        for name in SOME:
            image = f"{registry.host}/{name}:1.0"
            assert scan(nights.cache, image).findings == nights.stated(name)
    assert {name: nights.stated(name) for name in SOME} == oracle(SOME, [*ADVISORIES, NEW])
    opened = nights.table("exposures").query("vulnerability_id == @NEW.vulnerability_id")
    assert set(opened["event"]) == {"opened"}
    assert len(opened) == sum(
        any(one.vulnerability_id == NEW.vulnerability_id for one in found)
        for found in oracle(SOME, [NEW]).values()
    )


def test_twenty_images_that_share_layers_are_pulled_once_each_and_no_layer_twice(tmp_path):
    images = many(20)
    with OciLoopback(stored(images)) as registry:
        nights = Nights(registry, tmp_path)
        done = nights.run(0)
        assert done.unassessed == 0
        layers = {layer.digest for image in images.values() for layer in image.built().layers}
        assert {registry.pulls.blobs[digest] for digest in layers} == {1}
    assert {name: nights.stated(name) for name in images} == oracle(images)


def test_a_database_that_is_too_old_makes_every_look_stale_and_closes_nothing(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        nights.know([], age_days=30)
        done = nights.run(1)
    assert done.unassessed == len(SOME)
    assert {state for state, _ in nights.states().values()} == {"stale"}
    assert "its database of 2026-10-23 is older than 7 days" in nights.states()["shop/web"][1]
    assert nights.stated("shop/web") == oracle(SOME)["shop/web"], "what was stated still stands"
    assert set(nights.table("exposures")["state"]) == {"unconfirmed"}


@pytest.mark.parametrize(
    ("trivy", "code", "word"),
    [
        ({"program": "/no/such/trivy"}, "ScannerMissing", "is not there"),
        ({"sha256": "0" * 64}, "ScannerAltered", "is not the program"),
        ({"cache_dir": "/no/such/cache"}, "DatabaseAbsent", "has no database"),
    ],
)
def test_a_scanner_that_cannot_scan_is_a_failed_look_at_every_image(tmp_path, trivy, code, word):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        nights.trivy = (
            {**trivy, "cache_dir": str(tmp_path / "none")} if "cache_dir" in trivy else trivy
        )
        done = nights.run(1)
    assert (done.outcome, done.unassessed) == ("partial", len(SOME))
    (scope,) = nights.table("scopes").query("kind == 'scan'").itertuples()
    assert (scope.outcome, scope.error_code, scope.listed) == ("failed", code, 0)
    assert {state for state, _ in nights.states().values()} == {"failed"}
    assert word in nights.states()["shop/web"][1]
    assert "closed" not in set(nights.table("exposures")["state"])


def test_a_registry_that_refuses_the_pull_leaves_the_image_denied(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path, scanners=False)
        nights.run(0)
        nights.scanners = True
        registry.fails["blobs", "shop/web"] = 403
        done = nights.run(1)
    assert done.unassessed == 1
    assert nights.states()["shop/web"] == ("denied", "the registry refused the login")
    (words,) = nights.table("assessments").query("state == 'denied'")["native_status"]
    assert words.startswith("Unauthorised: ")
    assert "sha256:" in words, "the registry's own words, which differ from image to image"
    (scope,) = nights.table("scopes").query("kind == 'scan'").itertuples()
    assert (scope.outcome, scope.error_code, scope.listed) == ("partial", "Unauthorised", 2)


def test_a_pull_that_breaks_off_is_a_failed_look(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path, scanners=False)
        nights.run(0)
        nights.scanners = True
        for layer in SOME["edge/node"].built().layers:
            registry.pulls.cut[layer.digest] = 10
        nights.run(1)
    assert nights.states()["edge/node"][0] == "failed"
    assert nights.states()["clean/debian"][0] == "assessed"


def test_children_of_an_index_are_scanned_each_and_nothing_that_is_no_image(tmp_path):
    store = Store()
    push(store, "shop/multi", INDEX, "1.0")
    push(store, "shop/chart", CHART, "1.0")
    with OciLoopback(store) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
    looks = nights.table("assessments")
    images = nights.table("images")
    platforms = images.query("kind == 'image'")
    assert set(looks["digest"]) == set(platforms["digest"])
    assert set(platforms["architecture"]) == {"amd64", "arm64"}
    assert "attestation" in set(images["kind"])
    assert set(looks["state"]) == {"assessed"}


def test_what_falls_outside_the_budget_is_not_scanned_and_comes_the_next_night(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path, scan={"budget": {"images": 2}})
        first = nights.run(0)
        told = nights.states()
        second = nights.run(1)
    assert sorted(state for state, _ in told.values()) == ["assessed", "assessed", "not_scanned"]
    assert [reason for state, reason in told.values() if state == "not_scanned"] == [
        "outside the budget of 2 images a run"
    ]
    assert (first.unassessed, second.unassessed) == (1, 0)


def test_an_earlier_look_holds_where_the_minutes_do_not_suffice_and_closes_nothing(tmp_path):
    store = stored(SOME)
    with OciLoopback(store) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        before = nights.stated("shop/web")
        push(store, "new/app", IMAGES["old/ledger"], "1.0")
        nights.know([*ADVISORIES, NEW], age_days=0)
        nights.scan = {"budget": {"minutes": 0}}
        done = nights.run(1)
        assert (done.outcome, done.unassessed) == ("complete", 1)
        told, looks = nights.states(), nights.table("assessments").query("state == 'assessed'")
        assert told.pop("new/app") == ("not_scanned", "outside the budget of 0 minutes a run")
        assert {state for state, _ in told.values()} == {"assessed"}
        first = nights.runs()[0]
        assert set(looks["observed_run_id"]) == set(looks["read_run_id"]) == {first}
        assert nights.stated("shop/web") == before != []
        exposures = nights.table("exposures")
        assert set(exposures["reason"]) == {"image_carried"}
        assert set(exposures["state"]) == {"unconfirmed"}
        with Warehouse.at(nights.warehouse).open_run() as run:
            (row,) = collect(run).figures["own_scans"].rows
        assert (row["images"], row["looked_at"]) == (len(SOME) + 1, 0)


def test_an_image_that_is_too_large_is_not_scanned_and_no_error(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path, trivy={"max_image_bytes": 100})
        done = nights.run(0)
    assert done.outcome == "complete"
    assert {state for state, _ in nights.states().values()} == {"not_scanned"}
    assert all("larger than max_image_bytes" in reason for _, reason in nights.states().values())


def test_an_operating_system_that_trivy_has_no_data_for_is_not_assessed_clean(tmp_path):
    packages = (*BASE, *(one for one in IMAGES["shop/web"].layers[1] if one.kind == "pip"))
    images = {"lab/new": StandImage(Distribution("debian", "99"), (packages,))}
    with OciLoopback(stored(images)) as registry:
        nights = Nights(registry, tmp_path)
        done = nights.run(0)
    assert done.unassessed == 1
    assert nights.states() == {
        "lab/new": ("unsupported", "Trivy has no data for its operating system, debian 99")
    }
    assert nights.stated("lab/new") == oracle(images)["lab/new"] != []


@pytest.mark.parametrize("packages", [(), (Package("npm", "lodash-1", "4.17.15"),)])
def test_an_operating_system_whose_packages_cannot_be_read_is_not_assessed_clean(
    tmp_path, packages
):
    image = StandImage(Distribution("debian", "12"), (packages,))
    with OciLoopback(stored({"lab/stripped": image})) as registry:
        nights = Nights(registry, tmp_path)
        said = scan(nights.cache, f"{registry.host}/lab/stripped:1.0").report["Results"][0]
        assert (said["Class"], said.get("Vulnerabilities")) == ("os-pkgs", None), "as if it were"
        done = nights.run(0)
    assert done.unassessed == 1
    state, reason = nights.states()["lab/stripped"]
    assert state == "unsupported"
    assert reason.startswith("no package of its operating system, debian 12")
    assert nights.stated("lab/stripped") == oracle({"lab/stripped": image})["lab/stripped"]
    held = open_warehouse(nights.warehouse).question("package_holders", package="openssl")
    assert held[["holds", "images"]].values.tolist() == [["unknown", 1]]


def test_an_older_database_than_one_that_was_used_closes_nothing(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.know([*ADVISORIES, NEW], age_days=0)
        nights.run(0)
        nights.know(ADVISORIES, age_days=3)
        assert nights.run(1).unassessed == len(SOME)
        state, reason = nights.states()["shop/web"]
        assert state == "stale"
        assert "older than one that was used before, of 2026-11-22" in reason
        assert "closed" not in set(nights.table("exposures")["state"])
        nights.know(ADVISORIES, age_days=-1)
        assert nights.run(2).unassessed == 0
    closed = nights.table("exposures").query("state == 'closed'")
    assert set(closed["vulnerability_id"]) == {NEW.vulnerability_id}


def test_a_broken_run_goes_on_without_pulling_again(tmp_path, monkeypatch):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        with monkeypatch.context() as broken:
            broken.setattr("audit.app.commit_run", _dies)
            with pytest.raises(KeyboardInterrupt):
                nights.run(0)
        pulled = dict(registry.pulls.blobs)
        nights.run(0)
        assert registry.pulls.blobs == pulled
    assert {name: nights.stated(name) for name in SOME} == oracle(SOME)
    assert len(nights.table("sboms")) == len(SOME)


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_scan_alone_works_on_what_the_newest_run_knows_and_its_plan_does_nothing(tmp_path):
    with OciLoopback(stored(SOME), Ways(auth="bearer", realm="")) as registry:
        nights = Nights(registry, tmp_path, scanners=False)
        nights.run(0)
        nights.scanners = True
        (plan,) = nights.app(1).scan_plan().values()
        assert {one.action for one in plan} == {Action.PULL}
        assert len(plan) == len(SOME)
        assert not list((Path(nights.warehouse) / "_staging").glob("*"))
        before = len(registry.log)
        nights.app(1).scan_plan()
        assert len(registry.log) == before
        done = nights.rescan(1)
    assert (done.outcome, done.unassessed) == ("complete", 0)
    assert {name: nights.stated(name) for name in SOME} == oracle(SOME)
    assert nights.table("runs")["command"].tolist() == ["scan"]


def test_scan_alone_says_nothing_of_what_the_newest_listing_could_not_see(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        registry.fails["tags", "shop/web"] = 403
        nights.run(1)
        assert nights.states()["shop/web"][0] == "unknown"
        done = nights.rescan(2)
        assert done.unassessed == 1
        assert nights.states()["shop/web"][0] == "unknown"
        assert nights.states()["clean/debian"][0] == "assessed"
        assert nights.rescan(3).unassessed == 1, "a scan is no listing"


def test_packages_tell_who_has_one_today_and_what_brought_it(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
    packages = nights.table("packages")
    built = {image.built().digest: image for image in SOME.values()}
    listed = {
        (digest, package.name, package.version)
        for digest, image in built.items()
        for layer in image.layers
        for package in layer
    }
    named = packages[["digest", "package_name", "package_version"]].itertuples(index=False)
    assert {tuple(row) for row in named} == listed
    sboms = nights.table("sboms")
    assert dict(zip(sboms["digest"], sboms["packages"], strict=True)) == {
        digest: sum(map(len, image.layers)) for digest, image in built.items()
    }
    assert all((Path(nights.warehouse) / path).is_file() for path in sboms["path"])


def test_the_database_is_fetched_from_a_registry_where_one_is_named(tmp_path):
    store = stored(SOME)
    TrivyDatabase(list(ADVISORIES), FIRST - timedelta(days=1)).push(store, "mirror/trivy-db")
    with OciLoopback(store) as registry:
        source = f"{registry.host}/mirror/trivy-db:2"
        cache = {"cache_dir": str(tmp_path / "empty")}
        fetched = {**cache, "database_repository": source, "allow_insecure_loopback": True}
        nights = Nights(registry, tmp_path, trivy=fetched, scan={"exclude": ["*/mirror/*"]})
        nights.run(0)
        assert {name: nights.stated(name) for name in SOME} == oracle(SOME)
        nights.trivy = {**fetched, "database_repository": f"{registry.host}/no/such:2"}
        done = nights.run(1)
    assert done.unassessed == 0, "what could not be fetched leaves the database that was there"


@pytest.mark.parametrize("harm", ["lost", "altered", "bent"])
def test_verify_finds_an_sbom_that_is_lost_or_altered_and_a_run_says_so(tmp_path, harm):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        assert check_all(Layout(Path(nights.warehouse)), nights.runs(), "256MB").faults == []
        sbom = next((Path(nights.warehouse) / "_sboms").rglob("*.gz"))
        if harm == "lost":
            sbom.unlink()
        elif harm == "bent":
            whole = sbom.read_bytes()
            sbom.write_bytes(whole[:40] + bytes(one ^ 0xFF for one in whole[40:80]) + whole[80:])
        else:
            sbom.write_bytes(gzip.compress(b"{}"))
        found = check_all(Layout(Path(nights.warehouse)), nights.runs(), "256MB")
        assert [fault.where for fault in found.faults] == [str(sbom.relative_to(nights.warehouse))]
        done = nights.run(1)
        assert done.unassessed == 1
        assert sorted(state for state, _ in nights.states().values()) == [
            *("assessed", "assessed", "failed")
        ]
        assert nights.run(2).unassessed == 0, "its image is pulled again"
    assert {name: nights.stated(name) for name in SOME} == oracle(SOME)
    assert check_all(Layout(Path(nights.warehouse)), nights.runs(), "256MB").faults == []


def test_the_login_is_nowhere_to_be_found_afterwards(tmp_path, caplog):
    with OciLoopback(stored(SOME), Ways(auth="basic")) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        secret = registry.password.encode()
    assert secret.decode() not in caplog.text
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path


def test_paths_may_be_relative_to_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bin").mkdir()
    Path("bin/trivy").symlink_to(PROGRAM)
    with OciLoopback(stored({"clean/debian": IMAGES["clean/debian"]})) as registry:
        nights = Nights(registry, tmp_path, trivy={"program": "bin/trivy", "cache_dir": "trivy"})
        assert nights.run(0).unassessed == 0


def test_without_a_scanner_scan_says_what_to_configure(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text(f"version: 1\nwarehouse: {tmp_path}/w\nout: {tmp_path}/o\n")
    done = registry_audit("scan", "--config", config)
    assert done.code == 2
    assert "no scanner is configured" in done.err
    assert "trivy" in done.err


def test_the_report_tells_what_the_scanner_did_and_who_holds_a_package(tmp_path):
    with OciLoopback(stored(SOME)) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        registry.fails["blobs", "shop/web"] = 403
        nights.run(1)
    by_night = []
    for moment in (FIRST, FIRST + timedelta(days=1)):
        with Warehouse.at(nights.warehouse).open_run(f"{moment:%Y%m%dT%H%M%SZ}") as run:
            (row,) = collect(run).figures["own_scans"].rows
            by_night.append(dict(row))
    for row in by_night:
        assert (row["source"], row["scanner_version"]) == ("trivy", "0.76.0")
        assert row["db_updated_at"] == FIRST - timedelta(days=1)
        assert (row["images"], row["looked_at"], row["not_looked_at"]) == (len(SOME), len(SOME), 0)
        assert row["traced"] + row["untraced"] + row["trace_unknown"] == row["pulled"]
    assert [row["pulled"] for row in by_night] == [len(SOME), 0]
    package = SOME["edge/node"].layers[0][0]
    held = open_warehouse(nights.warehouse).question("package_holders", package=package.name)
    digests = {image.built().digest for image in SOME.values() if holds(image, package.name)}
    assert set(held["holds"]) == {"yes"}
    assert set(held["digest"]) == digests
    assert set(held["known_since"]) == {FIRST}


def holds(image, name: str) -> bool:
    packages = [package for layer in image.layers for package in layer]
    return any(name in (one.name, getattr(one, "source", None)) for one in packages)
