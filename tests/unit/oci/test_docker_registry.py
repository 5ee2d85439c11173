"""The adapter over Debian's docker-registry, and whether our loopback registry is like it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from providers.loopback.oci import Content, OciLoopback, Store, Ways
from providers.loopback.oci.content import EMPTY_CONFIG, OCI_MANIFEST
from providers.loopback.scanning import push, stand
from tests.support.docker_registry import CATALOG, PASSWORD, READER, DockerRegistry, installed
from tests.support.token_server import TokenServer
from tests.unit.oci.support import Collected, collect, read, told

pytestmark = installed
SPDX = "application/spdx+json"


def filled() -> Store:
    """More repositories than the catalogue gives at once, and all that the stand can make."""
    store = Store()
    for name in ("base/debian", "shop/web", "edge/proxy", "old/ledger"):
        push(store, name, stand.IMAGES[name], "1.0", "latest")
    push(store, "shop/multi", stand.INDEX, "1.0")
    push(store, "shop/chart", stand.CHART, "0.1")
    return store


def refer(store: Store, name: str, digest: str) -> str:
    """Push an SBOM of an image as a client does where there is no referrers API; its digest."""
    subject = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    empty = Content(EMPTY_CONFIG, b"{}")
    sbom = store.manifest(name, config=empty, artifactType=SPDX, subject=subject)
    listed = {"mediaType": OCI_MANIFEST, "digest": sbom, "size": 1, "artifactType": SPDX}
    store.index(name, f"sha256-{digest[7:]}", manifests=[listed])
    return sbom


def rows(got: Collected, host: str) -> dict[str, Any]:
    """All rows in an order of their own, whichever host they are of."""
    told = json.loads(json.dumps(got.tables, default=str).replace(host, "HOST"))
    return {name: sorted(map(json.dumps, found)) for name, found in told.items()}


def test_a_real_registry_is_read_as_the_loopback_one_is(tmp_path):
    """Catalogue in pages, tags, manifests, the children of an index, and referrers by their tag."""
    store = filled()
    digest = stand.IMAGES["shop/web"].built().digest
    sbom = refer(store, "shop/web", digest)
    with DockerRegistry(tmp_path) as registry:
        registry.push(store)
        got, host = collect(registry.settings()), registry.host
    assert told(got) == ("complete", None)
    assert len(store.repositories) > CATALOG
    assert set(got.whole()) == set(store.repositories)
    assert got.placed("shop/web")[digest] == ["1.0", "latest"]
    assert (got.kinds()[sbom], got.image(sbom)["subject_digest"]) == ("sbom", digest)
    children = {one.built().digest: one.architecture for one in stand.INDEX.images}
    platforms = {row["digest"]: row["architecture"] for row in got["images"]}
    assert children.items() <= platforms.items()
    with OciLoopback(store, Ways(referrers=False, auth="basic")) as loopback:
        assert rows(got, host) == rows(read(loopback), loopback.host)


def test_what_is_wrong_is_told_as_the_registry_words_it(tmp_path):
    store = filled()
    with DockerRegistry(tmp_path) as registry:
        registry.push(store)
        settings = registry.settings(password="wrong")  # noqa: S106  a test's
        refused = collect(settings)
        before = collect(registry.settings())
        digest = stand.IMAGES["edge/proxy"].built().digest
        gone = f"{registry.url}/v2/edge/proxy/manifests/{digest}"
        deleted = requests.delete(gone, auth=(READER, PASSWORD), timeout=10)
        assert deleted.status_code == 202
        after = collect(registry.settings(), before)
        named = collect(registry.settings(repositories=["edge/proxy", "shop/web", "no/such"]))
    assert told(refused) == ("denied", "UNAUTHORIZED")
    assert refused["placements"] == []
    assert told(after) == ("complete", None), "a repository that lost its tags is empty, not unread"
    assert after.whole() == dict.fromkeys(store.repositories, True)
    assert (before.placed("edge/proxy"), after.placed("edge/proxy")) == (
        {digest: ["1.0", "latest"]},
        {},
    )
    assert told(named) == ("partial", "NAME_UNKNOWN")
    assert named.whole() == {"edge/proxy": True, "shop/web": True, "no/such": False}


def test_a_realm_gives_tokens_to_the_login_alone(tmp_path):
    """Each for what was asked for; the registry itself checks who signed it."""
    store = Store()
    push(store, "shop/web", stand.IMAGES["shop/web"], "1.0")
    with TokenServer(tmp_path) as tokens, DockerRegistry(tmp_path, tokens.auth) as registry:
        pushing = tokens.token("repository:shop/web:pull,push")
        registry.push(store, {"Authorization": f"Bearer {pushing}"})
        got = collect(registry.settings())
        asked = list(tokens.asked)
        wrong = collect(registry.settings(password="wrong"))  # noqa: S106  a test's
    assert told(got) == ("complete", None)
    assert got.whole() == {"shop/web": True}
    assert asked == ["registry:catalog:*", "repository:shop/web:pull"]
    assert told(wrong)[0] == "denied"


def test_nothing_of_it_runs_on(tmp_path):
    with DockerRegistry(tmp_path) as registry:
        url = registry.url
        assert requests.get(f"{url}/v2/", timeout=10).status_code == 401
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert [one for one in running if str(tmp_path).encode() in one] == []
