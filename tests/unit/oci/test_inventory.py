"""The adapter over real HTTP: what a registry holds, and what of it could not be read."""

from __future__ import annotations

import pytest

from audit.model.enums import Outcome
from providers.loopback.oci import Content, OciLoopback, Store, Ways
from providers.loopback.oci.content import EMPTY_CONFIG, OCI_CONFIG, OCI_MANIFEST, encoded
from tests.unit.oci.support import collect, read, told

AMD, ARM = ("linux", "amd64"), ("linux", "arm64")
SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"
SPDX = "application/spdx+json"


@pytest.fixture
def store() -> Store:
    return Store()


def signed(store: Store, repository: str, digest: str, *tags: str, kind: str = SIGNATURE) -> str:
    """Push what refers to a manifest."""
    subject = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    return store.manifest(
        repository,
        *tags,
        config=Content(EMPTY_CONFIG, b"{}"),
        artifactType=kind,
        subject=subject,
    )


def test_tags_of_one_digest_are_one_placement(store):
    digest = store.image("team/app", "1.0", "latest", labels={"a": "b"}, layer=b"x" * 100)
    with OciLoopback(store) as registry:
        got, host = read(registry), registry.host
    assert got.placed("team/app") == {digest: ["1.0", "latest"]}
    row = got.image(digest)
    assert (row["kind"], row["os"], row["architecture"]) == ("image", "linux", "amd64")
    assert row["labels"] == ["a=b"]
    assert row["size_bytes"] > 100
    assert told(got) == ("complete", None)
    assert got.whole() == {"team/app": True}
    assert got["registries"][0]["registry_id"] == host


def test_an_index_brings_its_platforms_and_its_attestation(store):
    amd = store.image("app", layer=b"amd")
    arm = store.image("app", platform=ARM, layer=b"arm")
    proof = store.manifest("app", config=Content(OCI_CONFIG, b"{}"))
    note = {"vnd.docker.reference.type": "attestation-manifest"}
    about = {**note, "vnd.docker.reference.digest": amd}
    index = store.index(
        "app",
        "1.0",
        manifests=[
            store.child("app", amd, AMD),
            store.child("app", arm, ARM),
            store.child("app", proof, ("unknown", "unknown"), annotations=about),
        ],
    )
    with OciLoopback(store) as registry:
        got = read(registry)
    assert got.kinds() == {index: "index", amd: "image", arm: "image", proof: "attestation"}
    assert got.image(index)["child_digests"] == [amd, arm, proof]
    assert got.image(proof)["subject_digest"] == amd
    assert got.placed("app") == {index: ["1.0"], amd: [], arm: [], proof: []}


def test_a_platform_that_was_never_pushed_is_no_error(store):
    amd = store.image("app", layer=b"amd")
    missing = {**store.child("app", amd, ARM), "digest": f"sha256:{'0' * 64}"}
    store.index("app", "1.0", manifests=[store.child("app", amd, AMD), missing])
    with OciLoopback(store) as registry:
        got = read(registry)
    assert told(got) == ("complete", None)
    assert sorted(got.kinds().values()) == ["image", "index"]


@pytest.mark.parametrize("api", [True, False])
def test_what_refers_to_an_image_is_found_by_the_api_and_by_tags(store, api):
    digest = store.image("app", "1.0")
    proof = signed(store, "app", digest)
    listed = {"mediaType": OCI_MANIFEST, "digest": proof, "size": 1}
    fallback = store.index("app", f"sha256-{digest[7:]}", manifests=[listed])
    cosign = store.image("app", f"sha256-{digest[7:]}.sig", layer=b"sig", platform=("", ""))
    with OciLoopback(store, Ways(referrers=api)) as registry:
        got = read(registry)
    assert told(got) == ("complete", None)
    assert got.kinds()[proof] == "signature"
    assert got.kinds()[cosign] == "signature"
    assert got.kinds()[fallback] == "artifact", "it is no index of platforms"
    assert {got.image(one)["subject_digest"] for one in (proof, cosign)} == {digest}


