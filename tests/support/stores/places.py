"""Where the suite puts a warehouse: a local folder, and every store behind a recording server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from azure.storage.blob import ContainerClient
from pyarrow import fs

from audit import plugins
from audit.ports import ObjectStore
from audit.store.layout import Layout
from audit.store.objects import ObjectFiles
from providers.loopback.http import Handler, serve
from tests.support.stores import azurite, blobs, gcs, s3
from tests.support.stores.recorded import Recorded

PREFIX = "audits/prod"
EMULATOR_KEY = (  # the one that Microsoft publishes for its emulator
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
KINDS = ("s3", "azure", "gcs", "azurite")


@dataclass
class MovingClock:
    """A clock that a test sets."""

    moment: datetime = datetime(2026, 11, 24, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class Place:
    """A store with nothing in it, seen from any number of machines."""

    kind: str
    address: str
    block: dict[str, Any]
    server: Recorded
    folder: Path
    clock: MovingClock = field(default_factory=MovingClock)

    @cached_property
    def inside(self) -> ObjectStore:
        """The store for a test to look into: to open one costs more than what is asked of it."""
        return self.store()

    def store(self) -> ObjectStore:
        opened = plugins.store(self.address.partition("://")[0])
        return opened(self.address, opened.settings_model.model_validate(self.block))

    def file_system(self) -> fs.FileSystem:
        """Open the store as an analyst does, with pyarrow alone."""
        authority = self.block["endpoint"].removeprefix("http://")
        if self.kind == "s3":
            return fs.S3FileSystem(endpoint_override=authority, scheme="http", region="us-east-1")
        if self.kind == "gcs":
            return fs.GcsFileSystem(anonymous=True, endpoint_override=authority, scheme="http")
        where: dict[str, Any] = {
            "blob_storage_authority": authority,
            "dfs_storage_authority": authority,
            "blob_storage_scheme": "http",
            "dfs_storage_scheme": "http",
        }
        return fs.AzureFileSystem(blobs.ACCOUNT, account_key=EMULATOR_KEY, **where)

    def layout(self, machine: str = "one") -> Layout:
        """Open the warehouse as a process on a machine with a disk of its own would."""
        work = self.folder / machine
        files = ObjectFiles(self.store(), self.address, work / "read", self.clock)
        return Layout(files, work / "staging")


@contextmanager
def place(kind: str, folder: Path, patched: pytest.MonkeyPatch) -> Iterator[Place]:
    """Serve an empty store on loopback; its credentials are in the environment."""
    patched.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    patched.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patched.setenv("AZURE_STORAGE_KEY", EMULATOR_KEY)
    with _server(kind, folder) as server, serve(server) as running:
        _make_bucket(kind, running.url)
        server.asked.clear()
        block: dict[str, Any] = {"endpoint": running.url, "allow_insecure_loopback": True}
        block |= {"work": str(folder / "configured")}
        if kind in {"azure", "azurite"}:
            block["account_name"] = blobs.ACCOUNT
        if kind == "gcs":
            block["anonymous"] = True
        yield Place(kind, f"{_BUCKETS[kind]}/{PREFIX}", block, server, folder)


_BUCKETS = {
    "s3": "s3://bucket",
    "azure": f"abfs://{blobs.CONTAINER}",
    "azurite": f"az://{blobs.CONTAINER}",
    "gcs": f"gs://{gcs.BUCKET}",
}


@contextmanager
def _server(kind: str, folder: Path) -> Iterator[Recorded]:
    if kind == "azurite":
        command = azurite.found()
        if command is None:
            pytest.skip("azurite is not installed; the azure store ran against our own server")
        with azurite.azurite(command, folder) as handler:
            yield Recorded(handler, blobs.asked)
        return
    handlers: dict[str, tuple[Handler, Any]] = {
        "s3": (s3.moto(), s3.asked),
        "azure": (blobs.Blobs(), blobs.asked),
        "gcs": (gcs.CloudStorage(), gcs.asked),
    }
    yield Recorded(*handlers[kind])


def _make_bucket(kind: str, url: str) -> None:
    if kind == "s3":
        boto3.client("s3", endpoint_url=url, region_name="us-east-1").create_bucket(Bucket="bucket")
    if kind == "azurite":
        account = f"{url}/{blobs.ACCOUNT}"
        ContainerClient(account, blobs.CONTAINER, credential=EMULATOR_KEY).create_container()
