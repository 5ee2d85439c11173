"""What is collected: of known tables and columns, whole, without doubles, true to the estate."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pyarrow as pa
import pytest

from audit.model.enums import FixState, ImageKind, Severity, State
from audit.tables import COLLECTED, TABLES
from providers.loopback.answers import listed
from tests.contract.collected import RUN_ID, where
from tests.contract.conftest import of_judging
from tests.contract.estate import COPIES, CORNERS, EMPTY
from tests.contract.under_test import BETWEEN_RUNS, OF_SCANNERS, OF_SOURCES

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE_KEYED = ("placements", "assessments", "findings")


@pytest.fixture(scope="module")
def truth(provider, estate):
    """Every manifest of the estate that can be found, by placement."""
    return {
        (registry.registry_id, repository, image.digest): image
        for place in estate.of(provider.name)
        for registry in place.registries
        for repository, image in listed(estate, place, registry)
    }


def test_rows_are_of_collected_tables(whole):
    assert set(whole.tables) <= set(COLLECTED)
    for table, rows in whole.tables.items():
        assert rows
        for row in rows:
            assert row.keys() == set(TABLES[table].stored_names)


def test_rows_say_who_read_them_and_when(provider, whole):
    for table, rows in whole.tables.items():
        for row in rows:
            assert row.get("provider", provider.name) == provider.name, table
            if "observed_run_id" in row and table not in {"registries", "repositories"}:
                assert row["observed_run_id"] in (RUN_ID, None), table


@pytest.mark.parametrize(
    "table", [name for name in COLLECTED if name not in ("images", *OF_SCANNERS)]
)
def test_keys_are_unique(provider, whole, table):
    """An image in two repositories is one digest: ``images`` may tell it twice."""
    key = [name for name in TABLES[table].key if name != "run_id"]
    per_scope = table == "vulnerabilities"
    counted = Counter(tuple(row[name] for name in key) for row in whole[table])
    assert counted or table in BETWEEN_RUNS or (table in OF_SOURCES and not provider.judges)
    assert per_scope or [found for found, times in counted.items() if times > 1] == []


def test_where_nobody_judges_nothing_is_said(provider, whole):
    """Neither that an image was looked at nor that it was not: the core says not_scanned."""
    told = {table for table in OF_SOURCES if whole[table]}
    assert told == (set(OF_SOURCES) if provider.judges else set())
    assert "image" in whole.kinds().values()


@of_judging
def test_findings_have_keys(whole):
    for row in whole["findings"]:
        assert row["vulnerability_id"]
        assert row["package_name"]
        assert row["package_version"]


def test_the_placements_are_the_estates(provider, truth, whole):
    pushes_are_told = "placements.pushed_at" not in provider.gaps
    placed = {where(row): row for row in whole["placements"]}
    assert placed.keys() == truth.keys()
    for at, row in placed.items():
        image = truth[at]
        assert row["tags"] == sorted(image.tags)
        assert row["pushed_at"] == (image.pushed_at if pushes_are_told else None)
        assert bool(row["archived"]) == image.archived
    assert {at[1] for at in placed} >= {CORNERS, COPIES}


def test_the_kinds_are_the_estates(truth, whole):
    told = {(row["digest"], row["kind"]) for row in whole["images"]}
    assert told == {(at[2], image.kind) for at, image in truth.items()}
    assert {kind for _, kind in told} == {str(kind) for kind in ImageKind}


@of_judging
def test_the_findings_are_the_estates(truth, whole):
    """Every severity word is kept beside the one of ours that it stands for."""
    stated = Counter(
        (*at, s.vulnerability_id, s.package, s.version, s.severity, s.native_severity)
        for at, image in truth.items()
        if image.scan
        for s in image.scan.statements
    )
    columns = ("vulnerability_id", "package_name", "package_version", "severity")
    told = Counter(
        (*where(row), *(row[name] for name in (*columns, "native_severity")))
        for row in whole["findings"]
    )
    assert {(*key[:-1], key[-1].upper()): n for key, n in told.items()} == {
        (*key[:-1], key[-1].upper()): n for key, n in stated.items()
    }


def test_every_placement_has_its_image_repository_and_registry(whole):
    images = {row["digest"] for row in whole["images"]}
    repositories = {(r["registry_id"], r["repository"]): r for r in whole["repositories"]}
    registries = {row["registry_id"]: row for row in whole["registries"]}
    for row in whole["placements"]:
        assert row["digest"] in images
        assert row["scope_id"] == registries[row["registry_id"]]["scope_id"]
        assert row["scope_id"] == repositories[row["registry_id"], row["repository"]]["scope_id"]


def test_repositories_say_whether_they_were_listed(provider, whole):
    placed = Counter((r["registry_id"], r["repository"]) for r in whole["placements"])
    for row in whole["repositories"]:
        assert row["complete"] is True
        assert row["listed_images"] == placed[row["registry_id"], row["repository"]]
        assert row["expected_images"] in (None, row["listed_images"])
    names = {row["repository"] for row in whole["repositories"]}
    # An Artifact Registry image name exists as long as an image has it.
    assert (EMPTY in names) == (provider.name != "gcp")


def test_scopes_of_rows_are_scopes(whole):
    inventories = {o.ref.scope_id for o in whole.outcomes if o.ref.kind == "inventory"}
    for table in ("registries", "repositories", "placements"):
        assert {row["scope_id"] for row in whole[table]} == inventories


@of_judging
def test_every_assessable_placement_has_one_assessment_and_nothing_else_has_one(truth, whole):
    judged = Counter(where(row) for row in whole["assessments"])
    assert judged == Counter(at for at, image in truth.items() if image.kind == "image")


@of_judging
def test_the_states_are_the_estates(truth, whole):
    assert whole.states() == {at: i.scan.state for at, i in truth.items() if i.scan}


@of_judging
def test_assessments_give_reasons(whole):
    for row in whole["assessments"]:
        assert row["state"] in {str(state) for state in State}
        assert row["reason"].strip()
        assert row["source"]


@of_judging
def test_what_a_source_said_is_kept(truth, whole):
    """Each of the source's words is in ``native_status``; where it said nothing, nothing is."""
    for row in whole["assessments"]:
        native = truth[where(row)].scan.native
        words = [word for word in native if not word.startswith("ANALYSIS_STATUS_")]
        assert all(word in row["native_status"] for word in words), row
        assert native or not row["native_status"]