def test_a_registry_without_the_api_is_asked_once(store):
    for number in range(5):
        store.image("app", str(number), layer=str(number).encode())
    with OciLoopback(store, Ways(referrers=False)) as registry:
        read(registry)
        assert registry.calls["referrers"] == 1


def test_referrers_alone_are_found_without_any_tag(store):
    digest = store.image("app", "1.0")
    sbom = signed(store, "app", digest, kind=SPDX)
    with OciLoopback(store) as registry:
        got = read(registry)
    assert got.kinds() == {digest: "image", sbom: "sbom"}
    assert got.placed("app")[sbom] == []


def test_pages_are_followed_to_the_end(store):
    names = [f"team/app{number}" for number in range(7)]
    for name in names:
        for tag in range(5):
            store.image(name, f"1.{tag}", layer=f"{tag}".encode())
    with OciLoopback(store, Ways(page=2)) as registry:
        got = read(registry)
        assert registry.calls["catalog"] == 4
        assert registry.calls["tags"] == 7 * 3
    assert sorted(got.whole()) == names
    assert len(got["placements"]) == 35


def test_a_registry_that_gives_few_at_once_is_not_asked_for_many(store):
    names = [f"team/app{number}" for number in range(7)]
    for name in names:
        store.image(name, "1.0")
    with OciLoopback(store, Ways(most=3)) as registry:
        got = read(registry)
        assert registry.calls["catalog"] == 2 + 3
    assert told(got) == ("complete", None)
    assert sorted(got.whole()) == names


def test_a_digest_is_read_once_for_the_registry_and_never_again(store):
    """HEAD for each tag stays: only it tells that a tag moved."""
    digests = [store.image(name, "1", "2", labels={"l": "1"}) for name in ("a", "b", "c")]
    assert len(set(digests)) == 1
    with OciLoopback(store) as registry:
        first = read(registry)
        assert registry.calls["manifests GET"] == 1
        assert registry.calls["blobs"] == 1
        registry.calls.clear()
        again = read(registry, first)
        assert registry.calls["manifests GET"] == 0
        assert registry.calls["blobs"] == 0
        assert registry.calls["manifests HEAD"] == 6
    assert again.tables == first.tables


def test_a_tag_that_moved_is_seen_in_the_second_run(store):
    old = store.image("app", "latest", layer=b"old")
    with OciLoopback(store) as registry:
        first = read(registry)
        new = store.image("app", "latest", layer=b"new")
        second = read(registry, first)
    assert first.placed("app") == {old: ["latest"]}
    assert second.placed("app") == {new: ["latest"]}


def test_without_the_digest_header_the_content_tells(store):
    digest = store.image("app", "1.0")
    with OciLoopback(store, Ways(digest_header=False)) as registry:
        assert read(registry).placed("app") == {digest: ["1.0"]}


def test_content_that_is_not_what_its_digest_promises_is_not_believed(store):
    digest = store.image("app", "1.0")
    good = store.repositories["app"].manifests[digest]
    store.repositories["app"].manifests[digest] = Content(good.media_type, good.body + b" ")
    with OciLoopback(store) as registry:
        got = read(registry)
    assert told(got) == ("partial", "BrokenPageError")
    assert got.whole() == {"app": False}


def test_a_repository_that_lost_its_last_tag_is_empty_not_unread(store):
    store.image("app", "1.0")
    store.put("gone", Content(OCI_MANIFEST, encoded({"layers": []})))
    with OciLoopback(store) as registry:
        got = read(registry)
    assert told(got) == ("complete", None)
    assert got.whole() == {"app": True, "gone": True}


def test_a_configured_repository_that_is_not_found_may_be_hidden(store):
    """Registries answer 404 to those who may not look."""
    store.image("app", "1.0")
    with OciLoopback(store, Ways(catalog=False)) as registry:
        got = read(registry, repositories=["app", "secret"])
    assert told(got) == ("partial", "NAME_UNKNOWN")
    assert got.whole() == {"app": True, "secret": False}


