"""The part of Azure Blob Storage that a warehouse and its readers speak, with its conditions."""

from __future__ import annotations

from email.utils import format_datetime
from urllib.parse import unquote
from xml.sax.saxutils import escape

from providers.loopback.http import Request, Response
from tests.support.stores.objects import Bucket, Kept, part_of
from tests.support.stores.recorded import Asked, Kind

ACCOUNT, CONTAINER = "devstoreaccount1", "container"


class Blobs:
    """One container of one account, in path style; requests must be signed with a shared key."""

    def __init__(self) -> None:
        self.bucket = Bucket()
        self._blocks: dict[str, dict[str, bytes]] = {}

    def __call__(self, request: Request) -> Response:
        account, container, name = _split(request)
        signed = request.headers.get("Authorization", "").startswith(f"SharedKey {ACCOUNT}:")
        if account != ACCOUNT or not signed:
            return _failed(403, "AuthenticationFailed")
        if container != CONTAINER:
            return _failed(404, "ContainerNotFound")
        if not name:
            return self._of_container(request)
        with self.bucket.mutex:
            return self._of_blob(request, name)

    def _of_container(self, request: Request) -> Response:
        if request.query.get("comp") == "list":
            return Response(200, self._listing(request), {"Content-Type": "application/xml"})
        if request.query.get("restype") == "container":
            return Response(200, b"", {"ETag": '"0x1"', "Last-Modified": _date(Kept(b"", 0))})
        return _failed(400, "HierarchicalNamespaceNotEnabled", head=request.method == "HEAD")

    def _of_blob(self, request: Request, name: str) -> Response:
        if request.method in {"GET", "HEAD"}:
            return self._read(request, name)
        if request.method == "DELETE":
            gone = self.bucket.objects.pop(name, None)
            return Response(202) if gone else _failed(404, "BlobNotFound")
        if request.query.get("comp") == "block":
            self._blocks.setdefault(name, {})[request.query["blockid"]] = request.body
            return Response(201)
        return self._write(request, name)

    def _read(self, request: Request, name: str) -> Response:
        kept = self.bucket.objects.get(name)
        if kept is None:
            return _failed(404, "BlobNotFound", head=request.method == "HEAD")
        wanted = request.headers.get("x-ms-range") or request.headers.get("Range")
        if wanted and not kept.content:
            return _failed(416, "InvalidRange")
        content, span = part_of(kept.content, wanted)
        told = _properties(kept) | ({"Content-Range": span} if span else {})
        return Response(206 if span else 200, content, told | {"Content-Length": str(len(content))})

    def _write(self, request: Request, name: str) -> Response:
        kept = self.bucket.objects.get(name)
        if request.headers.get("If-None-Match") == "*" and kept:
            return _failed(409, "BlobAlreadyExists")
        tag = request.headers.get("If-Match")
        if tag and (kept is None or tag != _tag(kept)):
            return _failed(412, "ConditionNotMet")
        content = request.body
        if request.query.get("comp") == "blocklist":
            blocks = self._blocks.pop(name, {})
            content = b"".join(
                blocks[part.partition("<")[0]]
                for part in content.decode().replace("Uncommitted", "Latest").split("<Latest>")[1:]
            )
        return Response(201, b"", _properties(self.bucket.put(name, content)))

    def _listing(self, request: Request) -> bytes:
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter")
        size, marker = int(request.query.get("maxresults", 5000)), request.query.get("marker", "")
        folders, blobs = set(), []
        for name in self.bucket.below(prefix):
            rest = name[len(prefix) :]
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
            elif name > marker:
                blobs.append(name)
        parts = [_listed(name, self.bucket.objects[name]) for name in blobs[:size]]
        parts += [f"<BlobPrefix><Name>{escape(one)}</Name></BlobPrefix>" for one in sorted(folders)]
        following = blobs[size - 1] if len(blobs) > size else ""
        return (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="" '
            f'ContainerName="{CONTAINER}"><Blobs>{"".join(parts)}</Blobs>'
            f"<NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
        ).encode()


def asked(request: Request) -> Asked:
    name = _split(request)[2]
    if request.query.get("comp") == "list":
        return Asked("list", request.query.get("prefix", ""))
    kinds: dict[str, Kind] = {"GET": "read", "HEAD": "read", "DELETE": "delete"}
    return Asked(kinds.get(request.method, "write"), name)


def _split(request: Request) -> tuple[str, str, str]:
    account, _, rest = unquote(request.path).lstrip("/").partition("/")
    container, _, name = rest.partition("/")
    return account, container, name


def _listed(name: str, kept: Kept) -> str:
    return (
        f"<Blob><Name>{escape(name)}</Name><Properties><Creation-Time>{_date(kept)}</Creation-Time>"
        f"<Last-Modified>{_date(kept)}</Last-Modified><Etag>{_tag(kept).strip(chr(34))}</Etag>"
        f"<Content-Length>{len(kept.content)}</Content-Length><BlobType>BlockBlob</BlobType>"
        "<Content-Type>application/octet-stream</Content-Type></Properties></Blob>"
    )


def _properties(kept: Kept) -> dict[str, str]:
    return {
        "ETag": _tag(kept),
        "Last-Modified": _date(kept),
        "x-ms-creation-time": _date(kept),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-request-server-encrypted": "true",
        "x-ms-server-encrypted": "true",
        "x-ms-version": "2025-01-05",
        "Content-Type": "application/octet-stream",
    }


def _tag(kept: Kept) -> str:
    return f'"0x{kept.number:X}"'


def _date(kept: Kept) -> str:
    return format_datetime(kept.at, usegmt=True)


def _failed(status: int, code: str, *, head: bool = False) -> Response:
    told = {"x-ms-error-code": code}
    if head:  # of another type than XML: pyarrow's client would die of parsing nothing
        return Response(status, b"", told)
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Response(status, body.encode(), told | {"Content-Type": "application/xml"})
