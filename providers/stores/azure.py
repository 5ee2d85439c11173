"""Azure Blob Storage, through Azure's own client alone.

pyarrow's file system reads what lies here, but a run does not go through it: it lists a container
folder by folder, one call each; it makes an empty blob before it writes one, which a reader of
``current/`` could meet; and an error whose body is not whole XML ends the process (pyarrow 26).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from audit.ports import StoredObject, StoreSettings
from providers.stores.arrow import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS, Prefix, UnmetError
from providers.stores.settings import AzureSettings

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_KEY = "AZURE_STORAGE_KEY"
"""Environment variable, as the Azure CLI reads it, of an account's key: where there is no
identity to sign in with, such as an emulator."""

_UNMET = frozenset({"BlobAlreadyExists", "ConditionNotMet"})


class AzureStore(Prefix):
    """A prefix of a blob container."""

    settings_model: ClassVar[type[StoreSettings]] = AzureSettings

    def __init__(self, address: str, settings: AzureSettings) -> None:
        super().__init__(address)
        self._settings = settings
        self._container = self._client()

    def _client(self) -> ContainerClient:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415  lazy SDK
        from azure.storage.blob import ContainerClient, ExponentialRetry  # noqa: PLC0415  lazy SDK

        return ContainerClient(
            self._account_url(),
            self.bucket,
            credential=os.environ.get(_KEY) or DefaultAzureCredential(),
            retry_policy=ExponentialRetry(
                initial_backoff=1, increment_base=2, retry_total=ATTEMPTS - 1
            ),
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )

    def _account_url(self) -> str:
        account, authority = self._settings.account_name, self._settings.authority
        if authority is None:
            return f"https://{account}.blob.core.windows.net"
        path = "" if authority.startswith(f"{account}.") else f"/{account}"
        return f"{self._settings.scheme}://{authority}{path}"

    def objects(self, folder: str) -> list[StoredObject]:
        """Return every blob below a folder: one call for 5,000; see the port."""
        with self._told(f"list {folder}"):
            found = list(self._container.list_blobs(name_starts_with=self.key(f"{folder}/")))
        return [StoredObject(blob.name[len(self.prefix) :], str(blob.etag)) for blob in found]

    def download(self, path: str, target: Path) -> None:
        """Read a blob into a local file; see the port."""
        with self._told(f"read {path}"), target.open("wb") as out:
            self._container.download_blob(self.key(path)).readinto(out)

    def upload(self, path: str, source: Path) -> None:
        """Write a blob, whole or not at all; see the port."""
        with self._told(f"write {path}"), source.open("rb") as content:
            self._container.upload_blob(self.key(path), content, overwrite=True)

    def look(self, path: str) -> tuple[bytes, str] | None:
        """Return a blob and its ETag; see the port."""
        try:
            with self._told(f"read {path}"):
                found = self._container.download_blob(self.key(path))
                return found.readall(), str(found.properties.etag)
        except FileNotFoundError:
            return None

    def create(self, path: str, content: bytes) -> str | None:
        """Write with ``If-None-Match: *``; see the port."""
        return self._put(path, content, {"overwrite": False})

    def replace(self, path: str, content: bytes, tag: str) -> str | None:
        """Write with ``If-Match``; see the port."""
        from azure.core import MatchConditions  # noqa: PLC0415  lazy SDK

        condition = {"etag": tag, "match_condition": MatchConditions.IfNotModified}
        return self._put(path, content, {"overwrite": True, **condition})

    def delete(self, path: str) -> None:
        """Remove a blob; see the port."""
        with suppress(FileNotFoundError), self._told(f"delete {path}"):
            self._container.delete_blob(self.key(path))

    def _put(self, path: str, content: bytes, condition: dict[str, Any]) -> str | None:
        blob = self._container.get_blob_client(self.key(path))
        try:
            with self._told(f"write {path}"):
                return str(blob.upload_blob(content, **condition)["etag"])
        except (FileNotFoundError, UnmetError):
            return None

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn the client's errors into ours, a missing blob and an unmet condition apart."""
        from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415  lazy SDK

        try:
            yield
        except HttpResponseError as error:
            code = getattr(error, "error_code", None)  # set by the storage client alone
            if code == "BlobNotFound":
                raise FileNotFoundError(f"{self.address}: cannot {doing}: there is none") from error
            if code in _UNMET:
                raise UnmetError from error
            raise self.failed(doing, error) from error
        except AzureError as error:
            raise self.failed(doing, error) from error
