"""Logins from a Docker configuration file: stored ones, and those that helpers keep."""

from __future__ import annotations

import base64
import binascii
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson

from audit.errors import ConfigError
from providers.oci.auth import Login
from providers.oci.settings import OciRegistry

_HELPER = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_SECONDS = 30
_NOT_FOUND = "credentials not found"
_IDENTITY = "<token>"


def login_of(registry: OciRegistry) -> Login | None:
    """Return who reads a registry; None reads anonymously.

    Raises:
        ConfigError: The Docker configuration cannot be read, or its helper fails. The helper's
            own words are not repeated: they may hold a secret.
    """
    if registry.username is not None and registry.password is not None:
        return Login(registry.username, registry.password.get_secret_value())
    if registry.docker_config is None:
        return None
    path = registry.docker_config.expanduser()
    told = _read(path)
    helpers = told.get("credHelpers")
    helper = helpers.get(registry.host) if isinstance(helpers, dict) else None
    if helper or told.get("credsStore"):
        found = _helped(str(helper or told["credsStore"]), registry.host, path)
        if found or helper:
            return found
    return _stored(told.get("auths"), registry.host, path)


def _read(path: Path) -> dict[str, Any]:
    try:
        told = orjson.loads(path.read_bytes())
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise _wrong(path, "is no JSON") from error
    if not isinstance(told, dict):
        raise _wrong(path, "is no JSON object")
    return told


def _stored(auths: object, host: str, path: Path) -> Login | None:
    if not isinstance(auths, dict):
        return None
    for name in (host, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/"):
        entry = auths.get(name)
        if isinstance(entry, dict) and entry.get("auth"):
            return _decoded(str(entry["auth"]), host, path)
    return None


def _decoded(auth: str, host: str, path: Path) -> Login:
    try:
        username, mark, secret = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _wrong(path, f"holds an auth for {host} that cannot be decoded") from error
    if not mark:
        raise _wrong(path, f"holds an auth for {host} without a password")
    return Login(username, secret)


def _helped(helper: str, host: str, path: Path) -> Login | None:
    """Ask ``docker-credential-<helper> get``: the host on its standard input, no shell."""
    if not _HELPER.match(helper):
        raise _wrong(path, f"names a credential helper {helper[:64]!r}, which is no such name")
    program = shutil.which(f"docker-credential-{helper}")
    if program is None:
        raise _wrong(path, f"names docker-credential-{helper}, which is not on PATH")
    try:
        done = subprocess.run(  # noqa: S603  a program by name, its argument is fixed
            [program, "get"],
            input=host.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _wrong(path, f"docker-credential-{helper} did not answer") from error
    if done.returncode:
        if _NOT_FOUND in (done.stdout + done.stderr).decode("utf-8", "replace"):
            return None
        raise _wrong(path, f"docker-credential-{helper} failed (code {done.returncode})")
    try:
        told = orjson.loads(done.stdout)
        username, secret = told["Username"], told["Secret"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise _wrong(path, f"docker-credential-{helper} gave no credentials") from error
    if username == _IDENTITY:
        raise _wrong(path, f"docker-credential-{helper} gave an identity token, which is not used")
    return Login(str(username), str(secret))


def _wrong(path: Path, message: str) -> ConfigError:
    return ConfigError(
        message, where=str(path), cure="log in again with docker login, or give username/password"
    )
