"""What two sources say of one image, held against truths that know no names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.ports import RunReader
from tests.unit.judge.nights import WHERE, Told, digest, night
from tests.unit.reports.fake_run import FakeRun

CVE, OTHER, GHSA = "CVE-2026-0001", "CVE-2026-0002", "GHSA-aaaa-bbbb-cccc"
TWO = ("inspector", "trivy")
OPENSSL = [
    {"package_name": name, "package_type": "deb", "source_name": "openssl"}
    for name in ("libssl3", "openssl")
]
LOG4J = {"package_name": "org.apache.logging.log4j:log4j-core", "package_type": "maven"}
OS, NPM, JAR = ({"package_type": kind} for kind in ("OS", "NODEPKG", "JAR"))


def trivy(vulnerability: str, kind: str = "debian", **more: Any) -> Told:
    """What Trivy says; ``kind`` is its word for the kind of package."""
    return Told(vulnerability, source="trivy", more={"package_type": kind}, **more)


def inspector(vulnerability: str, more: dict[str, str] = OS, **rest: Any) -> Told:
    return Told(vulnerability, more=more, **rest)


def held(
    told: Sequence[Told],
    *,
    images: str = "a",
    sources: Sequence[str] = TWO,
    states: Mapping[str, str] | None = None,
    listed: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    groups: Mapping[str, str] | None = None,
    of_the_system: Sequence[str] = (),
) -> FakeRun:
    """Hold in memory what ``night`` would publish, which takes a second; ``groups`` are its own.

    Args:
        of_the_system: Sources that look at packages of the operating system only.
    """
    places = [{**WHERE, "digest": digest(name)} for name in images]
    rows: dict[str, list[dict[str, Any]]] = {
        "images": [{"digest": place["digest"], "kind": "image"} for place in places],
        "placements": [{**place, "current": True} for place in places],
        "assessments": [
            {**WHERE, "digest": digest(name), "source": source}
            | {"state": (states or {}).get(f"{name}:{source}", "assessed")}
            | {"os_packages_only": True if source in of_the_system else None}
            for name in images
            for source in sources
        ],
        "findings": [
            {**WHERE, "digest": digest(one.image), "vulnerability_id": one.vulnerability}
            | {"package_name": one.package, "severity": one.severity, "source": one.source}
            | {"fix_state": "unknown", **one.more}
            for one in told
        ],
        "sboms": [{"digest": digest(name), "tool": "trivy"} for name in listed or {}],
        "packages": [
            {"digest": digest(name), "tool": "trivy", **row}
            for name, packages in (listed or {}).items()
            for row in packages
        ],
        "vulnerability_groups": [
            {"vulnerability_id": name, "leading_id": lead} for name, lead in (groups or {}).items()
        ],
    }
    return FakeRun("20261122T020000Z", rows)


def opinions(run: RunReader, *columns: str) -> list[tuple[Any, ...]]:
    rows = run.rows(f"SELECT {', '.join(columns)} FROM opinions ORDER BY ALL")
    return [tuple(row.values()) for row in rows]


def pair(run: RunReader) -> dict[str, Any]:
    (row,) = run.rows("FROM opinion_pairs")
    return row


def test_a_cve_and_a_ghsa_that_an_alias_ties_are_one(tmp_path):
    told = [
        inspector(CVE, NPM, package="lodash", severity="CRITICAL"),
        trivy(GHSA, "node-pkg", package="lodash", aliases=(CVE,), severity="HIGH"),
    ]
    with night(tmp_path, 0, told, sources=TWO) as run:
        found = opinions(run, "vulnerability_id", "stated_by", "first_severity", "second_severity")
        assert found == [(CVE, "both", "CRITICAL", "HIGH")]
        assert (pair(run)["by_both"], pair(run)["first_higher"]) == (1, 1)


def test_names_have_a_memory_and_an_alias_told_once_still_holds(tmp_path):
    tied = trivy(GHSA, "node-pkg", package="lodash", aliases=(CVE,))
    loose = trivy(GHSA, "node-pkg", package="lodash")
    night(tmp_path, 0, [tied], sources=TWO).close()
    with night(tmp_path, 1, [inspector(CVE, NPM, package="lodash"), loose], sources=TWO) as run:
        assert opinions(run, "vulnerability_id", "stated_by") == [(CVE, "both")]


def test_an_id_of_several_cves_is_matched_with_none_of_them_and_says_so(tmp_path):
    told = [trivy(GHSA, "node-pkg", package="lodash", aliases=(CVE, OTHER))]
    told += [inspector(name, NPM, package="lodash") for name in (CVE, OTHER)]
    with night(tmp_path, 0, told, sources=TWO) as run:
        found = opinions(run, "vulnerability_id", "stated_by", "reason")
        assert found == [
            (CVE, "first", "not_stated"),
            (OTHER, "first", "not_stated"),
            (GHSA, "second", "own_id"),
        ]


def test_binary_packages_are_their_source_package_where_an_sbom_tells():
    told = [inspector(CVE, package=name) for name in ("libssl3", "openssl")]
    told.append(Told(CVE, package="openssl", source="ecr-basic", severity="LOW"))
    sources = ("ecr-basic", "inspector")
    run = held(told, sources=sources, listed={"a": OPENSSL}, of_the_system=sources[:1])
    found = opinions(run, "package", "package_name", "stated_by", "kind")
    assert found == [("openssl", "libssl3", "both", "os")]
    assert (pair(run)["stated"], pair(run)["second_higher"]) == (1, 1)


def test_without_an_sbom_another_package_name_is_no_agreement_and_no_miss():
    told = [
        inspector(CVE, package="libssl3"),
        Told(CVE, package="openssl", source="ecr-basic"),
    ]
    run = held(told, sources=("ecr-basic", "inspector"), of_the_system=["ecr-basic"])
    assert opinions(run, "package", "stated_by", "reason") == [
        ("libssl3", "second", "other_package"),
        ("openssl", "first", "other_package"),
    ]
    assert pair(run)["alike_images"] == 0


def test_an_sbom_made_in_an_earlier_night_still_tells(tmp_path):
    told = [inspector(CVE, package="libssl3"), trivy(CVE, package="openssl")]
    night(tmp_path, 0, [], sources=TWO, listed={"a": OPENSSL}).close()
    with night(tmp_path, 1, told, sources=TWO) as run:
        assert opinions(run, "package", "stated_by") == [("openssl", "both")]


def test_an_sbom_of_another_image_tells_nothing():
    told = [inspector(CVE, package="libssl3"), trivy(CVE, package="openssl")]
    run = held(told, images="ab", listed={"b": OPENSSL})
    assert [row[0] for row in opinions(run, "stated_by", "package")] == ["first", "second"]


def test_a_source_that_looks_at_os_packages_only_has_missed_no_package_of_a_language():
    told = [
        inspector(CVE, JAR, package="log4j-core"),
        inspector(OTHER, package="tar"),
        inspector("CVE-2026-0003", {"package_type": "a word nobody has seen"}, package="x"),
    ]
    run = held(told, sources=("any", "inspector"), of_the_system=["any"])
    assert opinions(run, "vulnerability_id", "kind", "reason") == [
        (CVE, "language", "os_packages_only"),
        (OTHER, "os", "not_stated"),
        ("CVE-2026-0003", "unknown", "kind_unknown"),
    ]


def test_what_a_source_does_not_tell_the_kind_of_an_sbom_may():
    told = [
        Told(CVE, package="LODASH", source="spdx"),
        Told(OTHER, package="libssl3", source="spdx"),
        trivy(CVE, "node-pkg", package="lodash"),
        trivy(OTHER, package="openssl"),
    ]
    listed = [*OPENSSL, {"package_name": "lodash", "package_type": "npm"}]
    run = held(told, sources=("spdx", "trivy"), listed={"a": listed})
    assert opinions(run, "package", "kind", "stated_by") == [
        ("lodash", "language", "both"),
        ("openssl", "os", "both"),
    ]


def test_a_deb_and_a_wheel_of_one_name_are_two_packages():
    """Debian builds python3-requests from the source package requests."""
    told = [
        inspector(CVE, {"package_type": "PYTHONPKG"}, package="requests"),
        Told(CVE, package="requests", source="ecr-basic"),
    ]
    run = held(told, sources=("ecr-basic", "inspector"), of_the_system=["ecr-basic"])
    assert {row[0] for row in opinions(run, "stated_by")} == {"first", "second"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("PyYAML", "pyyaml"),
        ("zope.interface", "zope-interface"),
        ("typing_extensions", "typing-extensions"),
    ],
)
def test_writings_of_one_name_are_one(one, two):
    told = [
        inspector(CVE, {"package_type": "PYTHONPKG"}, package=one),
        trivy(CVE, "python-pkg", package=two),
    ]
    run = held(told)
    assert opinions(run, "stated_by") == [("both",)]


def test_a_java_artifact_is_the_same_with_and_without_its_group():
    full, purl = LOG4J["package_name"], "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    told = [
        inspector(CVE, JAR, package=full),
        Told(CVE, package="log4j-core", source="grype", more={"purl": purl}),
        trivy(CVE, "jar", package="log4j-core"),
    ]
    sources = ("grype", "inspector", "trivy")
    run = held(told, sources=sources, listed={"a": [LOG4J]})
    assert {row[0] for row in opinions(run, "stated_by")} == {"both"}
    assert len(opinions(run, "first_source", "second_source")) == 3


def test_an_image_that_one_source_alone_assessed_is_not_compared():
    told = [inspector(CVE, image=image) for image in "abc"]
    states = {"b:trivy": "failed", "c:trivy": "inferred_clean"}
    run = held(told, images="abc", states=states)
    assert opinions(run, "digest", "stated_by") == [(digest("a"), "first")]
    assert pair(run)["images"] == 1
    looks = run.rows("SELECT digest, sources FROM image_looks ORDER BY digest")
    assert [row["sources"] for row in looks] == [list(TWO), ["inspector"], ["inspector"]]


def test_an_answer_older_than_the_window_is_no_second_opinion(tmp_path):
    with night(tmp_path, 0, [inspector(CVE)], sources=TWO, scanned_days_ago=400) as run:
        assert run.rows("FROM opinion_pairs") == []


def test_images_of_which_neither_states_anything_are_in_agreement():
    run = held([], images="ab")
    told = pair(run)
    assert (told["images"], told["alike_images"], told["stated"]) == (2, 2, 0)


def test_versions_and_files_are_no_further_holes_and_the_highest_severity_holds():
    told = [
        inspector(CVE, {**NPM, "location": place}, package="lodash", severity=severity)
        for place, severity in (("/a", "LOW"), ("/b", "HIGH"))
    ]
    told.append(trivy(CVE, "node-pkg", package="lodash", severity="HIGH"))
    run = held(told)
    assert (pair(run)["stated"], pair(run)["same_severity"]) == (1, 1)


# --- any night

PACKAGES = {  # package -> its names: the first is the source package's
    "openssl": ("openssl", "libssl3", "libcrypto3"),
    "glibc": ("glibc", "libc6", "libc-bin"),
    "tar": ("tar",),
}
NAMES = {n: (f"CVE-2026-100{n}", f"GHSA-xxxx-xxxx-000{n}") for n in range(3)}
SOURCES = ("defender", "inspector", "trivy")
SEVERITIES = ("UNKNOWN", "NEGLIGIBLE", "LOW", "MEDIUM", "HIGH", "CRITICAL")
SBOM = [
    {"package_name": name, "package_type": "deb", "source_name": names[0]}
    for names in PACKAGES.values()
    for name in (names[1:] or names)
]

holes = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(SOURCES),
    st.sampled_from(sorted(NAMES)),
    st.sampled_from(sorted(PACKAGES)),
    st.integers(0, 1),
    st.integers(0, 2),
    st.integers(0, 5),
)


def said(hole: tuple[str, str, int, str, int, int, int]) -> Told:
    image, source, vulnerability, package, by_alias, by_name, severity = hole
    names = PACKAGES[package]
    return Told(
        NAMES[vulnerability][by_alias],
        image,
        names[by_name % len(names)],
        aliases=(NAMES[vulnerability][0],) if by_alias else (),
        severity=SEVERITIES[severity],
        source=source,
        more={"package_type": "OS"},
    )


@settings(max_examples=15, deadline=None)
@given(
    st.lists(holes, max_size=40, unique_by=lambda hole: hole[:6]),
    st.sets(st.tuples(st.sampled_from("ab"), st.sampled_from(SOURCES)), max_size=2),
)
def test_any_pair_of_sources_agrees_on_what_is_truly_the_same(told, failed):
    states = {f"{image}:{source}": "failed" for image, source in failed}
    run = held(
        [said(hole) for hole in told if hole[:2] not in failed],
        images="ab",
        sources=SOURCES,
        states=states,
        listed={"a": SBOM, "b": SBOM},
        groups={ghsa: cve for cve, ghsa in NAMES.values()},
    )
    found = {
        (row["first_source"], row["second_source"]): row for row in run.rows("FROM opinion_pairs")
    }
    expected = {
        two: counted for two in combinations(SOURCES, 2) if (counted := truth(told, failed, *two))
    }
    names = ("images", "alike_images", "stated", "by_both", "first_alone", "second_alone")
    rated = ("same_severity", "first_higher", "second_higher", "unrated_by_one")
    assert {two: tuple(row[n] for n in (*names, *rated)) for two, row in found.items()} == expected


def truth(told: list[Any], failed: set[Any], one: str, two: str) -> tuple[int, ...] | None:
    """Count by sets of (image, vulnerability, package), which have no names."""
    images = [i for i in "ab" if (i, one) not in failed and (i, two) not in failed]
    rated: dict[str, dict[tuple[str, int, str], int]] = {one: {}, two: {}}
    for image, source, vulnerability, package, _, _, severity in told:
        if source in rated and image in images:
            hole = image, vulnerability, package
            rated[source][hole] = max(severity, rated[source].get(hole, 0))
    first, second = set(rated[one]), set(rated[two])
    both = first & second
    alike = [i for i in images if not [hole for hole in first ^ second if hole[0] == i]]
    pairs = [(rated[one][hole], rated[two][hole]) for hole in both]
    return (
        (
            *(len(images), len(alike), len(first | second), len(both)),
            *(len(first - second), len(second - first)),
            sum(a == b for a, b in pairs),
            sum(a > b > 0 for a, b in pairs),
            sum(b > a > 0 for a, b in pairs),
            sum(a != b and 0 in (a, b) for a, b in pairs),
        )
        if images
        else None
    )
