"""What to read in plain OCI registries, and how to get in."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, model_validator

from audit.endpoints import check_endpoint
from audit.ports import Settings

Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$")]
Repository = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$",
        max_length=255,
    ),
]
"""A repository's name as the distribution specification allows it."""


class OciRegistry(Settings):
    """One registry.

    Attributes:
        host: Host (and port) as in a pull: ``ghcr.io``, ``registry.example.org:5000``.
        endpoint: Address to talk to instead of ``https://<host>``.
        repositories: What to read where the registry offers no catalogue; else the catalogue is.
        username: With ``password``: who reads. Left out, ``docker_config`` is asked, and without
            one the registry is read anonymously.
        docker_config: A Docker configuration file with ``auths``, ``credHelpers`` or
            ``credsStore``.
        token_hosts: Further hosts that the registry may send the credentials to for a token. The
            registry's own host and its sister hosts under the same domain always are.
        ca_file: Certificates (PEM) to trust instead of the system's.
        referrers: How signatures, SBOMs and attestations are found: by the referrers API and the
            fallback tags, by the tags alone, or not at all.
    """

    host: Host
    endpoint: str | None = None
    repositories: tuple[Repository, ...] | None = None
    username: str | None = None
    password: SecretStr | None = None
    docker_config: Path | None = None
    token_hosts: tuple[Host, ...] = ()
    ca_file: Path | None = None
    referrers: Literal["api", "tags", "none"] = "api"

    @model_validator(mode="after")
    def _whole_credentials(self) -> OciRegistry:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.username is not None and self.docker_config is not None:
            raise ValueError("give username and password, or docker_config, not both")
        return self

    @property
    def url(self) -> str:
        """The address that is talked to, without a slash at the end."""
        return (self.endpoint or f"https://{self.host}").rstrip("/")


class OciSettings(Settings):
    """Registries to read.

    Attributes:
        allow_insecure_loopback: Whether an endpoint may be plain http on a loopback address.
        max_attempts: Attempts for each call in all, the first one included.
        config_blobs: Whether an image's config is read, once for each digest: it tells the
            platform, the build time and the labels. It is a small pull.
        include: Repository name patterns (fnmatch) to read; all by default.
        exclude: Repository name patterns to leave out even when included.
    """

    registries: Annotated[tuple[OciRegistry, ...], Field(min_length=1)]
    allow_insecure_loopback: bool = False
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 6
    config_blobs: bool = True
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> OciSettings:
        _refuse_twice(registry.host for registry in self.registries)
        for registry in self.registries:
            check_endpoint(registry.url, allow_insecure_loopback=self.allow_insecure_loopback)
        return self

    def registry(self, host: str) -> OciRegistry:
        """Return the settings of one registry.

        Raises:
            KeyError: It is not configured.
        """
        return {registry.host: registry for registry in self.registries}[host]

    def wants(self, repository: str) -> bool:
        """Whether the include and exclude patterns let this repository in."""
        return any(fnmatchcase(repository, pattern) for pattern in self.include) and not any(
            fnmatchcase(repository, pattern) for pattern in self.exclude
        )


def _refuse_twice(hosts: Iterable[str]) -> None:
    seen: set[str] = set()
    for host in hosts:
        if host in seen:
            raise ValueError(f"registry {host} is listed twice")
        seen.add(host)
