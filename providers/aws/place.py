"""What the collectors of one account and region share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.model.columns import Columns
from audit.ports import RunContext, Sink
from providers.aws.api import Api
from providers.aws.organisation import Organisation
from providers.aws.parse_inventory import registry_host
from providers.aws.settings import AwsSettings

if TYPE_CHECKING:
    from providers.aws.administration import Administration


@dataclass(frozen=True)
class Place:
    """One account and region being read, and where its rows go.

    Attributes:
        organisation: Whom access policies are held against.
    """

    account: str
    region: str
    settings: AwsSettings
    context: RunContext
    api: Api
    sink: Sink
    organisation: Organisation = field(default_factory=Organisation)
    administration: Administration | None = None

    @property
    def scope_id(self) -> str:
        """The inventory scope."""
        return f"aws/{self.account}/{self.region}"

    @property
    def registry_id(self) -> str:
        """The registry's host."""
        return registry_host(self.account, self.region)

    def where(self) -> dict[str, str]:
        """Columns that place a row of an inventory table."""
        return {
            "provider": "aws",
            "scope_id": self.scope_id,
            "account": self.account,
            "region": self.region,
            "registry_id": self.registry_id,
            "observed_run_id": self.context.run_id,
        }

    def judged(self, table: str, source: str) -> Columns:
        """Start a block of ``assessments`` or ``findings`` rows of one source."""
        return Columns(
            table,
            provider="aws",
            registry_id=self.registry_id,
            source=source,
            observed_run_id=self.context.run_id,
        )

    def write(self, columns: Columns) -> None:
        """Hand a block over, unless it is empty."""
        if columns.rows:
            self.sink.write(columns)
