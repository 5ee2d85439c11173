"""The part of Cloud Storage's JSON API that a warehouse and its readers speak, with conditions."""

from __future__ import annotations

import re
from urllib.parse import unquote

from providers.loopback.http import Request, Response, json_response
from tests.support.stores.objects import Bucket, Kept, part_of
from tests.support.stores.recorded import Asked, Kind

BUCKET = "bucket"
_OBJECTS = re.compile(r"(/upload|/download)?/storage/v1/b/([^/]+)(?:/o(?:/(.+))?)?")


class CloudStorage:
    """One bucket."""

    def __init__(self) -> None:
        self.bucket = Bucket()
        self._uploads: dict[str, tuple[str, bytes]] = {}

    def __call__(self, request: Request) -> Response:
        found = _OBJECTS.fullmatch(request.path)
        if not found or found[2] != BUCKET:
            return _failed(404)
        with self.bucket.mutex:
            if found[1] == "/upload":
                return self._upload(request)
            if found[3]:
                return self._of_object(request, unquote(found[3]))
        if not request.path.endswith("/o"):
            return json_response({"kind": "storage#bucket", "id": BUCKET, "name": BUCKET})
        return self._listing(request)

    def _of_object(self, request: Request, name: str) -> Response:
        kept = self.bucket.objects.get(name)
        if kept is None:
            return _failed(404)
        if request.method == "DELETE":
            del self.bucket.objects[name]
            return Response(204)
        if request.query.get("alt") != "media":
            return json_response(_described(name, kept))
        content, span = part_of(kept.content, request.headers.get("Range"))
        told = {"x-goog-generation": str(kept.number)} | ({"Content-Range": span} if span else {})
        return Response(206 if span else 200, content, told)

    def _upload(self, request: Request) -> Response:
        kind = request.query["uploadType"]
        if kind == "media":
            return self._finished(request, request.query["name"], request.body)
        if request.method == "POST":
            number = f"{len(self._uploads) + 1}"
            self._uploads[number] = (request.query["name"], b"")
            where = f"http://{request.headers['Host']}{request.path}"
            return json_response(
                {}, headers={"Location": f"{where}?uploadType=resumable&upload_id={number}"}
            )
        number = request.query["upload_id"]
        name, held = self._uploads[number]
        self._uploads[number] = (name, held := held + request.body)
        if request.headers.get("Content-Range", "").endswith("/*"):
            return Response(308, b"", {"Range": f"bytes=0-{len(held) - 1}"} if held else {})
        return self._finished(request, name, held)

    def _finished(self, request: Request, name: str, content: bytes) -> Response:
        wanted, kept = request.query.get("ifGenerationMatch"), self.bucket.objects.get(name)
        if wanted is not None and int(wanted) != (kept.number if kept else 0):
            return _failed(412)
        return json_response(_described(name, self.bucket.put(name, content)))

    def _listing(self, request: Request) -> Response:
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter")
        after, size = request.query.get("pageToken", ""), int(request.query.get("maxResults", 1000))
        names = [name for name in self.bucket.below(prefix) if name > after]
        folders = {
            prefix + name[len(prefix) :].partition(delimiter)[0] + delimiter
            for name in names
            if delimiter and delimiter in name[len(prefix) :]
        }
        if delimiter:
            names = [name for name in names if delimiter not in name[len(prefix) :]]
        items = [_described(name, self.bucket.objects[name]) for name in names[:size]]
        page = {"kind": "storage#objects", "items": items, "prefixes": sorted(folders)}
        return json_response(page | ({"nextPageToken": names[size - 1]} if names[size:] else {}))


def asked(request: Request) -> Asked:
    found = _OBJECTS.fullmatch(request.path)
    name = unquote((found and found[3]) or request.query.get("name", ""))
    if request.method == "GET" and request.path.endswith("/o"):
        return Asked("list", request.query.get("prefix", ""))
    kinds: dict[str, Kind] = {"GET": "read", "DELETE": "delete"}
    return Asked(kinds.get(request.method, "write"), name)


def _described(name: str, kept: Kept) -> dict[str, str]:
    return {
        "kind": "storage#object",
        "name": name,
        "bucket": BUCKET,
        "generation": str(kept.number),
        "metageneration": "1",
        "size": str(len(kept.content)),
        "timeCreated": f"{kept.at:%Y-%m-%dT%H:%M:%SZ}",
        "updated": f"{kept.at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _failed(status: int) -> Response:
    return json_response({"error": {"code": status, "message": f"told to say {status}"}}, status)
