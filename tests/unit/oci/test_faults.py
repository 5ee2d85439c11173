"""Answers that are not what they should be: each is told, and what was read before it is kept."""

from __future__ import annotations

import pytest

from providers.loopback.http import Request, Response
from providers.loopback.oci import Content, OciLoopback, Store, Ways
from providers.loopback.oci.content import OCI_CONFIG, OCI_MANIFEST, encoded
from tests.unit.oci.support import collect, read, told

NEW = "application/vnd.example.manifest.v9+json"


@pytest.fixture
def store() -> Store:
    store = Store()
    for name in ("a", "b", "c", "d"):
        for tag in ("1", "2", "3"):
            store.image(name, tag, layer=f"{name}{tag}".encode())
    return store


@pytest.mark.parametrize(("page", "outcome", "names"), [(1, "failed", ""), (2, "partial", "ab")])
def test_a_page_of_the_catalogue_that_fails(store, page, outcome, names):
    with OciLoopback(store, Ways(page=2)) as registry:
        registry.cut["/v2/_catalog"] = page
        got = read(registry)
    assert told(got) == (outcome, "UNKNOWN")
    assert got.whole() == dict.fromkeys(names, True)
    assert got.outcome
    assert got.outcome.listed == len(got["placements"]) == 3 * len(names)


def test_what_is_on_record_is_not_looked_for_by_a_catalogue_that_broke_off(store):
    """It would read as left out, or as gone."""
    with OciLoopback(store, Ways(page=2)) as registry:
        before = read(registry)
        registry.cut["/v2/_catalog"] = 2
        assert set(read(registry, before).whole()) == {"a", "b"}


@pytest.mark.parametrize(("page", "tags"), [(1, []), (2, ["1", "2"])])
def test_a_page_of_tags_that_fails_keeps_the_tags_before_it(store, page, tags):
    with OciLoopback(store, Ways(page=2)) as registry:
        registry.cut["/v2/b/tags/list"] = page
        got = read(registry)
    assert told(got) == ("partial", "UNKNOWN")
    assert got.whole() == {"a": True, "b": False, "c": True, "d": True}
    assert sorted(got.placed("b").values()) == [[tag] for tag in tags]


def test_an_unknown_name_on_a_later_page_is_no_empty_repository(store):
    class Deleting(OciLoopback):
        def _handle(self, request: Request) -> Response:
            if request.path == "/v2/b/tags/list" and "last" in request.query:
                del self.store.repositories["b"]
            return super()._handle(request)

    with Deleting(store, Ways(page=2)) as registry:
        got = read(registry)
    assert told(got) == ("partial", "NAME_UNKNOWN")
    assert got.whole()["b"] is False


@pytest.mark.parametrize("operation", ["catalog", "tags", "manifests HEAD", "manifests GET"])
def test_a_registry_that_goes_on_saying_slow_down_is_not_read(store, operation):
    with OciLoopback(store, Ways(throttled=((operation, 1_000_000),))) as registry:
        got = collect({**registry.settings(), "max_attempts": 1})
    # Of a manifest whose tag could be resolved its digest is known, and nothing else.
    assert told(got)[0] == ("partial" if operation == "manifests GET" else "failed")
    assert told(got)[1] == ("429" if operation == "manifests HEAD" else "TOOMANYREQUESTS")
    assert True not in got.whole().values()


class Saying(OciLoopback):
    """Answers whatever is asked of one path with a body of its own."""

    path, body = "", b""

    def _handle(self, request: Request) -> Response:
        if request.path == self.path:
            return Response(200, self.body, {"Content-Type": "application/json"})
        return super()._handle(request)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"tags":["1","2"',
        b"<html>sign in</html>",
        b"[]",
        b"{}",
        b'{"tags":"1"}',
        b'{"tags":[1]}',
        b'{"tags":[""]}',
        b'{"repositories":["a"]',
        b'{"repositories":{"a":1}}',
        b"\xff\xfe",
        b"[" * 10_000,
    ],
)
@pytest.mark.parametrize("path", ["/v2/b/tags/list", "/v2/_catalog"])
def test_a_body_that_is_no_listing_is_no_empty_one(store, path, body):
    with Saying(store) as registry:
        registry.path, registry.body = path, body
        got = read(registry)
    assert told(got) == ("partial" if "tags" in path else "failed", "BrokenPageError")
    assert got.whole().get("b") is not True


def test_a_media_type_never_seen_is_read_by_its_config_and_named(store):
    """Its config says that it runs: then it has to be looked at, whatever its manifest calls it."""
    config = store.described(OCI_CONFIG, encoded({"os": "linux", "architecture": "amd64"}))
    document = {"mediaType": NEW, "config": config, "layers": []}
    digest = store.put("a", Content(NEW, encoded(document)), "new")
    with OciLoopback(store) as registry:
        got = read(registry)
    row = got.image(digest)
    assert (row["kind"], row["media_type"], row["os"]) == ("image", NEW, "linux")
    assert told(got) == ("complete", None)


def test_a_manifest_of_a_shape_never_seen_is_placed_and_its_repository_not_whole(store):
    digest = store.put("a", Content(NEW, encoded({"mediaType": NEW, "parts": []})), "new")
    with OciLoopback(store) as registry:
        got = read(registry)
    assert told(got) == ("partial", "BrokenPageError")
    assert (got.whole()["a"], got.placed("a")[digest]) == (False, ["new"])
    assert got.kinds()[digest] == "image", "what it is is not known: it counts as not looked at"


def test_an_artifact_of_a_kind_never_seen_is_an_artifact_under_its_own_name(store):
    about = "application/vnd.example.novelty+json"
    digest = store.manifest("a", "new", config=Content(about, b"{}"))
    with OciLoopback(store) as registry:
        row = read(registry).image(digest)
    assert (row["kind"], row["artifact_type"]) == ("artifact", about)
    assert (row["media_type"], row["os"]) == (OCI_MANIFEST, None)
