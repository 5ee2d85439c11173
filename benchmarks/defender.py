"""python -m benchmarks.defender: what reading Defender costs, cold and on an unchanged night.

Six million CVE rows (images x packages x CVEs) at full size, a tenth by default, made up by a
server in a process of its own. Goals: a page for every thousand rows, a peak below 600 MB.
"""

from __future__ import annotations

import argparse
import gc
import logging
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from azure.core.credentials import AccessToken

from audit.model.columns import Columns
from audit.ports import Memory, NoMemory, RunContext
from audit.store.staging import TaskStaging
from benchmarks.defender_server import Shape, digest
from benchmarks.memory import peak_memory
from providers.azure.client import client_options
from providers.azure.defender import DefenderReader, Terms
from providers.azure.graph_client import GraphClient
from providers.azure.names import findings_scope
from providers.azure.placements import Place, Placements
from providers.azure.settings import AzureSettings

GOAL_MB = 600
FULL = Shape(images=100_000, packages=12, cves=5)
NIGHT = datetime(2026, 11, 22, 2, tzinfo=UTC)
Cells = dict[str, list[Any]]
_REMEMBERED = {
    "reading_marks": ("name", "value"),
    "assessments": ("repository", "digest", "native_status", "content_hash"),
}
_TERMS = Terms("t", timedelta(hours=1), timedelta(days=30), timedelta(days=7))


class _Credential:
    def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken("token", int(time.time()) + 3600)


@dataclass
class KeptSink:
    """Stages rows as a run does, and keeps what the next night's memory needs."""

    staging: TaskStaging
    rows: Counter[str] = field(default_factory=Counter)
    kept: dict[str, list[Cells]] = field(default_factory=dict)

    def write(self, columns: Columns) -> None:
        """Take a block."""
        self.rows[columns.table] += len(columns)
        if names := _REMEMBERED.get(columns.table):
            cells = {name: columns.data[name] for name in names}
            self.kept.setdefault(columns.table, []).append(cells)
        self.staging.write(columns)


@dataclass(frozen=True)
class KeptMemory:
    """The night before, from its blocks."""

    blocks: dict[str, list[Cells]]
    previous_run_id: str | None = "run-0"

    def rows(self, table: str, columns: Sequence[str], **_: str) -> list[tuple[Any, ...]]:
        """Return the columns of a table's rows; all are of one scope here."""
        return [
            row
            for block in self.blocks.get(table, [])
            for row in zip(*(block[name] for name in columns), strict=True)
        ]


@dataclass(frozen=True)
class Figures:
    """What a night cost."""

    requests: int
    cpu: float
    wall: float
    peak: float
    findings: int
    assessed: int
    blocks: dict[str, list[Cells]]


def night(url: str, shape: Shape, moment: datetime, memory: Memory, folder: Path) -> Figures:
    """Collect a night of the estate behind ``url`` into a staging folder."""
    settings = AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}]})
    client = GraphClient(url, "s/.default", _Credential(), client_options(settings))
    context = RunContext("run", moment, logging.getLogger("benchmark"), memory)
    placements = _placements(shape)
    cpu, wall = time.process_time(), time.perf_counter()
    with TaskStaging(folder, "task") as staging:
        sink = KeptSink(staging)
        reader = DefenderReader(findings_scope("s"), client, sink, context, _TERMS)
        reader.read_plan()
        reader.look_ahead(["one"])
        outcome = reader.read_findings(placements, {})
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    client.close()
    if outcome.errors:
        raise RuntimeError(outcome.error)
    rows = sink.rows
    return Figures(
        outcome.api_calls,
        cpu,
        wall,
        peak_memory(),
        rows["findings"],
        rows["assessments"],
        sink.kept,
    )


def _placements(shape: Shape) -> Placements:
    placements = Placements()
    for image in range(shape.images):
        place = Place("one", "app", digest(image))
        placements.add(place, NIGHT - timedelta(days=3), assessable=True)
    return placements


@contextmanager
def served(shape: Shape) -> Iterator[str]:
    """Serve the estate from a process of its own; yield its address."""
    sizes = [str(size) for size in (shape.images, shape.packages, shape.cves)]
    command = [sys.executable, "-m", "benchmarks.defender_server", *sizes]
    with subprocess.Popen(  # noqa: S603  our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the server has no pipes")
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()


def report(shape: Shape) -> Iterator[str]:
    """Yield the figures of a cold and of an unchanged night as lines of text."""
    yield (
        f"{shape.images:,} images x {shape.packages} packages x {shape.cves} CVEs = "
        f"{shape.rows:,} rows, {shape.rows * shape.cves:,} CVE rows"
    )
    memory: Memory = NoMemory()
    with served(shape) as url, TemporaryDirectory() as folder:
        for number, name in enumerate(("cold", "unchanged")):
            moment, where = NIGHT + timedelta(days=number), Path(folder) / name
            figures = night(url, shape, moment, memory, where)
            memory = KeptMemory(figures.blocks)
            gc.collect()
            yield _line(name, figures, shape)


def _line(name: str, figures: Figures, shape: Shape) -> str:
    pages, brief = ceil(shape.rows / 1000), ceil(shape.images / 1000)
    return (
        f"{name}: {figures.requests:,} requests (rows need {pages:,} pages, their summary "
        f"{brief:,}), {figures.cpu:.1f} s CPU, {figures.wall:.1f} s wall, peak "
        f"{figures.peak:,.0f} MB (goal: below {GOAL_MB}), {figures.findings:,} findings, "
        f"{figures.assessed:,} assessments, {1e6 * figures.cpu / shape.images:,.0f} us CPU an image"
    )


def main(arguments: list[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defender", description=__doc__)
    parser.add_argument("--full", action="store_true", help="six million CVE rows, not a tenth")
    given = parser.parse_args(arguments)
    shape = FULL if given.full else Shape(FULL.images // 10, FULL.packages, FULL.cves)
    for line in report(shape):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