@pytest.mark.parametrize("status", [401, 403])
def test_what_the_catalogue_shows_no_more_is_not_gone_but_denied(store, status):
    """Many registries list what their reader may see: lost rights look like lost images."""
    store.image("app", "1.0")
    store.image("secret", "1.0")
    with OciLoopback(store) as registry:
        before = read(registry)
        registry.ways = Ways(unseen=("secret",))
        registry.fails["tags", "secret"] = status
        got = read(registry, before)
    assert told(got)[0] == "partial"
    assert got.whole() == {"app": True, "secret": False}


def test_what_the_catalogue_shows_no_more_and_is_there_is_read(store):
    store.image("app", "1.0")
    hidden = store.image("hidden", "1.0", layer=b"2")
    with OciLoopback(store) as registry:
        before = read(registry)
        registry.ways = Ways(unseen=("hidden",))
        got = read(registry, before)
    assert (told(got), got.placed("hidden")) == (("complete", None), {hidden: ["1.0"]})


def test_a_repository_that_was_deleted_is_gone(store):
    store.image("app", "1.0")
    store.image("old", "1.0")
    with OciLoopback(store) as registry:
        before = read(registry)
        del store.repositories["old"]
        got = read(registry, before)
    assert told(got) == ("complete", None)
    assert got.whole() == {"app": True}


def test_a_repository_taken_off_the_list_is_left_out_not_gone(store):
    store.image("app", "1.0")
    store.image("other", "1.0")
    with OciLoopback(store) as registry:
        before = read(registry, repositories=["app", "other"])
        got = read(registry, before, repositories=["app"])
        assert got.whole() == {"app": True, "other": False}
        (row,) = [row for row in got["repositories"] if row["repository"] == "other"]
        assert row["unread"] == ["images: left out by the configuration"]
        del store.repositories["other"]
        assert read(registry, before, repositories=["app"]).whole() == {"app": True}


def test_no_catalogue_is_no_empty_registry(store):
    store.image("app", "1.0")
    with OciLoopback(store, Ways(catalog=False)) as registry:
        got = read(registry)
    assert got.outcome
    assert got.outcome.outcome is Outcome.FAILED
    assert "name what to read under repositories" in str(got.outcome.error)


@pytest.mark.parametrize(
    ("operation", "status", "outcome"),
    [
        ("catalog", 403, "denied"),
        ("catalog", 500, "failed"),
        ("tags", 403, "partial"),
        ("manifests HEAD", 500, "partial"),
        ("manifests GET", 403, "partial"),
        ("blobs", 500, "partial"),
        ("referrers", 403, "partial"),
    ],
)
def test_what_could_not_be_read_is_told_and_the_rest_is_kept(store, operation, status, outcome):
    store.image("team/one", "1", layer=b"1")
    store.image("team/two", "2", layer=b"2")
    with OciLoopback(store) as registry:
        registry.fails[operation, "" if operation == "catalog" else "team/two"] = status
        got = read(registry)
    assert told(got)[0] == outcome
    if operation != "catalog":
        assert got.whole() == {"team/one": True, "team/two": False}
        assert len(got.placed("team/one")) == 1


def test_left_out_repositories_are_named(store):
    store.image("team/app", "1")
    store.image("sandbox/x", "1")
    with OciLoopback(store) as registry:
        settings = registry.settings()
        got = collect({**settings, "exclude": ["sandbox/*"]})
    assert got.whole() == {"sandbox/x": False, "team/app": True}
    (row,) = [row for row in got["repositories"] if row["repository"] == "sandbox/x"]
    assert row["unread"] == ["images: left out by the configuration"]


def test_being_asked_to_slow_down_loses_nothing(store):
    store.image("app", "1")
    ways = Ways(throttled=(("tags", 1), ("manifests HEAD", 1), ("catalog", 1)))
    with OciLoopback(store, ways) as registry:
        got = read(registry)
        assert registry.calls["tags"] == 2
    assert told(got) == ("complete", None)
    assert len(got["placements"]) == 1


def test_a_registry_that_is_down_is_unreachable_and_says_so(store):
    with OciLoopback(store) as registry:
        settings = registry.settings()
    got = collect({**settings, "max_attempts": 1})
    assert told(got) == ("failed", "NewConnectionError")
