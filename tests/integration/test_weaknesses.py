"""Secrets and misconfigurations, on request: real Trivy, through the whole job."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Hashable
from http.server import BaseHTTPRequestHandler, HTTPServer
from logging import getLogger
from pathlib import Path
from threading import Thread

import pytest

from audit.notebook import open_warehouse
from audit.ports import Pull, PullLogin, RunContext, ScanError
from providers.loopback.oci import OciLoopback, Store
from providers.loopback.scanning import TrivyDatabase, push
from providers.loopback.scanning.images import StandImage
from providers.loopback.scanning.leaks import (
    FLAWS,
    IN_LABEL,
    LEAKY,
    PRIVILEGED,
    SECRETS,
    Flaw,
    calling,
)
from providers.loopback.scanning.stand import ADVISORIES, IMAGES
from providers.scanners.trivy.scanner import TrivyScanner
from providers.scanners.trivy.settings import TrivySettings
from tests.support.scanning import FIRST, Nights, oracle
from tests.support.trivy import PROGRAM

BOTH = {"also_look_for": ["secret", "misconfiguration"]}
CLEAN = {"clean/debian": IMAGES["clean/debian"]}


def stored(images) -> Store:
    store = Store()
    for name, image in images.items():
        push(store, name, image, "1.0")
    return store


def found(nights: Nights) -> list[Flaw]:
    rows = open_warehouse(nights.warehouse).arrow("weaknesses").to_pylist()
    return [
        Flaw(row["kind"], row["rule_id"], row["location"] or "", row["severity"]) for row in rows
    ]


def asked(nights: Nights) -> dict[Hashable, int]:
    """How many rows the question has for what was found, and images for what nobody knows."""
    told = open_warehouse(nights.warehouse).question("image_flaws")
    counted = told.groupby(["found", "kind"])["images"].sum()
    return {key: int(number) for key, number in counted.items()}


def leaks(folder: Path) -> list[Path]:
    """Files, Trivy's own among them, in which a secret can be read."""
    found = []
    for path in (one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        whole = gzip.decompress(content) if path.suffix == ".gz" else content
        found += [path for secret in SECRETS if secret.encode() in whole]
    return found


def test_what_is_asked_for_is_found_and_no_secret_is_written_anywhere(tmp_path, caplog):
    with OciLoopback(stored({"shop/leaky": LEAKY} | CLEAN)) as registry:
        nights = Nights(registry, tmp_path, trivy=BOTH)
        done = nights.run(0)
    assert (done.outcome, done.unassessed) == ("complete", 0)
    assert nights.stated("shop/leaky") == oracle({"shop/leaky": LEAKY})["shop/leaky"]
    told = found(nights)
    assert {one for one in told if one.place != "app/pod.yaml"} == set(FLAWS)
    assert PRIVILEGED in told
    rows = nights.table("weaknesses")
    key = rows.query("rule_id == 'private-key'").iloc[0]
    assert (key.start_line, key.end_line, key.title) == (2, 7, "Asymmetric Private Key")
    assert key.layer_digest.startswith("sha256:")
    assert "USER" in rows.query("rule_id == 'DS-0002' and location.isna()").iloc[0].remedy
    sboms = nights.table("sboms").set_index("digest")
    leaky = nights.table("placements").query("repository == 'shop/leaky'")["digest"].item()
    assert sorted(sboms["asked_for"].explode()) == [*["misconfiguration"] * 2, *["secret"] * 2]
    assert sorted(sboms["looked_for"][leaky]) == ["misconfiguration", "secret"]
    (silent,) = sboms.drop(leaky)["looked_for"]
    assert list(silent) == ["secret"], "its history holds no instruction to judge"
    assert not leaks(tmp_path)
    assert not [secret for secret in (*SECRETS, IN_LABEL) if secret in caplog.text]
    sbom_files = [*(Path(nights.warehouse) / "_sboms").rglob("*.gz")]
    assert len(sbom_files) == 2
    assert not [
        file for file in sbom_files if IN_LABEL.encode() in gzip.decompress(file.read_bytes())
    ]


def test_once_it_is_asked_for_it_is_looked_for_in_what_was_pulled_before_and_then_never_again(
    tmp_path,
):
    with OciLoopback(stored({"shop/leaky": LEAKY})) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        assert found(nights) == []
        assert [list(kinds) for kinds in nights.table("sboms")["looked_for"]] == [[]]
        assert asked(nights) == {("unknown", "secret"): 1, ("unknown", "misconfiguration"): 1}
        nights.trivy = {"also_look_for": ["secret"]}
        nights.run(1)
        secrets = {one for one in FLAWS if one.kind == "secret"}
        assert set(found(nights)) == secrets
        assert not leaks(tmp_path)
        assert asked(nights) == {("yes", "secret"): 6, ("unknown", "misconfiguration"): 1}
        for night, wish in ((2, nights.trivy), (3, {})):
            nights.trivy = wish
            nights.run(night)
            assert len(nights.table("sboms")) == 0, "nothing is pulled"
        assert nights.states()["shop/leaky"] == ("assessed", "")
    told = open_warehouse(nights.warehouse).sql("SELECT * FROM image_weaknesses")
    assert {*told["rule_id"]} == {one.rule for one in secrets}, "an image does not change"


def test_a_password_beside_a_secret_that_is_known_is_not_kept_either(tmp_path):
    beside = "a-password-of-no-form"
    lines = f"PASSWORD={beside}\nGITHUB_TOKEN={SECRETS[0]}\n".encode()
    image = StandImage(LEAKY.distribution, LEAKY.layers, files={"app/x.env": lines})
    with OciLoopback(stored({"shop/beside": image})) as registry:
        nights = Nights(registry, tmp_path, trivy={"also_look_for": ["secret"]})
        nights.run(0)
    assert [one.rule for one in found(nights)] == ["github-pat"]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if beside.encode() in path.read_bytes()]


