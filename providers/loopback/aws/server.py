"""The loopback AWS: one HTTP server that answers for every service, account and region."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from typing import Any

from providers.loopback.aws import (
    account,
    ecr,
    ecr_public,
    ecr_scan,
    ecr_settings,
    inspector,
    inspector_org,
    organizations,
    sts,
)
from providers.loopback.aws.gates import Gates, Options
from providers.loopback.aws.pulling import EcrPulling
from providers.loopback.aws.wire import AwsError, Call, Caller, Operation, read_caller
from providers.loopback.aws.world import AwsWorld
from providers.loopback.estate import Estate
from providers.loopback.http import HttpCloud, Request, Response, json_response
from providers.loopback.oci.content import Store
from providers.loopback.paging import PageTokenError

_JSON_SERVICES: dict[str, tuple[str, dict[str, Operation]]] = {
    "ecr": (
        "AmazonEC2ContainerRegistry_V20150921.",
        ecr.OPERATIONS | ecr_scan.OPERATIONS | ecr_settings.OPERATIONS,
    ),
    "ecr-public": ("SpencerFrontendService.", ecr_public.OPERATIONS),
    "kms": ("TrentService.", ecr_settings.KMS_OPERATIONS),
    "tagging": ("ResourceGroupsTaggingAPI_20170126.", ecr_settings.TAG_OPERATIONS),
}
"""Signing name -> what ``X-Amz-Target`` begins with, and the operations."""
_INSPECTOR_OPERATIONS = (
    inspector.OPERATIONS | inspector_org.OPERATIONS | ecr_settings.INSPECTOR_OPERATIONS
)
_IAM_NAMES = {"tagging": "tag"}
_JSON_1_1 = "application/x-amz-json-1.1"
_ENDPOINTS = (
    *("ecr", "ecr_public", "inspector2", "kms", "resourcegroupstaggingapi", "sts"),
    *("organizations", "account"),
)
_STS_OPERATIONS = frozenset({"AssumeRole", "GetCallerIdentity"})
_UNKNOWN = "Unknown"
_TOKEN = ("ecr", "GetAuthorizationToken")  # it names the address of this server


class AwsLoopback(HttpCloud):
    """ECR, Inspector, STS, Organizations, Account, keys and tags of an estate, on 127.0.0.1.

    The service, the region and the account come from the request's signature: a key handed out
    by AssumeRole acts in the account of its role, any other key in the estate's first account,
    which is the organisation's management account. The signature itself is not verified.

    Attributes:
        calls: Requests by operation name, answered or refused (``Unknown`` if there is no such
            operation).
        gates: What requests meet before their operation.
        pulling: What opens and answers pulls from ECR.
    """

    def __init__(
        self,
        estate: Estate,
        options: Options | None = None,
        store: Store | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare to serve ``estate``.

        Args:
            estate: What to serve first.
            options: How it behaves beside what the estate says.
            store: Blobs of the images that can be pulled.
            clock: Seconds since the epoch, by which the tokens of ECR end.
        """
        self.calls: Counter[str] = Counter()
        self.gates = Gates(options or Options())
        self.pulling = EcrPulling(store or Store(), clock)
        self._lock = threading.Lock()
        self._world = AwsWorld(estate)

    def show(self, estate: Estate) -> None:
        """Serve another estate from the next request on; page tokens given out before expire.

        What Inspector had found and the new estate no longer states, it has closed.
        """
        self._world = AwsWorld(estate, self._world)

    def settings(self) -> dict[str, Any]:
        """Return the settings of the provider ``aws`` that reach this server."""
        accounts = self._world.accounts
        admins = filter(None, map(self._world.administrator, self._world.regions))
        others = [
            {
                "id": account,
                "role_arn": sts.role_arn(account),
                "external_id": sts.external_id(account),
            }
            for account in accounts[1:]
        ]
        return {
            "accounts": [*({"id": account} for account in accounts[:1]), *others],
            "regions": list(self._world.regions),
            "credentials": {
                "access_key_id": "AKIALOOPBACK00000000",
                "secret_access_key": "loopback-secret",
            },
            "endpoints": dict.fromkeys(_ENDPOINTS, self.url),
            "allow_insecure_loopback": True,
            # What is found in an image of an estate moves without a push.
            "basic": {"reask_days": 1},
            "inspector": {"delegated_administrator": next(admins, None)},
        }

    def organization_settings(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401  settings
        """Return settings that find the accounts and regions themselves.

        Args:
            more: Members of the ``organization`` block.
        """
        listed = AwsLoopback.settings(self)
        rest = {name: value for name, value in listed.items() if name != "accounts"}
        organization = {"external_id": sts.SHARED_EXTERNAL_ID, **more}
        return {**rest, "organization": organization, "regions": "enabled"}

    def _handle(self, request: Request) -> Response:
        service = ""
        if pulled := self.pulling.answer(self._world, request):
            self._count(pulled[0])
            return pulled[1]
        try:
            caller = read_caller(
                request.headers.get("Authorization", ""),
                request.headers.get("X-Amz-Security-Token", ""),
            )
            service = caller.service
            return self._dispatch(self._world, caller, request)
        except AwsError as error:
            return _error(service, error)

    def _dispatch(self, world: AwsWorld, caller: Caller, request: Request) -> Response:
        if caller.service == "sts":
            form = request.form()
            action = form.get("Action", "")
            self._met(world, caller, request, action if action in _STS_OPERATIONS else None)
            return _xml(200, sts.answer(world, caller, form, self.gates))
        if caller.service == "organizations":
            return self._organizations(world, caller, request)
        if caller.service == "account":
            return self._account(world, caller, request)
        if caller.service in _JSON_SERVICES:
            return self._json(world, caller, request)
        if caller.service == "inspector2":
            return self._inspector(world, caller, request)
        self._count(_UNKNOWN)
        raise AwsError("UnknownOperationException", f"no service {caller.service!r} here")

    def _json(self, world: AwsWorld, caller: Caller, request: Request) -> Response:
        target, operations = _JSON_SERVICES[caller.service]
        name = request.headers.get("X-Amz-Target", "").removeprefix(target)
        operation = (
            self._authorization if (caller.service, name) == _TOKEN else operations.get(name)
        )
        self._met(world, caller, request, name if operation else None)
        if operation is None:
            raise AwsError("UnknownOperationException", f"there is no operation {name!r} here")
        call = _call(world, caller, name, request)
        action = f"{_IAM_NAMES.get(caller.service, caller.service)}:{name}"
        _check_denied(call, action, everything=call.view.fault("denied") is not None)
        dated = {"Date": self.pulling.date()} if (caller.service, name) == _TOKEN else {}
        return json_response(operation(call), headers=dated, content_type=_JSON_1_1)

    def _authorization(self, call: Call) -> dict[str, Any]:
        return self.pulling.authorization(call, self.url)

    def _inspector(self, world: AwsWorld, caller: Caller, request: Request) -> Response:
        known = _INSPECTOR_OPERATIONS.get(request.path) if request.method == "POST" else None
        self._met(world, caller, request, known[0] if known else None)
        if known is None:
            message = f"Inspector has no operation {request.method} {request.path} here"
            raise AwsError("UnknownOperationException", message)
        name, operation = known
        call = _call(world, caller, name, request)
        _check_denied(call, f"inspector2:{name}", everything=False)
        clock = format_datetime(world.estate.moment, usegmt=True)
        return json_response(operation(call), headers={"Date": clock})

    def _organizations(self, world: AwsWorld, caller: Caller, request: Request) -> Response:
        name = request.headers.get("X-Amz-Target", "").removeprefix(organizations.TARGET)
        operation = organizations.OPERATIONS.get(name)
        self._met(world, caller, request, name if operation else None)
        if operation is None:
            raise AwsError("UnknownOperationException", f"Organizations has no operation {name!r}")
        if _account_of(world, caller) != world.accounts[0]:
            raise AwsError("AccessDeniedException", "not the organisation's management account")
        with _tokens("InvalidInputException"):
            answer = operation(world, self.gates.options, request.json())
        return json_response(answer, content_type=_JSON_1_1)

    def _account(self, world: AwsWorld, caller: Caller, request: Request) -> Response:
        name = account.PATHS.get(request.path)
        self._met(world, caller, request, name)
        if name is None:
            raise AwsError("UnknownOperationException", f"Account has no {request.path} here")
        with _tokens("ValidationException"):
            answer = account.list_regions(
                world, self.gates.options, _account_of(world, caller), request.json()
            )
        return json_response(answer)

    def _met(self, world: AwsWorld, caller: Caller, request: Request, known: str | None) -> None:
        """Count a request and hold it against the gates."""
        self._count(known or _UNKNOWN)
        if known is not None:
            token = request.headers.get("X-Amz-Security-Token", "")
            self.gates.pass_through(caller, _account_of(world, caller), known, token)

    def _count(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1


@contextmanager
def _tokens(code: str) -> Iterator[None]:
    """Answer a page token that is not ours with the service's own error."""
    try:
        yield
    except PageTokenError as error:
        raise AwsError(code, str(error)) from error


def _account_of(world: AwsWorld, caller: Caller) -> str:
    return caller.account or next(iter(world.accounts), "")


def _call(world: AwsWorld, caller: Caller, name: str, request: Request) -> Call:
    acting = _account_of(world, caller)
    if acting not in world.accounts:
        raise AwsError("UnrecognizedClientException", "The security token is invalid.", 403)
    try:
        params = request.json()
    except ValueError as error:
        raise AwsError("SerializationException", str(error)) from error
    public = caller.service == "ecr-public"
    return Call(name, world.view(acting, caller.region, public=public), params, world)


def _check_denied(call: Call, action: str, *, everything: bool) -> None:
    if everything or call.view.denies(action, call.params.get("repositoryName")):
        raise AwsError("AccessDeniedException", f"User is not authorized to perform: {action}")


def _error(service: str, error: AwsError) -> Response:
    if service == "sts":
        return _xml(error.status, sts.error_document(error))
    if service in {"inspector2", "account"}:
        reason = {"reason": "OTHER"} if error.code == "ValidationException" else {}
        headers = {"x-amzn-ErrorType": error.code}
        if error.status == 429:
            headers["Retry-After"] = "1"
        return json_response({"message": error.message, **reason}, error.status, headers)
    body = {"__type": error.code, "message": error.message}
    return json_response(body, error.status, content_type=_JSON_1_1)


def _xml(status: int, document: str) -> Response:
    return Response(status, document.encode(), {"Content-Type": "text/xml"})
