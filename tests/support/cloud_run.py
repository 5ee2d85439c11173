"""Runs the whole job against loopback clouds: official SDKs, real HTTP and gRPC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.app import App, RunResult
from audit.cli.progress import shown
from audit.config import Config
from providers.loopback.demo import LoopbackDemo
from providers.loopback.estate import Estate

_MORE = {"azure": {"full_listing_days": 1}}
"""The oracle breaks pages of what did not change too: everything has to be listed every night."""


def nightly_runs(root: Path, nights: Sequence[Estate]) -> Iterator[tuple[Estate, RunResult]]:
    """Run every night in turn; yields after each."""
    with LoopbackDemo(tuple(nights)) as clouds:
        providers = {
            name: {**block, "max_attempts": 2, **_MORE.get(name, {})}
            for name, block in clouds.providers().items()
        }
        config = Config(version=1, warehouse=str(root), providers=providers)
        for estate, _ in zip(nights, clouds.nights(), strict=True):
            with shown(bars=False) as planned:
                yield estate, App(config, estate.moment).run(planned)
