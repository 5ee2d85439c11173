"""Settings of the repositories: policy, lifecycle, key and tags."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from audit.errors import NotFoundError, SourceError
from providers.aws import api
from providers.aws.api import Answer, member, whole_rows
from providers.aws.asking import Asker, Facts, pairs, told
from providers.aws.parse_inventory import repository_name
from providers.aws.posture_registry import ACCESS, access_of

_MANAGERS = frozenset({"AWS", "CUSTOMER"})
_KEYED = frozenset({"KMS", "KMS_DSSE"})
_UNENCRYPTED_BY_KEY = "AES256"


def read_repositories(asker: Asker, rows: Sequence[Answer]) -> dict[str, Facts]:
    """Return the ``repositories`` columns that DescribeRepositories does not tell, by name.

    Args:
        asker: Who asks.
        rows: DescribeRepositories rows with a name each.
    """
    keys, labels = _Keys(asker), _labels(asker, rows)
    found: dict[str, Facts] = {}
    for row in rows:
        name = repository_name(row)
        facts = found[name] = Facts()
        asker.ask(facts, partial(_policy, asker, name), *ACCESS)
        columns = ("retention_enabled", "retention_evaluated_at")
        asker.ask(facts, partial(_lifecycle, asker, name), *columns)
        facts.take(keys.manager(row))
        facts.take(labels[name])
    return found


def _policy(asker: Asker, name: str) -> Facts:
    operation, none = api.ECR_REPOSITORY_POLICY, "RepositoryPolicyNotFoundException"
    text = asker.text(operation, "policyText", none, repositoryName=name)
    return access_of(asker, text, operation)


def _lifecycle(asker: Asker, name: str) -> Facts:
    """ECR evaluates a policy within a day of its making: no time means not yet."""
    try:
        answer = asker.call(api.ECR_LIFECYCLE, "lifecyclePolicyText", repositoryName=name)
    except NotFoundError as error:
        if error.code != "LifecyclePolicyNotFoundException":
            raise
        return told(retention_enabled=False)
    return told(retention_enabled=True, retention_evaluated_at=answer.get("lastEvaluatedAt"))


class _Keys:
    """Who manages the keys; each key is asked for once (kms DescribeKey)."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._known: dict[str, Facts] = {}

    def manager(self, row: Answer) -> Facts:
        """Return ``key_manager`` of a DescribeRepositories row."""
        encryption = row.get("encryptionConfiguration") or {}
        kind, key = encryption.get("encryptionType"), encryption.get("kmsKey")
        if kind == _UNENCRYPTED_BY_KEY:
            return told(key_manager="none")
        if kind not in _KEYED or not key:
            facts = Facts()
            facts.miss("no key is named" if kind in _KEYED else f"encryption {kind}", "key_manager")
            return facts
        if key not in self._known:
            facts = self._known[key] = Facts()
            self._asker.ask(facts, partial(self._describe, key), "key_manager")
        return self._known[key]

    def _describe(self, key: str) -> Facts:
        needs = "KeyMetadata"
        manager = self._asker.call(api.KMS_KEY, needs, KeyId=key)[needs].get("KeyManager")
        if manager in _MANAGERS:
            return told(key_manager=manager)
        facts = Facts()
        facts.miss(f"unknown manager {manager}", "key_manager")
        return facts


def _labels(asker: Asker, rows: Sequence[Answer]) -> dict[str, Facts]:
    """Read the tags of all at once (tag GetResources), or one by one where that is refused."""
    if not rows:
        return {}
    try:
        tagged = _tagged(asker)
    except SourceError as error:
        asker.place.context.log.info(
            "tags of %s are read one by one: %s", asker.place.scope_id, error
        )
        return {repository_name(row): _tags_of(asker, row) for row in rows}
    # A repository without tags is not in the answer.
    arns = {repository_name(row): row.get("repositoryArn", "") for row in rows}
    return {name: told(labels=tagged.get(arn, [])) for name, arn in arns.items()}


def _tagged(asker: Asker) -> dict[str, list[str]]:
    operation, needs = api.TAGGED_RESOURCES, "ResourceTagMappingList"
    asked = {"ResourceTypeFilters": ["ecr:repository"], "ResourcesPerPage": 100}
    return {
        member(row, "ResourceARN", operation): _texts(row.get("Tags"), operation)
        for row in asker.rows(operation, needs, **asked)
    }


def _tags_of(asker: Asker, row: Answer) -> Facts:
    operation, arn = api.ECR_REPOSITORY_TAGS, row.get("repositoryArn", "")
    facts = Facts()
    asker.ask(
        facts,
        lambda: told(
            labels=_texts(asker.call(operation, "tags", resourceArn=arn)["tags"], operation)
        ),
        "labels",
    )
    return facts


def _texts(tags: Sequence[Answer] | None, operation: str) -> list[str]:
    rows = whole_rows(tags or (), operation)
    return pairs((member(tag, "Key", operation), member(tag, "Value", operation)) for tag in rows)
