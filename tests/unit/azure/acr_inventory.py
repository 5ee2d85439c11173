"""One registry read into a sink, each of its answers scripted by path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from audit.model.scope import ScopeOutcome
from audit.ports import RunContext
from providers.azure.inventory import RegistryReader, Shelf
from providers.azure.names import inventory_scope
from providers.azure.parse_registries import Registry
from providers.azure.settings import AzureSettings
from tests.unit.azure.acr_script import Registry as Served
from tests.unit.azure.acr_script import opened
from tests.unit.azure.scripted import Asked, Say
from tests.unit.azure.support import CONTEXT, COUNTED, KeepingSink

A, B = (f"sha256:{letter * 64}" for letter in "ab")
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = {
    "digest": A,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "configMediaType": "application/vnd.oci.image.config.v1+json",
    "createdTime": "2026-11-01T00:00:00Z",
}
SETTINGS: dict[str, Any] = {"tenants": [{"tenant_id": "t"}], "exclude": ["left-out"]}
BROKEN = Say({"errors": [{"code": "TOOBAD", "message": "no"}]}, 403)


def serve(**answers: Any) -> Callable[[Asked], Say]:
    """Serve by path; ``catalog``, ``<repository>``, ``<repository>_manifests``, ``documents``."""

    def answer(asked: Asked) -> Say:
        path = unquote(urlsplit(asked.path).path)
        if path == "/acr/v1/_catalog":
            said = answers["catalog"]
        elif path.startswith("/v2/"):
            said = answers["documents"]
        else:
            name, listing, _ = path.removeprefix("/acr/v1/").partition("/_manifests")
            said = answers[f"{name}_manifests" if listing else name]
        return said if isinstance(said, Say) else Say(said)

    return answer


def read(
    served: Callable[[Asked], Say],
    *,
    abac: bool = False,
    context: RunContext = CONTEXT,
    **changes: Any,
) -> tuple[ScopeOutcome, KeepingSink]:
    """Read one registry with settings changed."""
    registry = Registry("/arm", "acme.azurecr.io", "s-1", "westeurope", abac)
    ref = inventory_scope("s-1", "acme.azurecr.io", "westeurope")
    sink = KeepingSink()
    with opened(Served(served), abac=abac) as (client, _):
        shelf = Shelf(sink, context, AzureSettings.model_validate(SETTINGS | COUNTED | changes))
        return RegistryReader(registry, ref, client, shelf).read(), sink


def listed(*rows: Any) -> dict[str, Any]:
    return {"manifests": list(rows)}
