"""Who answers for which repositories: a YAML file of rules, and the labels that name an owner."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from audit.config import read_yaml, validate
from audit.ports import Settings
from audit.store.assembly import Owners


class OwnerRule(Settings):
    """One rule; patterns know ``*``, ``?`` and ``[...]``."""

    owner: str = Field(min_length=1, description="Who answers.")
    registry: str = Field("*", description="Pattern of the registry_id.")
    repository: str = Field("*", description="Pattern of the repository's name.")


class OwnersFile(Settings):
    """The whole file."""

    version: Literal[1] = Field(description="Version of this file's form.")
    rules: tuple[OwnerRule, ...] = Field((), description="The first rule that fits holds.")
    labels: tuple[str, ...] = Field(
        ("owner", "team"), description="Labels that name the owner where no rule fits."
    )


def load_owners(path: str | None) -> Owners:
    """Read the owners' file; without one the usual labels name the owner.

    Raises:
        ConfigError: The file is missing, not YAML, or holds an unknown or ill-typed key.
    """
    if path is None:
        found = OwnersFile(version=1)
    else:
        found = validate(OwnersFile, read_yaml(Path(path)), "", path)
    rules = tuple((rule.registry, rule.repository, rule.owner) for rule in found.rules)
    return Owners(rules, found.labels)