@of_judging
def test_findings_belong_to_placements_and_kinds_that_can_have_them(truth, whole):
    for row in whole["findings"]:
        assert truth[where(row)].kind == "image"


@of_judging
def test_findings_speak_our_words(whole):
    for row in whole["findings"]:
        assert row["severity"] in {str(severity) for severity in Severity}
        assert row["native_severity"]
        assert row["fix_state"] in {str(state) for state in FixState}
        assert (row["fix_state"] == FixState.AVAILABLE) or row["fixed_version"] is None
        score = row["cvss_score"]
        assert score is None or 0 <= score <= 10


def test_times_are_utc(whole):
    moments = 0
    for table, rows in whole.tables.items():
        columns = [c.name for c in TABLES[table].columns if pa.types.is_timestamp(c.type)]
        for row in rows:
            for name in columns:
                if row[name] is not None:
                    assert row[name].utcoffset() == timedelta(0), (table, name)
                    moments += 1
    assert moments


def test_digests_are_digests(whole):
    for table in _IMAGE_KEYED:
        assert all(_DIGEST.fullmatch(row["digest"]) for row in whole[table])
    for row in whole["images"]:
        for digest in (row["digest"], row["subject_digest"], *(row["child_digests"] or ())):
            assert digest is None or _DIGEST.fullmatch(digest)


def test_lists_are_sorted_without_doubles(whole):
    sorted_columns = [
        (table, name)
        for table in COLLECTED
        for name in ("tags", "labels", "aliases", "references")
        if name in TABLES[table].stored_names
    ]
    for table, name in sorted_columns:
        for row in whole[table]:
            assert row[name] is None or row[name] == sorted(set(row[name])), (table, name)
    assert any(len(row["tags"]) > 2 for row in whole["placements"])


def test_children_of_an_index_are_told(truth, whole):
    told = {r["digest"]: r["child_digests"] for r in whole["images"] if r["kind"] == "index"}
    assert told == {at[2]: list(i.children) for at, i in truth.items() if i.kind == "index"}
    platforms = {row["digest"]: row["architecture"] for row in whole["images"]}
    for children in told.values():
        assert {platforms[child] for child in children} >= {"amd64", "arm64"}


@of_judging
def test_a_vulnerability_that_is_stated_is_described(whole):
    described = {row["vulnerability_id"] for row in whole["vulnerabilities"]}
    assert {row["vulnerability_id"] for row in whole["findings"]} == described
