"""The files of a layer from which Trivy learns which packages an image holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

DPKG_STATUS, APK_INSTALLED = "var/lib/dpkg/status", "lib/apk/db/installed"


@dataclass(frozen=True)
class Package:
    """An installed package.

    Attributes:
        kind: ``os`` (a package of the image's distribution), ``pip`` or ``npm``.
        version: Numbers with dots and, of a distribution, ``-1`` or ``-r1`` behind them.
        source: Name of the source package where that differs; advisories of distributions name it.
    """

    kind: Literal["os", "pip", "npm"]
    name: str
    version: str
    source: str = ""

    @property
    def advised_as(self) -> str:
        """The name under which an advisory speaks of it."""
        return self.source or self.name


@dataclass(frozen=True)
class Distribution:
    """A distribution at a release: ``debian`` (``12``) or ``alpine`` (``3.18``)."""

    family: Literal["debian", "alpine"]
    release: str

    @property
    def bucket(self) -> str:
        """Where Trivy looks for its advisories."""
        return f"{self.family} {self.release}"


def system_files(distribution: Distribution) -> dict[str, bytes]:
    """Return the files that name the distribution."""
    family, release = distribution.family, distribution.release
    told = f'ID={family}\nVERSION_ID="{release}"\nPRETTY_NAME="{family} {release}, made up"\n'
    marker = {"debian": "etc/debian_version", "alpine": "etc/alpine-release"}[family]
    return {"etc/os-release": told.encode(), marker: f"{release}.1\n".encode()}


def database_file(
    distribution: Distribution, packages: Sequence[Package], architecture: str
) -> dict[str, bytes]:
    """Return the distribution's list of installed packages, whole, as the last layer holds it."""
    if distribution.family == "debian":
        return {DPKG_STATUS: "\n".join(_dpkg(one, architecture) for one in packages).encode()}
    own = {"amd64": "x86_64", "arm64": "aarch64"}.get(architecture, architecture)
    return {APK_INSTALLED: "\n".join(_apk(one, own) for one in packages).encode()}


def language_files(package: Package) -> dict[str, bytes]:
    """Return the file that tells of a Python or Node package."""
    name, version = package.name, package.version
    if package.kind == "pip":
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        folder = f"{name.replace('-', '_')}-{version}.dist-info"
        return {f"usr/lib/python3/dist-packages/{folder}/METADATA": text.encode()}
    text = json.dumps({"name": name, "version": version})
    return {f"app/node_modules/{name}/package.json": text.encode()}


def _dpkg(package: Package, architecture: str) -> str:
    lines = [
        f"Package: {package.name}",
        "Status: install ok installed",
        "Maintainer: Loopback <nobody@example.invalid>",
        f"Architecture: {architecture}",
        *([f"Source: {package.source}"] if package.source else []),
        f"Version: {package.version}",
        "Description: made up",
    ]
    return "\n".join([*lines, ""])


def _apk(package: Package, architecture: str) -> str:
    lines = [
        f"P:{package.name}",
        f"V:{package.version}",
        f"A:{architecture}",
        "L:Apache-2.0",
        f"o:{package.advised_as}",
    ]
    return "\n".join([*lines, ""])
