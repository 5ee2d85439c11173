"""Pages read in bulk and by the bytes met before hold what one occurrence after the other holds."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from grafeas import grafeas_v1 as gr

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from audit.model.scope import ScopeTally
from providers.gcp import lean
from providers.gcp.moments import moments_of
from providers.gcp.names import Where, place_of
from providers.gcp.scopes import findings_scope
from providers.gcp.stated import StatedOnce
from providers.gcp.statements import StatementWriter
from providers.gcp.values import moment_of
from tests.unit.gcp.parts import Rows, discovery, issue, page, uri, vulnerability

SINCE = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LETTERS = "abcd"
WANTED = "abc"  # d is an image that nobody asked about
ABOUT: dict[Where, Where] = {place: place for one in WANTED if (place := place_of(uri(one)))}


def occurrences(seed: int, count: int) -> list[gr.Occurrence]:
    """A few vulnerabilities in many images, some of them in a place of their own each time."""
    dice = random.Random(seed)
    return [_occurrence(dice, number) for number in range(count)]


def _occurrence(dice: random.Random, number: int) -> gr.Occurrence:
    identifier = dice.randrange(6)
    told: gr.Occurrence = vulnerability(
        dice.choice(LETTERS),
        name=f"projects/p/occurrences/{number}",
        short_description=dice.choice(["", f"CVE-2026-{identifier}", "A flaw in openssl"]),
        long_description="in a package " * identifier,
        severity=identifier,
        cvss_score=identifier,
        cvss_version=2,
        related_urls=[{"url": f"https://tracker.example/{identifier}"}],
        package_issue=[_issue(dice, number) for _ in range(dice.randrange(4))],
    )
    told.note_name = f"projects/goog-vulnz/notes/CVE-2026-{dice.randrange(3)}"
    if dice.random() < 0.9:
        told.create_time = SINCE + timedelta(microseconds=number)
    return told


def _issue(dice: random.Random, number: int) -> gr.VulnerabilityOccurrence.PackageIssue:
    own = f"/srv/{number}.jar" if dice.random() < 0.3 else "/var/lib/dpkg/status"
    layers = [{"file_path": own, "layer_details": {"diff_id": dice.choice(["", "sha256:1"])}}]
    return issue(
        affected_package=dice.choice(["openssl", "libssl3"]),
        fixed_version=gr.Version(kind=dice.choice([1, 3]), full_name="3.0.13-1"),
        effective_severity=dice.randrange(6),
        file_location=layers * dice.randrange(3),
    )


def plainly(told: Sequence[gr.Occurrence]) -> Iterator[tuple[Any, ...]]:
    """What the SDK's own objects say, read as a script would."""
    nothing = gr.VulnerabilityOccurrence.PackageIssue()
    for one in told:
        place = place_of(one.resource_uri)
        if place is None or place not in ABOUT:
            continue
        detail: Any = one.vulnerability
        short, met = detail.short_description, []
        for stated in detail.package_issue or [nothing]:
            where = sorted({file.file_path for file in stated.file_location})
            met.append((stated.affected_package, *where))
            again = met.count(met[-1])
            fixed = stated.fixed_version
            severity = stated.effective_severity or detail.severity
            yield (
                place.registry_id,
                place.digest,
                one.name + (f"#{again}" if again > 1 else ""),
                datetime.fromisoformat(one.create_time.isoformat()) if one.create_time else None,
                short if short.startswith("CVE") else one.note_name.rpartition("/")[2],
                stated.affected_package or None,
                stated.affected_version.full_name or None,
                fixed.full_name if fixed.kind == gr.Version.VersionKind.NORMAL else None,
                severity.name,
                detail.cvss_score or None,
                detail.related_urls[0].url,
                where[0] if where else None,
            )


COLUMNS = (
    *("registry_id", "digest", "native_id", "native_first_seen_at", "vulnerability_id"),
    *("package_name", "package_version", "fixed_version", "native_severity"),
    *("cvss_score", "url", "location"),
)


def hashed(rows: Sequence[dict[str, Any]], columns: Sequence[str] = ()) -> tuple[int, str]:
    """How many rows there are, and the hash of all of them in any order."""
    texts = sorted("|".join(str(row[name]) for name in columns or sorted(row)) for row in rows)
    return len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest()


