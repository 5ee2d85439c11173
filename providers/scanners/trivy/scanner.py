"""Trivy behind the core's Scanner port."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson

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
from providers.scanners.trivy import report, sbom
from providers.scanners.trivy.program import Trivy
from providers.scanners.trivy.settings import TrivySettings

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
        told = _told(self._trivy.version())
        return ScannerFacts(told["Version"], _database(told), describer=told["Version"])

    def _fetch(self, flag: str, option: str, repository: str) -> None:
        try:
            self._trivy.check()
            self._trivy.fetch(flag, option, repository)
        except ScanError as error:
            self._context.log.warning(
                "the database could not be fetched from %s: %s",
                repository,
                error.message,
                extra={"error_code": error.code},
            )

    def describe(self, pull: Pull, sbom: Path) -> None:
        """Have Trivy pull an image by its digest and write what is in it."""
        with self._aside() as folder:
            written = Path(folder) / "sbom.json"
            self._trivy.describe(pull.reference, pull.login, written)
            sbom.write_bytes(_steady(written))

    def match(self, sbom: Path, take: Callable[[Columns], None]) -> Judgement:
        """Have Trivy ask its database about an SBOM."""
        with self._aside() as folder:
            written = Path(folder) / "report.json"
            words = self._trivy.match(sbom, written)
            return report.read(_content(written), self._context, take, words=words)

    def form(self, sbom: Path) -> str:
        """Return the CycloneDX version of an SBOM."""
        return _form(sbom.read_bytes())

    def packages(self, sbom: Path) -> Iterable[Columns]:
        """Return the packages of an SBOM."""
        return _packages(sbom.read_bytes())

    def _aside(self) -> tempfile.TemporaryDirectory[str]:
        self._work.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=self._work)


_form, _packages = sbom.form, sbom.packages


def _steady(written: Path) -> bytes:
    return sbom.steady(_content(written))


def _content(written: Path) -> bytes:
    try:
        return written.read_bytes()
    except FileNotFoundError:
        raise ScanError("Trivy ended well and wrote nothing", code="ScannerBroken") from None


def _told(content: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("Version"), str):
        raise ScanError("the program does not tell a version of Trivy", code="ScannerMissing")
    return told


def _database(told: dict[str, Any]) -> datetime | None:
    """Return the date of the database.

    Trivy itself uses one of any age without a word.

    Raises:
        ScanError: There is none, or of a form that this Trivy does not read.
    """
    database = told.get("VulnerabilityDB")
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
    try:
        updated = datetime.fromisoformat(str(database.get("UpdatedAt")))
    except ValueError:
        return None
    return updated.astimezone(UTC) if updated.tzinfo else None


_: type[Scanner] = TrivyScanner
