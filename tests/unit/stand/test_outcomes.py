"""How real Trivy ends when it cannot look: each way by its exit code and its words.

The words are Trivy 0.76's. A newer one that says something else fails here first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import pytest

from providers.loopback.oci import OciLoopback, Store, Ways
from providers.loopback.scanning import StandIndex, TrivyDatabase, expected, push, stand
from tests.support.trivy import OFFLINE, Said, scan, trivy
from tests.unit.stand.conftest import MOMENT

WEB = stand.IMAGES["shop/web"]
ABSENT = f"sha256:{'0' * 64}"


@pytest.fixture
def reference(registry):
    return f"{registry.host}/shop/web@{push(registry.store, 'shop/web', WEB, '1')}"


def stops(said: Said, code: int, *words: str) -> None:
    """The run found nothing, ended with this code and said these words."""
    assert (said.code, said.out.strip()) == (code, "")
    assert [word for word in words if word not in said.error] == []


@pytest.mark.parametrize("place", ["shop/web:none", "shop/none:1", f"shop/web@{ABSENT}"])
@pytest.mark.usefixtures("reference")
def test_what_is_not_there(cache, registry, place):
    said = scan(cache, f"{registry.host}/{place}")
    stops(said, 1, "* remote error: ", "MANIFEST_UNKNOWN")


def test_a_registry_that_is_down(cache):
    with OciLoopback(Store()) as gone:
        host = gone.host
    stops(scan(cache, f"{host}/shop/web:1"), 1, "connection refused")


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_credentials_that_are_missing_wrong_and_right(fresh, auth):
    store = Store()
    digest = push(store, "shop/web", WEB)
    with OciLoopback(store, Ways(auth=auth)) as registry:
        reference = f"{registry.host}/shop/web@{digest}"
        wrong = {"TRIVY_USERNAME": registry.username, "TRIVY_PASSWORD": "wrong"}
        for env in ({}, wrong):
            stops(scan(fresh(), reference, env=env), 1, "* remote error: ", "UNAUTHORIZED")
        right = {"TRIVY_USERNAME": registry.username, "TRIVY_PASSWORD": registry.password}
        said = scan(fresh(), reference, env=right)
    assert said.findings == expected(WEB, stand.ADVISORIES)
    assert registry.password not in said.out + said.error


def test_a_private_address_is_told_the_password_over_plain_http_unasked(fresh):
    """Nobody said ``--insecure``: HTTPS fails, and HTTP is taken instead, with the password."""
    store = Store()
    digest = push(store, "shop/web", WEB)
    words = ("--image-src", "remote", "--scanners", "vuln", "--format", "json")
    with OciLoopback(store, Ways(auth="basic")) as registry:
        right = {"TRIVY_USERNAME": registry.username, "TRIVY_PASSWORD": registry.password}
        reference = f"{registry.host}/shop/web@{digest}"
        said = trivy(fresh(), "image", *OFFLINE, *words, reference, env=right)
    assert said.findings == expected(WEB, stand.ADVISORIES)
    assert any(authorization for _, _, authorization in registry.log)


def test_an_image_that_may_not_be_read(cache, registry, reference):
    registry.fails["manifests GET", "shop/web"] = 403
    stops(scan(cache, reference), 1, "* remote error: ", "DENIED")


@pytest.mark.parametrize(("host", "opens"), [("127.0.0.1:9", False), ("localhost", True)])
def test_the_realm_of_a_token_server(fresh, host, opens):
    """A realm at a private address that is not the registry's is refused, right password or not."""
    store = Store()
    digest = push(store, "shop/web", WEB)
    with OciLoopback(store, Ways(auth="bearer")) as registry:
        port = registry.host.partition(":")[2]
        realm = f"http://{host}:{port}/token" if opens else f"http://{host}/token"
        registry.ways = replace(registry.ways, realm=realm)
        right = {"TRIVY_USERNAME": registry.username, "TRIVY_PASSWORD": registry.password}
        said = scan(fresh(), f"{registry.host}/shop/web@{digest}", env=right)
    if opens:
        assert said.findings == expected(WEB, stand.ADVISORIES)
    else:
        stops(said, 1, "invalid realm in www-authenticate", "private or link-local address")


