"""Options that every command shares, and the app they make."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from audit.app import App
from audit.clock import Clock, FixedClock, SystemClock, parse_moment
from audit.config import Config, load_config
from audit.log import configure
from audit.upkeep import Upkeep

Command = Callable[..., Any]
DEFAULT_CONFIG = "registry-audit.yaml"


@dataclass(frozen=True)
class Common:
    """The shared options as given."""

    config: str
    warehouse: str | None
    out: str | None
    run_at: str | None
    json_logs: bool
    quiet: bool

    def clock(self) -> Clock:
        """Return the clock: fixed by ``--run-at``, else the machine's."""
        return FixedClock(parse_moment(self.run_at)) if self.run_at else SystemClock()

    def settings(self) -> Config:
        """Load the configuration; options win over the file."""
        config = load_config(Path(self.config), os.environ)
        chosen = {"warehouse": self.warehouse, "out": self.out}
        return config.model_copy(update={k: v for k, v in chosen.items() if v is not None})

    def app(self) -> App:
        """Return the app of this invocation, with the log set up."""
        configure(json_logs=self.json_logs, quiet=self.quiet)
        clock = self.clock()
        return App(self.settings(), clock.now().replace(microsecond=0), clock)

    def upkeep(self) -> Upkeep:
        """Return what looks after the warehouse, with the log set up."""
        app = self.app()
        return Upkeep(app.config, app.warehouse, app.moment)


def _away_from_a_terminal() -> bool:
    return not sys.stderr.isatty()


_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--config",
        envvar="REGISTRY_AUDIT_CONFIG",
        default=DEFAULT_CONFIG,
        show_default=True,
        metavar="FILE",
        help="Configuration file.",
    ),
    click.option("--warehouse", metavar="URI", help="Warehouse, instead of the configured one."),
    click.option("--out", metavar="DIR", help="Report folder, instead of the configured one."),
    click.option("--run-at", metavar="TIME", help="The run's moment (ISO 8601), instead of now."),
    click.option(
        "--json-logs/--plain-logs",
        "json_logs",
        default=_away_from_a_terminal,
        help="One line of JSON an event (default away from a terminal), or plain lines.",
    ),
    click.option("--quiet", is_flag=True, help="Log warnings and errors only; no progress."),
)


def common(command: Command) -> Command:
    """Give a command the shared options, handed over as one ``Common``.

    Must stand directly above the command's function: options of its own go above this.
    """

    @functools.wraps(command)
    def gather(**values: Any) -> Any:  # noqa: ANN401  click's own values
        shared = {name: values.pop(name) for name in Common.__dataclass_fields__}
        return command(Common(**shared), **values)

    optioned: Command = gather
    for option in reversed(_OPTIONS):
        optioned = option(optioned)
    return optioned
