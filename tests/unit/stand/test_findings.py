"""Real Trivy finds in every image of the stand what the description says, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from providers.loopback.scanning import (
    TEST_DATA,
    Advisory,
    Distribution,
    Expected,
    Package,
    StandImage,
    TrivyDatabase,
    expected,
    push,
    stand,
)
from tests.support.trivy import OFFLINE, QUIET, REMOTE, scan, trivy


@pytest.mark.parametrize("repository", stand.IMAGES)
def test_the_findings_are_those_of_the_description(cache, registry, repository):
    image = stand.IMAGES[repository]
    digest = push(registry.store, repository, image)
    said = scan(cache, f"{registry.host}/{repository}@{digest}")
    assert said.findings == expected(image, stand.ADVISORIES)
    assert bool(said.findings) == (not repository.startswith("clean/"))


def test_every_advisory_is_found_somewhere():
    found = {
        one.vulnerability_id
        for image in stand.IMAGES.values()
        for one in expected(image, stand.ADVISORIES)
    }
    # That of 3.0.11-1 is the version installed: what is fixed must not be found.
    assert found == {one.vulnerability_id for one in stand.ADVISORIES} - {
        "CVE-2023-10012",
        "CVE-2025-10017",
        "CVE-2025-10019",
    }


def test_each_child_of_an_index_has_findings_of_its_own(cache, registry):
    push(registry.store, "shop/web", stand.INDEX, "1")
    amd, arm, attestation = stand.INDEX.built().children
    at = f"{registry.host}/shop/web"
    found = [scan(cache, f"{at}@{one.digest}").findings for one in (amd, arm, attestation)]
    images = [expected(one, stand.ADVISORIES) for one in stand.INDEX.images]
    assert found == [*images, []]  # nothing was looked at in an attestation, and it looks clean
    assert images[0] != images[1]
    by_tag = scan(cache, f"{at}:1")
    assert by_tag.findings == images[0], "of an index it takes linux/amd64 without a word"
    assert by_tag.report["Metadata"]["RepoDigests"] == [f"{at}@{stand.INDEX.built().digest}"]


@pytest.mark.parametrize(("repository", "ended"), [("old/ledger", True), ("base/debian", None)])
def test_a_distribution_that_has_ended_is_told(cache, registry, repository, ended):
    digest = push(registry.store, repository, stand.IMAGES[repository])
    said = scan(cache, f"{registry.host}/{repository}@{digest}")
    assert said.report["Metadata"]["OS"].get("EOSL") is ended


def test_every_statement_says_that_it_is_test_data(cache, registry):
    digest = push(registry.store, "shop/all", stand.IMAGES["shop/all"])
    report = scan(cache, f"{registry.host}/shop/all@{digest}").report
    told = [one for result in report["Results"] for one in result["Vulnerabilities"]]
    assert {one["DataSource"]["Name"] for one in told} == {TEST_DATA}
    assert all(TEST_DATA in one["Title"] for one in told)


def test_a_software_bill_is_matched_again_without_the_registry(cache, registry, tmp_path):
    image = stand.IMAGES["shop/all"]
    digest = push(registry.store, "shop/all", image)
    reference = f"{registry.host}/shop/all@{digest}"
    bill = trivy(cache, "image", *OFFLINE, *REMOTE, "--format", "cyclonedx", reference)
    path = tmp_path / "bill.json"
    path.write_text(bill.out, encoding="utf-8")
    asked = sum(registry.calls.values())

    def matched(folder: Path) -> list[Expected]:
        return trivy(
            folder, "sbom", *OFFLINE, "--scanners", "vuln", "--format", "json", str(path)
        ).findings

    assert matched(cache) == expected(image, stand.ADVISORIES)
    # A day later there is an advisory more, and one is gone.
    newer = [
        *stand.ADVISORIES[1:],
        Advisory("CVE-2026-10099", "debian 12", "tar-4", "MEDIUM", "1.35-1"),
    ]
    TrivyDatabase(newer, datetime(2026, 11, 23, tzinfo=UTC)).write(tmp_path / "next")
    assert matched(tmp_path / "next") == expected(image, newer)
    assert expected(image, newer) != expected(image, stand.ADVISORIES)
    assert sum(registry.calls.values()) == asked


def test_the_database_is_downloaded_from_the_registry_as_it_was_pushed(registry, tmp_path):
    moment = datetime(2026, 11, 22, 6, tzinfo=UTC)
    database = TrivyDatabase(stand.ADVISORIES, moment)
    database.push(registry.store, "mirror/trivy-db")
    source = ("--db-repository", f"{registry.host}/mirror/trivy-db:2", "--insecure")
    got = trivy(tmp_path, "image", "--download-db-only", *source, *QUIET)
    assert got.code == 0, got.error
    kept = (tmp_path / "db" / "trivy.db").read_bytes()
    assert kept == database.files()["trivy.db"]
    assert b"2026-11-22T06:00:00Z" in (tmp_path / "db" / "metadata.json").read_bytes()
    image = stand.IMAGES["shop/web"]
    digest = push(registry.store, "shop/web", image)
    said = scan(tmp_path, f"{registry.host}/shop/web@{digest}")
    assert said.findings == expected(image, stand.ADVISORIES)


def test_a_database_of_many_pages_is_read_to_its_last_entry(registry, tmp_path):
    """Hundreds of packages, and hundreds of vulnerabilities of one, need branch pages."""
    system = Distribution("debian", "12")
    packages = tuple(Package("os", f"package-{n:03}", "1.0-1") for n in range(400))
    advisories = [
        Advisory(f"CVE-2024-{20_000 + n}", system.bucket, one.name, "LOW", "1.0-2")
        for n, one in enumerate(packages)
    ]
    advisories += [
        Advisory(f"CVE-2025-{20_000 + n}", system.bucket, "package-000", "HIGH", f"{n}.0-1")
        for n in range(300)
    ]
    TrivyDatabase(advisories, datetime(2026, 11, 22, tzinfo=UTC)).write(tmp_path)
    image = StandImage(system, (packages,))
    digest = push(registry.store, "many/packages", image)
    found = scan(tmp_path, f"{registry.host}/many/packages@{digest}").findings
    assert found == expected(image, advisories)
    assert len(found) == 400 + 298


def test_the_same_description_gives_the_same_bytes():
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    turned = TrivyDatabase(stand.ADVISORIES[::-1], moment).files()
    assert turned == TrivyDatabase(stand.ADVISORIES, moment).files()
    web = stand.IMAGES["shop/web"]
    assert web.built() == replace(web).built()
    assert web.built().layers[0] == stand.IMAGES["shop/worker"].built().layers[0]
    assert web.built().digest != replace(web, architecture="arm64").built().digest
