"""moto's S3 in this process."""

from __future__ import annotations

import warnings
from urllib.parse import unquote, urlencode

from werkzeug.test import Client

from providers.loopback.http import Handler, Request, Response
from tests.support.stores.recorded import Asked, Kind

_OURS = frozenset({"connection", "date", "server", "content-length"})


def moto() -> Handler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for extras of services that are not used
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  see above
            DomainDispatcherApplication,
            create_backend_app,
        )
    client = Client(DomainDispatcherApplication(create_backend_app))
    client.post("/moto-api/reset")  # its objects outlive the server

    def handler(request: Request) -> Response:
        done = client.open(
            path=unquote(request.path),
            query_string=urlencode(request.query),
            method=request.method,
            data=request.body,
            headers=[
                (k, v) for k, v in request.headers.items() if k.lower() != "transfer-encoding"
            ],
            base_url=f"http://{request.headers['Host']}",
        )
        told = {k: v for k, v in done.headers.items() if k.lower() not in _OURS}
        if request.method == "HEAD" and "Content-Length" in done.headers:
            told["Content-Length"] = done.headers["Content-Length"]
        return Response(done.status_code, done.get_data(), told)

    return handler


def asked(request: Request) -> Asked:
    key = unquote(request.path).strip("/").partition("/")[2]
    if request.method == "GET" and not key:
        return Asked("list", request.query.get("prefix", ""))
    kinds: dict[str, Kind] = {"GET": "read", "HEAD": "read", "DELETE": "delete"}
    return Asked(kinds.get(request.method, "write"), key)
