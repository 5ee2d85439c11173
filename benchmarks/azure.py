"""What reading Azure registries costs: requests, CPU and memory, cold and unchanged.

Nothing changes from night to night. In the second night the repositories are counted that the cold
one left for it; from the third on an unchanged night costs what that one costs.

The registries are served over TLS by a process of their own; only this process is measured. The
stock client (azure-containerregistry as its documentation uses it) lists a part of the same
manifests beside it, with the page size of its default.

``--full`` is 40 registries, 2,000 repositories, 100,000 manifests; a tenth by default.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO, Any, Self, cast

import pyarrow as pa
import pyarrow.compute as pc
from azure.containerregistry import ContainerRegistryClient
from azure.identity import ClientSecretCredential

from audit.model.columns import Columns
from audit.ports import Memory, NoMemory, RunContext
from audit.store.staging import to_arrow
from audit.tables import TABLES
from benchmarks.azure_estate import MOMENT, TENANT
from benchmarks.memory import peak_memory
from providers.azure.client import AzureSession
from providers.azure.provider import AzureProvider
from providers.azure.settings import AzureSettings

FULL = (40, 2_000, 100_000)
_SAMPLE = 100
GOAL = 8


class Cloud:
    """The loopback Azure in its own process."""

    def __init__(self, size: Sequence[int]) -> None:
        self._server = subprocess.Popen(  # noqa: S603  this very interpreter
            [sys.executable, "-m", "benchmarks.azure_estate", *map(str, size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.settings: dict[str, Any] = self._line()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate(timeout=60)

    def calls(self) -> Counter[str]:
        """Return how often it was asked for what, since it started."""
        into = cast("IO[str]", self._server.stdin)
        into.write("\n")
        into.flush()
        return Counter(self._line())

    def _line(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(cast("IO[str]", self._server.stdout).readline())
        return found


@dataclass
class Remembering:
    """Takes blocks as the store does (into Arrow), and answers as the memory of a next run."""

    keep: bool
    kept: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    count: Counter[str] = field(default_factory=Counter)
    previous_run_id: str | None = "bench-1"

    def write(self, columns: Columns) -> None:
        """Take a block."""
        self.count[columns.table] += len(columns)
        block = to_arrow(columns)
        if self.keep:
            self.kept[columns.table].append(block)

    def rows(self, table: str, columns: Sequence[str], **where: str) -> list[tuple[Any, ...]]:
        """Return rows as :class:`audit.ports.Memory` does."""
        found, placed_in = self._whole(table), where.pop("placed_in", None)
        for name, value in where.items():
            found = found.filter(pc.equal(found[name], value))
        if placed_in is not None:
            placed = self._whole("placements")
            here = placed.filter(pc.equal(placed["registry_id"], placed_in))["digest"]
            found = found.filter(pc.is_in(found["digest"], here.combine_chunks()))
        return list(zip(*(found[name].to_pylist() for name in columns), strict=True))

    def _whole(self, table: str) -> pa.Table:
        blocks = self.kept[table]
        if not blocks:
            return TABLES[table].schema.empty_table()
        if len(blocks) > 1:
            blocks[:] = [pa.concat_tables(blocks).combine_chunks()]
        return blocks[0]


@dataclass
class Spent:
    """What a piece of work cost."""

    calls: Counter[str] = field(default_factory=Counter)
    cpu: float = 0.0
    wall: float = 0.0

    @property
    def registry_calls(self) -> int:
        """Requests to the data plane, token requests and refused ones included."""
        return sum(number for name, number in self.calls.items() if name.startswith("acr."))


@contextmanager
def spending(cloud: Cloud) -> Iterator[Spent]:
    """Measure what is done in the block."""
    spent, before = Spent(), cloud.calls()
    cpu, wall = time.process_time(), time.monotonic()
    yield spent
    spent.cpu, spent.wall = time.process_time() - cpu, time.monotonic() - wall
    spent.calls = cloud.calls() - before


def night(cloud: Cloud, memory: Memory, day: int, *, keep: bool, **more: Any) -> Remembering:  # noqa: ANN401
    """Read everything once."""
    moment = MOMENT + timedelta(days=day)
    context = RunContext(f"bench-{day}", moment, logging.getLogger("bench"), memory)
    settings = AzureSettings.model_validate(cloud.settings | more)
    provider, sink = AzureProvider(settings, context), Remembering(keep)
    for task in provider.plan().tasks:
        for outcome in provider.collect(task, sink):
            if outcome.error:
                raise SystemExit(f"{outcome.ref.scope_id}: {outcome.error}")
    return sink


def listed_by_us(cloud: Cloud, sample: Mapping[str, Sequence[str]]) -> int:
    """List manifests as the adapter does, without what it makes of them."""
    settings = AzureSettings.model_validate(cloud.settings)
    count = 0
    with AzureSession(settings, TENANT) as session:
        for login_server, names in sample.items():
            with session.registry(login_server, abac=False) as client:
                client.expect(names)
                for name in names:
                    count += sum(len(page) for page in client.manifests(name))
    return count


def listed_by_stock(cloud: Cloud, sample: Mapping[str, Sequence[str]]) -> int:
    """List manifests as the SDK's documentation does."""
    told, (tenant,) = cloud.settings, cloud.settings["tenants"]
    trust = {"connection_verify": told["ca_file"]}
    credential = ClientSecretCredential(
        tenant["tenant_id"],
        tenant["client_id"],
        tenant["client_secret"],
        authority=told["endpoints"]["authority"],
        disable_instance_discovery=True,
        **trust,
    )
    count = 0
    for login_server, names in sample.items():
        endpoint = told["endpoints"]["registries"][login_server]
        with ContainerRegistryClient(endpoint, credential, **trust) as client:
            for name in names:
                count += sum(1 for _ in client.list_manifest_properties(name))
    return count


