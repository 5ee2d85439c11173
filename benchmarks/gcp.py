"""python -m benchmarks.gcp: what reading a Google Cloud organisation costs.

First iterating over the SDK's objects against the adapter, on one project; then three nights of
the adapter: one that knows nothing, one on which nothing changed, and one on which a few images
of each project did. The organisation is served by a process of its own. Figures hold within one
run on one machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import gcp_plain
from benchmarks.apart import Cost, apart, served
from benchmarks.collecting import Collection, collect_and_publish
from benchmarks.gcp_cloud import GeneratedCloud, Size

FIRST = datetime(2026, 11, 21, 2, tzinfo=UTC)
_MOVED = 5


def main(arguments: list[str]) -> None:
    """Print the figures."""
    given = _parser().parse_args(arguments)
    projects = 200 if given.full else given.projects
    size = Size(projects, given.repositories, given.images, given.findings, given.own)
    with TemporaryDirectory() as folder:
        for line in report(size, Path(folder), publish=not given.reading_only):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def report(size: Size, root: Path, *, publish: bool) -> Iterator[str]:
    """Yield the lines."""
    yield (
        f"{size.projects} projects x {size.repositories} repositories x {size.images} images x "
        f"{size.findings} = {size.statements:,} occurrences, {size.own} % of them in one image only"
    )
    yield from _speeds(replace(size, projects=1), root)
    nights = (("cold", 0), ("unchanged", 0), ("changed", _MOVED))
    for number, (name, moved) in enumerate(nights if publish else nights[:1]):
        moment = FIRST + timedelta(days=number)
        with served(GeneratedCloud, replace(size, moved=moved), FIRST, moment) as server:
            cost = apart(
                collect_and_publish, server.settings, root / "nights", moment, publish, "gcp"
            )
            yield from _night(name, replace(size, moved=moved), cost, server.calls())


def _speeds(size: Size, root: Path) -> Iterator[str]:
    with served(GeneratedCloud, size, FIRST, FIRST) as server:
        touched = apart(gcp_plain.touched, server.settings, "p-0").result
        plain = apart(gcp_plain.read, server.settings, "p-0").result
        ours = apart(collect_and_publish, server.settings, root / "part", FIRST, False, "gcp")
    adapter = ours.result.cpu / size.statements
    for name, (count, cpu) in (("three fields", touched), ("a dict a statement", plain)):
        yield (
            f"SDK's objects, {name:20} {1e6 * cpu / count:7.1f} us CPU an occurrence: "
            f"{cpu / count / adapter:.1f} times the adapter's (goal 5)"
        )
    yield f"the adapter, staged to Parquet      {1e6 * adapter:7.1f} us CPU an occurrence"


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
    parser.add_argument("--full", action="store_true", help="200 projects: 8 million occurrences")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
