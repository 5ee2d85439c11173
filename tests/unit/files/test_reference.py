"""Image references in the distribution grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.files.reference import Reference, parse_reference

DIGEST = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("busybox", "docker.io", "library/busybox", "", ""),
        ("busybox:1.32.1", "docker.io", "library/busybox", "1.32.1", ""),
        ("team/app:2", "docker.io", "team/app", "2", ""),
        ("docker.io/busybox", "docker.io", "library/busybox", "", ""),
        ("index.docker.io/library/busybox", "docker.io", "library/busybox", "", ""),
        ("docker:24", "docker.io", "library/docker", "24", ""),
        (f"alpine@{DIGEST}", "docker.io", "library/alpine", "", DIGEST),
        (f"alpine:3@{DIGEST}", "docker.io", "library/alpine", "3", DIGEST),
        ("localhost/app", "localhost", "app", "", ""),
        ("localhost:5000/app:x", "localhost:5000", "app", "x", ""),
        ("127.0.0.1:5510/team-a/pyapp:2.3.1", "127.0.0.1:5510", "team-a/pyapp", "2.3.1", ""),
        ("[::1]:5000/app", "[::1]:5000", "app", "", ""),
        ("Registry.Example.COM/a__b/c-d.e:T", "registry.example.com", "a__b/c-d.e", "T", ""),
        ("HOST/app", "host", "app", "", ""),
        (
            "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app/api:1",
            *("111111111111.dkr.ecr.eu-west-1.amazonaws.com", "team/app/api", "1", ""),
        ),
        (
            "europe-docker.pkg.dev/proj/repo/team/app:1",
            *("europe-docker.pkg.dev/proj/repo", "team/app", "1", ""),
        ),
        (
            "europe-docker.pkg.dev/example.com/proj/repo/app",
            *("europe-docker.pkg.dev/example.com/proj/repo", "app", "", ""),
        ),
        ("eu.gcr.io/proj/app", "europe-docker.pkg.dev/proj/eu.gcr.io", "app", "", ""),
        ("gcr.io/proj/a/b:1", "us-docker.pkg.dev/proj/gcr.io", "a/b", "1", ""),
    ],
)
def test_a_reference_names_registry_repository_tag_and_digest(
    text, registry, repository, tag, digest
):
    assert parse_reference(text) == Reference(registry, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "REDACTED", "a b", "App", "a//b", "/a", "a/", "a:", "a:b:c", "-a", "a..b"),
        *("a@sha256:12", f"a@{DIGEST.upper()}", f"a@{DIGEST}0", "a@", "host:port/app"),
        *(DIGEST, "0a" * 32, "a:" + "t" * 129, "h.io/" + "a" * 255, "h.io/a\n", "é/app"),
        *("a_-b", "ex_ample.com/app", "a." * 50_000),
    ],
)
def test_what_is_no_reference_is_none(text):
    assert parse_reference(text) is None


@given(st.text(alphabet="aB0.:/@-_[] \n", max_size=40))
def test_any_text_is_a_reference_or_none_and_its_name_parses_to_the_same(text):
    found = parse_reference(text)
    if found is not None:
        assert parse_reference(found.name) == found


@given(
    st.sampled_from(["docker.io", "h.example:5000", "localhost"]),
    st.from_regex(r"[a-z0-9]{1,8}/[a-z0-9]{1,8}", fullmatch=True),
    st.sampled_from(["", "1.0", "latest"]),
    st.sampled_from(["", DIGEST]),
)
def test_the_name_of_a_reference_parses_to_the_same(host, path, tag, digest):
    made = Reference(host, path, tag, digest)
    assert parse_reference(made.name) == made
