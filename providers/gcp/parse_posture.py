"""Settings in Artifact Registry messages that are not about what lies in a repository. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.gcp.values import Message, moment_of, text_of, word

ENABLEMENT_CONFIG: Mapping[int, str] = {
    0: "ENABLEMENT_CONFIG_UNSPECIFIED",
    1: "INHERITED",
    2: "DISABLED",
}
"""google.devtools.artifactregistry.v1.Repository.VulnerabilityScanningConfig.EnablementConfig."""
CLEANUP_ACTION: Mapping[int, str] = {0: "ACTION_UNSPECIFIED", 1: "DELETE", 2: "KEEP"}
"""google.devtools.artifactregistry.v1.CleanupPolicy.Action."""
PUBLIC_DOCKER: Mapping[int, str] = {0: "PUBLIC_REPOSITORY_UNSPECIFIED", 1: "DOCKER_HUB"}
"""google.devtools.artifactregistry.v1.RemoteRepositoryConfig.DockerRepository.PublicRepository."""
REDIRECTION: Mapping[int, str] = {
    0: "REDIRECTION_STATE_UNSPECIFIED",
    1: "REDIRECTION_FROM_GCR_IO_DISABLED",
    2: "REDIRECTION_FROM_GCR_IO_ENABLED",
    3: "REDIRECTION_FROM_GCR_IO_FINALIZED",
    5: "REDIRECTION_FROM_GCR_IO_ENABLED_AND_COPYING",
    6: "REDIRECTION_FROM_GCR_IO_PARTIAL_AND_COPYING",
}
"""google.devtools.artifactregistry.v1.ProjectSettings.RedirectionState."""

LEGACY_HOSTS = frozenset({"gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io"})
"""Hosts of Container Registry; each is the id of the repository that answers for it."""
_EVERYTHING = "*"  # a remote repository is one cache, whatever the name asked for


def settings_of(message: Message, mode: str | None, unread: list[str]) -> dict[str, Any]:
    """Read the columns of ``registries`` that one ``Repository`` tells besides its contents.

    Args:
        message: Of ListRepositories.
        mode: STANDARD, REMOTE or VIRTUAL; None where it is not known.
        unread: Notes on columns that stay null, added to.
    """
    config = message.vulnerability_scanning_config
    return {
        "scanning_config": word(ENABLEMENT_CONFIG, config.enablement_config),
        "scanning_reason": text_of(config.enablement_state_reason),
        "scanning_enabled_at": moment_of(config, "last_enable_time"),
        "key_manager": "CUSTOMER" if message.kms_key_name else "none",
        "retention_rules": sorted(
            f"{name}={word(CLEANUP_ACTION, policy.action)}"
            for name, policy in message.cleanup_policies.items()
        ),
        "retention_dry_run": message.cleanup_policy_dry_run,
        "virtual_upstreams": _shown(message),
        "legacy_host": _legacy_host(message.name),
        **(_upstream(message, unread) if mode == "REMOTE" else {}),
    }


def redirection_of(message: Message) -> str:
    """Return the state of a ``ProjectSettings``: what becomes of requests to gcr.io."""
    return word(REDIRECTION, message.legacy_redirection_state)


def _shown(message: Message) -> list[str]:
    policies = message.virtual_repository_config.upstream_policies
    shown = sorted((policy.priority, policy.repository) for policy in policies)
    return [f"{priority}={repository}" for priority, repository in shown]


def _legacy_host(name: str) -> str | None:
    repository = name.rpartition("/")[2]
    return repository if repository in LEGACY_HOSTS else None


def _upstream(message: Message, unread: list[str]) -> dict[str, Any]:
    """Read where a remote repository fetches from, and as whom.

    A password lies in Secret Manager; the message names it and never holds it. Whether the
    upstream was checked is not told: ``disable_upstream_validation`` is input only.
    """
    config = message.remote_repository_config
    upstream = _source(config)
    anonymous = config.upstream_credentials.WhichOneof("credentials") is None
    if upstream is None:
        unread.append("pull_through_rules: its upstream is of a kind that is not known")
    return {
        "pull_through_rules": None if upstream is None else [f"{_EVERYTHING}={upstream}"],
        "pull_through_anonymous": [_EVERYTHING] if anonymous else [],
    }


def _source(config: Message) -> str | None:
    kind = config.WhichOneof("remote_source")
    if kind is None:
        return None
    source = getattr(config, kind)
    if kind == "common_repository":
        return text_of(source.uri)
    if source.WhichOneof("upstream") == "custom_repository" and kind == "docker_repository":
        return text_of(source.custom_repository.uri)
    if kind == "docker_repository" and source.public_repository:
        return word(PUBLIC_DOCKER, source.public_repository)
    return kind if kind != "docker_repository" else None
