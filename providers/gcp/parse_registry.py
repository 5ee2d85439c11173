"""Artifact Registry ``Repository`` messages -> rows of ``registries``. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.gcp.names import registry_id_of
from providers.gcp.parse_posture import settings_of
from providers.gcp.values import ENABLEMENT_STATE, FORMAT, MODE, Message, moment_of, word

_SCANNING = {"SCANNING_ACTIVE": True, "SCANNING_DISABLED": False}
_MODES = {
    "STANDARD_REPOSITORY": "STANDARD",
    "REMOTE_REPOSITORY": "REMOTE",
    "VIRTUAL_REPOSITORY": "VIRTUAL",
}
_UNSPECIFIED, _DOCKER = 0, 1  # Repository.Format
_DELETE, _KEEP = 1, 2  # CleanupPolicy.Action


@dataclass(frozen=True)
class Registry:
    """One Artifact Registry repository: a registry in the tool's words.

    Attributes:
        name: Resource name, ``projects/P/locations/L/repositories/R``.
        row: Cells of its ``registries`` row, the scope's own columns left out.
        holds_images: Whether it may have container images of its own: a known format other than
            DOCKER has none, and a virtual one shows those of others.
        doubt: Why an empty list of images is not believed; empty when it is.
    """

    name: str
    registry_id: str
    row: dict[str, Any]
    holds_images: bool
    doubt: str = ""


def registry_of(message: Message) -> Registry:
    """Read one ``Repository`` of ListRepositories.

    Raises:
        BrokenPageError: Its name is not that of a repository.
    """
    registry_id = registry_id_of(message.name)
    unread: list[str] = []
    artifact_format, doubt = _format(message, unread)
    mode = _mode(message, unread)
    row = {
        "registry_id": registry_id,
        "native_id": message.name,
        "format": artifact_format,
        "mode": mode,
        "created_at": moment_of(message, "create_time"),
        "tag_mutability": _tag_mutability(message, artifact_format),
        "kms_key": message.kms_key_name,
        "retention_enabled": _retention(message, unread),
        "labels": sorted(f"{key}={value}" for key, value in message.labels.items()),
        **_scanning(message, unread),
        **settings_of(message, mode, unread),
        "unread": unread,
    }
    holds_images = (artifact_format == "DOCKER" or bool(doubt)) and mode != "VIRTUAL"
    return Registry(message.name, registry_id, row, holds_images, doubt)


def _format(message: Message, unread: list[str]) -> tuple[str, str]:
    """Return the format (DOCKER where none is told) and why it is doubted, if it is."""
    number = message.format_
    if number == _UNSPECIFIED:
        return word(FORMAT, _DOCKER), f"{message.name} lists no image and tells no format (0)"
    if number not in FORMAT:
        unread.append(f"format: {number} is not a known format")
        return str(number), f"{message.name} lists no image, but its format {number} is not known"
    return word(FORMAT, number), ""


def _mode(message: Message, unread: list[str]) -> str | None:
    native = word(MODE, message.mode)
    if native not in _MODES:
        unread.append(f"mode: {native} is not a known mode")
    return _MODES.get(native)


def _tag_mutability(message: Message, artifact_format: str) -> str | None:
    if artifact_format != "DOCKER":
        return None
    return "IMMUTABLE" if message.docker_config.immutable_tags else "MUTABLE"


def _scanning(message: Message, unread: list[str]) -> dict[str, Any]:
    """Read whether Google scans here; the state already weighs the project's own switch."""
    native = word(ENABLEMENT_STATE, message.vulnerability_scanning_config.enablement_state)
    enabled = _SCANNING.get(native)
    if enabled is None:
        why = message.vulnerability_scanning_config.enablement_state_reason
        unread.append(f"scanning_enabled: {native}" + (f" ({why})" if why else ""))
    return {"scanning_enabled": enabled, "scan_type": native}


def _retention(message: Message, unread: list[str]) -> bool | None:
    """Whether a clean-up policy deletes something; a dry run and a KEEP delete nothing."""
    actions = {policy.action for policy in message.cleanup_policies.values()}
    if message.cleanup_policy_dry_run:
        return False
    if _DELETE in actions:
        return True
    if actions <= {_KEEP}:
        return False
    unread.append(f"retention_enabled: clean-up action {max(actions)} is not a known action")
    return None
