"""Microsoft's own emulator behind a recording front, where this machine has it."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from providers.loopback.http import Handler, Request, Response

_OURS = frozenset({"connection", "date", "content-length", "transfer-encoding", "keep-alive"})


def found() -> str | None:
    """Return the emulator's command, if it is installed."""
    return shutil.which("azurite-blob")


@contextmanager
def azurite(command: str, folder: Path) -> Iterator[Handler]:
    port = _free_port()
    words = [command, "--blobPort", str(port), "--silent"]
    words += ["--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, cwd=folder, stdout=quiet, stderr=quiet)
    try:
        _wait_for(port)
        yield lambda request: _forwarded(request, port)
    finally:
        process.terminate()
        process.wait(10)


def _forwarded(request: Request, port: int) -> Response:
    """Pass a request on as it was signed: same host, same headers, same path."""
    line = request.path + (f"?{urlencode(request.query)}" if request.query else "")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {k: v for k, v in request.headers.items() if k.lower() != "transfer-encoding"}
    connection.request(request.method, line, request.body, headers)
    answer = connection.getresponse()
    content = answer.read()
    told = {k: v for k, v in answer.getheaders() if k.lower() not in _OURS}
    if request.method == "HEAD" and answer.getheader("Content-Length"):
        told["Content-Length"] = str(answer.getheader("Content-Length"))
    connection.close()
    return Response(answer.status, content, told)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("azurite did not start")
