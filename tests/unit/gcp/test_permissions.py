"""What the code calls, what the permissions name and what the roles grant are the same."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest
import yaml

import providers.gcp
from providers.gcp.failures import Operation
from providers.gcp.permissions import PERMISSIONS, Where, named, needed
from tests.support.project import ROOT

FOLDER = ROOT / "schedules/gcp"
ROLES = {
    "discovery-role.yaml": Where.ABOVE,
    "reader-role.yaml": Where.PROJECT,
    "pull-role.yaml": Where.SCANNED,
}


def operations() -> set[Operation]:
    """Return every operation that a module of the adapter names."""
    found: set[Operation] = set()
    for module in pkgutil.iter_modules(providers.gcp.__path__):
        names = vars(importlib.import_module(f"providers.gcp.{module.name}"))
        found |= {value for value in names.values() if isinstance(value, Operation)}
    return {one for one in found if one.permission}


def role(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    return found


def test_the_operations_of_the_code_are_those_with_a_permission():
    called = {(one.name, one.permission) for one in operations()}
    assert called == {(one.operation, one.name) for one in PERMISSIONS}
    assert len(PERMISSIONS) == len({one.operation for one in PERMISSIONS})


def test_the_code_has_no_way_to_write():
    """One POST, which reads a policy; of the generated clients only what lists or gets."""
    files = {path.name: path.read_text("utf-8") for path in (ROOT / "providers/gcp").glob("*.py")}
    verbs = re.findall(r'"(GET|POST|PUT|PATCH|DELETE)"', files["rest.py"])
    assert sorted(verbs) == ["GET", "POST"]
    every = "".join(files.values())
    assert len(re.findall(r"rest\.post\(", every)) == 1
    asked = files["client.py"] + files["posture_calls.py"]
    called = set(re.findall(r"(?:\bclient|\.at\(\))\.(\w+)\(", asked))
    assert {"list_docker_images", "get_iam_policy", "get_project_settings"} <= called
    assert not [name for name in called if not name.startswith(("list_", "get_"))]


@pytest.mark.parametrize("name", ROLES)
def test_a_role_grants_what_is_called_and_nothing_else(name):
    wanted = {one.name for one in PERMISSIONS if one.where is ROLES[name]}
    granted = role(name)["includedPermissions"]
    assert granted == sorted(wanted), "and in order, so that a change is easy to see"


@pytest.mark.parametrize("name", ROLES)
def test_a_role_is_one_that_gcloud_takes(name):
    """The members of google.iam.admin.v1.Role that may be given, and no other."""
    given = role(name)
    assert set(given) == {"title", "description", "stage", "includedPermissions"}
    assert given["stage"] == "GA"
    assert 0 < len(given["title"]) <= 100
    assert len(given["description"]) <= 300
    for permission in given["includedPermissions"]:
        assert re.fullmatch(r"[a-z]+(\.[a-zA-Z]+){2}", permission)


@pytest.mark.parametrize("name", ROLES)
def test_a_role_only_reads(name):
    for permission in role(name)["includedPermissions"]:
        verb = permission.rpartition(".")[2]
        pulls = verb == "downloadArtifacts"
        assert verb in {"get", "list", "getIamPolicy"} or verb.startswith("search") or pulls
        assert pulls is (name == "pull-role.yaml"), "who does not scan lets no image be pulled"


def test_the_page_makes_and_grants_the_roles_that_there_are():
    page = (FOLDER / "README.md").read_text("utf-8")
    assert set(re.findall(r"--file=(\S+)", page)) == set(ROLES)
    made = set(re.findall(r"iam roles create (\w+)", page))
    assert made == set(re.findall(r"/roles/(\w+)\"", page))
    assert "roles/serviceusage.serviceUsageConsumer" in page
    bound = re.findall(r"--role=\"?(\S+?)\"?$", page, re.MULTILINE)
    assert not [one for one in bound if one.startswith("roles/") and "Consumer" not in one]


def test_each_cost_is_a_sentence():
    for one in PERMISSIONS:
        assert one.costs[0].isupper()
        assert one.costs.endswith(".")


def test_a_permission_is_found_by_operation_and_by_name():
    assert needed("artifactregistry:ListLocations").name == "artifactregistry.locations.list"
    assert named("artifactregistry.locations.list") is needed("artifactregistry:ListLocations")
    assert named("compute.instances.list") is None
    with pytest.raises(LookupError):
        needed("artifactregistry:DeleteRepository")