def read(pages: Sequence[Any], once: StatedOnce) -> Rows:
    rows, tally = Rows(), ScopeTally(findings_scope("p"))
    writer = StatementWriter(rows, "run-1", once, lean)
    for one in pages:
        writer.write(one, ABOUT, tally)
    assert tally.errors == 0
    return rows


def in_pages(told: Sequence[gr.Occurrence]) -> list[Any]:
    return [page(*told[start : start + 40]) for start in range(0, len(told), 40)]


@pytest.mark.parametrize("seed", range(3))
def test_the_rows_are_those_that_the_sdks_objects_give(seed):
    told = occurrences(seed, 400)
    rows = read(in_pages(told), StatedOnce()).tables["findings"]
    plain = [dict(zip(COLUMNS, row, strict=True)) for row in plainly(told)]
    assert len(plain) > 300
    assert hashed(rows, COLUMNS) == hashed(plain, COLUMNS)


@pytest.mark.parametrize("most_bytes", [1, 3_000, 10_000_000])
def test_what_is_remembered_changes_no_row_and_no_column(most_bytes):
    told = occurrences(7, 400)
    alone = [read([page(one)], StatedOnce()) for one in told]
    each = [row for rows in alone for row in rows.tables["findings"]]
    assert hashed(read(in_pages(told), StatedOnce(most_bytes)).tables["findings"]) == hashed(each)


def test_projects_that_share_what_was_parsed_at_once_give_the_same_rows():
    told, once = occurrences(11, 1_200), StatedOnce(20_000)
    parts = [told[start::8] for start in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda part: read(in_pages(part), once), parts))
    for part, rows in zip(parts, together, strict=True):
        alone = read(in_pages(part), StatedOnce())
        for table in ("findings", "vulnerabilities"):
            assert hashed(rows.tables[table]) == hashed(alone.tables[table])
            assert rows.tables[table] == alone.tables[table], "in the same order, too"


def test_every_occurrence_that_cannot_be_read_is_told_and_none_beside_it():
    nowhere = vulnerability()
    nowhere.resource_uri = "https://us-docker.pkg.dev/p/r/app"
    good = vulnerability("b")
    rows, tally = Rows(), ScopeTally(findings_scope("p"))
    writer = StatementWriter(rows, "run-1", StatedOnce(), lean)
    writer.write(page(nowhere, nowhere, good, discovery(), good, nowhere), ABOUT, tally)
    assert tally.errors == 4
    assert isinstance(tally.first_error, BrokenPageError)
    assert tally.listed == 5, "the discovery states nothing"
    assert writer.counts == {place_of(uri("b")): 2}
    assert len(rows.tables["findings"]) == 2
    writer.write(page(discovery()), ABOUT, tally)
    writer.write(page(), ABOUT, tally)
    assert len(rows.tables["findings"]) == 2


def test_times_read_in_bulk_are_those_read_alone():
    moments = [-(2**62), -62_135_596_801, -62_135_596_800, -1, 0, 1, 253_402_300_799, 2**62]
    stamps = [lean.Page().occurrences.add() for _ in range(3 * len(moments) + 1)]
    for number, seconds in enumerate(moments):
        for more, nanos in enumerate((0, 999_999_999, 2**31 - 1)):
            stamps[3 * number + more].create_time.seconds = seconds
            stamps[3 * number + more].create_time.nanos = nanos
    alone = [moment_of(stamp, "create_time") for stamp in stamps]
    assert moments_of(stamps, "create_time").to_pylist() == alone
    assert (alone[-1], alone[12]) == (None, datetime(1970, 1, 1, tzinfo=UTC)), "unset is not 1970"


def test_a_block_of_whole_columns_takes_no_other_rows():
    block = Columns("findings", provider="gcp")
    with pytest.raises(KeyError, match="no_such"):
        block.fill({"no_such": [1]}, 1)
    with pytest.raises(ValueError, match="2 cells"):
        block.fill({"digest": ["a"]}, 2)
    block.fill({"digest": ["a"]}, 1)
    with pytest.raises(TypeError, match="no more rows"):
        block.append(digest="b")
    with pytest.raises(ValueError, match="1 cells"):
        block.fill({"digest": ["b"]}, 1)
