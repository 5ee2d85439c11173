"""python -m benchmarks.importing: what importing a report costs, beside the least it could cost.

For a Trivy, a Grype and an Inspector report: findings per CPU second of the import (bytes to staged
Parquet) and of the floor (``orjson.loads`` of the whole file, and pyarrow writing the rows that the
import made); the goal is half the floor's speed. Then the peak memory of one big report, each in
a process of its own.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from audit import plugins
from audit.errors import ReportFileError
from audit.importing.reading import Reader
from audit.importing.staged import stage
from audit.model.columns import Columns
from audit.ports import ImportedReport, ImportOrder, ObjectStore, RunContext
from audit.store.staging import TaskStaging
from benchmarks import reports
from benchmarks.memory import peak_memory

MOMENT = datetime(2026, 11, 23, 2, tzinfo=UTC)
TIMES = 5


def main(argv: list[str]) -> None:
    """Print the figures."""
    given = _parser().parse_args(argv)
    if given.one:
        sys.stdout.write(f"{_peak(Path(given.one))}\n")
        return
    with TemporaryDirectory() as folder:
        for line in lines(Path(folder), given.findings, 500 if given.full else given.megabytes):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def lines(root: Path, findings: int, megabytes: int) -> Iterator[str]:
    """Yield the lines: speed of each format, then memory of each as one big report."""
    yield "report     findings     MB   imported/CPU s      floor/CPU s   share (goal: 50 %)"
    for name, write in reports.FORMATS.items():
        path = write(root / f"{name}.json", findings=findings)
        ours, floor = _compared(path, root)
        size = path.stat().st_size / 1e6
        yield (
            f"{name:<10} {findings:>8,} {size:>6.1f} {findings / ours:>16,.0f} "
            f"{findings / floor:>16,.0f} {floor / ours:>7.0%}"
        )
    yield "peak memory of one big report, above that of an empty one"
    for name, write in reports.FORMATS.items():
        path = write(root / "big.json", megabytes=megabytes)
        small = write(root / "small.json", findings=1)
        above = _measured(path) - _measured(small)
        yield f"{name:<10} {path.stat().st_size / 1e6:>6,.0f} MB: {above:>5,.0f} MB"


def _compared(path: Path, root: Path) -> tuple[float, float]:
    """Return the least CPU seconds of the import and of the floor, taken in turns."""
    blocks = [block for _, report in _read(path, root) for block in report.blocks]
    ours, floor = [], []
    for _ in range(TIMES):
        ours.append(_timed(lambda: _import(path, root)))
        floor.append(_timed(lambda: _floor(path, root, blocks)))
    return min(ours), min(floor)


def _timed(action: Callable[[], None]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def _floor(path: Path, root: Path, blocks: list[Columns]) -> None:
    orjson.loads(path.read_bytes())
    with TaskStaging(root / "floor", "floor") as sink:
        for block in blocks:
            sink.write(block)


def _import(path: Path, root: Path) -> None:
    for scope_id, report in _read(path, root):
        stage(report, root / "raw", scope_id)


def _read(path: Path, root: Path) -> Iterator[tuple[str, ImportedReport]]:
    context = RunContext("20261123T020000Z", MOMENT, logging.getLogger("benchmark"))
    order = replace(ImportOrder(context, ""), whole=True)
    reader = Reader(plugins.importers(), order, _no_store, root / "unpacked")
    for result in reader.read([str(path)]):
        if isinstance(result.outcome, ReportFileError):
            raise result.outcome
        yield result.scope.scope_id, result.outcome


def _no_store(address: str) -> ObjectStore:
    raise ValueError(address)


def _measured(path: Path) -> float:
    """Return the peak memory in MB of a process that imports one file."""
    command = [sys.executable, "-m", "benchmarks.importing", "--one", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  own module
    return float(done.stdout)


def _peak(path: Path) -> float:
    with TemporaryDirectory() as folder:
        _import(path, Path(folder))
    return peak_memory()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importing")
    parser.add_argument("--findings", type=int, default=20_000, help="statements a report")
    parser.add_argument("--megabytes", type=int, default=100, help="size of the big reports")
    parser.add_argument("--full", action="store_true", help="big reports of 500 MB")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
