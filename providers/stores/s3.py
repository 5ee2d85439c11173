"""S3: bulk through pyarrow, conditional writes through boto3; both with boto3's credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from pyarrow import fs

from audit.errors import WarehouseError
from audit.ports import StoreSettings
from providers.stores.arrow import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS, ArrowStore, UnmetError
from providers.stores.settings import S3Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = frozenset({"404", "NoSuchKey"})
_UNMET = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})


class S3Store(ArrowStore):
    """A prefix of an S3 bucket."""

    settings_model: ClassVar[type[StoreSettings]] = S3Settings

    def __init__(self, address: str, settings: S3Settings) -> None:
        import boto3  # noqa: PLC0415  lazy SDK
        from botocore import UNSIGNED  # noqa: PLC0415  lazy SDK
        from botocore.config import Config  # noqa: PLC0415  lazy SDK

        super().__init__(address)
        self._settings = settings
        self._session = boto3.session.Session(region_name=settings.region)
        config = Config(
            signature_version=UNSIGNED if settings.anonymous else None,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            s3={"addressing_style": "path" if settings.endpoint else "auto"},
        )
        self._client: S3Client = self._session.client(
            "s3", endpoint_url=settings.endpoint, config=config, region_name=self._region
        )
        self._file_systems: dict[Any, fs.FileSystem] = {}

    @property
    def _region(self) -> str:
        return self._session.region_name or "us-east-1"

    def file_system(self) -> fs.FileSystem:
        """Return pyarrow's file system with boto3's credentials, which it renews by itself."""
        held = None
        if not self._settings.anonymous:
            with self._told("sign in"):
                found = self._session.get_credentials()
                held = found.get_frozen_credentials() if found else None
            if held is None:
                raise WarehouseError(f"{self.address}: no AWS credentials were found")
        if held not in self._file_systems:
            self._file_systems = {held: self._opened(held)}
        return self._file_systems[held]

    def _opened(self, held: Any) -> fs.FileSystem:  # noqa: ANN401  botocore's own tuple
        who: dict[str, Any] = {"anonymous": True}
        if held:
            who = {
                "access_key": held.access_key,
                "secret_key": held.secret_key,
                "session_token": held.token,
            }
        how: dict[str, Any] = {
            "region": self._region,
            "scheme": self._settings.scheme,
            "endpoint_override": self._settings.authority,
            "request_timeout": READ_SECONDS,
            "connect_timeout": CONNECT_SECONDS,
            "allow_delayed_open": True,  # one call for a small file instead of three
            "retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        }
        return fs.S3FileSystem(**who, **how)

    def look(self, path: str) -> tuple[bytes, str] | None:
        """Return an object and its ETag; see the port."""
        try:
            with self._told(f"read {path}"):
                found = self._client.get_object(Bucket=self.bucket, Key=self.key(path))
                return found["Body"].read(), found["ETag"]
        except FileNotFoundError:
            return None

    def create(self, path: str, content: bytes) -> str | None:
        """Write with ``If-None-Match: *``; see the port."""
        return self._put(path, content, {"IfNoneMatch": "*"})

    def replace(self, path: str, content: bytes, tag: str) -> str | None:
        """Write with ``If-Match``; see the port."""
        return self._put(path, content, {"IfMatch": tag})

    def delete(self, path: str) -> None:
        """Remove an object; see the port."""
        with self._told(f"delete {path}"):  # S3 says yes to what is not there
            self._client.delete_object(Bucket=self.bucket, Key=self.key(path))

    def _put(self, path: str, content: bytes, condition: dict[str, Any]) -> str | None:
        try:
            with self._told(f"write {path}"):
                done = self._client.put_object(
                    Bucket=self.bucket, Key=self.key(path), Body=content, **condition
                )
                return done["ETag"]
        except (FileNotFoundError, UnmetError):
            return None

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn botocore's errors into ours, a missing object and an unmet condition apart."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  lazy SDK

        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in _MISSING:
                raise FileNotFoundError(self.address) from error
            if code in _UNMET:
                raise UnmetError from error
            raise self.failed(doing, error) from error
        except BotoCoreError as error:
            raise self.failed(doing, error) from error
