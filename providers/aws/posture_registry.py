"""Settings of a registry: policy, replication, caches, templates, signing, exclusions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from audit.errors import NotFoundError
from providers.aws import api
from providers.aws.api import Answer, member, whole_rows
from providers.aws.asking import Asker, Facts, pairs, told
from providers.aws.parse_policy import access_columns, no_policy, read_grants

ACCESS = tuple(no_policy())
_SETTINGS = {
    "scanner_generation": "BASIC_SCAN_TYPE_VERSION",
    "policy_scope": "REGISTRY_POLICY_SCOPE",
    "blob_mounting": "BLOB_MOUNTING",
}
_ROLE = re.compile(r"^arn:[^:]+:(?:sts|iam)::([0-9]{12}):(?:assumed-role|role)/(.+)$")


def read_registry(asker: Asker) -> Facts:
    """Return the ``registries`` columns that ECR itself tells of."""
    facts = Facts()
    asker.ask(facts, partial(_policy, asker), *ACCESS)
    asker.ask(facts, partial(_replication, asker), "replication_destinations")
    caches = ("pull_through_rules", "pull_through_anonymous")
    asker.ask(facts, partial(_pull_through, asker), *caches)
    asker.ask(facts, partial(_templates, asker), "creation_templates")
    asker.ask(facts, partial(_signing, asker), "signing_rules")
    for column, name in _SETTINGS.items():
        asker.ask(facts, partial(_setting, asker, column, name), column)
    asker.ask(facts, partial(_exclusions, asker), "pull_time_exclusions")
    _own_exclusion(asker, facts)
    return facts


def access_of(asker: Asker, text: str | None, operation: str) -> Facts:
    """Return the columns on access of a policy's text; None means that there is no policy.

    Raises:
        BrokenPageError: The text is no policy.
    """
    if text is None:
        return Facts(no_policy())
    grants = read_grants(text, operation, asker.place.account)
    return Facts(*access_columns(grants, asker.place.organisation))


def _policy(asker: Asker) -> Facts:
    operation = api.ECR_REGISTRY_POLICY
    text = asker.text(operation, "policyText", "RegistryPolicyNotFoundException")
    return access_of(asker, text, operation)


def _replication(asker: Asker) -> Facts:
    operation, needs = api.ECR_REGISTRY, "replicationConfiguration"
    rules = whole_rows(asker.call(operation, needs)[needs].get("rules") or (), operation)
    destinations = {
        (member(one, "registryId", operation), member(one, "region", operation))
        for rule in rules
        for one in whole_rows(rule.get("destinations") or (), operation)
    }
    return told(replication_destinations=pairs(destinations, "/"))


def _pull_through(asker: Asker) -> Facts:
    """A rule reaches its upstream with a secret, with a role (another ECR), or as anyone."""
    operation = api.ECR_PULL_THROUGH
    rules = asker.rows(operation, "pullThroughCacheRules", maxResults=1000)
    named = [(member(rule, "ecrRepositoryPrefix", operation), rule) for rule in rules]
    bare = [
        name for name, one in named if not (one.get("credentialArn") or one.get("customRoleArn"))
    ]
    upstreams = [(name, member(one, "upstreamRegistryUrl", operation)) for name, one in named]
    return told(pull_through_rules=pairs(upstreams), pull_through_anonymous=sorted(bare))


def _templates(asker: Asker) -> Facts:
    operation = api.ECR_TEMPLATES
    rows = asker.rows(operation, "repositoryCreationTemplates", maxResults=1000)
    templates = [
        (member(row, "prefix", operation), "+".join(sorted(row.get("appliedFor") or ())))
        for row in rows
    ]
    return told(creation_templates=pairs(templates))


def _signing(asker: Asker) -> Facts:
    operation, needs = api.ECR_SIGNING, "signingConfiguration"
    try:
        rules = asker.call(operation, needs)[needs].get("rules") or ()
    except NotFoundError as error:
        if error.code != "SigningConfigurationNotFoundException":
            raise
        rules = ()
    found = [
        (pattern, member(rule, "signingProfileArn", operation))
        for rule in whole_rows(rules, operation)
        for pattern in _patterns(rule, operation)
    ]
    return told(signing_rules=pairs(found))


def _patterns(rule: Answer, operation: str) -> list[str]:
    """A rule without filters holds for every repository."""
    filters = whole_rows(rule.get("repositoryFilters") or (), operation)
    return [member(one, "filter", operation) for one in filters] or ["*"]


def _setting(asker: Asker, column: str, name: str) -> Facts:
    return Facts({column: asker.call(api.ECR_ACCOUNT_SETTING, "value", name=name)["value"]})


def _exclusions(asker: Asker) -> Facts:
    needs = "pullTimeUpdateExclusions"
    pages = asker.place.api.pages(asker.tally, api.ECR_PULL_EXCLUSIONS, needs, maxResults=1000)
    return told(pull_time_exclusions=sorted(str(one) for page in pages for one in page[needs]))


def _own_exclusion(asker: Asker, facts: Facts) -> None:
    """Whether the tool is among them: nobody needs to be asked where the list is empty."""
    column = "own_pulls_excluded"
    excluded = facts.columns.get("pull_time_exclusions")
    if excluded is None:
        facts.miss("pull_time_exclusions was not read", column)
    elif not excluded:
        facts.columns[column] = False
    else:
        asker.ask(facts, lambda: told(own_pulls_excluded=_is_among(asker, excluded)), column)


def _is_among(asker: Asker, excluded: Sequence[str]) -> bool:
    own = str(asker.call(api.STS_IDENTITY, "Arn")["Arn"])
    return any(same_principal(own, one) for one in excluded)


def same_principal(caller: str, principal: str) -> bool:
    """Whether a caller (sts GetCallerIdentity ``Arn``) is a principal of IAM.

    An assumed role is named without its path there, and with the session after it.
    """
    asked, listed = _ROLE.match(caller), _ROLE.match(principal)
    if asked is None or listed is None:
        return caller == principal
    name = asked.group(2).split("/")[0] if ":assumed-role/" in caller else _last(asked.group(2))
    return (asked.group(1), name) == (listed.group(1), _last(listed.group(2)))


def _last(path: str) -> str:
    return path.rpartition("/")[2]
