"""What storing and judging a small night costs, against the floor.

The floor is pyarrow writing the same findings rows once. Figures hold within one run on one
machine; compare the ratios, not the seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from audit.clock import FixedClock
from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.store.commit import Commit, commit_run
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.staging import TaskStaging, to_arrow
from benchmarks.memory import peak_memory
from benchmarks.night import POLICY
from providers.loopback.story import FIRST_NIGHT

REF = ScopeRef("aws", "aws/111111111111/eu-west-1", ScopeKind.INVENTORY, "111111111111")


def report(root: Path, images: int, each: int) -> None:
    """Measure two nights of the same estate and print what they cost."""
    out, layout, total = sys.stdout.write, Layout(root / "warehouse"), images * each
    base = min(write_plainly(root, images, each) for _ in range(2))
    out(f"{total:,} findings of {images:,} images\n")
    out(f"floor (columns -> Arrow -> Parquet): {base:.2f} s CPU\n")
    for night in range(2):
        moment = FIRST_NIGHT + timedelta(days=night)
        with clocked() as staged:
            stage(layout, f"{moment:%Y%m%dT%H%M%SZ}", images, each)
        with clocked() as committed:
            publish(layout, night)
        out(
            f"night {night + 1}: stage {staged():.2f} s CPU ({staged() / base:.2f} x floor), "
            f"assemble, judge and publish {committed():.2f} s CPU "
            f"({committed() / base:.2f} x floor)\n"
        )
    out(f"peak memory: {peak_memory():.0f} MB\n")


def write_plainly(root: Path, images: int, each: int) -> float:
    """Return the CPU seconds of writing the findings once, with nothing around it."""
    with clocked() as spent:
        for number in range(0, images, 100):
            table = to_arrow(findings(number, min(100, images - number), each))
            pq.write_table(table, root / "floor.parquet", compression="zstd", compression_level=3)
    return spent()


@contextmanager
def clocked() -> Iterator[Callable[[], float]]:
    """Yield a function that tells the CPU seconds spent inside the block."""
    started = time.process_time()
    spent: list[float] = []
    yield lambda: spent[0]
    spent.append(time.process_time() - started)


def stage(layout: Layout, run_id: str, images: int, each: int) -> None:
    """Stage an estate of one scope."""
    with TaskStaging(layout.staged(run_id) / "raw", "task") as sink:
        for number in range(0, images, 100):
            count = min(100, images - number)
            for block in (*inventory(number, count), findings(number, count, each)):
                sink.write(block)


def inventory(first: int, count: int) -> list[Columns]:
    """Return images, placements and assessments of some images."""
    where = {"provider": "aws", "registry_id": "host", "repository": f"team/app-{first // 100}"}
    images, placements = Columns("images"), Columns("placements", **where, scope_id=REF.scope_id)
    assessments = Columns("assessments", **where, source="inspector", state="assessed")
    for number in range(first, first + count):
        digest, pushed = f"sha256:{number:064x}", FIRST_NIGHT - timedelta(days=number % 90)
        images.append(digest=digest, kind="image", child_digests=[])
        placements.append(digest=digest, tags=[f"1.{number}"], pushed_at=pushed, archived=False)
        assessments.append(digest=digest, scanned_at=FIRST_NIGHT)
    return [images, placements, assessments]


def findings(first: int, count: int, each: int) -> Columns:
    """Return the findings of some images: a few packages, many vulnerabilities."""
    rows = Columns(
        "findings",
        provider="aws",
        registry_id="host",
        repository=f"team/app-{first // 100}",
        source="inspector",
    )
    for number in range(first, first + count):
        for flaw in range(each):
            rows.append(
                digest=f"sha256:{number:064x}",
                vulnerability_id=f"CVE-2025-{10_000 + (number // 20 * 7 + flaw) % 5_000}",
                package_name=f"package-{flaw % 40}",
                package_version="1.2.3-4",
                package_type="OS",
                fixed_version="1.2.3-5" if flaw % 2 else None,
                fix_state="available" if flaw % 2 else "not_available",
                severity=("HIGH", "MEDIUM", "LOW")[flaw % 3],
                native_severity=("HIGH", "MEDIUM", "LOW")[flaw % 3],
                cvss_score=float(flaw % 10),
                title=f"CVE-2025-{10_000 + flaw} in a package",
            )
    return rows


def publish(layout: Layout, night: int) -> None:
    """Assemble, judge and publish what is staged for a night."""
    moment = FIRST_NIGHT + timedelta(days=night)
    commit_run(
        layout,
        Commit(
            run_id=f"{moment:%Y%m%dT%H%M%SZ}",
            moment=moment,
            clock=FixedClock(moment),
            command="run",
            outcomes=[ScopeOutcome(REF, Outcome.COMPLETE)],
            ledger=Warehouse(layout).ledger(),
            policy=POLICY,
            retired=(),
            config_sha256="0" * 64,
            memory="512MB",
        ),
    )
