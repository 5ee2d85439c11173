"""Images of Amazon ECR as AWS's findings name them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from audit.errors import ReportFileError
from providers.files.fields import AGAIN, Record
from providers.files.reference import is_digest
from providers.files.subject import BY_DIGEST, Subject

_ARN = re.compile(
    r"arn:(?P<partition>aws[\w-]*):ecr:(?P<region>[\w-]+):(?P<account>\d{12}):repository/"
    r"(?P<repository>.+)/(?P<digest>sha256:[0-9a-f]{64})",
    re.ASCII,
)
"""Names of repositories hold slashes: the digest is what follows the last."""
_DOMAINS = {"aws-cn": "amazonaws.com.cn"}


def image_of_arn(arn: str, tags: Sequence[str]) -> Subject | None:
    """Return the image of an ARN, or None when it is that of something else."""
    return _image_of(arn, tuple(tags))


@lru_cache(maxsize=4096)  # a list names each image once for every finding
def _image_of(arn: str, tags: tuple[str, ...]) -> Subject | None:
    found = _ARN.fullmatch(arn)
    if found is None:
        return None
    registry = registry_of(found["account"], found["region"], found["partition"])
    known, said = tuple(sorted(set(tags))), f"{registry}/{found['repository']}@{found['digest']}"
    return Subject(registry, found["repository"], found["digest"], BY_DIGEST, known, said)


def registry_of(account: str, region: str, partition: str = "aws") -> str:
    """Return the host of an account's registry in a region."""
    return f"{account}.dkr.ecr.{region}.{_DOMAINS.get(partition, 'amazonaws.com')}"


def needed_image(resource: Record, key: str, tags: Sequence[str]) -> Subject:
    """Return the image of a resource that says it is one.

    Raises:
        ReportFileError: Its id is not the ARN of an image with a digest.
    """
    arn = resource.needed_text(key)
    subject = image_of_arn(arn, tags)
    if subject is None:
        message = f"{ascii(arn)[:100]} is not the ARN of an ECR image"
        raise ReportFileError(message, where=resource.where(key), cure=AGAIN)
    return subject


def image_of_answer(answer: Record, region: str) -> Subject:
    """Return the image of an answer of ECR: ``registryId``, ``repositoryName``, ``imageId``.

    Raises:
        ReportFileError: It does not tell them; or no region is known, which no answer tells.
    """
    account, repository = answer.needed_text("registryId"), answer.needed_text("repositoryName")
    digest = answer.record("imageId").needed_text("imageDigest")
    if not is_digest(digest):
        where = answer.record("imageId").where("imageDigest")
        raise ReportFileError(f"{ascii(digest)[:80]} is no digest", where=where, cure=AGAIN)
    if not region:
        raise ReportFileError(
            "ECR's answers do not say which region they are of",
            where="registryId",
            cure="import it with --region REGION",
        )
    tag = answer.record("imageId").text("imageTag")
    tags, registry = (tag,) if tag else (), registry_of(account, region)
    return Subject(
        registry, repository, digest, BY_DIGEST, tags, f"{registry}/{repository}@{digest}"
    )
