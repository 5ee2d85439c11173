"""A Resource Graph that makes Defender's rows up as it is asked, for the benchmark.

One row is one image and one package. Pages are of 1,000 rows and nothing is kept, so the server's
memory does not grow with the estate. Run as a program, it prints its port and serves until its
standard input ends.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = 1000
DISTINCT = 20_000
_WORDS = ("Critical", "High", "Medium", "Low", "Unknown")
_WHEN = "2026-11-01T00:00:00Z"


@dataclass(frozen=True)
class Shape:
    """How large the estate is: images, packages with flaws in each, CVEs of a package."""

    images: int
    packages: int
    cves: int

    @property
    def rows(self) -> int:
        """Rows there are."""
        return self.images * self.packages


def digest(image: int) -> str:
    """Return the digest of an image by number."""
    return f"sha256:{image:064x}"


def answer(shape: Shape, query: str, first: int) -> tuple[int, list[dict[str, Any]]]:
    """Return how many rows a query has and the page that begins at ``first``."""
    if "pricings" in query:
        return 1, [_PLAN]
    if "cvedetails" in query:
        told = [_detail(name) for name in re.findall(r"CVE-\d+-\d+", query)]
        return len(told), told
    if any(word in query for word in ("subassessments", "K8s-container", "standardassignments")):
        return 0, []
    if "summarize" in query:
        return shape.images, _cut(shape.images, first, lambda n: _brief(shape, n))
    named = [int(name, 16) for name in re.findall(r"sha256:([0-9a-f]{64})", query)]
    if " in (" in query:
        rows = [(image, package) for image in named for package in range(shape.packages)]
        return len(rows), _cut(len(rows), first, lambda n: _row(shape, *rows[n]))
    return shape.rows, _cut(shape.rows, first, lambda n: _row(shape, *divmod(n, shape.packages)))


def _cut(total: int, first: int, make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    return [make(number) for number in range(first, min(total, first + PAGE))]


_PLAN = {
    "id": "/plan",
    "name": "Containers",
    "pricingTier": "Standard",
    "extensions": [{"name": "ContainerRegistriesVulnerabilityAssessments", "isEnabled": "True"}],
}


def _brief(shape: Shape, image: int) -> dict[str, Any]:
    return {"id": digest(image), "rows": shape.packages, "changed": _WHEN, "size": 1000}


def _row(shape: Shape, image: int, package: int) -> dict[str, Any]:
    # A package has one version in twenty images, as layers are shared.
    version = f"1.{image // 20}"
    details = [_cve(image // 20 * 7 + package * 11 + n) for n in range(shape.cves)]
    name = f"package-{package}"
    return {
        "id": f"/subscriptions/s/providers/Microsoft.Security/assessments/{image:09}-{package:04}",
        "displayName": f"Update {name}",
        "statusCode": "Unhealthy",
        "statusCause": None,
        "firstEvaluationDate": _WHEN,
        "statusChangeDate": _WHEN,
        "resourceDetails": {"Source": "Azure", "Id": f"/repositories/app/images/{digest(image)}"},
        "resourceAdditionalData": json.dumps(
            {"RepositoryDetails": {"RepositoryName": "app"}, "Digest": digest(image)}
        ),
        "additionalData": {
            "SoftwareName": name,
            "PackageType": "OS",
            "Language": "",
            "FixedVersion": "9.9",
            "ScannersDetails": {"mdvm": {"DetectedSoftwareVersions": [version]}},
            "CvesDetails": json.dumps(details),
        },
    }


def _cve(number: int) -> dict[str, Any]:
    number %= DISTINCT
    known = number % 5 < 4
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
    score = [{"Key": "3", "Value": {"Base": 7.5, "CvssVectorString": vector}}]
    return {
        "CveId": f"CVE-2025-{10_000 + number}",
        "AdditionalIdentifiers": [],
        "Severity": _WORDS[number % 5],
        "Cvss": score if known else None,
        "FixStatus": "FixAvailable",
        "FixedVersion": "9.9",
        "PublishedDate": "2025-05-05T00:00:00Z",
        "ExploitabilityDetails": {"IsInExploitKit": False, "IsVerified": False},
        "References": [{"title": "nvd", "link": f"https://nvd.example/CVE-2025-{number}"}],
    }


def _detail(name: str) -> dict[str, Any]:
    return {
        "id": f"/cves/{name}",
        "cveId": name,
        "severity": "High",
        "status": "Published",
        "publishedDate": "2025-05-05T00:00:00Z",
        "cvss": {"3.0": {"base": 7.5}},
    }


def main(arguments: list[str]) -> None:
    """Serve an estate of ``images packages cves``."""
    shape = Shape(*map(int, arguments))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            first = int(asked["options"].get("$skipToken") or 0)
            total, rows = answer(shape, asked["query"], first)
            body: dict[str, Any] = {"totalRecords": total, "count": len(rows), "data": rows}
            if first + PAGE < total:
                body["$skipToken"] = str(first + PAGE)
            wire = json.dumps(body, separators=(",", ":")).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(wire)))
            self.end_headers()
            self.wfile.write(wire)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    for _ in _until_end():
        continue
    server.shutdown()


def _until_end() -> Iterator[str]:
    yield from sys.stdin


if __name__ == "__main__":
    main(sys.argv[1:])
