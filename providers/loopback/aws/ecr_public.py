"""Amazon ECR Public (JSON 1.1): a public registry of an account, in us-east-1 only."""

from __future__ import annotations

from typing import Any

from providers.loopback.aws.ecr import page_of, repository_of
from providers.loopback.aws.manifests import config_type
from providers.loopback.aws.wire import AwsError, Call, Operation, epoch, without_empty
from providers.loopback.estate import Image, Repository

HOME = "us-east-1"


def describe_repositories(call: Call) -> dict[str, Any]:
    """DescribeRepositories: names and addresses, no settings."""
    _check_region(call)
    page = page_of(call, tuple(call.view.repositories.values()))
    return without_empty(
        {
            "repositories": [_repository(call, one) for one in page.items],
            "nextToken": page.next_token or None,
        }
    )


def describe_images(call: Call) -> dict[str, Any]:
    """DescribeImages: no pull time, no status, no subject, no scan."""
    _check_region(call)
    repository = repository_of(call)
    page = page_of(call, repository.images, within=repository.name)
    return without_empty(
        {
            "imageDetails": [_image(call, repository, one) for one in page.items],
            "nextToken": page.next_token or None,
        }
    )


OPERATIONS: dict[str, Operation] = {
    "DescribeRepositories": describe_repositories,
    "DescribeImages": describe_images,
}


def _check_region(call: Call) -> None:
    if call.view.region != HOME:
        raise AwsError("UnsupportedCommandException", f"not served in {call.view.region}")


def _repository(call: Call, repository: Repository) -> dict[str, Any]:
    registry = call.view.registry
    host = registry.registry_id if registry else ""
    return {
        "repositoryArn": f"arn:aws:ecr-public::{call.view.account}:repository/{repository.name}",
        "registryId": call.view.account,
        "repositoryName": repository.name,
        "repositoryUri": f"{host}/{repository.name}",
        "createdAt": epoch(repository.created_at),
    }


def _image(call: Call, repository: Repository, image: Image) -> dict[str, Any]:
    return without_empty(
        {
            "registryId": call.view.account,
            "repositoryName": repository.name,
            "imageDigest": image.digest,
            "imageTags": list(image.tags) or None,
            "imageSizeInBytes": image.size_bytes,
            "imagePushedAt": epoch(image.pushed_at),
            "imageManifestMediaType": image.media_type,
            "artifactMediaType": config_type(image),
        }
    )