def test_what_the_minutes_do_not_suffice_to_renew_is_matched_as_it_is(tmp_path):
    with OciLoopback(stored({"shop/leaky": LEAKY})) as registry:
        nights = Nights(registry, tmp_path)
        nights.run(0)
        nights.trivy, nights.scan = BOTH, {"budget": {"minutes": 0}}
        nights.run(1)
    (look,) = nights.table("assessments").query("source == 'trivy'").to_dict("records")
    assert (look["state"], look["observed_run_id"]) == ("assessed", nights.runs()[-1])
    assert "not looked into for misconfiguration and secret" in look["reason"]
    assert not len(nights.table("exposures")), "nothing is unconfirmed"


def test_an_sbom_is_the_same_whatever_else_is_looked_for(tmp_path):
    """But for hashes of language packages, by which nothing is matched."""
    names = ("shop/all", "edge/node", "scratch/js")
    images = {name: IMAGES[name] for name in names} | {"shop/leaky": LEAKY}
    store, cache = Store(), tmp_path / "cache"
    digests = {name: push(store, name, image, "1.0") for name, image in images.items()}
    TrivyDatabase(list(ADVISORIES), updated_at=FIRST).write(cache)
    sboms: dict[str, list[object]] = {name: [] for name in images}
    with OciLoopback(store) as registry:
        login = PullLogin(registry.host, plain_http=True)
        for kinds in ((), ("secret", "misconfiguration")):
            settings = TrivySettings.model_validate(
                {"program": str(PROGRAM), "cache_dir": str(cache), "also_look_for": kinds}
            )
            scanner = TrivyScanner(
                settings, RunContext("run", FIRST, getLogger("test")), tmp_path / "work"
            )
            for name, digest in digests.items():
                path = tmp_path / "sbom.json"
                scanner.describe(Pull(name, digest, login), path)
                sboms[name].append(_unhashed(path))
    assert not [name for name, (alone, beside) in sboms.items() if alone != beside]


def test_java_archives_are_known_whatever_else_is_looked_for(tmp_path):
    """Asked for secrets alone, Trivy opens no Java database and skips archives without a word."""
    image = StandImage(LEAKY.distribution, LEAKY.layers, files={"app/up.jar": _jar()})
    store, cache = Store(), tmp_path / "cache"
    digest = push(store, "shop/java", image, "1.0")
    TrivyDatabase(list(ADVISORIES), updated_at=FIRST).write(cache)
    with OciLoopback(store) as registry:
        pull = Pull("shop/java", digest, PullLogin(registry.host, plain_http=True))
        settings = {"program": str(PROGRAM), "cache_dir": str(cache)}
        for kinds in ((), ("secret",), ("misconfiguration",)):
            scanner = TrivyScanner(
                TrivySettings.model_validate(settings | {"also_look_for": kinds}),
                RunContext("run", FIRST, getLogger("test")),
                tmp_path / "work",
            )
            with pytest.raises(ScanError) as refused:
                scanner.describe(pull, tmp_path / "sbom.json")
            assert refused.value.code == "JavaDatabaseAbsent", kinds


def _jar() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("made-up.class"), b"made up")
    return packed.getvalue()


def _unhashed(path: Path) -> object:
    document = json.loads(path.read_bytes())
    for component in document["components"]:
        component.pop("hashes", None)
    return document


def test_an_image_sends_nobody_anywhere(tmp_path):
    called: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Counting)
    Thread(target=server.serve_forever, daemon=True).start()
    image = calling(f"http://127.0.0.1:{server.server_port}")
    assert any(path.endswith("values.schema.json") for path in image.files)
    with OciLoopback(stored({"shop/sly": image})) as registry:
        nights = Nights(registry, tmp_path, trivy=BOTH)
        assert nights.run(0).unassessed == 0
    server.shutdown()
    server.server_close()
    assert called == []


def test_where_looking_for_more_fails_the_packages_are_known_all_the_same(tmp_path, caplog):
    slow = tmp_path / "slow-trivy"
    slow.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--list-all-pkgs*) echo "x\tFATAL\tcontext deadline exceeded" >&2; exit 1;; '
        f'esac\nexec {PROGRAM} "$@"\n'
    )
    slow.chmod(0o700)
    with OciLoopback(stored({"shop/leaky": LEAKY})) as registry:
        nights = Nights(registry, tmp_path, trivy={**BOTH, "program": str(slow)})
        done = nights.run(0)
    assert (done.outcome, done.unassessed) == ("complete", 0)
    assert nights.stated("shop/leaky") == oracle({"shop/leaky": LEAKY})["shop/leaky"]
    assert [list(kinds) for kinds in nights.table("sboms")["looked_for"]] == [[]]
    assert "looked into for its packages alone: Trivy was not done in time" in caplog.text
