"""A small real warehouse: two nights of three loopback clouds, one account denied on the second."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from audit.app import App
from audit.cli.progress import shown
from audit.cli.run import tell
from audit.config import Config
from audit.log import LOGGER, configure
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws_settings import with_aws_settings
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Fault
from providers.loopback.gcp import GcpLoopback
from providers.loopback.story import first_night, next_night
from tests.support.strategies import SMALL


@dataclass(frozen=True)
class Nights:
    """What two nights left.

    Attributes:
        folder: Working folder; the warehouse is ``out/warehouse`` below it, as in the pages.
        log: Every line of the log.
        calls: Calls that each cloud was asked, by its operation's name.
    """

    folder: Path
    log: list[dict[str, Any]]
    calls: dict[str, Counter[str]]

    @property
    def warehouse(self) -> Path:
        return self.folder / "out/warehouse"


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    folder = tmp_path_factory.mktemp("docs")
    with ExitStack() as stack:
        lines = stack.enter_context(logged())
        first = with_aws_settings(first_night(3, SMALL))
        clouds: dict[str, AwsLoopback | AzureLoopback | GcpLoopback] = {
            "aws": stack.enter_context(AwsLoopback(first)),
            "azure": stack.enter_context(AzureLoopback(first)),
            "gcp": stack.enter_context(GcpLoopback(first)),
        }
        for estate in (first, with_a_denied_place(next_night(first, 50, SMALL))):
            for cloud in clouds.values():
                cloud.show(estate)
            audit(folder, estate, {name: cloud.settings() for name, cloud in clouds.items()})
        calls = {name: cloud.calls for name, cloud in clouds.items()}
    return Nights(folder, [json.loads(line) for line in lines.getvalue().splitlines()], calls)


@pytest.fixture
def inside(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """Work in the folder that holds ``out/warehouse``."""
    monkeypatch.chdir(nights.folder)
    return nights


def with_a_denied_place(estate: Estate) -> Estate:
    place = next(place for place in estate.places if place.provider == "aws")
    return replace(estate, faults=(Fault("denied", "aws", place.account, place.region),))


def audit(folder: Path, estate: Estate, clouds: dict[str, dict[str, Any]]) -> None:
    providers = {name: {**block, "max_attempts": 2} for name, block in clouds.items()}
    out = folder / "out"
    config = Config(
        version=1,
        warehouse=str(out / "warehouse"),
        out=str(out / "reports"),
        languages=("en",),
        providers=providers,
    )
    app = App(config, estate.moment)
    with shown(bars=False) as planned:
        tell(app, app.run(planned))


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Catch the log as a scheduler would see it, and leave the process as it was."""
    logger, hook, stream = logging.getLogger(LOGGER), sys.excepthook, io.StringIO()
    before = (logger.handlers[:], logger.propagate, logger.level)
    configure(json_logs=True, quiet=False, stream=stream)
    try:
        yield stream
    finally:
        sys.excepthook = hook
        logger.handlers[:], logger.propagate = before[0], before[1]
        logger.setLevel(before[2])
