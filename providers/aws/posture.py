"""Settings of one account and region beside its inventory: what they are, or why nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.model.scope import ScopeTally
from providers.aws.api import Answer
from providers.aws.asking import Asker, Facts
from providers.aws.place import Place
from providers.aws.posture_inspector import read_inspector
from providers.aws.posture_registry import read_registry
from providers.aws.posture_repositories import read_repositories
from providers.aws.scanning import Scanning


@dataclass(frozen=True)
class Posture:
    """Columns of the registry and of its repositories, by repository name."""

    registry: Facts = field(default_factory=Facts)
    repositories: dict[str, Facts] = field(default_factory=dict)

    def of(self, repository: str) -> Facts:
        """Return what is known of one repository."""
        return self.repositories.get(repository) or Facts()


def read_posture(
    place: Place, tally: ScopeTally, rows: Sequence[Answer], scanning: Scanning
) -> Posture:
    """Read all settings.

    Two calls a repository, one a hundred of them and one a key; about ten for the registry.

    Args:
        place: Where.
        tally: Of the posture scope: a setting that cannot be read leaves the inventory whole.
        rows: The repositories that are read (DescribeRepositories).
        scanning: The registry's scanning configuration.
    """
    asker = Asker(place, tally)
    registry = read_registry(asker)
    registry.take(read_inspector(asker, scanning))
    return Posture(registry, read_repositories(asker, rows))
