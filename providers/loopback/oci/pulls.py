"""What a registry answers a pull with, and how often each thing was pulled."""

from __future__ import annotations

import re
import threading
from collections import Counter

from providers.loopback.http import Request, Response
from providers.loopback.oci.content import Content, Store

_RANGE = re.compile(r"^bytes=([0-9]+)-([0-9]*)$")


class Pulls:
    """Answers from what a store holds, by digest. For many threads.

    Attributes:
        blobs: How often each blob was sent, whole or in part.
        manifests: How often each manifest was sent; asking for its head alone is not counted.
        cut: Blobs whose sending breaks off, and after how many bytes.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.blobs: Counter[str] = Counter()
        self.manifests: Counter[str] = Counter()
        self.cut: dict[str, int] = {}
        self._lock = threading.Lock()

    def manifest(
        self, request: Request, digest: str, content: Content, *, tell_digest: bool = True
    ) -> Response:
        """Answer GET or HEAD of what is held as the manifest ``digest``."""
        headers = {"Content-Type": content.media_type}
        if tell_digest:
            headers["Docker-Content-Digest"] = digest
        if request.method == "HEAD":
            return Response(200, b"", {**headers, "Content-Length": str(len(content.body))})
        with self._lock:
            self.manifests[digest] += 1
        return Response(200, content.body, headers)

    def blob(self, request: Request, digest: str) -> Response | None:
        """Answer GET or HEAD of a blob, of a range of it too; None where there is no such blob."""
        body = self.store.blobs.get(digest)
        if body is None:
            return None
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        whole = {**headers, "Content-Length": str(len(body))}
        if request.method == "HEAD":
            return Response(200, b"", whole)
        with self._lock:
            self.blobs[digest] += 1
        if digest in self.cut:
            return Response(200, body[: self.cut[digest]], {**whole, "Connection": "close"})
        if asked := _RANGE.match(request.headers.get("Range", "")):
            return _part(body, int(asked[1]), int(asked[2] or len(body)), headers)
        return Response(200, body, headers)


def _part(body: bytes, first: int, last: int, headers: dict[str, str]) -> Response:
    if first >= len(body) or last < first:
        return Response(416, b"", {"Content-Range": f"bytes */{len(body)}"})
    part = body[first : last + 1]
    told = f"bytes {first}-{first + len(part) - 1}/{len(body)}"
    return Response(206, part, {**headers, "Content-Range": told})
