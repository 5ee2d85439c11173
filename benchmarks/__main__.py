"""python -m benchmarks: what nightly runs cost, what they leave, and what questions of it cost.

First a small night against the floor (pyarrow writing the same rows once), then nights of a
generated estate, then the analyst's questions. Figures hold within one run on one machine: compare
the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import asking, floor
from benchmarks.estate import GeneratedEstate, Size
from benchmarks.figures import night_line, summary
from benchmarks.nights import column_bytes, run_nights

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)


def main(arguments: list[str]) -> None:
    """Print the figures."""
    given = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder:
        root = Path(given.keep or folder)
        if not given.skip_floor:
            floor.report(root / "floor", 2_000, 100)
        size = Size(given.images, given.findings, native_ids=not given.no_native_ids)
        for line in nights(root / "warehouse", size, given.nights):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def nights(root: Path, size: Size, count: int) -> Iterator[str]:
    """Yield the lines about the nights and the questions."""
    done = []
    for night in run_nights(root, GeneratedEstate(size, FIRST), count):
        done.append(night)
        yield night_line(len(done), night)
    yield from summary(done, column_bytes(root, "findings", done[-1].run_id))
    yield "questions (goal: those with two forms twice as fast on the history, below 600 MB, equal)"
    yield from asking.report(root)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--nights", type=int, default=9)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--findings", type=int, default=104, help="statements an image")
    parser.add_argument("--keep", help="folder to leave the warehouse in")
    parser.add_argument("--skip-floor", action="store_true", help="only the generated nights")
    parser.add_argument(
        "--no-native-ids", action="store_true", help="sources give their statements no id"
    )
    return parser


main(sys.argv[1:])
