"""The real Trivy, from this environment, kept to loopback and to a cache of the caller's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from providers.loopback.scanning import Expected

PROGRAM = Path(sys.executable).with_name("trivy")
QUIET = ("--skip-version-check", "--disable-telemetry", "--no-progress")
OFFLINE = ("--skip-db-update", "--skip-java-db-update", "--offline-scan", *QUIET)
REMOTE = ("--image-src", "remote", "--scanners", "vuln", "--insecure")


@dataclass(frozen=True)
class Said:
    """How a run ended: exit code, standard output and error."""

    code: int
    out: str
    error: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON that it printed."""
        assert self.code == 0, self.error
        report: dict[str, Any] = json.loads(self.out)
        return report

    @property
    def findings(self) -> list[Expected]:
        """Its statements, sorted, in the oracle's words."""
        return sorted(
            Expected(
                one["VulnerabilityID"],
                one["PkgName"],
                one["InstalledVersion"],
                one.get("FixedVersion", ""),
                one["Severity"],
                one["Layer"].get("Digest", ""),
            )
            for result in self.report.get("Results", ())
            for one in result.get("Vulnerabilities", ())
        )


def trivy(cache: Path, *words: str, env: Mapping[str, str] | None = None) -> Said:
    """Run it with a cache folder, and nothing to be found in a home or in the environment."""
    home = {"HOME": str(cache), "PATH": "", "TMPDIR": str(cache)}
    done = subprocess.run(
        [str(PROGRAM), *words, "--cache-dir", str(cache)],
        env={**home, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def scan(cache: Path, reference: str, *more: str, env: Mapping[str, str] | None = None) -> Said:
    """Scan an image of a loopback registry."""
    return trivy(cache, "image", *OFFLINE, *REMOTE, "--format", "json", *more, reference, env=env)
