"""The benchmark measures what it says: its estate is sound, and both forms of a question agree."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from audit import questions
from audit.store.staging import to_arrow
from audit.tables import TABLES
from benchmarks import gcp_cloud, reports
from benchmarks.asking import ask
from benchmarks.collecting import collect_and_publish
from benchmarks.estate import GeneratedEstate, Size
from benchmarks.figures import summary
from benchmarks.nights import column_bytes, run_nights
from benchmarks.rows import tasks
from tests.unit.files.support import Read, read_paths

TINY = Size(images=120, findings_per_image=20, flaws=3_000)
FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)


def rows(estate: GeneratedEstate) -> dict[str, pa.Table]:
    found: dict[str, list[pa.Table]] = {}
    for _, blocks in tasks(estate):
        for block in blocks:
            found.setdefault(block.table, []).append(to_arrow(block))
    return {table: pa.concat_tables(parts) for table, parts in found.items()}


def test_a_night_follows_from_the_seed_and_differs_from_the_one_before():
    one, two = GeneratedEstate(TINY, FIRST), GeneratedEstate(TINY, FIRST)
    before = rows(one)
    one.advance()
    two.advance()
    after = rows(one)
    assert after == rows(two)
    digests = [set(night["images"]["digest"].to_pylist()) for night in (before, after)]
    assert len(digests[1]) == TINY.images
    assert 0 < len(digests[1] - digests[0]) <= TINY.images * TINY.churn


@pytest.mark.parametrize("table", ["images", "placements", "assessments", "findings"])
def test_no_two_rows_have_one_key(table):
    found = rows(GeneratedEstate(TINY, FIRST))[table].to_pylist()
    keys = {tuple(row[name] for name in TABLES[table].key[1:]) for row in found}
    assert len(keys) == len(found) > 0


def test_nights_are_measured_and_both_forms_of_a_question_agree(tmp_path):
    done = list(run_nights(tmp_path, GeneratedEstate(TINY, FIRST), 2))
    assert [night.run_id for night in done] == ["20260101T020000Z", "20260102T020000Z"]
    assert all(night.peak > 50 and night.sizes["findings"] > 0 for night in done)
    told = "\n".join(summary(done, column_bytes(tmp_path, "findings", done[-1].run_id)))
    assert "bytes a finding-day" in told
    assert "% (goal: at most 5 %)" in told
    for name in questions.NAMES:
        if questions.load(name).check:
            forms = [
                ask(str(tmp_path), name, form, "CVE-2026-1001", str(tmp_path / "spill"))
                for form in ("history", "snapshots")
            ]
            assert forms[0]["hash"] == forms[1]["hash"], name


@pytest.mark.parametrize("name", sorted(reports.FORMATS))
def test_the_generated_reports_are_ones_that_are_imported(name, tmp_path):
    (result,) = read_paths(reports.FORMATS[name](tmp_path / "report.json", findings=20))
    assert isinstance(result.outcome, Read)
    assert result.outcome.statements == 20
    assert reports.FORMATS[name](tmp_path / "big.json", megabytes=1).stat().st_size > 1_000_000


def test_a_generated_google_cloud_is_read_as_large_as_it_is_said_to_be(tmp_path):
    size = gcp_cloud.Size(projects=2, repositories=2, images=3, findings=5, own=0)
    with gcp_cloud.GeneratedCloud(size, FIRST, FIRST) as cloud:
        read = collect_and_publish(cloud.settings(), tmp_path, FIRST, publish=True, name="gcp")
        calls = cloud.calls
    assert (read.findings, read.outcome) == (size.statements, "complete")
    assert calls["ListOccurrences"] == 2 * size.projects
