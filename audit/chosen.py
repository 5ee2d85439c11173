"""The plug-ins that a configuration chooses, with their settings checked, opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from audit import plugins
from audit.config import Config, check_names, config_sha256, validate
from audit.errors import UsageError
from audit.ports import RegistryProvider, Report, RunContext, Scanner


@dataclass(frozen=True)
class Chosen:
    """A configuration and what it names."""

    config: Config

    def settings(self) -> dict[str, BaseModel]:
        """Return each configured provider's checked settings.

        Raises:
            ConfigError: There is no such provider, or its settings are wrong.
        """
        return self._checked("providers", plugins.PROVIDERS, plugins.provider)

    def scanner_settings(self) -> dict[str, BaseModel]:
        """Return each configured scanner's checked settings.

        Raises:
            ConfigError: There is no such scanner, or its settings are wrong.
        """
        return self._checked("scanners", plugins.SCANNERS, plugins.scanner)

    def _checked(
        self,
        kind: Literal["providers", "scanners"],
        group: str,
        plugin: Callable[[str], type[RegistryProvider | Scanner]],
    ) -> dict[str, BaseModel]:
        config = self.config
        given = config.providers if kind == "providers" else config.scanners
        check_names(kind, given, plugins.names(group), config.source)
        return {
            name: validate(
                plugin(name).settings_model,
                config.plugin_block(kind, name),
                f"{kind}.{name}",
                config.source,
            )
            for name in sorted(given)
        }

    def reports(self) -> list[Report]:
        """Return the configured reports, or all of them.

        Raises:
            ConfigError: There is no such report.
        """
        known = plugins.names(plugins.REPORTS)
        check_names("reports", self.config.reports, known, self.config.source)
        return plugins.reports(self.config.reports)

    def providers(self, context: RunContext) -> dict[str, RegistryProvider]:
        """Open the configured providers."""
        return {
            name: plugins.provider(name)(settings, context)
            for name, settings in self.settings().items()
        }

    def must_scan(self) -> None:
        """Check that there is something to scan with.

        Raises:
            UsageError: No scanner is configured.
        """
        if not self.scanner_settings():
            known = ", ".join(plugins.names(plugins.SCANNERS))
            raise UsageError(
                "no scanner is configured",
                where=f"{self.config.source}: scanners",
                cure=f"name one of: {known}",
            )

    def scanners(self, context: RunContext, work: Path) -> list[Scanner]:
        """Open the configured scanners, with a folder for what they need not keep."""
        return [
            plugins.scanner(name)(settings, context, work / name)
            for name, settings in self.scanner_settings().items()
        ]

    def sha256(self) -> str:
        """Return a hash of the settings in force."""
        return config_sha256(self.config, self.settings(), self.scanner_settings())
