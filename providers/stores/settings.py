"""The ``store`` block of the configuration, by kind of store; credentials have no place in it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from audit.endpoints import check_endpoint
from audit.ports import StoreSettings


class EndpointSettings(StoreSettings):
    """Settings that every kind of store has."""

    endpoint: str | None = Field(
        None, description="Address to use instead of the cloud's own: https://host[:port]."
    )
    anonymous: bool = Field(False, description="Send no credentials.")
    allow_insecure_loopback: bool = Field(
        False, description="Let the endpoint be http:// on a loopback address."
    )

    @model_validator(mode="after")
    def _endpoint_is_safe(self) -> EndpointSettings:
        if self.endpoint is not None:
            check_endpoint(self.endpoint, allow_insecure_loopback=self.allow_insecure_loopback)
            if urlsplit(self.endpoint).path.strip("/"):
                raise ValueError(f"{self.endpoint!r} has a path; name the host alone")
        return self

    @property
    def scheme(self) -> str:
        """``https``, or ``http`` on a loopback address."""
        return urlsplit(self.endpoint or "https://").scheme

    @property
    def authority(self) -> str | None:
        """``host[:port]`` of the endpoint, if one is given."""
        return urlsplit(self.endpoint).netloc if self.endpoint else None


class S3Settings(EndpointSettings):
    """An S3 bucket."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] | None = Field(
        None, description="The bucket's region; left out, the SDK's own."
    )


class AzureSettings(EndpointSettings):
    """A container of an Azure storage account."""

    account_name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{3,24}$")] = Field(
        description="The storage account."
    )

    @model_validator(mode="after")
    def _signed(self) -> AzureSettings:
        if self.anonymous:
            raise ValueError("anonymous: a warehouse is not written to without credentials")
        return self


class GcsSettings(EndpointSettings):
    """A Google Cloud Storage bucket."""
