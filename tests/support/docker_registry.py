"""Debian's docker-registry, where it is installed: a real registry on a port of its own.

It lacks the referrers API, and refuses to be asked for more than ``CATALOG`` names at once.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
import requests

from providers.loopback.oci import Content, Store

PROGRAM = shutil.which("docker-registry")
installed = pytest.mark.skipif(PROGRAM is None, reason="Debian's docker-registry is not installed")
CATALOG = 3
READER, PASSWORD = "reader", "loopback-secret"
_READER = "reader:$2b$04$abcdefghijklmnopqrstuuYioIpeSmqUf/gWQHiuNrMAekHikf7wC"  # bcrypt
_LISTENING = re.compile(r"listening on (127\.0\.0\.1:\d+)")
_SECONDS = 20


@dataclass
class DockerRegistry:
    """A registry that runs while its ``with`` block lasts, and keeps what it holds in a folder.

    Attributes:
        auth: The ``auth`` block of its configuration; by default a user with a password.
    """

    folder: Path
    auth: dict[str, Any] | None = None
    host: str = ""

    def __enter__(self) -> Self:
        users = self.folder / "users"
        users.write_text(f"{_READER}\n")
        config = self.folder / "registry.json"  # JSON is YAML
        config.write_text(
            json.dumps(
                {
                    "version": "0.1",
                    "log": {"level": "info", "accesslog": {"disabled": True}},
                    "storage": {
                        "filesystem": {"rootdirectory": str(self.folder / "held")},
                        "delete": {"enabled": True},
                    },
                    "catalog": {"maxentries": CATALOG},
                    "http": {"addr": "127.0.0.1:0", "secret": "of no use"},
                    "auth": self.auth or {"htpasswd": {"realm": "here", "path": str(users)}},
                }
            )
        )
        log = self.folder / "log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [str(PROGRAM), "serve", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={"HOME": str(self.folder)},
            )
        self.host = self._listening(log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listening(self, log: Path) -> str:
        until = time.monotonic() + _SECONDS
        while not (found := _LISTENING.search(log.read_text())):
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__(None, None, None)
                pytest.fail(f"docker-registry did not start: {log.read_text()}")
            time.sleep(0.01)
        return found[1]

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def settings(self, **more: Any) -> dict[str, Any]:
        """Settings of the provider ``oci`` that reach it."""
        keys = {"username": READER, "password": PASSWORD}
        registry = {"host": self.host, "endpoint": self.url, **keys, **more}
        return {"registries": [registry], "allow_insecure_loopback": True}

    def push(self, store: Store, headers: dict[str, str] | None = None) -> None:
        """Push all that a store holds, indexes behind what they name."""
        with requests.Session() as session:
            session.trust_env = False
            if headers is None:
                session.auth = (READER, PASSWORD)
            session.headers.update(headers or {})
            for name, held in store.repositories.items():
                tags = {digest: tag for tag, digest in held.tags.items()}
                for digest, content in sorted(
                    held.manifests.items(), key=lambda one: _last(one[1])
                ):
                    self._manifest(session, store, name, content, tags.get(digest, digest))
                for tag, digest in held.tags.items():
                    if tags[digest] != tag:
                        self._put(session, name, held.manifests[digest], tag)

    def _manifest(
        self, session: requests.Session, store: Store, name: str, content: Content, at: str
    ) -> None:
        document = json.loads(content.body)
        for one in filter(None, (document.get("config"), *document.get("layers", ()))):
            self._blob(session, name, one["digest"], store.blobs[one["digest"]])
        self._put(session, name, content, at)

    def _blob(self, session: requests.Session, name: str, digest: str, body: bytes) -> None:
        opened = session.post(f"{self.url}/v2/{name}/blobs/uploads/", timeout=_SECONDS)
        assert opened.status_code == 202, opened.text
        there = opened.headers["Location"]
        joint = "&" if urlsplit(there).query else "?"
        done = session.put(f"{there}{joint}digest={digest}", data=body, timeout=_SECONDS)
        assert done.status_code == 201, done.text

    def _put(self, session: requests.Session, name: str, content: Content, at: str) -> None:
        done = session.put(
            f"{self.url}/v2/{name}/manifests/{at}",
            data=content.body,
            headers={"Content-Type": content.media_type},
            timeout=_SECONDS,
        )
        assert done.status_code == 201, done.text
        assert done.headers["Docker-Content-Digest"] == content.digest


def _last(content: Content) -> bool:
    return "manifests" in json.loads(content.body)
