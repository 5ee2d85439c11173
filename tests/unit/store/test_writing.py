"""A table that is too large to be sorted at once is the same to the byte as one that is not."""

from __future__ import annotations

from contextlib import closing

import pytest

from audit.errors import WarehouseError
from audit.store import splitting, views, writing
from audit.store.writing import write_ordered
from audit.tables import TABLES

ROWS = """
CREATE TEMP TABLE rows_of AS
SELECT * REPLACE (
    CASE WHEN n % 3 = 0 THEN 'aws' ELSE 'gcp' END AS provider,
    'registry-' || n % 5 AS registry_id, 'team/' || hash(n) % 11 AS repository,
    'sha256:' || hash(n * 7) AS digest, ['t' || n] AS tags)
FROM (SELECT * FROM ({empty}) AS e RIGHT JOIN range(400) AS r(n) ON true)
"""


@pytest.fixture
def con():
    with closing(views.connect()) as found:
        found.execute(ROWS.format(empty=views.parquet_rows("placements", [])))
        found.execute("ALTER TABLE rows_of DROP n")
        yield found


@pytest.mark.parametrize("given", ["schema", "none"])
@pytest.mark.parametrize(("batch", "files"), [(7, 500), (400, 500), (64, 3)])
def test_parts_make_the_bytes_that_the_whole_makes(con, tmp_path, monkeypatch, given, batch, files):
    monkeypatch.setattr(splitting, "_BATCH", batch)
    monkeypatch.setattr(splitting, "_MOST_FILES", files)
    table = TABLES["placements"]
    schema = table.schema if given == "schema" else None
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert write_ordered(con, whole, "rows_of", table.sort_by, schema, tmp_path) == 400
    monkeypatch.setattr(writing, "SORTED_ROWS", 30)
    assert write_ordered(con, parts, "rows_of", table.sort_by, schema, tmp_path) == 400
    assert parts.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "parts"}


def test_one_repository_is_cut_too(con, tmp_path, monkeypatch):
    con.execute("UPDATE rows_of SET provider = 'aws', registry_id = 'one', repository = 'one'")
    monkeypatch.setattr(writing, "SORTED_ROWS", 30)
    sizes = []
    sorted_ = splitting._sorted

    def noted(*told):
        sizes.append(sorted_(*told).num_rows)
        return sorted_(*told)

    monkeypatch.setattr(splitting, "_sorted", noted)
    table = TABLES["placements"]
    write_ordered(con, tmp_path / "file", "rows_of", table.sort_by, table.schema, tmp_path)
    assert sum(sizes) == 400
    assert max(sizes) <= 31


def test_a_row_that_no_part_holds_is_not_lost_in_silence(con, tmp_path, monkeypatch):
    con.execute("UPDATE rows_of SET repository = NULL WHERE tags = ['t7']")
    monkeypatch.setattr(writing, "SORTED_ROWS", 30)
    table = TABLES["placements"]
    with pytest.raises(WarehouseError, match="400 rows of rows_of became 399"):
        write_ordered(con, tmp_path / "file", "rows_of", table.sort_by, table.schema, tmp_path)
