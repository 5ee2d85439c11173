"""A bare HTTP server on loopback that answers with whatever bytes a test wants on the wire."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.unit.aws import payloads_settings as p
from tests.unit.aws.payloads import ACCOUNT, REGION

_PATHS = {
    "/findings/list": "ListFindings",
    "/coverage/list": "ListCoverage",
    "/configuration/get": "GetConfiguration",
    "/filters/list": "ListFilters",
    "/findings/aggregation/list": "ListFindingAggregations",
    "/status/batch/get": "BatchGetAccountStatus",
    "/delegatedadminaccounts/get": "GetDelegatedAdminAccount",
    "/members/list": "ListMembers",
    "/listRegions": "ListRegions",
}
_ENDPOINTS = (
    *("ecr", "ecr_public", "inspector2", "kms", "resourcegroupstaggingapi", "sts"),
    *("organizations", "account"),
)

ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>AKIAROLE</AccessKeyId>
<SecretAccessKey>hush</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2099-11-23T03:00:00Z</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>"""
"""Answer of sts AssumeRole."""


@dataclass
class Raw:
    """An answer byte by byte."""

    status: int
    body: bytes
    content_type: str = "application/x-amz-json-1.1"


@dataclass
class Request:
    operation: str
    parameters: dict[str, Any]
    headers: dict[str, str]


Answer = Callable[[dict[str, Any]], dict[str, Any] | Raw]


def failure(code: str, message: str = "no", status: int = 400) -> Raw:
    return Raw(status, json.dumps({"__type": code, "message": message}).encode())


def paged(key: str, *pages: list[Any]) -> Answer:
    """Serve ``pages`` in order, with the page's number as its token."""

    def answer(parameters: dict[str, Any]) -> dict[str, Any]:
        number = int(parameters.get("nextToken", "0"))
        more = {"nextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {key: pages[number], **more}

    return answer


def unset() -> dict[str, Answer]:
    """Answers about settings where nothing is set."""
    return {
        "GetRepositoryPolicy": lambda _: failure("RepositoryPolicyNotFoundException"),
        "GetLifecyclePolicy": lambda _: failure("LifecyclePolicyNotFoundException"),
        "GetRegistryPolicy": lambda _: failure("RegistryPolicyNotFoundException"),
        "DescribeRegistry": lambda _: p.replication(),
        "DescribePullThroughCacheRules": lambda _: {"pullThroughCacheRules": []},
        "DescribeRepositoryCreationTemplates": lambda _: {"repositoryCreationTemplates": []},
        "GetSigningConfiguration": lambda _: failure("SigningConfigurationNotFoundException"),
        "GetAccountSetting": lambda asked: p.account_setting(asked["name"]),
        "ListPullTimeUpdateExclusions": lambda _: {"pullTimeUpdateExclusions": []},
        "GetResources": lambda _: p.tagged(),
        "DescribeKey": lambda _: p.key("CUSTOMER"),
        "GetConfiguration": lambda _: p.rescanning(),
        "ListFilters": lambda _: {"filters": []},
    }


class Wire:
    """Serves ``answers`` by operation name; an operation without one is denied."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.requests: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def calls(self) -> Counter[str]:
        return Counter(request.operation for request in self.requests)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [r.parameters for r in self.requests if r.operation == operation]

    def settings(self, **more: Any) -> dict[str, Any]:
        return {
            "accounts": [{"id": ACCOUNT}],
            "regions": [REGION],
            "credentials": {"access_key_id": "AKIATEST", "secret_access_key": "hush"},
            "endpoints": dict.fromkeys(_ENDPOINTS, self.url),
            "allow_insecure_loopback": True,
            "max_attempts": 1,
            **more,
        }

    def reply(self, request: Request) -> Raw:
        self.requests.append(request)
        answer = self.answers.get(request.operation)
        if answer is None:
            return failure("AccessDeniedException", f"{request.operation} is not allowed")
        found = answer(request.parameters)
        return found if isinstance(found, Raw) else Raw(200, json.dumps(found).encode())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                raw = wire.reply(_request(self.path, dict(self.headers), body))
                self.send_response(raw.status)
                self.send_header("Content-Type", raw.content_type)
                self.send_header("Content-Length", str(len(raw.body)))
                self.end_headers()
                self.wfile.write(raw.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
                """Say nothing."""

        return Handler


def _request(path: str, headers: dict[str, str], body: bytes) -> Request:
    if target := headers.get("X-Amz-Target"):
        return Request(target.rpartition(".")[2], json.loads(body), headers)
    if path in _PATHS:
        return Request(_PATHS[path], json.loads(body or b"{}"), headers)
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return Request(form.pop("Action"), form, headers)
