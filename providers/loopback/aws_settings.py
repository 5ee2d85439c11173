"""Settings of the demo's AWS registries: what an estate that grew by hand looks like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from providers.loopback.estate import Estate, Place, Registry, Repository

_PARTNER = "999999999999"


def _policy(principal: object, *actions: str, **more: object) -> str:
    grant = {"Effect": "Allow", "Principal": principal, "Action": list(actions), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [grant]})


_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_OURS = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-acme0acme0"}}}
_LIFECYCLE = {"rulePriority": 1, "action": {"type": "expire"}}
_SORTS: tuple[Mapping[str, str], ...] = (
    {
        "tags": "team=platform,env=prod",
        "lifecycle_policy": json.dumps({"rules": [_LIFECYCLE]}),
        "encryption_type": "KMS",
        "kms_key": "alias/registries",
        "repository_policy": _policy("*", *_PULL, **_OURS),
    },
    {"tags": "team=web", "lifecycle_policy": json.dumps({"rules": [_LIFECYCLE]})},
    {"encryption_type": "KMS", "kms_key": "alias/aws/ecr", "key_manager": "AWS"},
    {"tags": "team=data", "repository_policy": _policy({"AWS": _PARTNER}, *_PULL)},
    {"repository_policy": _policy("*", *_PULL)},
)
"""Sorts of repositories: looked after, half so, by default, shared with a partner, open to all."""
_REGISTRY = {
    "replication": f"{_PARTNER}/eu-central-1",
    "pull_through": json.dumps(
        [{"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"}],
    ),
    "suppression_filters": "accepted-in-the-console",
}


def with_aws_settings(estate: Estate) -> Estate:
    """Return the estate with settings in every AWS registry and repository."""
    places = tuple(_settled(place) if place.provider == "aws" else place for place in estate.places)
    return replace(estate, places=places)


def _settled(place: Place) -> Place:
    registries = tuple(
        replace(
            registry,
            settings={**registry.settings, **_REGISTRY},
            repositories=_sorted(registry),
        )
        for registry in place.registries
    )
    return replace(place, registries=registries)


def _sorted(registry: Registry) -> tuple[Repository, ...]:
    return tuple(
        replace(one, settings={**one.settings, **_SORTS[number % len(_SORTS)]})
        for number, one in enumerate(registry.repositories)
    )
