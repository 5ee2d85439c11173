"""Grype and Syft behind the core's Scanner port.

Options and environment as in Syft 1.x (``syft scan``) and Grype 0.8x to 0.9x (``grype sbom:``,
``grype db status``). Neither is told to be quiet: both then keep back why they failed, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from audit.model.columns import Columns
from audit.ports import (
    Describer,
    Judgement,
    Look,
    Pull,
    PullLogin,
    RunContext,
    ScanError,
    Scanner,
    ScannerFacts,
)
from audit.ports import Settings as PluginSettings
from providers.scanners.failures import BROKEN, OF_REGISTRIES, Meaning, explained
from providers.scanners.grype import report
from providers.scanners.grype import sbom as syft_json
from providers.scanners.grype.settings import GrypeSettings
from providers.scanners.plain import protect
from providers.scanners.program import Program, user_cache
from providers.scanners.written import moment, told, written

_DATABASE = Meaning(
    "DatabaseAbsent",
    "Grype has no database that it can use",
    ("database does not exist", "failed to load vulnerability db", "no vulnerability database"),
)
_OF_SYFT = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
"""It is to ask nobody but the registry."""


class GrypeScanner:
    """The installed Grype with the installed Syft: one process a step, none left behind."""

    name: ClassVar[str] = "grype"
    settings_model: ClassVar[type[PluginSettings]] = GrypeSettings

    def __init__(self, settings: GrypeSettings, context: RunContext, work: Path) -> None:
        self._settings, self._context, self._work = settings, context, work

    @cached_property
    def _grype(self) -> Program:
        return self._program("Grype", self._settings.program, "program")

    @cached_property
    def _syft(self) -> Program:
        return self._program("Syft", self._settings.syft, "syft")

    def _program(self, tool: str, path: str, setting: str) -> Program:
        def failure(_: int, words: str) -> ScanError:
            return explained(tool, words, (BROKEN, _DATABASE, *OF_REGISTRIES))

        seconds = self._settings.timeout_seconds
        return Program(tool, path, f"scanners.grype.{setting}", self._work, seconds, failure)

    def refresh(self) -> None:
        """Have Grype fetch its database where that is configured."""
        if not self._settings.update_database:
            return
        try:
            self._checked()
            self._grype.run(["db", "update"], self._of_grype())
        except ScanError as error:
            self._context.log.warning(
                "the database of Grype could not be fetched: %s",
                error,
                extra={"error_code": error.code},
            )

    def facts(self) -> ScannerFacts:
        """Tell the versions and the date of the database."""
        self._checked()
        grype = self._said(self._grype, self._of_grype(), "version", "version")
        syft = self._said(self._syft, _OF_SYFT, "version", "version")
        built = self._said(self._grype, self._of_grype(), "built", "db", "status")
        return ScannerFacts(grype, moment(built), Describer(f"syft {syft}"))

    def _said(
        self, program: Program, environment: dict[str, str], member: str, *command: str
    ) -> str:
        said = program.run([*command, "-o", "json"], environment)
        return str(told(said.out, member, program.tool)[member])

    def describe(self, pull: Pull, sbom: Path) -> Look:
        """Have Syft pull an image by its digest and write what is in it."""
        login = pull.login
        protect(login, allowed=self._settings.allow_plain_fallback, tool="Syft")
        with self._aside() as folder:
            output = Path(folder) / "sbom.json"
            arguments = ["scan", f"registry:{pull.reference}", "-o", f"syft-json={output}"]
            self._syft.run(arguments, _OF_SYFT | _handed(login), login)
            sbom.write_bytes(syft_json.steady(written(output, "Syft")))
        return Look()

    def match(self, sbom: Path, take: Callable[[Columns], None]) -> Judgement:
        """Have Grype ask its database about an SBOM of Syft's."""
        with self._aside() as folder:
            output = Path(folder) / "report.json"
            arguments = [f"sbom:{sbom}", "-o", "json", "--file", str(output)]
            self._grype.run(arguments, self._of_grype())
            seen = syft_json.seen(sbom.read_bytes())
            return report.read(written(output, "Grype"), self._context, take, seen)

    def form(self, sbom: Path) -> str:
        """Return the version of Syft's JSON of an SBOM."""
        return syft_json.form(sbom.read_bytes())

    def packages(self, sbom: Path) -> Iterable[Columns]:
        """Return the packages of an SBOM."""
        return syft_json.packages(sbom.read_bytes())

    def _checked(self) -> None:
        self._grype.check(self._settings.sha256)
        self._syft.check(self._settings.syft_sha256)

    def _of_grype(self) -> dict[str, str]:
        """Return what Grype is told: to fetch nothing, and to use a database of any age.

        How old it may be is for the policy to say, which marks the looks as stale.
        """
        names = ("CHECK_FOR_APP_UPDATE", "DB_AUTO_UPDATE", "DB_VALIDATE_AGE")
        given = {f"GRYPE_{name}": "false" for name in names}
        return {**given, "GRYPE_DB_CACHE_DIR": str(self._cache)}

    @property
    def _cache(self) -> Path:
        """Where its database lies: it sees another home than ours, and would look for it there."""
        if self._settings.cache_dir:
            return self._settings.cache_dir.expanduser().absolute()
        return user_cache() / "grype" / "db"

    def _aside(self) -> tempfile.TemporaryDirectory[str]:
        self._work.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=self._work)


def _handed(login: PullLogin) -> dict[str, str]:
    handed = {}
    if login.username:
        handed["SYFT_REGISTRY_AUTH_AUTHORITY"] = login.host
        handed["SYFT_REGISTRY_AUTH_USERNAME"] = login.username
        handed["SYFT_REGISTRY_AUTH_PASSWORD"] = login.secret
    if login.plain_http:
        handed["SYFT_REGISTRY_INSECURE_USE_HTTP"] = "true"
    if login.ca_file:
        handed["SYFT_REGISTRY_CA_CERT"] = str(login.ca_file.expanduser().absolute())
    return handed


_: type[Scanner] = GrypeScanner
