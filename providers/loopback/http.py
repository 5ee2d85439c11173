"""A small threaded HTTP/1.1 server for the loopback clouds that speak HTTP.

``serve(handler)`` starts a server on 127.0.0.1 with a free port and returns a ``RunningServer``::

    def handler(request: Request) -> Response:
        return json_response({"path": request.path})

    with serve(handler) as server:
        ...  # server.url is "http://127.0.0.1:<port>"

Connections are kept alive, one thread a connection, so a handler is called from many threads at
once: it must only read shared data, or lock. With ``tls`` (an ``ssl.SSLContext`` for the server
side) the same server speaks HTTPS. ``close()`` ends every connection and joins every thread.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qsl

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        method: The verb, upper case.
        path: The path as sent, without the query and still percent-encoded (a repository name
            in it may hold ``%2F``).
        query: Query parameters, decoded; the last one wins when a name is repeated.
        headers: Header fields; look-up ignores case (``request.headers.get("authorization")``).
        body: The body, whole.
        pairs: Every query parameter in the order sent, the repeated ones too.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()

    def json(self) -> dict[str, Any]:
        """Return the parsed JSON object of the body; ``{}`` when it is empty.

        Raises:
            ValueError: The body is not a JSON object.
        """
        value = json.loads(self.body) if self.body else {}
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")  # noqa: TRY004 - one error for callers
        return value

    def form(self) -> dict[str, str]:
        """Return the fields of a ``application/x-www-form-urlencoded`` body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Response:
    """One answer; ``Content-Length`` is added by the server."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]
_Accepted = socket.socket | tuple[bytes, socket.socket]  # the base class serves datagrams too


def json_response(
    value: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = JSON,
) -> Response:
    """Return ``value`` as a JSON answer."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(status, body, {"Content-Type": content_type, **(headers or {})})


class RunningServer:
    """A server that runs until ``close`` (or the end of its ``with`` block)."""

    def __init__(self, server: _Server, scheme: str) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.accept_all, name="loopback-http")
        self.port: int = server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._thread.start()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, end every open connection and join every thread."""
        self._server.stop_accepting()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()


def serve(handler: Handler, *, tls: ssl.SSLContext | None = None) -> RunningServer:
    """Start a server on 127.0.0.1 and a free port.

    Args:
        handler: Called for each request, on the connection's thread. An exception in it is
            written to stderr and answered by closing the connection, as a crash would.
        tls: Server-side context; HTTPS when given.
    """
    return RunningServer(_Server(handler, tls), "https" if tls else "http")


class HttpCloud:
    """A cloud whose one HTTP server runs on 127.0.0.1 while its ``with`` block lasts."""

    _server: RunningServer | None = None

    def _handle(self, request: Request) -> Response:
        """Answer one request; called from many threads at once."""
        raise NotImplementedError

    def __enter__(self) -> Self:
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
        """The server's address.

        Raises:
            RuntimeError: It is not running.
        """
        if self._server is None:
            raise RuntimeError("the loopback server is not running")
        return self._server.url


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None) -> None:
        self.handler = handler
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        super().__init__(("127.0.0.1", 0), _Connection)

    def server_bind(self) -> None:
        # HTTPServer.server_bind asks the resolver for the host's name, which may wait on DNS.
        socket_address = self.server_address
        self.socket.bind(socket_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def accept_all(self) -> None:
        """Take connections until told to stop; between them it sleeps, it does not poll."""
        while not self._stopped.is_set():
            self.handle_request()

    def stop_accepting(self) -> None:
        """End ``accept_all`` at once: a last connection wakes it, and is not answered."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.server_port), timeout=5).close()

    def verify_request(self, *_: object) -> bool:
        """Refuse what comes once the server was told to stop."""
        return not self._stopped.is_set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the TLS handshake is left to the connection's own thread."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: _Accepted) -> None:
        with self._lock:
            self._open.discard(cast("socket.socket", request))
        super().shutdown_request(request)

    def handle_error(self, request: _Accepted, client_address: object) -> None:
        """Say nothing when a client hangs up; print what is a fault of the handler."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, cast("Any", client_address))

    def end_connections(self) -> None:
        """Wake the threads that wait for a next request on a kept-alive connection."""
        with self._lock:
            waiting = tuple(self._open)
        for connection in waiting:
            with contextlib.suppress(OSError):
                # The plain shutdown: SSLSocket's own would touch TLS state its thread is reading.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one segment

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write nothing: the servers count their calls themselves."""

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        request = Request(self.command, path, dict(pairs), self.headers, self._body(), pairs)
        response = cast("_Server", self.server).handler(request)
        # Without send_response: it adds the machine's date, and answers are to be the same always.
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in response.headers:  # of HEAD: what GET would answer with
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Say ``100 Continue`` at once: the client waits for it before it sends the body."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(parts)

    # The base class finds the method of a verb by these names.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - see above
