"""The official clients, unmodified, pointed at a loopback Azure by its own settings."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any, cast
from urllib.parse import urlencode

from azure.containerregistry import ContainerRegistryClient
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import (
    QueryRequest,
    QueryRequestOptions,
    QueryResponse,
    ResultFormat,
)

from providers.loopback.azure import AzureLoopback

REGISTRY_SCOPE = "https://containerregistry.azure.net/.default"
REGISTRIES = """
resources
| where type =~ 'microsoft.containerregistry/registries'
| project id, name, location, subscriptionId, resourceGroup, sku, properties
| order by id asc
"""
PLANS = """
securityresources
| where type == 'microsoft.security/pricings' and name == "Containers"
| project id, subscriptionId, tier=properties.pricingTier, extensions=properties.extensions
| order by id asc
"""
FINDINGS = """
securityresources
| where type == 'microsoft.security/assessments'
| where properties.metadata.recommendationCategory == 'SoftwareUpdate'
| where properties.resourceDetails.ResourceType == '.containerimage'
| where properties.resourceDetails.Source == 'Azure'
| project id, subscriptionId, code=properties.status.code, rid=properties.resourceDetails.Id,
          rad=properties.resourceAdditionalData, ad=properties.additionalData
| order by id asc
"""


def credential(cloud: AzureLoopback, **changes: str) -> ClientSecretCredential:
    settings = cloud.settings()
    return ClientSecretCredential(
        **{**settings["tenants"][0], **changes},
        authority=settings["endpoints"]["authority"],
        disable_instance_discovery=True,
        connection_verify=settings["ca_file"],
    )


def graph(cloud: AzureLoopback, **options) -> ResourceGraphClient:
    settings = cloud.settings()
    return ResourceGraphClient(
        options.pop("credential", None) or credential(cloud),
        base_url=settings["endpoints"]["resource_manager"],
        connection_verify=settings["ca_file"],
        retry_total=0,
        **options,
    )


def acr(cloud: AzureLoopback, login_server: str, **options) -> ContainerRegistryClient:
    settings = cloud.settings()
    return ContainerRegistryClient(
        settings["endpoints"]["registries"][login_server],
        options.pop("credential", credential(cloud)),
        connection_verify=settings["ca_file"],
        retry_total=0,
        **options,
    )


def ask(client: ResourceGraphClient, query: str, *subscriptions: str, **options) -> QueryResponse:
    """Send one query and return the one page that answers it."""
    request = QueryRequest(
        query=query,
        subscriptions=list(subscriptions) or None,
        management_groups=options.pop("management_groups", None),
        options=QueryRequestOptions(result_format=ResultFormat.OBJECT_ARRAY, **options),
    )
    return client.resources(request)


def pages(client: ResourceGraphClient, query: str, *scope: str, **options) -> list[QueryResponse]:
    """Follow the skip token to the end and return every page."""
    read = [ask(client, query, *scope, **options)]
    while read[-1].skip_token:
        token = read[-1].skip_token
        read.append(ask(client, query, *scope, skip_token=token, **options))
    return read


def rows(client: ResourceGraphClient, query: str, *scope: str) -> list[dict[str, Any]]:
    return [row for page in pages(client, query, *scope) for row in rows_of(page)]


def rows_of(page: QueryResponse) -> list[dict[str, Any]]:
    """Return the rows of a page; the client wrongly types them as a mapping."""
    return cast("list[dict[str, Any]]", page.data)


def raw(client: ContainerRegistryClient, path: str, **headers: str):
    """GET a path of the registry through the client's own pipeline, token flow included."""
    request = HttpRequest("GET", client._endpoint + path, headers=headers)
    return client._client.send_request(request)


def lower(value: Any) -> Any:
    """Fold the case of every key in a JSON value."""
    if isinstance(value, dict):
        return {key.lower(): lower(part) for key, part in value.items()}
    return [lower(part) for part in value] if isinstance(value, list) else value


def digest_of(row: dict[str, Any]) -> str:
    """Return the digest a row of FINDINGS is about."""
    return str(lower(json.loads(row["rad"]))["digest"])


def cves_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the CVEs of a row of FINDINGS, keys in lower case, whatever its shape."""
    found = lower(row["ad"]).get("cvesdetails") or []
    return list(lower(json.loads(found)) if isinstance(found, str) else found)


def access_token(cloud: AzureLoopback, login_server: str, scope: str) -> str:
    """Walk the token flow of a registry by hand."""
    entra = credential(cloud).get_token(REGISTRY_SCOPE).token
    form = {"grant_type": "access_token", "service": login_server, "access_token": entra}
    _, refresh = send(cloud, login_server, "/oauth2/exchange", form=form)
    form = {"grant_type": "refresh_token", "service": login_server, "scope": scope}
    _, access = send(cloud, login_server, "/oauth2/token", form={**form, **refresh})
    return str(access["access_token"])


def send(
    cloud: AzureLoopback, login_server: str, path: str, token: str = "", form: Any = None
) -> tuple[int, dict[str, Any]]:
    """Send one request without any client and return its status code and JSON answer."""
    settings = cloud.settings()
    request = urllib.request.Request(  # noqa: S310  the loopback's https address
        settings["endpoints"]["registries"][login_server] + path,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        data=urlencode(form).encode() if form else None,
    )
    context = ssl.create_default_context(cafile=settings["ca_file"])
    try:
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310  see above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
