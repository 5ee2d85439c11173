"""The adapter against the loopback AWS: what it delivers equals the estate's description."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from audit.model.enums import Outcome
from providers.loopback.aws import AwsLoopback
from providers.loopback.demo_story import two_nights
from providers.loopback.estate import Estate, Fault, Image, Place, Statement
from providers.loopback.truth import Oracle
from tests.unit.aws.support import Collected, collect
from tests.unit.loopback.estates import ACCOUNT, OTHER_ACCOUNT, REGION, small_estate

FIRST, FIRST_ID = f"aws/{ACCOUNT}/{REGION}", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def _collect(estate: Estate) -> Collected:
    with AwsLoopback(estate) as aws:
        return collect(aws.settings())


def _where(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["registry_id"], row["repository"], row["digest"]


def _images(estate: Estate) -> Iterator[tuple[Place, tuple[str, str, str], Image]]:
    for place in estate.of("aws"):
        for registry in place.registries:
            for repository in registry.repositories:
                for image in repository.images:
                    yield place, (registry.registry_id, repository.name, image.digest), image


def _stated(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("vulnerability_id", "package_name", "package_version", "native_severity", "severity")
    return tuple(row[name] for name in (*names, "cvss_score", "cvss_vector", "fixed_version"))


def _told(place: Place, statement: Statement) -> tuple[Any, ...]:
    fixed = statement.fixed_version if place.settings["scan_type"] == "ENHANCED" else None
    return (
        statement.vulnerability_id,
        statement.package,
        statement.version,
        statement.native_severity,
        statement.severity,
        statement.cvss_score,
        statement.cvss_vector,
        fixed,
    )


@pytest.fixture(scope="module")
def small():
    return small_estate()


@pytest.fixture(scope="module")
def whole(small):
    return _collect(small)


def test_every_scope_is_complete(whole):
    assert {outcome.outcome for outcome in whole.outcomes.values()} == {Outcome.COMPLETE}
    assert len(whole.outcomes) == 12


def test_placements_are_the_estates(small, whole):
    rows = {_where(row): row for row in whole.table("placements")}
    assert rows.keys() == {where for _, where, _ in _images(small)}
    for _, where, image in _images(small):
        row = rows[where]
        assert row["tags"] == sorted(image.tags)
        assert (row["pushed_at"], row["last_pulled_at"]) == (image.pushed_at, image.last_pulled_at)
        assert row["archived"] == image.archived


def test_images_are_the_estates(small, whole):
    rows = {row["digest"]: row for row in whole.table("images")}
    for _, where, image in _images(small):
        row = rows[where[2]]
        assert (row["kind"], row["subject_digest"]) == (image.kind, image.subject)
        assert row["child_digests"] == list(image.children)


def test_states_are_the_estates(small, whole):
    states = {_where(row): row["state"] for row in whole.table("assessments")}
    assert states == {where: i.scan.state for _, where, i in _images(small) if i.scan}


def test_statements_are_the_estates(small, whole):
    told = Counter(
        (where, _told(place, statement))
        for place, where, image in _images(small)
        if image.scan
        for statement in image.scan.statements
    )
    assert told
    assert Counter((_where(r), _stated(r)) for r in whole.table("findings")) == told


def test_use_is_told_by_inspector(whole):
    used = {row["in_use_count"] for row in whole.table("placements") if row["in_use"]}
    assert used == {2}


def test_a_denied_region():
    got = _collect(small_estate(Fault("denied", "aws", ACCOUNT, REGION)))
    for scope in (FIRST, f"{FIRST}/findings"):
        assert got.outcomes[scope].outcome is Outcome.DENIED
        assert (got.outcomes[scope].missing_permission or "").startswith("ecr:")
    registries = {row["registry_id"] for row in got.table("placements")}
    assert registries == {f"{OTHER_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"}


def test_a_page_that_fails_for_good(small, whole):
    fault = Fault("images_page", "aws", ACCOUNT, REGION, repository="team/app", page=2)
    got = _collect(small_estate(fault))
    assert got.outcomes[FIRST].outcome is Outcome.PARTIAL
    complete = {r["repository"]: r["complete"] for r in got.table("repositories")}
    assert complete == {"team/app": False, "team/web": True, "team/empty": True, "legacy": True}
    kept = [row for row in got.table("placements") if row["repository"] == "team/app"]
    assert len(kept) == small.page_size
    assert got.outcomes[f"{FIRST}/findings"].listed == whole.outcomes[f"{FIRST}/findings"].listed


def test_findings_that_break_off():
    got = _collect(small_estate(Fault("findings", "aws", ACCOUNT, REGION)))
    findings = got.outcomes[f"{FIRST}/findings"]
    assert findings.outcome is Outcome.PARTIAL
    assert findings.listed == len([r for r in got.table("findings") if r["source"] == "inspector"])
    states = {r["state"] for r in got.table("assessments") if r["registry_id"] == FIRST_ID}
    assert states == {"unknown"}


def test_findings_that_are_denied():
    got = _collect(small_estate(Fault("findings_denied", "aws", ACCOUNT, REGION)))
    assert got.outcomes[f"{FIRST}/findings"].outcome is Outcome.DENIED
    assert got.outcomes[FIRST].outcome is Outcome.COMPLETE
    states = {r["state"] for r in got.table("assessments") if r["registry_id"] == FIRST_ID}
    assert states == {"denied"}


@pytest.mark.parametrize("night", [0, 1])
def test_the_demo_equals_the_oracle(night):
    """The oracle of one night alone, so that nothing is carried over from the night before."""
    estate = two_nights()[night]
    truth, got = Oracle().advance(estate), _collect(estate)
    ours = {w for w, known in truth.placements.items() if known.provider == "aws"}
    assert ours
    assert {_where(row) for row in got.table("placements")} == ours
    told = {_where(row): (row["source"], row["state"]) for row in got.table("assessments")}
    assert told == {
        where: (truth.placements[where].source, judged.raw)
        for where, judged in truth.assessments.items()
        if where in ours
    }
    rows = got.table("findings")
    stated = Counter(
        (_where(r), r["vulnerability_id"], r["package_name"], r["package_version"]) for r in rows
    )
    statements = [(w, s) for w, told in truth.findings.items() if w in ours for s in told]
    assert stated == Counter((w, s.vulnerability_id, s.package, s.version) for w, s in statements)
    # One finding of Inspector has one severity, however many packages it names.
    severities = {(w, s.vulnerability_id, s.severity) for w, s in statements}
    assert {(_where(r), r["vulnerability_id"], r["severity"]) for r in rows} <= severities
    for scope, outcome in truth.scopes.items():
        if scope.startswith("aws/"):
            assert got.outcomes[scope].outcome == outcome
