"""Trivy's command lines: no shell, names are data, secrets in the environment alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.ports import PullLogin, ScanError
from providers.scanners.trivy.failures import failure, late
from providers.scanners.trivy.settings import TrivySettings

_KEPT = (
    "PATH",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LANG",
)
"""What of the environment Trivy may see: nobody's credentials, and no TRIVY_ setting of others."""
_QUIET = ("--disable-telemetry", "--skip-version-check", "--no-progress")
_OFFLINE = ("--skip-db-update", "--skip-java-db-update", "--offline-scan")
_GRACE = 15
_WORDS = 64 * 1024


@dataclass(frozen=True)
class Program:
    """Trivy with its settings, run in an empty folder so that no file there configures it.

    Attributes:
        work: Folder for what it writes and what passes for its home.
    """

    settings: TrivySettings
    work: Path
    path: str = field(init=False, default="")

    def __post_init__(self) -> None:
        found = shutil.which(self.settings.program)
        object.__setattr__(self, "path", found or "")

    @property
    def cache(self) -> Path:
        """The cache, with the database in ``db``."""
        if self.settings.cache_dir:
            return self.settings.cache_dir.expanduser()
        given = os.environ.get("XDG_CACHE_HOME")
        return (Path(given) if given else Path.home() / ".cache") / "trivy"

    def check(self) -> None:
        """Find it, and where its hash is pinned, hold it against that.

        Raises:
            ScanError: It is not there, or is another.
        """
        if not self.path:
            raise ScanError(
                f"{self.settings.program!r} is not there or cannot be run; install Trivy or set "
                "scanners.trivy.program",
                code="ScannerMissing",
            )
        if self.settings.sha256 and _sha256(Path(self.path)) != self.settings.sha256:
            raise ScanError(
                f"{self.path} is not the program whose sha256 is configured", code="ScannerAltered"
            )

    def version(self) -> bytes:
        """Return what ``trivy version`` tells, as JSON."""
        return self._run(["version", "--format", "json", *self._cached()], self._environment())

    def fetch(self, flag: str, option: str, repository: str) -> None:
        """Fetch a database into the cache."""
        plain = ["--insecure"] if self.settings.plain(repository) else []
        self._run(
            ["image", flag, option, repository, *self._cached(), *_QUIET, *plain],
            self._environment(),
        )

    def describe(self, reference: str, login: PullLogin, output: Path) -> None:
        """Pull an image and write its SBOM (CycloneDX JSON).

        Raises:
            ScanError: It could not.
        """
        if login.secret and not login.plain_http and not self.settings.may_log_in(login.host):
            raise ScanError(
                f"at {login.host} Trivy falls back to plain http, and would send the login in it",
                code="PlainFallback",
            )
        limit, settings = self.settings.max_image_bytes, self.settings
        bound = ["--max-image-size", f"{limit}B"] if limit else []
        plain = ["--insecure"] if login.plain_http else []
        self._run(
            [
                *("image", "--format", "cyclonedx", "--output", str(output)),
                *("--image-src", "remote", "--timeout", f"{settings.timeout_seconds}s"),
                *self._cached(),
                *_OFFLINE,
                *_QUIET,
                *bound,
                *plain,
                "--",
                reference,
            ],
            self._environment(login),
            login.secret,
        )

    def match(self, sbom: Path, output: Path) -> None:
        """Ask the database about an SBOM and write the report (Trivy JSON, schema 2).

        Raises:
            ScanError: It could not.
        """
        self._run(
            [
                *("sbom", "--format", "json", "--scanners", "vuln", "--output", str(output)),
                *("--timeout", f"{self.settings.timeout_seconds}s"),
                *("--detection-priority", self.settings.detection_priority),
                *self._cached(),
                *_OFFLINE,
                *_QUIET,
                "--",
                str(sbom),
            ],
            self._environment(),
        )

    def _cached(self) -> Sequence[str]:
        return "--cache-dir", str(self.cache)

    def _environment(self, login: PullLogin | None = None) -> dict[str, str]:
        self.work.mkdir(parents=True, exist_ok=True)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"HOME": str(self.work), "TMPDIR": str(self.work)}
        if login and login.username:
            own |= {"TRIVY_USERNAME": login.username, "TRIVY_PASSWORD": login.secret}
        if login and login.ca_file:
            own["SSL_CERT_FILE"] = str(login.ca_file)
        return kept | own

    def _run(self, arguments: list[str], environment: Mapping[str, str], secret: str = "") -> bytes:
        seconds = self.settings.timeout_seconds + _GRACE
        try:
            done = subprocess.run(  # noqa: S603  the configured program, arguments as a list
                [self.path, *arguments],
                cwd=self.work,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise late(seconds) from None
        except OSError as error:
            raise ScanError(
                f"{self.path} cannot be run: {error.strerror}", code="ScannerMissing"
            ) from error
        if done.returncode:
            words = done.stderr[-_WORDS:].decode("utf-8", "replace")
            raise failure(done.returncode, words, secret)
        return done.stdout


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
