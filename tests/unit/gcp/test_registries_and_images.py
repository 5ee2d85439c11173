"""Repositories, Docker images and names of Artifact Registry -> rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud import artifactregistry_v1 as ar

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from audit.model.enums import ImageKind
from providers.gcp import values
from providers.gcp.names import Where, image_of, place_of, registry_id_of
from providers.gcp.parse_images import (
    children_of,
    image_row,
    kind_of,
    listed_of,
    placement_row,
    repository_rows,
)
from providers.gcp.parse_registry import registry_of
from tests.unit.gcp.parts import INDEX, MANIFEST, REGISTRY_ID, digest, image, raw, repository

Scanning = ar.Repository.VulnerabilityScanningConfig.EnablementState
A = digest("a")


def row_of(**fields: Any) -> dict[str, Any]:
    return registry_of(raw(repository(**fields))).row


@pytest.mark.parametrize(
    ("words", "enum"),
    [
        (values.FORMAT, ar.Repository.Format),
        (values.MODE, ar.Repository.Mode),
        (values.ENABLEMENT_STATE, Scanning),
    ],
)
def test_the_words_are_those_of_the_sdk(words, enum):
    assert words == {int(member): member.name for member in enum}


def test_a_registry_row_fits_the_table_and_holds_the_posture():
    row = row_of(
        docker_config={"immutable_tags": True},
        kms_key_name="projects/p/k",
        labels={"team": "b", "env": "a"},
        create_time=datetime(2025, 1, 2, tzinfo=UTC),
        vulnerability_scanning_config={"enablement_state": 3},
    )
    Columns("registries").append(**row)
    assert row["registry_id"] == REGISTRY_ID
    assert row["tag_mutability"] == "IMMUTABLE"
    assert row["kms_key"] == "projects/p/k"
    assert row["labels"] == ["env=a", "team=b"]
    assert row["created_at"] == datetime(2025, 1, 2, tzinfo=UTC)
    assert (row["format"], row["mode"], row["unread"]) == ("DOCKER", "STANDARD", [])
    assert row_of()["tag_mutability"] == "MUTABLE"
    assert row_of(format_=2)["tag_mutability"] is None


@pytest.mark.parametrize("number", [*Scanning, 97])
def test_scanning_is_on_or_off_only_when_google_says_so(number):
    row = row_of(vulnerability_scanning_config={"enablement_state": number})
    known = {Scanning.SCANNING_ACTIVE: True, Scanning.SCANNING_DISABLED: False}
    assert row["scanning_enabled"] is known.get(number)
    noted = any(note.startswith("scanning_enabled: ") for note in row["unread"])
    assert noted == (number not in known)


@pytest.mark.parametrize(
    ("actions", "dry_run", "enabled"),
    [
        ([], False, False),
        ([1], False, True),
        ([1], True, False),
        ([2], False, False),
        ([2, 1], False, True),
        ([97], False, None),
        ([97, 2], False, None),
    ],
)
def test_retention_is_a_policy_that_deletes(actions, dry_run, enabled):
    policies = {f"p{n}": ar.CleanupPolicy(action=action) for n, action in enumerate(actions)}
    row = row_of(
        cleanup_policies=policies,
        cleanup_policy_dry_run=dry_run,
        vulnerability_scanning_config={"enablement_state": 3},
    )
    assert row["retention_enabled"] is enabled
    assert bool(row["unread"]) == (enabled is None)


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({}, True),
        ({"mode": 3}, True),
        ({"mode": 97}, True),
        ({"format_": 0}, True),
        ({"mode": 2}, False),
        ({"format_": 3}, False),
    ],
)
def test_which_registries_hold_images(fields, holds):
    assert registry_of(raw(repository(**fields))).holds_images is holds


def test_a_mode_never_seen_is_null_with_a_note():
    row = row_of(mode=97)
    assert row["mode"] is None
    assert "mode: 97 is not a known mode" in row["unread"]


@pytest.mark.parametrize(
    ("uri", "registry", "repository_name"),
    [
        ("https://us-docker.pkg.dev/p/r/app", "us-docker.pkg.dev/p/r", "app"),
        ("http://us-docker.pkg.dev/p/r/team/app", "us-docker.pkg.dev/p/r", "team/app"),
        ("us-docker.pkg.dev/p/r/team%2Fapp", "us-docker.pkg.dev/p/r", "team/app"),
        ("https://gcr.io/p/app", "us-docker.pkg.dev/p/gcr.io", "app"),
        ("https://us.gcr.io/p/t/app", "us-docker.pkg.dev/p/us.gcr.io", "t/app"),
        ("https://eu.gcr.io/p/app", "europe-docker.pkg.dev/p/eu.gcr.io", "app"),
        ("https://asia.gcr.io/p/app", "asia-docker.pkg.dev/p/asia.gcr.io", "app"),
        ("https://gcr.io/e.com/p/app", "us-docker.pkg.dev/e.com/p/gcr.io", "app"),
        ("https://us-docker.pkg.dev/e.com/p/r/app", "us-docker.pkg.dev/e.com/p/r", "app"),
    ],
)
def test_every_host_of_an_image_leads_to_one_identity(uri, registry, repository_name):
    assert place_of(f"{uri}@{A}") == Where(registry, repository_name, A)


@pytest.mark.parametrize(
    "uri",
    [
        "https://example.com/p/r/app@" + A,
        "//compute.googleapis.com/projects/p/instances/1",
        "https://us-maven.pkg.dev/p/r/org/app/1.0",
        "https://EU-python.pkg.dev/p/r/app@1.0",
    ],
)
def test_what_is_no_container_image_has_no_identity(uri):
    assert place_of(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        *("", "  ", "https://"),
        "https://us-docker.pkg.dev/p/r/app:tag",
        "US-DOCKER.pkg.dev/p/r/app:tag",
        "https://us-docker.pkg.dev/p/r/app/" + A,
        "https://us-docker.pkg.dev/p/r/app@latest",
        "https://us-docker.pkg.dev/p/r/app@sha256:" + "A" * 64,
        "https://us-docker.pkg.dev/p/r@" + A,
        "https://-docker.pkg.dev/p/r/app@" + A,
        "https://docker.us.pkg.dev/p/r/app@" + A,
        "https://gcr.io/p@" + A,
        "https://mars.gcr.io/p/app@" + A,
        "//artifactregistry.googleapis.com/projects/p/locations/us/repositories/r/dockerImages/x",
    ],
)
def test_a_container_image_that_is_not_named_by_digest_is_not_passed_over(uri):
    with pytest.raises(BrokenPageError, match="which image"):
        place_of(uri)


@pytest.mark.parametrize(
    "start",
    [
        *("https://us-docker.pkg.dev", "HTTPS://US-docker.PKG.dev", "us-docker.pkg.dev"),
        *("//us-docker.pkg.dev", "https://us-docker.pkg.dev:443", "https://us-docker.pkg.dev."),
    ],
)
@pytest.mark.parametrize("end", ["app@", "app:v1@", "app%40"])
def test_a_uri_may_be_written_in_several_ways(start, end):
    assert place_of(f"{start}/p/r/{end}{A}") == Where(REGISTRY_ID, "app", A)


def test_a_repositorys_name_and_an_images_uri_agree():
    name = "projects/e.com:p/locations/europe/repositories/eu.gcr.io"
    place = place_of(f"https://eu.gcr.io/e.com/p/app@{A}")
    assert place is not None
    assert registry_id_of(name) == place.registry_id


@pytest.mark.parametrize("name", ["", "projects/p", "projects/p/locations/l/packages/r"])
def test_a_name_that_is_no_repository_is_refused(name):
    with pytest.raises(BrokenPageError):
        registry_id_of(name)


def test_image_names_keep_their_slashes():
    assert image_of(f"x/dockerImages/team%2Fapp%2Fapi@{A}") == ("team/app/api", A)
    assert image_of(f"x/dockerImages/team/app@{A}") == ("team/app", A)
    for broken in ("x/dockerImages/app", f"x/dockerImages/@{A}", "x/dockerImages/app@", ""):
        with pytest.raises(BrokenPageError):
            image_of(broken)


def test_an_images_rows_fit_the_tables():
    pushed, built = datetime(2026, 5, 6, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC)
    listed = listed_of(
        raw(image("a", tags=["v2", "v1"], image_size_bytes=7, upload_time=pushed, build_time=built))
    )
    manifest, placement = image_row(listed, ImageKind.IMAGE, None), placement_row(listed)
    Columns("images").append(**manifest)
    Columns("placements").append(**placement)
    assert (manifest["size_bytes"], manifest["created_at"]) == (7, built)
    assert (placement["tags"], placement["pushed_at"]) == (["v1", "v2"], pushed)
    assert placement["archived"] is False
    assert manifest["os"] is None


def child(letter: str, system: str = "linux", cpu: str = "amd64", **more: Any) -> ar.ImageManifest:
    return ar.ImageManifest(digest=digest(letter), os=system, architecture=cpu, **more)


def test_an_index_lends_its_children_their_platform():
    index = listed_of(
        raw(
            image("e", media_type=INDEX, image_manifests=[child("a", cpu="arm64", variant="v8")]),
        )
    )
    known = children_of([index])[A]
    assert known.platform == "linux/arm64/v8"
    row = image_row(listed_of(raw(image("a"))), ImageKind.IMAGE, known)
    assert (row["os"], row["architecture"], row["variant"]) == ("linux", "arm64", "v8")
    assert image_row(index, ImageKind.INDEX, None)["child_digests"] == [A]
    childless = listed_of(raw(image("e", media_type=INDEX)))
    assert image_row(childless, ImageKind.INDEX, None)["child_digests"] is None


def test_a_real_platform_wins_over_an_unknown_one():
    indexes = [
        listed_of(raw(image(letter, media_type=INDEX, image_manifests=[manifest])))
        for letter, manifest in (("d", child("a", "unknown", "unknown")), ("e", child("a")))
    ]
    for listing in (indexes, indexes[::-1]):
        assert children_of(listing)[A].platform == "linux/amd64"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "image"),
        ({"media_type": ""}, "image"),
        ({"media_type": INDEX}, "index"),
        ({"tags": [f"sha256-{'b' * 64}.sig"]}, "signature"),
        ({"tags": [f"sha256-{'b' * 64}.att"]}, "attestation"),
        ({"tags": [f"sha256-{'b' * 64}.sbom"]}, "sbom"),
        ({"artifact_type": "application/vnd.cncf.helm.config.v1+json"}, "artifact"),
        ({"artifact_type": "application/spdx+json"}, "sbom"),
        ({"artifact_type": MANIFEST}, "image"),
    ],
)
def test_kinds(fields, kind):
    listed = listed_of(raw(image("a", **fields)))
    read = kind_of(listed, None)
    assert str(read) == kind
    subject = digest("b") if "tags" in fields else None
    assert image_row(listed, read, None)["subject_digest"] == subject


def test_an_unknown_platform_is_an_attestation_and_a_missing_one_is_not():
    listed = listed_of(raw(image("a")))
    index = [child("a", "unknown", "unknown"), child("b", "", "")]
    children = children_of([listed_of(raw(image("e", media_type=INDEX, image_manifests=index)))])
    assert kind_of(listed, children[A]) is ImageKind.ATTESTATION
    assert kind_of(listed, children[digest("b")]) is ImageKind.IMAGE


def test_one_repository_row_per_image_name():
    listing = [listed_of(raw(image(*names))) for names in (("a", "z"), ("b", "z"), ("c", "team/a"))]
    rows = repository_rows(listing, row_of(), complete=False)
    assert [(row["repository"], row["listed_images"]) for row in rows] == [("team/a", 1), ("z", 2)]
    assert {row["complete"] for row in rows} == {False}
    assert {row["tag_mutability"] for row in rows} == {"MUTABLE"}
    Columns("repositories").append(**rows[0])
