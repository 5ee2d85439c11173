"""What a pull costs: no layer is pulled twice, and a store gives ranges and heads as it should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import requests

from providers.loopback.scanning import expected, push, stand
from tests.support.trivy import scan


def test_twenty_images_that_share_layers_pull_nothing_twice(fresh, registry):
    workers, images = 2, stand.many(20)
    references = {
        name: f"{registry.host}/{name}@{push(registry.store, name, image)}"
        for name, image in images.items()
    }
    layers = {layer.digest for one in images.values() for layer in one.built().layers}
    assert len(layers) == 2 + 20
    cache = fresh()

    def look(names: list[str]) -> dict[str, int]:
        with ThreadPoolExecutor(workers) as pool:
            said = list(pool.map(lambda name: scan(cache, references[name]), names))
        wanted = [expected(images[name], stand.ADVISORIES) for name in names]
        assert [one.findings for one in said] == wanted
        return {digest: registry.pulls.blobs[digest] for digest in layers}

    pulled = look(list(images))
    # Two that start at once may each pull what neither has kept yet, and no more than that.
    assert all(1 <= times <= workers for times in pulled.values())
    assert sum(pulled.values()) <= len(layers) + 2 * (workers - 1)
    assert look(list(images)[:3]) == pulled, "what is kept is not pulled again"


def test_a_blob_in_parts_and_by_its_head(registry):
    digest = registry.store.put_blob(b"0123456789")
    url = f"{registry.url}/v2/any/blobs/{digest}"
    part = requests.get(url, headers={"Range": "bytes=2-4"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    rest = requests.get(url, headers={"Range": "bytes=8-"}, timeout=10)
    assert (rest.status_code, rest.content) == (206, b"89")
    assert requests.get(url, headers={"Range": "bytes=10-"}, timeout=10).status_code == 416
    head = requests.head(url, timeout=10)
    assert (head.headers["Content-Length"], head.content) == ("10", b"")
    assert registry.pulls.blobs == {digest: 3}
