"""Inventory operations of Amazon ECR (JSON 1.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from providers.loopback.aws.manifests import config_type, manifest_text
from providers.loopback.aws.wire import AwsError, Call, Operation, epoch, without_empty
from providers.loopback.estate import Image, Repository
from providers.loopback.paging import Page, PageTokenError

Item = TypeVar("Item")

_EVALUATED_BEFORE = timedelta(hours=7)


def repository_of(call: Call) -> Repository:
    """Return the repository that a request names.

    Raises:
        AwsError: There is none, or it is asked for in the registry of another account.
    """
    name = call.params.get("repositoryName")
    if not isinstance(name, str):
        raise AwsError("InvalidParameterException", "repositoryName is missing")
    found = call.view.repositories.get(name)
    if found is None or call.params.get("registryId", call.view.account) != call.view.account:
        raise AwsError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id "
            f"'{call.params.get('registryId', call.view.account)}'",
        )
    return found


def page_of(call: Call, items: Sequence[Item], *, within: str = "") -> Page[Item]:
    """Return one page of an image or repository listing.

    Raises:
        AwsError: ``maxResults`` above 1000, or a token of another listing.
    """
    cap = call.view.estate.page_size
    try:
        return call.page(items, default=100, most=1000, cap=cap, within=within)
    except PageTokenError as error:
        raise AwsError("InvalidParameterException", str(error)) from error


def describe_repositories(call: Call) -> dict[str, Any]:
    """DescribeRepositories: page default 100, most 1000; names and paging exclude each other."""
    names = call.params.get("repositoryNames")
    if names is not None:
        _refuse_paging(call)
        found = [repository_of(_named(call, name)) for name in names]
        return {"repositories": [_repository(call, one) for one in found]}
    every = tuple(call.view.repositories.values())
    page = page_of(call, every)
    return without_empty(
        {
            "repositories": [_repository(call, one) for one in page.items],
            "nextToken": page.next_token or None,
        }
    )


def describe_images(call: Call) -> dict[str, Any]:
    """DescribeImages: ACTIVE images only, unless the filter asks for others."""
    repository = repository_of(call)
    wanted = call.params.get("imageIds")
    if wanted is not None:
        _refuse_paging(call)
        images = [_wanted_image(repository, one) for one in wanted]
        return {"imageDetails": [_image(call, repository, one) for one in images]}
    asked = call.params.get("filter") or {}
    listed = [image for image in repository.images if _passes(image, asked)]
    within = f"{repository.name}\0{json.dumps(asked, sort_keys=True)}"
    page = page_of(call, listed, within=within)
    if call.view.page_fails(repository.name, page.number):
        raise AwsError("InternalServerError", "An internal error has occurred.", 500)
    return without_empty(
        {
            "imageDetails": [_image(call, repository, image) for image in page.items],
            "nextToken": page.next_token or None,
        }
    )


def batch_get_image(call: Call) -> dict[str, Any]:
    """BatchGetImage: at most 100 ids; what cannot be given is a failure row, with HTTP 200."""
    repository = repository_of(call)
    ids = call.params.get("imageIds") or []
    if not 1 <= len(ids) <= 100:
        raise AwsError("InvalidParameterException", "imageIds must hold 1 to 100 members")
    accepted = call.params.get("acceptedMediaTypes")
    images: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for one in ids:
        image = find_image(repository, one)
        if image is None:
            failures.append(_failure(one, "ImageNotFound", "Requested image not found"))
        elif image.archived:
            failures.append(_failure(one, "ImageInaccessible", "Requested image is archived"))
        elif accepted and image.media_type not in accepted:
            failures.append(_failure(one, "ImageNotFound", "No manifest of an accepted type"))
        else:
            images.append(_manifest(call, repository, image, one))
    return {"images": images, "failures": failures}


def get_lifecycle_policy(call: Call) -> dict[str, Any]:
    """GetLifecyclePolicy: the repository's setting ``lifecycle_policy`` (JSON text)."""
    repository = repository_of(call)
    text = repository.settings.get("lifecycle_policy")
    if not text:
        raise AwsError("LifecyclePolicyNotFoundException", "Lifecycle policy does not exist")
    evaluated = epoch(call.view.estate.moment - _EVALUATED_BEFORE)
    return _of(call, repository) | {"lifecyclePolicyText": text, "lastEvaluatedAt": evaluated}


