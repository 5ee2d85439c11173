"""Stand-ins for Syft and Grype, where nothing real can run: they answer as the programs write.

They write down how they were called. What they tell of every image is the same.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = """#!{python}
import json, os, pathlib, sys
home = pathlib.Path({home!r})
called = {{"program": {name!r}, "arguments": sys.argv[1:], "environment": dict(os.environ)}}
with open(home / "calls", "a") as calls:
    calls.write(json.dumps(called) + "\\n")
said = json.loads((home / "says.json").read_text())[{name!r}]
answer = said[sys.argv[1].partition(":")[0]]
if "error" in answer:
    sys.stderr.write(answer["error"])
    sys.exit(1)
text = json.dumps(answer)
for at, word in enumerate(sys.argv):
    if word == "--file":
        pathlib.Path(sys.argv[at + 1]).write_text(text)
    elif word.startswith("syft-json="):
        pathlib.Path(word.partition("=")[2]).write_text(text)
if "scan" not in sys.argv[:2] and "--file" not in sys.argv:
    print(text)
"""

SBOM: dict[str, Any] = {
    "artifacts": [
        {
            "id": "1",
            "name": "libssl3",
            "version": "3.0.11-1",
            "type": "deb",
            "purl": "pkg:deb/debian/libssl3@3.0.11-1",
            "locations": [{"path": "/var/lib/dpkg/status", "layerID": "sha256:a"}],
            "metadata": {"package": "libssl3", "source": "openssl", "sourceVersion": "3.0.11-1"},
        },
        {
            "id": "2",
            "name": "lodash",
            "version": "4.17.15",
            "type": "npm",
            "purl": "pkg:npm/lodash@4.17.15",
            "locations": [{"path": "/app/node_modules/lodash/package.json", "layerID": "sha256:b"}],
        },
    ],
    "distro": {"name": "debian", "version": "12"},
    "descriptor": {"name": "syft", "version": "1.18.1", "configuration": {"password": "x"}},
    "schema": {"version": "16.0.18"},
}
MATCH: dict[str, Any] = {
    "vulnerability": {
        "id": "GHSA-35jh-r3h4-6jhm",
        "namespace": "github:language:javascript",
        "severity": "High",
        "fix": {"versions": ["4.17.21"], "state": "fixed"},
    },
    "relatedVulnerabilities": [{"id": "CVE-2021-23337", "namespace": "nvd:cpe"}],
    "artifact": SBOM["artifacts"][1],
}


@dataclass(frozen=True)
class Anchore:
    """Both programs in a folder; ``says`` changes what one tells of a command from then on."""

    home: Path

    def __post_init__(self) -> None:
        self.home.mkdir()
        for name in ("syft", "grype"):
            program = self.home / name
            text = _PROGRAM.format(python=sys.executable, home=str(self.home), name=name)
            program.write_text(text)
            program.chmod(0o755)
        self._write(
            {
                "syft": {"version": {"version": "1.18.1"}, "scan": SBOM},
                "grype": {
                    "version": {"version": "0.87.0"},
                    "db": {"built": "2026-11-21T02:00:00Z", "schemaVersion": 5},
                    "sbom": {"matches": [MATCH], "descriptor": {"name": "grype"}},
                },
            }
        )

    @property
    def settings(self) -> dict[str, Any]:
        return {"program": str(self.home / "grype"), "syft": str(self.home / "syft")}

    @property
    def calls(self) -> list[dict[str, Any]]:
        path = self.home / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def pulls(self) -> list[dict[str, Any]]:
        return [one for one in self.calls if one["arguments"][0] == "scan"]

    def says(self, program: str, command: str, answer: dict[str, Any]) -> None:
        said = json.loads((self.home / "says.json").read_text())
        said[program][command] = answer
        self._write(said)

    def _write(self, said: dict[str, Any]) -> None:
        (self.home / "says.json").write_text(json.dumps(said))
