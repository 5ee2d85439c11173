"""Google Cloud Storage: bulk through pyarrow, conditional writes through its JSON API."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pyarrow import fs

from audit.errors import WarehouseError
from audit.ports import StoreSettings
from providers.stores.arrow import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS, ArrowStore
from providers.stores.settings import GcsSettings

if TYPE_CHECKING:
    from requests import Response

_HOST = "https://storage.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
_RETRIED = (408, 429, 500, 502, 503, 504)


class GcsStore(ArrowStore):
    """A prefix of a Cloud Storage bucket."""

    settings_model: ClassVar[type[StoreSettings]] = GcsSettings

    def __init__(self, address: str, settings: GcsSettings) -> None:
        super().__init__(address)
        self._settings = settings
        self._mutex = threading.Lock()
        self._found: Any = None
        self._local = threading.local()
        self._file_systems: dict[str | None, fs.FileSystem] = {}

    def file_system(self) -> fs.FileSystem:
        """Return pyarrow's file system with google-auth's token, renewed when it has expired."""
        with self._mutex:
            who = self._token()
            if who[0] not in self._file_systems:
                self._file_systems = {who[0]: self._opened(*who)}
            return self._file_systems[who[0]]

    def _opened(self, token: str | None, expiry: Any) -> fs.FileSystem:  # noqa: ANN401  a moment
        who: dict[str, Any] = {"anonymous": True}
        if token:
            who = {"access_token": token, "credential_token_expiration": expiry}
        return fs.GcsFileSystem(
            **who,
            scheme=self._settings.scheme,
            endpoint_override=self._settings.authority,
            retry_time_limit=timedelta(seconds=READ_SECONDS),
        )

    def bucket_exists(self) -> bool:
        """Ask by listing: looking at the bucket itself takes a right that nothing else needs."""
        url = f"/storage/v1/b/{self.bucket}/o?maxResults=1"
        return self._call("GET", "list", url, (200, 404)).status_code == 200

    def look(self, path: str) -> tuple[bytes, str] | None:
        """Return an object and its generation; see the port."""
        answer = self._call("GET", f"read {path}", f"{self._object(path)}?alt=media", (200, 404))
        if answer.status_code == 404:
            return None
        return answer.content, answer.headers["x-goog-generation"]

    def create(self, path: str, content: bytes) -> str | None:
        """Write with ``ifGenerationMatch=0``; see the port."""
        return self.replace(path, content, "0")

    def replace(self, path: str, content: bytes, tag: str) -> str | None:
        """Write with ``ifGenerationMatch``; see the port."""
        name = quote(self.key(path), safe="")
        query = f"uploadType=media&name={name}&ifGenerationMatch={tag}"
        url = f"/upload/storage/v1/b/{self.bucket}/o?{query}"
        answer = self._call("POST", f"write {path}", url, (200, 412), content)
        return None if answer.status_code == 412 else str(answer.json()["generation"])

    def delete(self, path: str) -> None:
        """Remove an object; see the port."""
        self._call("DELETE", f"delete {path}", self._object(path), (200, 204, 404))

    def _object(self, path: str) -> str:
        return f"/storage/v1/b/{self.bucket}/o/{quote(self.key(path), safe='')}"

    def _call(
        self, method: str, doing: str, url: str, good: tuple[int, ...], content: bytes | None = None
    ) -> Response:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415  lazy SDK
        from requests import RequestException  # noqa: PLC0415  lazy SDK

        try:
            answer: Response = self._session().request(
                method,
                (self._settings.endpoint or _HOST).rstrip("/") + url,
                data=content,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
        except (RequestException, GoogleAuthError) as error:
            raise self.failed(doing, error) from error
        if answer.status_code not in good:
            raise WarehouseError(
                f"{self.address}: cannot {doing}: {answer.status_code} {answer.text[:300]}"
            )
        return answer

    def _session(self) -> Any:  # noqa: ANN401  google-auth types none of it
        """Return this thread's session; sessions are not shared between threads."""
        if not hasattr(self._local, "session"):
            from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415  lazy SDK
            from requests.adapters import HTTPAdapter  # noqa: PLC0415  lazy SDK
            from urllib3 import Retry  # noqa: PLC0415  lazy SDK

            retry = Retry(
                ATTEMPTS - 1,
                status_forcelist=_RETRIED,
                allowed_methods=None,  # a write under a condition may be sent again
                backoff_factor=0.2,
                raise_on_status=False,
            )
            session: Any = AuthorizedSession(self._credentials())  # type: ignore[no-untyped-call]  # ships no types
            session.mount("https://", HTTPAdapter(max_retries=retry))
            session.mount("http://", HTTPAdapter(max_retries=retry))
            self._local.session = session
        return self._local.session

    def _credentials(self) -> Any:  # noqa: ANN401  google-auth types none of it
        import google.auth  # noqa: PLC0415  lazy SDK
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415  lazy SDK

        if self._found is None:
            self._found = (
                AnonymousCredentials()  # type: ignore[no-untyped-call]  # ships no types
                if self._settings.anonymous
                else google.auth.default(scopes=[_SCOPE])[0]
            )
        return self._found

    def _token(self) -> tuple[str | None, Any]:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415  lazy SDK
        from google.auth.transport.requests import Request  # noqa: PLC0415  lazy SDK

        if self._settings.anonymous:
            return None, None
        try:
            found = self._credentials()
            if not found.valid:
                found.refresh(Request())
        except GoogleAuthError as error:
            raise self.failed("sign in", error) from error
        return found.token, found.expiry
