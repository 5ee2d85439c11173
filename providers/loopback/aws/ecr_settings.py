"""Settings of an Amazon ECR registry, as the estate's ``Registry.settings`` describe them.

Texts by key: ``registry_policy`` (JSON), ``replication`` (``account/region``, by commas),
``pull_through``, ``creation_templates`` and ``signing_rules`` (JSON lists of the API's own rows),
``pull_time_exclusions`` (ARNs, by commas), and the account settings by their names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from providers.loopback.aws.wire import AwsError, Call, Operation, epoch, without_empty
from providers.loopback.estate import Repository
from providers.loopback.paging import PageTokenError

_ACCOUNT_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE",
    "REGISTRY_POLICY_SCOPE": "V2",
    "BLOB_MOUNTING": "DISABLED",
}


def get_registry_policy(call: Call) -> dict[str, Any]:
    """GetRegistryPolicy."""
    text = _setting(call, "registry_policy")
    if not text:
        raise AwsError("RegistryPolicyNotFoundException", "Registry policy does not exist")
    return {"registryId": call.view.account, "policyText": text}


def describe_registry(call: Call) -> dict[str, Any]:
    """DescribeRegistry: one replication rule for all destinations, none where there are none."""
    places = [place.partition("/") for place in _listed(call, "replication")]
    destinations = [{"region": region, "registryId": account} for account, _, region in places]
    rules = [{"destinations": destinations}] if destinations else []
    return {"registryId": call.view.account, "replicationConfiguration": {"rules": rules}}


def describe_pull_through_cache_rules(call: Call) -> dict[str, Any]:
    """DescribePullThroughCacheRules: page default 100, most 1000."""
    rules = [{"registryId": call.view.account, **rule} for rule in _rows(call, "pull_through")]
    return _paged(call, "pullThroughCacheRules", rules)


def describe_repository_creation_templates(call: Call) -> dict[str, Any]:
    """DescribeRepositoryCreationTemplates: page default 100, most 1000."""
    return _paged(call, "repositoryCreationTemplates", _rows(call, "creation_templates"))


def get_signing_configuration(call: Call) -> dict[str, Any]:
    """GetSigningConfiguration."""
    rules = _rows(call, "signing_rules")
    if not rules:
        raise AwsError("SigningConfigurationNotFoundException", "There is no configuration")
    return {"registryId": call.view.account, "signingConfiguration": {"rules": rules}}


def get_account_setting(call: Call) -> dict[str, Any]:
    """GetAccountSetting: one of three names."""
    name = str(call.params.get("name"))
    if name not in _ACCOUNT_SETTINGS:
        raise AwsError("InvalidParameterException", f"no account setting {name!r}")
    return {"name": name, "value": _setting(call, name) or _ACCOUNT_SETTINGS[name]}


def list_pull_time_update_exclusions(call: Call) -> dict[str, Any]:
    """ListPullTimeUpdateExclusions: principals whose pulls leave no pull time."""
    return _paged(call, "pullTimeUpdateExclusions", _listed(call, "pull_time_exclusions"))


def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """ListTagsForResource of one repository."""
    arn = str(call.params.get("resourceArn"))
    for repository in call.view.repositories.values():
        if call.view.repository_arn(repository.name) == arn:
            return {"tags": tags_of(repository)}
    raise AwsError("RepositoryNotFoundException", f"There is no repository {arn}")


OPERATIONS: dict[str, Operation] = {
    "GetRegistryPolicy": get_registry_policy,
    "DescribeRegistry": describe_registry,
    "DescribePullThroughCacheRules": describe_pull_through_cache_rules,
    "DescribeRepositoryCreationTemplates": describe_repository_creation_templates,
    "GetSigningConfiguration": get_signing_configuration,
    "GetAccountSetting": get_account_setting,
    "ListPullTimeUpdateExclusions": list_pull_time_update_exclusions,
    "ListTagsForResource": list_tags_for_resource,
}


def tags_of(repository: Repository) -> list[dict[str, str]]:
    """Return a repository's tags: its setting ``tags`` (``key=value``, by commas)."""
    given = [one.partition("=") for one in repository.settings.get("tags", "").split(",") if one]
    return [{"Key": key, "Value": value} for key, _, value in given]


