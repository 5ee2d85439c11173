"""Many nightly runs over a generated estate: what each costs and what it leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from audit.store.layout import Layout
from audit.store.staging import TaskStaging
from audit.tables import TABLES
from benchmarks.estate import GeneratedEstate
from benchmarks.rows import tasks


@dataclass(frozen=True)
class Night:
    """One run. Seconds, except ``peak`` in MB; ``sizes`` is bytes by table.

    Attributes:
        generated: CPU of making the rows, which no run does.
        staged: CPU of taking them into staged files.
        cpu: CPU of the process that assembled, judged and published them; ``wall`` and ``peak``
            are its own too.
    """

    run_id: str
    findings: int
    generated: float
    staged: float
    cpu: float
    wall: float
    peak: float
    sizes: dict[str, int]


def run_nights(root: Path, estate: GeneratedEstate, nights: int) -> Iterator[Night]:
    """Run night after night; yields each when it is published."""
    for number in range(nights):
        began = time.process_time()
        if number:
            estate.advance()
        run_id, moved = f"{estate.moment:%Y%m%dT%H%M%SZ}", time.process_time() - began
        findings, generated, staged = stage(root, estate, run_id)
        spent = child("benchmarks.night", str(root), run_id)
        sizes = {table: partition_bytes(root, table, run_id) for table in TABLES}
        yield Night(run_id, findings, generated + moved, staged, **spent, sizes=sizes)


def stage(root: Path, estate: GeneratedEstate, run_id: str) -> tuple[int, float, float]:
    """Stage a night; return the findings and the CPU seconds of making and of staging rows."""
    folder = Layout(root).staged(run_id) / "raw"
    findings, generated, staged = 0, 0.0, 0.0
    for area, blocks in tasks(estate):
        with TaskStaging(folder, area.scope_id) as sink:
            mark = time.process_time()
            for block in blocks:
                made = time.process_time()
                sink.write(block)
                findings += block.rows if block.table == "findings" else 0
                generated, staged = generated + made - mark, staged + time.process_time() - made
                mark = time.process_time()
    return findings, generated, staged


def child(module: str, *arguments: str) -> dict[str, float]:
    """Run a module of this package in a process of its own and return what it prints."""
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return dict(json.loads(done.stdout))


def partition_bytes(root: Path, table: str, run_id: str) -> int:
    """Return the bytes of one run's files of a table."""
    return sum(f.stat().st_size for f in root.glob(f"{table}/run_id={run_id}/*.parquet"))


def column_bytes(root: Path, table: str, run_id: str) -> dict[str, int]:
    """Return the compressed bytes of each column of one run's partition, the largest first."""
    sizes: dict[str, int] = {}
    for path in root.glob(f"{table}/run_id={run_id}/*.parquet"):
        facts = pq.ParquetFile(path).metadata
        for group in range(facts.num_row_groups):
            for number in range(facts.num_columns):
                column = facts.row_group(group).column(number)
                name = column.path_in_schema.partition(".")[0]
                sizes[name] = sizes.get(name, 0) + column.total_compressed_size
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))
