"""python -m benchmarks.gcp: what reading a Google Cloud organisation costs.

First iterating over the SDK's objects of one project against the adapter, which reads images,
discoveries and statements of five; then three nights of
the adapter: one that knows nothing, one on which nothing changed, and one on which a few images
of each project did. The organisation is served by a process of its own. Figures hold within one
run on one machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audit.collect.runner import _few_garbage_searches
from audit.model.columns import Columns
from audit.ports import RunContext
from audit.store.staging import TaskStaging
from benchmarks import gcp_plain
from benchmarks.apart import Cost, apart, served
from benchmarks.collecting import Collection, collect_and_publish
from benchmarks.gcp_cloud import GeneratedCloud, Size
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings

FIRST = datetime(2026, 11, 21, 2, tzinfo=UTC)
_MOVED = 5
_PART = 5
"""Projects that the adapter reads beside the SDK's objects, which read one."""


def main(arguments: list[str]) -> None:
    """Print the figures."""
    given = _parser().parse_args(arguments)
    projects = 200 if given.full else given.projects
    size = Size(projects, given.repositories, given.images, given.findings, given.own)
    with TemporaryDirectory() as folder:
        memory = None if given.reading_only else given.memory
        for line in report(size, Path(folder), memory):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def report(size: Size, root: Path, memory: str | None) -> Iterator[str]:
    """Yield the lines; ``memory`` is the query engine's limit, None to publish nothing."""
    yield (
        f"{size.projects} projects x {size.repositories} repositories x {size.images} images x "
        f"{size.findings} = {size.statements:,} occurrences, {size.own} % of them in one image only"
    )
    yield from _speeds(replace(size, projects=_PART), root)
    nights = (("cold", 0), ("unchanged", 0), ("changed", _MOVED))
    for number, (name, moved) in enumerate(nights if memory else nights[:1]):
        moment = FIRST + timedelta(days=number)
        with served(GeneratedCloud, replace(size, moved=moved), FIRST, moment) as server:
            where = (server.settings, root / "nights", moment, memory is not None)
            cost = apart(collect_and_publish, *where, "gcp", memory or "512MB")
            yield from _night(name, replace(size, moved=moved), cost, server.calls())


def _speeds(size: Size, root: Path) -> Iterator[str]:
    """Yield what an occurrence costs, both baselines iterating over the SDK's objects."""
    with served(GeneratedCloud, size, FIRST, FIRST) as server:
        least, plain, ours, staged = (
            apart(work, server.settings, *more).result
            for work, more in (
                (gcp_plain.touched, ("p-0",)),
                (gcp_plain.read, ("p-0",)),
                (adapter, (None,)),
                (adapter, (root / "part",)),
            )
        )
    touched, read = least / size.a_project, plain / size.a_project
    yield f"{'SDK objects, three fields of each':40}{1e6 * touched:7.1f} us CPU an occurrence"
    yield f"{'SDK objects, the fields of a row':40}{1e6 * read:7.1f} us"
    for name, seconds in (("rows as columns", ours), ("rows staged as Parquet", staged)):
        cost = seconds / size.statements
        yield (
            f"{f'the adapter, everything, {name}':40}{1e6 * cost:7.1f} us: {read / cost:.1f} times "
            f"less than the fields of a row (goal 5), {touched / cost:.1f} than three fields"
        )


class _Nowhere:
    """A sink that keeps nothing."""

    def write(self, columns: Columns) -> None:
        """Take a block."""


def adapter(settings: Mapping[str, Any], folder: Path | None) -> float:
    """Read projects with the adapter, one by one; return CPU seconds, the imports left out."""
    import pyarrow as pa  # noqa: PLC0415

    import providers.gcp.collect  # noqa: F401, PLC0415  so that it is not counted

    pa.array([0])  # nor what Arrow itself imports at its first array
    checked = GcpSettings.model_validate(settings)
    provider = GcpProvider(checked, RunContext("run", FIRST, logging.getLogger("benchmark")))
    began = time.process_time()
    with _few_garbage_searches():  # as in a run
        for task in provider.plan().tasks:
            if folder is None:
                provider.collect(task, _Nowhere())
            else:
                with TaskStaging(folder, task.task_id) as sink:
                    provider.collect(task, sink)
    return time.process_time() - began


def _night(
    name: str, size: Size, cost: Cost[Collection], calls: Mapping[str, int]
) -> Iterator[str]:
    read = cost.result
    yield (
        f"{name:10} reading {read.cpu:7.1f} s CPU, peak {read.peak:5.0f} MB (goal 600); with "
        f"publishing {cost.cpu:7.1f} s CPU, peak {cost.peak:5.0f} MB; "
        f"{read.findings:,} statements read; outcome {read.outcome}"
    )
    yield f"    {sum(calls.values()):,} calls"
    for operation, most in _formulas(size, cold=name == "cold").items():
        counted = calls.get(operation, 0)
        verdict = "" if counted <= most else "  TOO MANY"
        yield f"    {operation:36} {counted:>8,} of at most {most:,}{verdict}"


def _formulas(size: Size, *, cold: bool) -> dict[str, int]:
    """Return the most calls an operation may take, a thousand occurrences a page."""
    images = size.repositories * size.images
    moved = ceil(size.moved / 20) * ceil(min(size.moved, 20) * size.findings / 1000)
    statements = ceil(size.a_project / 1000) if cold else moved
    return {
        "ListLocations": size.projects,
        "ListRepositories": size.projects,
        "ListDockerImages": size.projects * size.repositories,
        "ListOccurrences": size.projects * (ceil(images / 1000) + statements),
        "GetVulnerabilityOccurrencesSummary": size.projects if cold else 0,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gcp")
    parser.add_argument("--projects", type=int, default=20)
    parser.add_argument("--repositories", type=int, default=10, help="of a project")
    parser.add_argument("--images", type=int, default=50, help="of a repository")
    parser.add_argument("--findings", type=int, default=80, help="occurrences of an image")
    parser.add_argument("--own", type=int, default=10, help="percent that are in one image only")
    parser.add_argument("--reading-only", action="store_true", help="one night, not published")
    parser.add_argument("--memory", default="512MB", help="limit of the query engine (collect)")
    parser.add_argument("--full", action="store_true", help="200 projects: 8 million occurrences")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