def describe_key(call: Call) -> dict[str, Any]:
    """KMS DescribeKey of a repository's key: AWS's own if the setting ``key_manager`` says so."""
    key = str(call.params.get("KeyId"))
    users = [r for r in call.view.repositories.values() if r.settings.get("kms_key") == key]
    if not users:
        raise AwsError("NotFoundException", f"Key '{key}' does not exist")
    name = key.rpartition("/")[2]
    arn = f"arn:aws:kms:{call.view.region}:{call.view.account}:key/{name}"
    return {
        "KeyMetadata": {
            "AWSAccountId": call.view.account,
            "KeyId": name,
            "Arn": arn,
            "CreationDate": epoch(users[0].created_at),
            "Enabled": True,
            "KeyManager": users[0].settings.get("key_manager", "CUSTOMER"),
        }
    }


KMS_OPERATIONS: dict[str, Operation] = {"DescribeKey": describe_key}


def get_resources(call: Call) -> dict[str, Any]:
    """Tagging API GetResources: tagged repositories alone; most 100 a page, an empty last token."""
    if call.params.get("ResourceTypeFilters") != ["ecr:repository"]:
        raise AwsError("InvalidParameterException", "only ecr:repository is known here")
    rows = [
        {"ResourceARN": call.view.repository_arn(one.name), "Tags": tags_of(one)}
        for one in call.view.repositories.values()
        if one.settings.get("tags")
    ]
    params = {
        "maxResults": call.params.get("ResourcesPerPage", 50),
        "nextToken": call.params.get("PaginationToken"),
    }
    asked = Call(call.operation, call.view, params, call.world)
    try:
        page = asked.page(rows, default=50, most=100, cap=call.view.estate.page_size)
    except PageTokenError as error:
        raise AwsError("InvalidParameterException", str(error)) from error
    return {"ResourceTagMappingList": list(page.items), "PaginationToken": page.next_token}


TAG_OPERATIONS: dict[str, Operation] = {"GetResources": get_resources}


def get_configuration(call: Call) -> dict[str, Any]:
    """Inspector GetConfiguration: how long images are scanned again."""
    state = {
        "rescanDuration": _setting(call, "rescan_duration") or "DAYS_14",
        "status": "SUCCESS",
        "pullDateRescanDuration": _setting(call, "pull_rescan_duration") or "DAYS_14",
        "pullDateRescanMode": _setting(call, "pull_rescan_mode") or "LAST_IN_USE_AT",
    }
    return {"ecrConfiguration": {"rescanDurationState": state}}


def list_filters(call: Call) -> dict[str, Any]:
    """Inspector ListFilters: the setting ``suppression_filters`` names them, by commas."""
    rows = [
        {
            "arn": f"arn:aws:inspector2:{call.view.region}:{call.view.account}:owner/filter/{name}",
            "ownerId": call.view.account,
            "name": name,
            "criteria": {},
            "action": "SUPPRESS",
            "createdAt": epoch(call.view.estate.moment),
            "updatedAt": epoch(call.view.estate.moment),
        }
        for name in _listed(call, "suppression_filters")
    ]
    wanted = call.params.get("action", "SUPPRESS")
    return _paged(call, "filters", rows if wanted == "SUPPRESS" else [], most=100)


INSPECTOR_OPERATIONS: dict[str, tuple[str, Operation]] = {
    "/configuration/get": ("GetConfiguration", get_configuration),
    "/filters/list": ("ListFilters", list_filters),
}


def _paged(call: Call, key: str, rows: Sequence[Any], most: int = 1000) -> dict[str, Any]:
    try:
        page = call.page(rows, default=100, most=most, cap=call.view.estate.page_size)
    except PageTokenError as error:
        raise AwsError("InvalidParameterException", str(error)) from error
    return without_empty({key: list(page.items), "nextToken": page.next_token or None})


def _setting(call: Call, key: str) -> str:
    registry = call.view.registry
    return registry.settings.get(key, "") if registry else ""


def _listed(call: Call, key: str) -> list[str]:
    return [one for one in _setting(call, key).split(",") if one]


def _rows(call: Call, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(_setting(call, key) or "[]")
    return rows
