"""Operations in the code, the list of permissions and the roles in the template are one thing."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from providers.azure import names
from providers.azure.parse_children import SETTINGS_OF
from providers.azure.permissions import PERMISSIONS, Mode
from tests.support.project import ROOT

TEMPLATE = json.loads((ROOT / "schedules/azure/roles.json").read_text("utf-8"))
_EXPRESSION = re.compile(r"(parameters|variables)\('([^']+)'\)")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BUILT_IN = {
    "repositoryReader": {
        "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
        "Microsoft.ContainerRegistry/registries/repositories/content/read",
    },
    "repositoryCatalogLister": {"Microsoft.ContainerRegistry/registries/catalog/read"},
}
"""Data actions of the two built-in roles, as Microsoft's own role definitions list them."""


def operations() -> Iterator[str]:
    """Every operation that a ``Call`` in the adapter names."""
    for path in sorted((ROOT / "providers/azure").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Call":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)
                elif isinstance(first, ast.JoinedStr):
                    yield from (f"arm:registries/{kind}" for kind in SETTINGS_OF)
                elif ast.unparse(first) == "LIST_SUBSCRIPTIONS":
                    yield "resourcegraph:subscriptions"
                else:
                    assert path.name == "doctor.py"  # it goes through the permissions


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
    elif isinstance(value, str):
        yield value


def role() -> dict[str, Any]:
    (found,) = [r for r in TEMPLATE["resources"] if r["type"].endswith("/roleDefinitions")]
    properties: dict[str, Any] = found["properties"]
    return properties


def test_every_operation_of_the_code_has_its_permission():
    """Save what anyone may who has an identity: a pull takes what ``acr:GetManifest`` takes."""
    assert set(operations()) - {"entra:GetToken", "acr:Exchange"} == {
        one.operation for one in PERMISSIONS
    }


@pytest.mark.parametrize("mode", [Mode.LEGACY, Mode.ABAC])
def test_every_operation_on_a_registry_has_one_for_each_mode(mode):
    of_registries = {one.operation for one in PERMISSIONS if one.operation.startswith("acr:")}
    assert {one.operation for one in PERMISSIONS if one.mode is mode} == of_registries


def test_the_words_of_errors_name_the_same_actions():
    told = {
        found
        for name, words in vars(names).items()
        if name.isupper() and isinstance(words, str)
        for found in re.findall(r"Microsoft\.[\w./{}]+", words)
    }
    told = {one.format(kind) for one in told for kind in (SETTINGS_OF if "{}" in one else ("",))}
    listed = {one.action for one in PERMISSIONS}
    assert told <= listed
    assert listed - told <= {"Microsoft.ContainerRegistry/registries/repositories/content/read"}


def test_the_custom_role_allows_what_is_needed_and_no_more():
    (granted,) = role()["permissions"]
    needed = {one.action for one in PERMISSIONS if not one.data}
    groups = {"Microsoft.Management/managementGroups/read"}  # to look below configured groups
    assert set(granted["actions"]) == needed | groups
    assert granted["actions"] == sorted(granted["actions"])
    assert granted["dataActions"] == []  # none may be assigned at a management group


def test_the_built_in_roles_allow_what_repository_permissions_ask_for():
    given = set().union(*BUILT_IN.values())
    assert {one.action for one in PERMISSIONS if one.data} == given
    assigned = json.dumps(TEMPLATE["resources"])
    assert all(f"variables('{name}')" in assigned for name in BUILT_IN)


def test_nothing_is_allowed_but_reading():
    assert all(action.endswith("/read") for action in role()["permissions"][0]["actions"])
    assert not [one for one in strings(TEMPLATE) if re.search(r"/(write|delete|action)\b|\*", one)]


def test_the_template_is_one_of_a_management_group_and_whole():
    assert TEMPLATE["$schema"].endswith("/managementGroupDeploymentTemplate.json#")
    assert set(TEMPLATE) == {
        *("$schema", "contentVersion", "metadata", "parameters", "variables", "resources"),
        "outputs",
    }
    for resource in TEMPLATE["resources"]:
        assert resource["type"].startswith("Microsoft.Authorization/")
        assert resource["apiVersion"] == "2022-04-01"
        assert {"name", "properties"} <= resource.keys()
    for parameter in TEMPLATE["parameters"].values():
        assert parameter["metadata"]["description"]
        assert parameter["type"] in {"string", "bool"}
    for name in BUILT_IN:
        assert _GUID.fullmatch(TEMPLATE["variables"][name])


def test_every_expression_is_balanced_and_names_what_is_there():
    expressions = [one for one in strings(TEMPLATE) if one.startswith("[")]
    assert expressions
    used = set()
    for one in expressions:
        assert one.endswith("]")
        assert one.count("(") == one.count(")")
        assert one.count("'") % 2 == 0
        for kind, name in _EXPRESSION.findall(one):
            assert name in TEMPLATE[kind], one
            used.add((kind, name))
    declared = {(kind, name) for kind in ("parameters", "variables") for name in TEMPLATE[kind]}
    assert declared == used


def test_what_is_lost_without_a_permission_is_a_sentence():
    for one in PERMISSIONS:
        assert re.fullmatch(r"[A-Z].*\.", one.costs), one
