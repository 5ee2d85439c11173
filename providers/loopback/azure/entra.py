"""Entra ID: tenant discovery and the client credentials grant, as MSAL asks for them."""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from providers.loopback.azure.times import seconds
from providers.loopback.azure.tokens import Mint
from providers.loopback.azure.world import World
from providers.loopback.http import Request, Response, json_response

LIFETIME = 3599
"""Seconds an access token lasts, as Entra gives it."""

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PATH = re.compile(
    r"^/(?P<tenant>[^/]+)/(?P<what>v2\.0/\.well-known/openid-configuration|oauth2/v2\.0/token)$"
)


@dataclass(frozen=True)
class Principal:
    """The one application the tenant knows."""

    client_id: str
    client_secret: str
    federated_token: str


class Entra:
    """The handler of the authority's port."""

    def __init__(
        self,
        world: Callable[[], World],
        mint: Mint,
        principal: Principal,
        count: Callable[[str], None],
    ) -> None:
        self._world, self._mint, self._principal, self._count = world, mint, principal, count

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        match = _PATH.match(request.path)
        if match is None:
            return json_response({"error": "not_found"}, 404)
        tenant, asks = match["tenant"], match["what"]
        known = tenant == self._world().estate.tenant
        if asks.endswith("openid-configuration"):
            self._count("entra.openid_configuration")
            return self._configuration(request, tenant) if known else self._no_tenant(tenant)
        self._count("entra.token")
        return self._token(request, tenant) if known else self._no_tenant(tenant)

    def _configuration(self, request: Request, tenant: str) -> Response:
        base = f"https://{request.headers['Host']}/{tenant}"
        return json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "tenant_region_scope": "EU",
                "response_types_supported": ["code", "id_token", "token"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        )

    def _token(self, request: Request, tenant: str) -> Response:
        form = request.form()
        refusal = self._refusal(form, tenant)
        if refusal is not None:
            return refusal
        claims = {
            "iss": f"https://{request.headers['Host']}/{tenant}/v2.0",
            "aud": form["scope"].removesuffix("/.default").rstrip("/"),
            "appid": self._principal.client_id,
            "tid": tenant,
        }
        token = self._mint.issue(claims, LIFETIME)
        answer = {"token_type": "Bearer", "access_token": token}
        return json_response({**answer, "expires_in": LIFETIME, "ext_expires_in": LIFETIME})

    def _refusal(self, form: dict[str, str], tenant: str) -> Response | None:
        client = form.get("client_id", "")
        if form.get("grant_type") != "client_credentials":
            text = "The app requested an unsupported grant type."
            return self._error(400, "unsupported_grant_type", 70003, text)
        if client != self._principal.client_id:
            text = f"Application with identifier '{client}' was not found in '{tenant}'."
            return self._error(400, "unauthorized_client", 700016, text)
        if "client_assertion" in form:
            if not self._is_assertion(form):
                text = f"No matching federated identity record found for app '{client}'."
                return self._error(401, "invalid_client", 700213, text)
        elif not _equal(form.get("client_secret", ""), self._principal.client_secret):
            text = f"Invalid client secret provided for app '{client}'."
            return self._error(401, "invalid_client", 7000215, text)
        if not form.get("scope", "").endswith("/.default"):
            text = "The provided value for scope is not valid: it must end in '/.default'."
            return self._error(400, "invalid_scope", 1002012, text)
        return None

    def _is_assertion(self, form: dict[str, str]) -> bool:
        """Whether the form holds the token of the federated identity (a workload's)."""
        kind = form.get("client_assertion_type")
        return kind == _ASSERTION and _equal(
            form["client_assertion"], self._principal.federated_token
        )

    def _no_tenant(self, tenant: str) -> Response:
        return self._error(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")

    def _error(self, status: int, error: str, code: int, text: str) -> Response:
        moment = seconds(self._world().estate.moment)
        trace = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{code} {text}"))
        told = f"AADSTS{code}: {text} Trace ID: {trace} Timestamp: {moment}"
        return json_response(
            {
                "error": error,
                "error_description": told,
                "error_codes": [code],
                "timestamp": moment,
                "trace_id": trace,
                "correlation_id": trace,
                "error_uri": f"https://login.microsoftonline.com/error?code={code}",
            },
            status,
        )


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
