"""An Azure estate of any size for the benchmark, and the server that shows it, by itself.

``python -m benchmarks.azure_estate REGISTRIES REPOSITORIES MANIFESTS`` serves until its input
ends. Every line it reads is answered by one line of JSON: how often it was asked for what.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Image, Place, Registry, Repository

MOMENT = datetime(2026, 11, 22, 2, tzinfo=UTC)
TENANT = "72f988bf-0000-4000-8000-00000000cafe"
SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def estate(registries: int, repositories: int, manifests: int) -> Estate:
    """Return ``registries`` of equal size; all counts are totals."""
    each, images = repositories // registries, manifests // repositories
    place = Place(
        "azure",
        SUBSCRIPTION,
        "",
        tuple(_registry(n, each, images) for n in range(registries)),
        {"defender_plan": "Free"},  # its rows are the business of benchmarks.defender
    )
    return Estate("benchmark", MOMENT, (place,), TENANT, page_size=1000, findings_page_size=1000)


def _registry(number: int, repositories: int, images: int) -> Registry:
    name = f"bench{number}"
    native = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/b/providers/Microsoft.ContainerRegistry"
    return Registry(
        f"{name}.azurecr.io",
        f"{native}/registries/{name}",
        MOMENT - timedelta(days=400),
        tuple(_repository(number * repositories + n, images) for n in range(repositories)),
        {"location": "westeurope", "sku": "Premium"},
    )


def _repository(number: int, images: int) -> Repository:
    created = MOMENT - timedelta(days=300)
    return Repository(
        f"team/service-{number}", created, tuple(_image(number, n) for n in range(images))
    )


def _image(repository: int, number: int) -> Image:
    return Image(
        digest=f"sha256:{repository:032x}{number:032x}",
        kind="image",
        media_type=_MANIFEST,
        pushed_at=MOMENT - timedelta(hours=number),
        tags=(f"1.{number}.0",),
        os="linux",
        architecture="amd64",
        size_bytes=20_000_000,
    )


def main(argv: list[str]) -> None:
    """Serve until standard input ends."""
    registries, repositories, manifests = map(int, argv)
    with AzureLoopback(estate(registries, repositories, manifests)) as cloud:
        sys.stdout.write(json.dumps(cloud.settings()) + "\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            sys.stdout.write(json.dumps(cloud.calls) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
