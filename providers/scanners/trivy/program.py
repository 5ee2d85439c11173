"""Trivy's command lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.ports import PullLogin
from providers.scanners.plain import protect
from providers.scanners.program import Program, user_cache
from providers.scanners.trivy.failures import TOOL, failure
from providers.scanners.trivy.settings import TrivySettings

_QUIET = ("--disable-telemetry", "--skip-version-check", "--no-progress")
_GRACE = 15
_OFFLINE = ("--skip-db-update", "--skip-java-db-update", "--offline-scan")

_READ = ("dockerfile", "kubernetes", "cloudformation", "azure-arm")
"""Configuration that Trivy judges by what stands there. Of Terraform it would fetch modules, and of
Helm charts what their schema of values refers to, from wherever the author of the image says;
Ansible is left out with them."""

_ALL_PACKAGES = "vuln"
"""Without it, Trivy opens no Java database and leaves out Java archives without a word."""

_NOWHERE = ("--cache-backend", "memory")
"""Of what it finds, Trivy keeps the lines and those around them in its cache, whatever is in them:
it hides the secret that it knew and none that it did not."""


@dataclass(frozen=True)
class Trivy:
    """Trivy with its settings.

    Attributes:
        work: Folder for what it writes and what passes for its home.
    """

    settings: TrivySettings
    work: Path

    @property
    def program(self) -> Program:
        """The program."""
        settings = self.settings
        where = settings.program, "scanners.trivy.program"
        return Program(TOOL, *where, self.work, settings.timeout_seconds, failure, _GRACE)

    @property
    def cache(self) -> Path:
        """The cache, with the database in ``db``."""
        if self.settings.cache_dir:
            return self.settings.cache_dir.expanduser().absolute()
        return user_cache() / "trivy"

    def check(self) -> None:
        """Find it, and hold it against the hash that is configured."""
        self.program.check(self.settings.sha256)

    def version(self) -> bytes:
        """Return what ``trivy version`` tells, as JSON."""
        return self.program.run(["version", "--format", "json", *self._cached()], {}).out

    def fetch(self, flag: str, option: str, repository: str) -> None:
        """Fetch a database into the cache."""
        plain = ["--insecure"] if self.settings.plain(repository) else []
        self.program.run(["image", flag, option, repository, *self._cached(), *_QUIET, *plain], {})

    def describe(self, reference: str, login: PullLogin, output: Path) -> None:
        """Pull an image and write its SBOM (CycloneDX JSON).

        Raises:
            ScanError: It could not.
        """
        self._look(reference, login, "--format", "cyclonedx", "--output", str(output))

    def look(self, reference: str, login: PullLogin, kinds: Iterable[str]) -> bytes:
        """Pull an image and return its packages, secrets and misconfigurations.

        Args:
            reference: What is pulled.
            login: As whom.
            kinds: What to look for beside packages, in Trivy's words.

        Returns:
            Trivy JSON, schema 2. It holds the image's configuration with all that is secret in it,
            and so is not to be written to any disk.

        Raises:
            ScanError: It could not.
        """
        asked = ",".join(sorted(kinds))
        return self._look(
            reference,
            login,
            *("--format", "json", "--list-all-pkgs", "--scanners", f"{_ALL_PACKAGES},{asked}"),
            *("--image-config-scanners", asked, "--misconfig-scanners", ",".join(_READ)),
            *("--skip-check-update", "--secret-config", ""),
            *_NOWHERE,
        )

    def _look(self, reference: str, login: PullLogin, *what: str) -> bytes:
        settings = self.settings
        protect(login, allowed=settings.allow_plain_fallback, tool=TOOL)
        limit = settings.max_image_bytes
        bound = ["--max-image-size", f"{limit}B"] if limit else []
        plain = ["--insecure"] if login.plain_http else []
        arguments = [
            *("image", *what, "--image-src", "remote"),
            *("--timeout", f"{settings.timeout_seconds}s", *self._cached()),
            *(*_OFFLINE, *_QUIET, *bound, *plain, "--", reference),
        ]
        return self.program.run(arguments, _handed(login), login).out

    def convert(self, report: Path, output: Path) -> None:
        """Write the SBOM (CycloneDX JSON) that a report (Trivy JSON) lists the packages of.

        Raises:
            ScanError: It could not.
        """
        where = ("--output", str(output), *self._cached())
        self.program.run(["convert", "--format", "cyclonedx", *where, "--", str(report)], {})

    def match(self, sbom: Path, output: Path) -> str:
        """Ask the database about an SBOM, write the report and return what was said meanwhile.

        The report is Trivy JSON, schema 2.

        Raises:
            ScanError: It could not.
        """
        said = self.program.run(
            [
                *("sbom", "--format", "json", "--scanners", "vuln", "--output", str(output)),
                *("--timeout", f"{self.settings.timeout_seconds}s"),
                *("--detection-priority", self.settings.detection_priority),
                *(*self._cached(), *_OFFLINE, *_QUIET, "--", str(sbom)),
            ],
            {},
        )
        return said.words

    def _cached(self) -> Sequence[str]:
        return "--cache-dir", str(self.cache)


def _handed(login: PullLogin) -> dict[str, str]:
    environment: dict[str, str] = {}
    if login.username:
        environment |= {"TRIVY_USERNAME": login.username, "TRIVY_PASSWORD": login.secret}
    if login.ca_file:
        environment["SSL_CERT_FILE"] = str(login.ca_file.expanduser().absolute())
    return environment