def test_an_image_that_is_too_large_is_not_pulled(fresh, registry):
    digest = push(registry.store, "big/web", replace(WEB, filler=2_000_000))
    said = scan(fresh(), f"{registry.host}/big/web@{digest}", "--max-image-size", "1MB")
    stops(said, 1, "compressed image size 2.03MB exceeds maximum allowed size 1MB")
    assert registry.calls["blobs"] == 1, "its config"


def test_an_answer_that_is_too_slow(fresh, registry, reference):
    registry.slow["/blobs/"] = 2
    started = monotonic()
    stops(scan(fresh(), reference, "--timeout", "1500ms"), 1, "context deadline exceeded")
    assert monotonic() - started < 10


@pytest.mark.parametrize("sent", [0, 100, 1500])
def test_a_layer_that_breaks_off_is_no_clean_image(fresh, registry, reference, sent):
    registry.pulls.cut[WEB.built().layers[1].digest] = sent
    cache = fresh()
    stops(scan(cache, reference), 1, "failed to analyze layer", "unexpected EOF")
    registry.pulls.cut.clear()
    assert scan(cache, reference).findings == expected(WEB, stand.ADVISORIES)


def test_a_manifest_that_is_another_than_was_asked_for(cache, registry, reference):
    held = registry.store.repositories["shop/web"]
    held.manifests[WEB.built().digest] = stand.IMAGES["clean/debian"].built().manifest
    stops(scan(cache, reference), 1, "does not match requested digest")


def test_a_layer_is_believed_whatever_its_digest_says(fresh, registry, reference):
    """Length and manifest are checked, a layer's content is not: the registry is trusted there."""
    layers = WEB.built().layers
    false = layers[1].body.replace(b"Version: 3.2.12", b"Version: 3.2.13")
    registry.store.blobs[layers[1].digest] = false
    found = scan(fresh(), reference).findings
    hidden = [one for one in expected(WEB, stand.ADVISORIES) if one.package == "django-4"]
    assert len(hidden) == 1
    assert found == [one for one in expected(WEB, stand.ADVISORIES) if one not in hidden]
    registry.store.blobs[layers[1].digest] = false + b"more"
    stops(scan(fresh(), reference), 1, "does not match expected size")


def test_a_layer_that_is_gone(fresh, registry, reference):
    del registry.store.blobs[WEB.built().layers[1].digest]
    stops(scan(fresh(), reference), 1, "BLOB_UNKNOWN")


def test_what_is_no_image(cache, registry):
    digest = push(registry.store, "charts/web", stand.CHART)
    said = scan(cache, f"{registry.host}/charts/web@{digest}")
    stops(said, 1, "* remote error: unsupported artifact type")


def test_an_index_without_the_platform(cache, registry):
    index = StandIndex((replace(WEB, architecture="arm64"),))
    digest = push(registry.store, "arm/web", index)
    said = scan(cache, f"{registry.host}/arm/web@{digest}")
    stops(said, 1, "* remote error: no child with platform linux/amd64 in index")


def test_a_cache_without_a_database(reference, tmp_path):
    stops(scan(tmp_path, reference), 1, "--skip-db-update cannot be specified on the first run")


def test_a_database_of_an_older_layout(reference, tmp_path):
    TrivyDatabase(stand.ADVISORIES, MOMENT, schema=1).write(tmp_path)
    stops(scan(tmp_path, reference), 1, "old DB schema. Local DB: 1, Expected: 2")


def test_a_database_that_was_cut_ends_it_without_a_message(fresh, reference):
    cache = fresh()
    path = cache / "db" / "trivy.db"
    path.write_bytes(path.read_bytes()[: 2 * 4096])
    stops(scan(cache, reference), 2, "goroutine ")


def test_an_old_database_is_used_without_a_word(cache, reference, tmp_path):
    TrivyDatabase(stand.ADVISORIES, datetime(2024, 11, 22, tzinfo=UTC)).write(tmp_path)
    old, new = scan(tmp_path, reference), scan(cache, reference)
    assert old.findings == new.findings == expected(WEB, stand.ADVISORIES)
    assert without_times(old.error) == without_times(new.error)


def without_times(text: str) -> list[str]:
    return sorted(line.partition("\t")[2] for line in text.splitlines())
