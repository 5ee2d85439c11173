"""The demo's estate holds everything a newcomer should see."""

import json
from collections import Counter

import pytest

from providers.loopback.demo_images import WEB, WORKER, blobs
from providers.loopback.demo_story import two_nights
from providers.loopback.estate import Estate, Image
from providers.loopback.scanning import expected, stand
from providers.loopback.truth import Night, Oracle


@pytest.fixture(scope="module")
def nights() -> list[tuple[Estate, Night]]:
    oracle = Oracle()
    return [(estate, oracle.advance(estate)) for estate in two_nights()]


def images_of(estate: Estate) -> list[tuple[str, str, Image]]:
    return [
        (place.provider, repository.name, image)
        for place in estate.places
        for registry in place.registries
        for repository in registry.repositories
        for image in repository.images
    ]


def test_it_is_of_the_promised_size(nights):
    _, night = nights[0]
    assert 55 <= len({where[:2] for where in night.placements}) <= 68
    assert 560 <= len(night.placements) <= 680
    assert 18_000 <= sum(map(len, night.findings.values())) <= 22_000


def test_it_is_the_same_every_time():
    assert two_nights() == two_nights()


def test_the_first_night_shows_every_kind_and_every_state(nights):
    estate, night = nights[0]
    images = images_of(estate)
    kinds = {image.kind for _, _, image in images}
    assert kinds == {"image", "index", "attestation", "signature", "sbom", "artifact"}
    states = Counter(judged.state for judged in night.assessments.values())
    assert {"unsupported", "failed", "pending", "expired", "unknown"} <= states.keys()
    assert {"archived", "inferred_clean", "stale", "not_scanned"} <= states.keys()
    assert any(image.archived for _, _, image in images)
    assert any(image.kind == "image" and not image.tags for _, _, image in images)
    assert any("/" in name for _, name, _ in images)
    assert any(name.count("/") >= 2 for _, name, _ in images)


def test_an_image_lies_in_two_clouds(nights):
    clouds: dict[str, set[str]] = {}
    for provider, _, image in images_of(nights[0][0]):
        clouds.setdefault(image.digest, set()).add(provider)
    assert {"aws", "azure"} in clouds.values()


def test_scopes_fail_as_the_story_says(nights):
    first, second = nights[0][1].scopes, nights[1][1].scopes
    assert first["aws/222222222222/us-east-1"] == "denied"
    assert first["aws/222222222222/eu-west-1"] == "partial"
    assert first["gcp/acme-data/europe-west1"] == "complete"
    assert second["gcp/acme-data/europe-west1"] == "denied"


def test_the_second_night_moves_for_every_reason(nights):
    changes = nights[1][1].changes()
    for change in (
        ("opened", "new_image"),
        ("opened", "newly_reported"),
        ("opened", "first_assessed"),
        ("changed", "severity"),
        ("closed", "fixed"),
        ("closed", "removed"),
        ("unconfirmed", "scope_denied"),
        ("unconfirmed", "image_expired"),
    ):
        assert changes[change] > 0, change


def test_two_images_are_real(nights):
    store = blobs()
    for estate, night in nights:
        real = {name: image for _, name, image in images_of(estate) if image.manifest}
        assert set(real) == {WEB, WORKER}
        for name, image in real.items():
            manifest = store.repositories[name].manifests[image.digest]
            assert manifest.body.decode() == image.manifest
            layers = json.loads(manifest.body)["layers"]
            assert {one["digest"] for one in layers} <= store.blobs.keys()
            assert sum(one["size"] for one in layers) == image.size_bytes
        states = {
            where[1]: judged.state
            for where, judged in night.assessments.items()
            if where[1] in real
        }
        assert states == {WEB: "assessed", WORKER: "inferred_clean"}


def test_two_scanners_agree_on_most_and_each_knows_something_alone(nights):
    estate, _ = nights[0]
    (image,) = (image for _, name, image in images_of(estate) if name == WEB)
    assert image.scan
    inspector = {(one.vulnerability_id, one.package) for one in image.scan.statements}
    ours = expected(stand.IMAGES["shop/web"], stand.ADVISORIES)
    trivy = {(one.vulnerability_id, one.package) for one in ours}
    assert [len(inspector & trivy), len(inspector - trivy), len(trivy - inspector)] == [4, 1, 1]
