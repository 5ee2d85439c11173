"""python -m benchmarks.aws: what reading an AWS organisation costs, cold and unchanged.

An organisation with a delegated administrator of Amazon Inspector, served over loopback by a
process of its own. First a plain boto3 loop over a part of it, then two nights of the adapter: one
that knows nothing, and one on which nothing changed. Figures hold within one run on one machine:
compare the ratios.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.apart import Cost, apart, served
from benchmarks.aws_estate import Size, organisation
from benchmarks.aws_plain import plain_loop
from benchmarks.collecting import Collection, collect_and_publish
from providers.loopback.aws import AwsLoopback

FIRST = datetime(2026, 11, 21, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Night:
    """One night: what its reading cost, what the server counted, and what publishing took."""

    cost: Cost[Collection]
    calls: Mapping[str, int]


def main(arguments: list[str]) -> None:
    """Print the figures."""
    given = _parser().parse_args(arguments)
    repositories = 50 if given.full else given.repositories
    size = Size(given.accounts, given.regions, repositories, given.images, given.findings)
    with TemporaryDirectory() as folder:
        for line in report(size, Path(folder)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def report(size: Size, root: Path) -> Iterator[str]:
    """Yield the lines."""
    yield (
        f"{size.accounts} accounts x {size.regions} regions x {size.repositories} repositories x "
        f"{size.images} images x {size.findings} findings = {size.statements:,} statements"
    )
    part = Size(1, 1, max(50, size.repositories), size.images, size.findings)
    with served(_cloud, part, 0) as server:
        plain = apart(plain_loop, server.settings, root / "plain")
        ours = apart(collect_and_publish, server.settings, root / "part", FIRST, False)
    yield _speed("a plain boto3 loop", plain.result, plain.cpu)
    yield _speed("the adapter, same part", part.statements, ours.result.cpu)
    ratio = part.statements / ours.result.cpu / (plain.result / plain.cpu)
    yield f"    {ratio:.1f} times the plain loop (goal 4)"
    for number, name in enumerate(("cold", "unchanged")):
        with served(_cloud, size, number) as server:
            moment = FIRST + timedelta(days=number)
            cost = apart(collect_and_publish, server.settings, root / "warehouse", moment, True)
            yield from _night(name, size, Night(cost, server.calls()))


def _cloud(size: Size, nights: int) -> AwsLoopback:
    return AwsLoopback(organisation(size, FIRST, FIRST + timedelta(days=nights)))


def _speed(name: str, rows: int, cpu: float) -> str:
    return f"{name:26} {rows:>10,} rows {cpu:8.1f} s CPU {rows / cpu:10,.0f} rows a CPU second"


def _night(name: str, size: Size, night: Night) -> Iterator[str]:
    read = night.cost.result
    yield (
        f"{name:10} reading {read.cpu:7.1f} s CPU, peak {read.peak:5.0f} MB (goal 600); with "
        f"publishing {night.cost.cpu:7.1f} s CPU, peak {night.cost.peak:5.0f} MB; "
        f"{read.findings:,} statements read; outcome {read.outcome}"
    )
    yield f"    {sum(night.calls.values()):,} calls: " + ", ".join(
        f"{operation} {count:,}" for operation, count in sorted(night.calls.items())
    )
    formulas = _formulas(size, cold=name == "cold")
    for operation, most in formulas.items():
        counted = night.calls.get(operation, 0)
        yield f"    {operation:22} {counted:>8,} of at most {most:,}{_verdict(counted, most)}"


def _verdict(counted: int, most: int) -> str:
    return "" if counted <= most else "  TOO MANY"


def _formulas(size: Size, *, cold: bool) -> dict[str, int]:
    """Return the most calls an operation may take (a delegated administrator, 100 a page)."""
    places = size.accounts * size.regions
    a_place = size.repositories * size.images
    findings = places * ceil(a_place * size.findings / 100) if cold else size.regions
    return {
        "DescribeRepositories": places * ceil(size.repositories / 1000),
        "DescribeImages": places * size.repositories * ceil(size.images / 1000),
        "ListFindings": findings,
        "ListCoverage": size.regions * ceil(size.accounts * a_place / 200),
        "AssumeRole": size.accounts,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aws")
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--regions", type=int, default=3)
    parser.add_argument("--repositories", type=int, default=5, help="of an account and region")
    parser.add_argument("--images", type=int, default=30, help="of a repository")
    parser.add_argument("--findings", type=int, default=80, help="of an image")
    parser.add_argument("--full", action="store_true", help="50 repositories: 7.2 million rows")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