def line(title: str, spent: Spent, manifests: int) -> str:
    """Return one line of figures."""
    told = " ".join(f"{name.removeprefix('acr.')}={n}" for name, n in sorted(spent.calls.items()))
    return (
        f"{title:<10} {spent.registry_calls:>6} registry requests  {spent.cpu:7.2f} s CPU  "
        f"{spent.cpu / manifests * 1e6:6.1f} us a manifest  {spent.wall:7.2f} s  "
        f"peak {peak_memory():.0f} MB\n{'':<10} {told}\n"
    )


def main(argv: list[str]) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.azure")
    parser.add_argument("--full", action="store_true", help="the whole size, not a tenth")
    size = FULL if parser.parse_args(argv).full else tuple(one // 10 for one in FULL)
    registries, repositories, manifests = size
    sys.stdout.write(
        f"{registries} registries, {repositories} repositories, {manifests} manifests\n"
    )
    with Cloud(size) as cloud:
        _report(cloud, size)


def _report(cloud: Cloud, size: Sequence[int]) -> None:
    registries, repositories, manifests = size
    with spending(cloud) as lean:
        night(cloud, NoMemory(), 0, keep=False, count_check="in_doubt")
    sys.stdout.write(line("in doubt", lean, manifests))
    with spending(cloud) as cold:
        kept = night(cloud, NoMemory(), 0, keep=True)
    sys.stdout.write(line("cold", cold, manifests))
    pages = cold.calls["acr.manifests"]
    budget = round(1.05 * pages) + registries + repositories
    sys.stdout.write(
        f"{'':<10} allowed: 1.05 a page, one a registry, one a repository = {budget}\n"
    )
    if cold.registry_calls > budget:
        raise SystemExit("the cold night takes more requests than are allowed")
    for day, title in enumerate(("second", "unchanged"), start=1):
        with spending(cloud) as spent:
            again = night(cloud, kept, day, keep=title == "second")
        if not again.count["placements"] == kept.count["placements"] == manifests:
            raise SystemExit("the nights do not hold the same manifests")
        kept = again if again.kept else kept
        sys.stdout.write(line(title, spent, manifests))
    sample: dict[str, list[str]] = defaultdict(list)
    for registry, name in kept.rows("repositories", ("registry_id", "repository"))[: _SAMPLE * 2]:
        sample[registry].append(name)
    with spending(cloud) as ours:
        count = listed_by_us(cloud, sample)
    sys.stdout.write(line("ours", ours, count))
    with spending(cloud) as stock:
        if listed_by_stock(cloud, sample) != count:
            raise SystemExit("the stock client lists something else")
    sys.stdout.write(line("stock", stock, count))
    times = stock.cpu / ours.cpu
    sys.stdout.write(
        f"the stock client takes {times:.1f} times the CPU a manifest (goal: {GOAL})\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
