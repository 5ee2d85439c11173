"""The loopback AWS: one HTTP server that answers for every service, account and region."""

from __future__ import annotations

import threading
from collections import Counter
from types import TracebackType
from typing import Any

from providers.loopback.aws import ecr, ecr_public, ecr_scan, ecr_settings, inspector, sts
from providers.loopback.aws.wire import AwsError, Call, Caller, Operation, read_caller
from providers.loopback.aws.world import AwsWorld
from providers.loopback.estate import Estate
from providers.loopback.http import Request, Response, RunningServer, json_response, serve

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
_INSPECTOR_OPERATIONS = inspector.OPERATIONS | ecr_settings.INSPECTOR_OPERATIONS
_IAM_NAMES = {"tagging": "tag"}
_JSON_1_1 = "application/x-amz-json-1.1"
_ENDPOINTS = ("ecr", "ecr_public", "inspector2", "kms", "resourcegroupstaggingapi", "sts")
_STS_OPERATIONS = frozenset({"AssumeRole", "GetCallerIdentity"})
_UNKNOWN = "Unknown"


class AwsLoopback:
    """ECR, Inspector, STS, keys and tags of an estate, on 127.0.0.1.

    The service, the region and the account come from the request's signature: a key handed out
    by AssumeRole acts in the account of its role, any other key in the estate's first account.
    The signature itself is not verified.

    Attributes:
        calls: Requests by operation name, answered or refused (``Unknown`` if there is no such
            operation).
    """

    def __init__(self, estate: Estate) -> None:
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._world = AwsWorld(estate)
        self._server: RunningServer | None = None

    def __enter__(self) -> AwsLoopback:
        self._server = serve(self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def url(self) -> str:
        """The endpoint of every service.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._server is None:
            raise RuntimeError("the loopback server is not running")
        return self._server.url

    def show(self, estate: Estate) -> None:
        """Serve another estate from the next request on; page tokens given out before expire."""
        self._world = AwsWorld(estate)

    def settings(self) -> dict[str, Any]:
        """Return the settings of the provider ``aws`` that reach this server."""
        accounts = self._world.accounts
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
        }

    def _handle(self, request: Request) -> Response:
        service = ""
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
            self._count(action if action in _STS_OPERATIONS else _UNKNOWN)
            return _xml(200, sts.answer(world, caller, form))
        if caller.service in _JSON_SERVICES:
            return self._json(world, caller, request)
        if caller.service == "inspector2":
            return self._inspector(world, caller, request)
        self._count(_UNKNOWN)
        raise AwsError("UnknownOperationException", f"no service {caller.service!r} here")

    def _json(self, world: AwsWorld, caller: Caller, request: Request) -> Response:
        target, operations = _JSON_SERVICES[caller.service]
        name = request.headers.get("X-Amz-Target", "").removeprefix(target)
        operation = operations.get(name)
        self._count(name if operation else _UNKNOWN)
        if operation is None:
            raise AwsError("UnknownOperationException", f"there is no operation {name!r} here")
        call = _call(world, caller, name, request)
        action = f"{_IAM_NAMES.get(caller.service, caller.service)}:{name}"
        _check_denied(call, action, everything=call.view.fault("denied") is not None)
        return json_response(operation(call), content_type=_JSON_1_1)

    def _inspector(self, world: AwsWorld, caller: Caller, request: Request) -> Response:
        known = _INSPECTOR_OPERATIONS.get(request.path) if request.method == "POST" else None
        self._count(known[0] if known else _UNKNOWN)
        if known is None:
            message = f"Inspector has no operation {request.method} {request.path} here"
            raise AwsError("UnknownOperationException", message)
        name, operation = known
        call = _call(world, caller, name, request)
        _check_denied(call, f"inspector2:{name}", everything=False)
        return json_response(operation(call))

    def _count(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1


def _call(world: AwsWorld, caller: Caller, name: str, request: Request) -> Call:
    account = caller.account or next(iter(world.accounts), "")
    if account not in world.accounts:
        raise AwsError("UnrecognizedClientException", "The security token is invalid.", 403)
    try:
        params = request.json()
    except ValueError as error:
        raise AwsError("SerializationException", str(error)) from error
    public = caller.service == "ecr-public"
    return Call(name, world.view(account, caller.region, public=public), params)


def _check_denied(call: Call, action: str, *, everything: bool) -> None:
    if everything or call.view.denies(action, call.params.get("repositoryName")):
        raise AwsError("AccessDeniedException", f"User is not authorized to perform: {action}")


def _error(service: str, error: AwsError) -> Response:
    if service == "sts":
        return _xml(error.status, sts.error_document(error))
    if service == "inspector2":
        reason = {"reason": "OTHER"} if error.code == "ValidationException" else {}
        return json_response(
            {"message": error.message, **reason}, error.status, {"x-amzn-ErrorType": error.code}
        )
    body = {"__type": error.code, "message": error.message}
    return json_response(body, error.status, content_type=_JSON_1_1)


def _xml(status: int, document: str) -> Response:
    return Response(status, document.encode(), {"Content-Type": "text/xml"})