def get_repository_policy(call: Call) -> dict[str, Any]:
    """GetRepositoryPolicy: the repository's setting ``repository_policy`` (JSON text)."""
    repository = repository_of(call)
    text = repository.settings.get("repository_policy")
    if not text:
        raise AwsError("RepositoryPolicyNotFoundException", "Repository policy does not exist")
    return _of(call, repository) | {"policyText": text}


OPERATIONS: dict[str, Operation] = {
    "DescribeRepositories": describe_repositories,
    "DescribeImages": describe_images,
    "BatchGetImage": batch_get_image,
    "GetLifecyclePolicy": get_lifecycle_policy,
    "GetRepositoryPolicy": get_repository_policy,
}


def _refuse_paging(call: Call) -> None:
    if "maxResults" in call.params or "nextToken" in call.params:
        raise AwsError(
            "InvalidParameterException", "maxResults and nextToken cannot be used with names or ids"
        )


def _named(call: Call, name: str) -> Call:
    return replace(call, params=call.params | {"repositoryName": name})


def _of(call: Call, repository: Repository) -> dict[str, Any]:
    return {"registryId": call.view.account, "repositoryName": repository.name}


def _repository(call: Call, repository: Repository) -> dict[str, Any]:
    view, settings = call.view, repository.settings
    mutability = settings.get("tag_mutability", "MUTABLE")
    excluded = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    return without_empty(
        {
            **_of(call, repository),
            "repositoryArn": view.repository_arn(repository.name),
            "repositoryUri": (
                f"{view.account}.dkr.ecr.{view.region}.amazonaws.com/{repository.name}"
            ),
            "createdAt": epoch(repository.created_at),
            "imageTagMutability": mutability,
            "imageTagMutabilityExclusionFilters": (
                excluded if mutability.endswith("_WITH_EXCLUSION") else None
            ),
            "imageScanningConfiguration": {"scanOnPush": False},
            "encryptionConfiguration": without_empty(
                {
                    "encryptionType": settings.get("encryption_type", "AES256"),
                    "kmsKey": settings.get("kms_key") or None,
                }
            ),
        }
    )


def _image(call: Call, repository: Repository, image: Image) -> dict[str, Any]:
    key = (call.view.account, call.view.region, repository.name, image.digest)
    pulled = call.world.pulled.get(key, image.last_pulled_at)
    return without_empty(
        {
            **_of(call, repository),
            "imageDigest": image.digest,
            "imageTags": list(image.tags) or None,
            "imageSizeInBytes": image.size_bytes,
            "imagePushedAt": epoch(image.pushed_at),
            "imageManifestMediaType": image.media_type,
            "artifactMediaType": config_type(image),
            "lastRecordedPullTime": epoch(pulled) if pulled else None,
            "subjectManifestDigest": image.subject,
            "imageStatus": "ARCHIVED" if image.archived else "ACTIVE",
        }
    )


def _passes(image: Image, asked: dict[str, str]) -> bool:
    status = asked.get("imageStatus", "ACTIVE")
    tagged = asked.get("tagStatus", "ANY")
    if tagged not in {"ANY", "TAGGED" if image.tags else "UNTAGGED"}:
        return False
    return status in {"ANY", "ARCHIVED" if image.archived else "ACTIVE"}


def find_image(repository: Repository, wanted: dict[str, str]) -> Image | None:
    """Return the image that an ``imageId`` (digest, tag or both) names, if there is one."""
    digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
    for image in repository.images:
        if digest in {None, image.digest} and (tag is None or tag in image.tags):
            return image if digest or tag else None
    return None


def _wanted_image(repository: Repository, wanted: dict[str, str]) -> Image:
    image = find_image(repository, wanted)
    if image is None:
        raise AwsError("ImageNotFoundException", "The image with the given id does not exist")
    return image


def _failure(image_id: dict[str, str], code: str, reason: str) -> dict[str, Any]:
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def _manifest(
    call: Call, repository: Repository, image: Image, wanted: dict[str, str]
) -> dict[str, Any]:
    return {
        **_of(call, repository),
        "imageId": {**wanted, "imageDigest": image.digest},
        "imageManifest": manifest_text(repository, image),
        "imageManifestMediaType": image.media_type,
    }
