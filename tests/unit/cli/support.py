"""A working folder with a configuration, a small cloud behind it, and the command line over it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from providers.loopback.estate import Estate, Fault
from providers.loopback.gcp import GcpLoopback
from tests.support.command_line import Done, registry_audit
from tests.support.status_estate import MOMENT, Planted, estate_of

GOOD = Planted("artifact-analysis", ("FINISHED_SUCCESS", "ACTIVE"), "assessed")
FOUND = replace(GOOD, told=True)
PENDING = replace(GOOD, native=("SCANNING",), state="pending", scanned=None)
DENIED = Fault("denied", "gcp", "acme-prod", "us-central1")


def estate(*planted: Planted, nights: int = 0, faults: Sequence[Fault] = ()) -> Estate:
    """Return one Google Cloud project with these images, some nights after the first."""
    made, _ = estate_of(planted)
    return replace(made, moment=MOMENT + timedelta(days=nights), faults=tuple(faults))


@dataclass
class Desk:
    """A folder to work in; ``config`` may be changed before a command is run."""

    folder: Path
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / "registry-audit.yaml"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    def write(self, providers: Mapping[str, Any], **more: Any) -> None:
        self.config = {
            "version": 1,
            "warehouse": str(self.warehouse),
            "out": str(self.folder / "reports"),
            "languages": ["en"],
            "reports": ["posture-xlsx"],
            "providers": dict(providers),
            **more,
        }
        self.path.write_text(yaml.safe_dump(self.config), encoding="utf-8")

    def do(self, *words: object) -> Done:
        return registry_audit(*words, "--config", self.path)

    def night(self, shown: Estate, *words: object, **more: Any) -> Done:
        """Run a night over an estate."""
        with GcpLoopback(shown) as cloud:
            self.write({"gcp": {**cloud.settings(), "max_attempts": 1}}, **more)
            return self.do("run", "--run-at", shown.moment.isoformat(), *words)


def logged(done: Done) -> list[dict[str, Any]]:
    """Return the log, of which every line must be JSON."""
    return [json.loads(line) for line in done.err.split("\n")[:-1]]
