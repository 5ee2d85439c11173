"""A loopback HTTP server whose answers a test writes, for what a well-behaved cloud never does."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

from azure.core.credentials import AccessToken


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True)
class Say:
    """An answer; ``cut`` closes the connection without one."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    def wire(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


CUT = Say(cut=True)


class Scripted:
    """Serves ``answer(asked)``; keeps what was asked."""

    def __init__(self, answer: Callable[[Asked], Say]) -> None:
        self.asked: list[Asked] = []
        keep = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # head and body in one segment: no wait for an acknowledgement

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
                keep.append(asked)
                said = answer(asked)
                if said.cut:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(said.status)
                wire = said.wire()
                for name, value in {"Content-Type": "application/json", **said.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(wire)))
                self.end_headers()
                self.wfile.write(wire)

            do_GET = do_POST = handle_any  # noqa: N815  names http.server asks for

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Credential:
    """Stands for azure-identity; what it gives is checked by the servers' scripts."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(f"entra for {scopes[0]}", int(time.time()) + 3600)


def jwt(lifetime: float) -> str:
    """A token of the form the SDK reads an expiry from."""
    claims = json.dumps({"exp": int(time.time() + lifetime)}).encode()
    return f"head.{base64.b64encode(claims).decode()}.signature"
