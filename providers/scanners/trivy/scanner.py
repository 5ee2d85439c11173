"""Trivy behind the core's Scanner port."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from audit.model.columns import Columns
from audit.ports import (
    Judgement,
    Pull,
    RunContext,
    ScanError,
    Scanner,
    ScannerFacts,
    Settings,
)
from providers.scanners.trivy import report
from providers.scanners.trivy import sbom as cyclonedx
from providers.scanners.trivy.failures import TOOL
from providers.scanners.trivy.program import Trivy
from providers.scanners.trivy.settings import TrivySettings
from providers.scanners.written import moment, told, written

_SCHEMA = 2
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
        return ScannerFacts(said["Version"], _database(said), describer=said["Version"])

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

    def describe(self, pull: Pull, sbom: Path) -> None:
        """Have Trivy pull an image by its digest and write what is in it."""
        with self._aside() as folder:
            output = Path(folder) / "sbom.json"
            self._trivy.describe(pull.reference, pull.login, output)
            sbom.write_bytes(cyclonedx.steady(written(output, TOOL)))

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
