"""Trivy behind the core's Scanner port."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from audit.model.columns import Columns
from audit.ports import (
    Describer,
    Judgement,
    Look,
    Pull,
    RunContext,
    ScanError,
    Scanner,
    ScannerFacts,
    Settings,
)
from providers.scanners.trivy import report, weaknesses
from providers.scanners.trivy import sbom as cyclonedx
from providers.scanners.trivy.failures import TOOL
from providers.scanners.trivy.program import Trivy
from providers.scanners.trivy.settings import TrivySettings
from providers.scanners.written import moment, told, written

_SCHEMA = 2
_OF_THE_LOOK = frozenset({"TimedOut", "ScannerBroken", "ScanFailed", "ReportUnreadable"})
"""Failures that looking for less may not have; all others are the registry's or the image's."""
_DATABASES = (
    ("database_repository", "--download-db-only", "--db-repository"),
    ("java_database_repository", "--download-java-db-only", "--java-db-repository"),
)


class TrivyScanner:
    """The installed Trivy: one process a look, none left behind."""

    name: ClassVar[str] = "trivy"
    settings_model: ClassVar[type[Settings]] = TrivySettings

    def __init__(self, settings: TrivySettings, context: RunContext, work: Path) -> None:
        self._settings, self._context, self._work = settings, context, work
        self._trivy = Trivy(settings, work)

    @property
    def _kinds(self) -> frozenset[str]:
        return frozenset(kind.value for kind in self._settings.also_look_for)

    def refresh(self) -> None:
        """Fetch the databases that a repository is configured for."""
        for setting, flag, option in _DATABASES:
            repository = getattr(self._settings, setting)
            if repository:
                self._fetch(flag, option, repository)

    def facts(self) -> ScannerFacts:
        """Tell the version and the date of the database."""
        self._trivy.check()
        said = told(self._trivy.version(), "Version", TOOL)
        describer = Describer(said["Version"], self._kinds)
        return ScannerFacts(said["Version"], _database(said), describer)

    def _fetch(self, flag: str, option: str, repository: str) -> None:
        try:
            self._trivy.check()
            self._trivy.fetch(flag, option, repository)
        except ScanError as error:
            self._context.log.warning(
                "the database could not be fetched from %s: %s",
                repository,
                error,
                extra={"error_code": error.code},
            )

    def describe(self, pull: Pull, sbom: Path) -> Look:
        """Have Trivy pull an image by its digest and write what is in it."""
        with self._aside() as folder:
            output = Path(folder) / "sbom.json"
            look = self._looked(pull, output)
            sbom.write_bytes(cyclonedx.steady(written(output, TOOL)))
        return look

    def _looked(self, pull: Pull, output: Path) -> Look:
        """Write the SBOM; to look for more must not make less known of the packages."""
        kinds = self._kinds
        if kinds:
            try:
                return self._looked_for(kinds, pull, output)
            except ScanError as error:
                if error.code not in _OF_THE_LOOK:
                    raise
                self._context.log.warning(
                    "an image was looked into for its packages alone: %s",
                    error,
                    extra={"digest": pull.digest, "error_code": error.code},
                )
        self._trivy.describe(pull.reference, pull.login, output)
        return Look()

    def _looked_for(self, kinds: frozenset[str], pull: Pull, output: Path) -> Look:
        asked = [weaknesses.SCANNERS[kind] for kind in kinds]
        content = self._trivy.look(pull.reference, pull.login, asked)
        look = weaknesses.read(content, kinds)
        report_file = output.with_name("packages.json")
        report_file.write_bytes(weaknesses.packages_only(content))
        self._trivy.convert(report_file, output)
        return look

    def match(self, sbom: Path, take: Callable[[Columns], None]) -> Judgement:
        """Have Trivy ask its database about an SBOM."""
        with self._aside() as folder:
            output = Path(folder) / "report.json"
            words = self._trivy.match(sbom, output)
            unread = cyclonedx.unread_system(sbom.read_bytes())
            content = written(output, TOOL)
            return report.read(content, self._context, take, words=words, unread=unread)

    def form(self, sbom: Path) -> str:
        """Return the CycloneDX version of an SBOM."""
        return cyclonedx.form(sbom.read_bytes())

    def packages(self, sbom: Path) -> Iterable[Columns]:
        """Return the packages of an SBOM."""
        return cyclonedx.packages(sbom.read_bytes())

    def _aside(self) -> tempfile.TemporaryDirectory[str]:
        self._work.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=self._work)


def _database(said: dict[str, Any]) -> datetime | None:
    """Return the date of the database.

    Trivy itself uses one of any age without a word.

    Raises:
        ScanError: There is none, or of a form that this Trivy does not read.
    """
    database = said.get("VulnerabilityDB")
    if not isinstance(database, dict):
        raise ScanError(
            "Trivy has no database: fetch one, or set scanners.trivy.database_repository",
            code="DatabaseAbsent",
        )
    if database.get("Version") != _SCHEMA:
        raise ScanError(
            f"Trivy's database is of form {database.get('Version')!r}, not {_SCHEMA}",
            code="DatabaseSchema",
        )
    return moment(database.get("UpdatedAt"))


_: type[Scanner] = TrivyScanner
