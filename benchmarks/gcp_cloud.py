"""A generated Google Cloud organisation over gRPC, made page by page as it is asked for.

It knows only its size: nothing of it is held. Answers are put together from bytes, so that serving
eight million occurrences costs less than reading them.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import grpc
from google.cloud import artifactregistry_v1 as ar
from google.cloud.location import locations_pb2
from grafeas import grafeas_v1 as gr

_LOCATION = "europe-west1"
_PAGE = 1000
_POOL = 4_000
_URLS = re.compile(r'resourceUrl="https://[^/]+/p-\d+/r(\d+)/app@sha256:([0-9a-f]+)"')
_FOLLOWED = {"analysis_status": 3, "continuous_analysis": 1}


@dataclass(frozen=True)
class Size:
    """How large: each number is one of the next larger thing.

    Attributes:
        own: Of a hundred statements, how many are in no other image (a file of its own).
        moved: Images of each project whose statements changed since the first night.
    """

    projects: int
    repositories: int
    images: int
    findings: int
    own: int = 10
    moved: int = 0

    @property
    def a_project(self) -> int:
        """Occurrences of one project."""
        return self.repositories * self.images * self.findings

    @property
    def statements(self) -> int:
        """Occurrences in all."""
        return self.projects * self.a_project


class GeneratedCloud:
    """The servers. ``calls`` counts requests by method."""

    def __init__(self, size: Size, since: datetime, moment: datetime) -> None:
        self.calls: Counter[str] = Counter()
        self._size, self._since, self._moment = size, since, moment
        self._server = grpc.server(ThreadPoolExecutor(8))
        for service, methods in self._services().items():
            handlers = {name: self._handler(name, *how) for name, how in methods.items()}
            generic = grpc.method_handlers_generic_handler(service, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        self._port = self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> GeneratedCloud:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def settings(self) -> dict[str, Any]:
        """Return the settings of the provider ``gcp`` that reach these servers."""
        url = f"http://127.0.0.1:{self._port}"
        return {
            "projects": [f"p-{number}" for number in range(self._size.projects)],
            "endpoints": {"artifact_registry": url, "grafeas": url},
            "allow_insecure_loopback": True,
            "posture": False,
        }

    def _services(self) -> dict[str, dict[str, tuple[Callable[[Any], bytes], Any]]]:
        listing, occurrences = ar.ListRepositoriesRequest.pb(), gr.ListOccurrencesRequest.pb()
        return {
            "google.devtools.artifactregistry.v1.ArtifactRegistry": {
                "ListRepositories": (self._repositories, listing),
                "ListDockerImages": (self._images, ar.ListDockerImagesRequest.pb()),
            },
            "google.cloud.location.Locations": {
                "ListLocations": (_locations, locations_pb2.ListLocationsRequest)
            },
            "grafeas.v1.Grafeas": {"ListOccurrences": (self._occurrences, occurrences)},
            "google.devtools.containeranalysis.v1.ContainerAnalysis": {
                # Its request starts with the parent as that of the occurrences does.
                "GetVulnerabilityOccurrencesSummary": (self._summary, occurrences)
            },
        }

    def _handler(self, name: str, answer: Callable[[Any], bytes], request: Any) -> Any:  # noqa: ANN401  gRPC's
        def serve(message: Any, _: Any) -> bytes:  # noqa: ANN401  gRPC's
            self.calls[name] += 1
            return answer(message)

        return grpc.unary_unary_rpc_method_handler(
            serve, request_deserializer=request.FromString, response_serializer=bytes
        )

    def _repositories(self, request: Any) -> bytes:  # noqa: ANN401  gRPC's
        return _bytes(
            ar.ListRepositoriesResponse(
                repositories=[
                    {"name": f"{request.parent}/repositories/r{number}", "format_": 1, "mode": 1}
                    for number in range(self._size.repositories)
                ]
            )
        )

    def _images(self, request: Any) -> bytes:  # noqa: ANN401  gRPC's
        _, project, _, _, _, repository = request.parent.split("/")
        return _bytes(
            ar.ListDockerImagesResponse(
                docker_images=[
                    {
                        "name": f"{request.parent}/dockerImages/app@{digest}",
                        "tags": [f"v{number}"],
                        "image_size_bytes": 50_000_000,
                        "upload_time": self._since - timedelta(days=3, minutes=number),
                        "media_type": "application/vnd.oci.image.manifest.v1+json",
                    }
                    for number, digest in self._digests(project, int(repository[1:]))
                ]
            )
        )

    def _digests(self, project: str, repository: int) -> Iterator[tuple[int, str]]:
        for number in range(self._size.images):
            yield number, _digest(project, repository, number)

    def _occurrences(self, request: Any) -> bytes:  # noqa: ANN401  gRPC's
        project = request.parent.partition("/")[2]
        if "DISCOVERY" in request.filter:
            return self._discoveries(project, int(request.page_token or 0))
        if "resourceUrl" in request.filter:
            asked = {digest for _, digest in _URLS.findall(request.filter)}
            images = [at for at in self._all(project) if at[1].removeprefix("sha256:") in asked]
            count = len(images) * self._size.findings
        else:
            images, count = list(self._all(project)), self._size.a_project
        return self._vulnerabilities(project, images, int(request.page_token or 0), count)

    def _all(self, project: str) -> Iterator[tuple[int, str]]:
        for repository in range(self._size.repositories):
            for _, digest in self._digests(project, repository):
                yield repository, digest

    def _discoveries(self, project: str, start: int) -> bytes:
        moved = self._size.moved
        listed = list(enumerate(self._all(project)))
        page = gr.ListOccurrencesResponse(
            occurrences=[
                {
                    "name": f"projects/{project}/occurrences/d{number}",
                    "resource_uri": _uri(project, *at),
                    "note_name": "projects/goog-analysis/notes/PACKAGE_VULNERABILITY",
                    "kind": 6,
                    "update_time": self._moment,
                    "discovery": {
                        **_FOLLOWED,
                        "last_scan_time": self._moment - timedelta(hours=3),
                        "last_vulnerability_update_time": (
                            self._moment if number < moved else self._since
                        ),
                    },
                }
                for number, at in listed[start : start + _PAGE]
            ],
            next_page_token=str(start + _PAGE) if start + _PAGE < len(listed) else "",
        )
        return _bytes(page)

    def _vulnerabilities(
        self, project: str, images: list[tuple[int, str]], start: int, count: int
    ) -> bytes:
        """Return a page: occurrences in the order of their images, as Google's come."""
        each, parts = self._size.findings, []
        for at in range(start, min(start + _PAGE, count)):
            repository, digest = images[at // each]
            parts.append(_field(1, self._occurrence(project, repository, digest, at % each)))
        if start + _PAGE < count:
            parts.append(_field(2, str(start + _PAGE).encode()))
        return b"".join(parts)

    def _occurrence(self, project: str, repository: int, digest: str, number: int) -> bytes:
        seed = int(digest[7:15], 16)
        note, rest, detail = self._pool[(seed + number * 37) % _POOL]
        if (number * 7) % 100 < self._size.own:
            detail += _field(4, _bytes(_issue(f"/srv/{digest[-12:]}/{number}.jar")))
        return b"".join(
            (
                _field(1, f"projects/{project}/occurrences/{digest[7:31]}-{number:012x}".encode()),
                _field(2, _uri(project, repository, digest).encode()),
                note,
                rest,
                _field(6, _number(1, int(self._since.timestamp())) + _number(2, seed % 10**9)),
                _field(8, detail),
            )
        )

    @cached_property
    def _pool(self) -> list[tuple[bytes, bytes, bytes]]:
        """Vulnerabilities in packages: note, the rest of the occurrence, the vulnerability."""
        return [self._stated(number) for number in range(_POOL)]

    def _stated(self, number: int) -> tuple[bytes, bytes, bytes]:
        name = f"CVE-{2019 + number % 8}-{10_000 + number // 2}"
        rest = gr.Occurrence(kind=1, update_time=self._since)
        note = _field(3, f"projects/goog-vulnz/notes/{name}".encode())
        return note, _bytes(rest), _bytes(_vulnerability(name, number))

    def _summary(self, request: Any) -> bytes:  # noqa: ANN401  gRPC's
        project = request.parent.partition("/")[2]
        count = _number(4, self._size.findings)
        return b"".join(
            _field(1, _field(1, _uri(project, *at).encode()) + count) for at in self._all(project)
        )


def _vulnerability(name: str, number: int) -> gr.VulnerabilityOccurrence:
    """Return a vulnerability as Google words it, about 1,000 bytes of it."""
    return gr.VulnerabilityOccurrence(
        type_="OS",
        severity=1 + number % 5,
        effective_severity=1 + number % 5,
        cvss_score=(number % 100) / 10,
        cvss_version=2,
        cvssv3={
            "base_score": (number % 100) / 10,
            "exploitability_score": 3.9,
            "impact_score": 5.9,
            "attack_vector": 1,
            "attack_complexity": 1,
            "privileges_required": 1,
            "user_interaction": 1,
            "scope": 1,
            "confidentiality_impact": 1,
            "integrity_impact": 2,
            "availability_impact": 3,
        },
        short_description=name,
        long_description=f"NIST vectors: CVSS:3.1/AV:N {name} "
        + "in a package of the system " * 15,
        related_urls=[{"url": f"https://tracker.example/{name}/{n}"} for n in range(3)],
        fix_available=number % 3 > 0,
        package_issue=[_issue(f"/var/lib/dpkg/{number}")],
        risk={"epss": {"score": 0.01, "percentile": 0.5}},
    )


def _issue(path: str) -> gr.VulnerabilityOccurrence.PackageIssue:
    return gr.VulnerabilityOccurrence.PackageIssue(
        affected_cpe_uri="cpe:/o:debian:debian_linux:12",
        affected_package="openssl",
        affected_version={"kind": 1, "name": "3.0.11", "full_name": "3.0.11-1~deb12u2"},
        fixed_cpe_uri="cpe:/o:debian:debian_linux:12",
        fixed_package="openssl",
        fixed_version={"kind": 1, "name": "3.0.13", "full_name": "3.0.13-1~deb12u1"},
        fix_available=True,
        package_type="OS",
        effective_severity=3,
        file_location=[{"file_path": path}],
    )


def _locations(_: Any) -> bytes:  # noqa: ANN401  gRPC's
    place = locations_pb2.Location(location_id=_LOCATION)
    return bytes(locations_pb2.ListLocationsResponse(locations=[place]).SerializeToString())


def _digest(project: str, repository: int, number: int) -> str:
    text = f"{project}/{repository}/{number}".encode()
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _uri(project: str, repository: int, digest: str) -> str:
    return f"https://{_LOCATION}-docker.pkg.dev/{project}/r{repository}/app@{digest}"


def _bytes(message: Any) -> bytes:  # noqa: ANN401  a message of any class
    return bytes(type(message).pb(message).SerializeToString())


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
