"""The operators' page against the settings, the adapters' calls, the log and the error codes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from audit import errors, plugins
from audit.cli import cli
from audit.cli.exits import Exit
from audit.config import Config
from audit.judge.deadlines import DeadlineProfile
from audit.store.sboms import SBOM_LOST
from providers.aws import failures
from providers.aws.members import LEFT_OUT, NOT_A_MEMBER, OU_NOT_TOLD, STATE_NOT_TOLD
from providers.aws.permissions import PERMISSIONS
from providers.aws.regions import FROM_OFFLINE_LIST
from providers.azure.visibility import NOT_VISIBLE
from providers.scanners.failures import OTHER
from providers.scanners.trivy.failures import MEANINGS
from tests.support.project import ROOT, project_files
from tests.unit.docs.conftest import Nights
from tests.unit.docs.pages import blocks, column, section, table

PAGE = "docs/operators.md"
STORES = {"s3": "s3", "azure": "az", "gcs": "gs"}
CLOUDS = {"AWS": "aws", "Azure": "azure", "Google Cloud": "gcp"}
AZURE_REQUESTS = {
    "entra.token": "entra:GetToken",
    "entra.openid_configuration": "entra:GetToken",
    "resource_graph.resources": "resourcegraph:registries",
    "acr.catalog": "acr:ListRepositories",
    "acr.repository": "acr:GetRepositoryProperties",
    "acr.manifests": "acr:ListManifests",
    "acr.manifest": "acr:GetManifest",
}
UNASKED = {"sts:AssumeRole", "sts:GetCallerIdentity"}
"""Calls that the role in an account needs no leave for: one is made before, one is open to all."""
TOKEN_CALLS = {"acr.exchange": "POST /oauth2/exchange", "acr.token": "POST /oauth2/token"}


def sources(folder: str, ending: str = ".py") -> str:
    names = [name for name in project_files() if name.startswith(folder) and name.endswith(ending)]
    assert names
    return "\n".join((ROOT / name).read_text("utf-8") for name in names)


# --- configuration


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every key of a settings model with its default, in the page's words."""
    for name, field in model.model_fields.items():
        inner = model_inside(field.annotation)
        if inner is DeadlineProfile:  # named by its id or its file, never written out
            yield f"{prefix}{name}", field.get_default(call_default_factory=True).id
            continue
        path = f"{prefix}{name}"
        if inner is None or not is_plain_block(field, inner):
            yield path, default_of(field)
        if inner is not None:
            listed = "[]" if is_list(field.annotation) else ""
            yield from keys(inner, f"{path}{listed}.")


def model_inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (model_inside(part) for part in get_args(annotation))
    return next((model for model in found if model), None)


def is_plain_block(field: FieldInfo, inner: type[BaseModel]) -> bool:
    """Whether a block is always there: its members say it all."""
    return isinstance(field.get_default(call_default_factory=True), inner)


def is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is tuple


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def wanted_keys() -> dict[str, str]:
    wanted = dict(keys(Config))
    for name in plugins.names(plugins.PROVIDERS):
        wanted |= dict(keys(plugins.provider(name).settings_model, f"providers.{name}."))
    for name in plugins.names(plugins.SCANNERS):
        wanted |= dict(keys(plugins.scanner(name).settings_model, f"scanners.{name}."))
    return wanted


def test_every_key_is_explained_with_its_default():
    told = {key: default for key, default, _ in table(PAGE, "Every key")}
    assert told == wanted_keys()


def test_the_walk_over_the_settings_meets_blocks_lists_and_options():
    wanted = wanted_keys()
    assert wanted["policy.newest_tagged"] == "10"
    assert wanted["providers.aws.accounts[].id"] == "required"
    assert wanted["providers.aws.credentials"] == "none"
    assert wanted["providers.azure.endpoints.registries"] == "{}"
    assert "policy" not in wanted


def test_every_key_of_a_store_is_explained_with_its_default():
    told = {
        (row[0], kind): row[2] for row in table(PAGE, "Settings of a store") for kind in kinds(row)
    }
    wanted = {
        (name, kind): default
        for kind, scheme in STORES.items()
        for name, default in keys(plugins.store(scheme).settings_model)
    }
    assert told == wanted


def kinds(row: list[str]) -> list[str]:
    return list(STORES) if row[1] == "all" else row[1].split(", ")


def test_the_reports_named_are_the_ones_there_are():
    (meaning,) = [row[2] for row in table(PAGE, "Every key") if row[0] == "reports"]
    assert set(re.findall(r"`([a-z-]+)`", meaning)) == set(plugins.names(plugins.REPORTS))


def test_the_common_options_are_all_named():
    shared = {
        option
        for parameter in cli.commands["status"].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(column(PAGE, "Configuration")) == shared
    without = {name for name, command in cli.commands.items() if not has_option(command, "run_at")}
    told = re.search(r"^(.*) do not take these\.$", section(PAGE, "Configuration"), re.MULTILINE)
    assert told
    assert set(re.findall(r"`([a-z]+)`", told[1])) == without


def has_option(command: Any, name: str) -> bool:
    return name in {parameter.name for parameter in command.params}


def test_the_exit_codes_are_all_explained():
    codes = column(PAGE, "What the exit code asks of you")
    assert [int(code) for code in codes] == sorted(int(code) for code in Exit)


# --- calls and rights


def calls_in_source(provider: str) -> set[str]:
    services = "sts|ecr|ecr-public|inspector2|kms|tag|entra|resourcegraph|acr|artifactregistry"
    services += "|containeranalysis|cloudasset|cloudresourcemanager|serviceusage"
    action = "[A-Za-z]+" if provider == "azure" else "[A-Z][A-Za-z]+"
    return set(re.findall(rf'"((?:{services}):{action})"', sources(f"providers/{provider}/")))


def test_the_aws_calls_listed_are_those_with_a_permission_and_say_what_it_is_for():
    """tests/unit/aws/test_permissions.py holds the permissions against the code."""
    told = [(call, where, cost) for call, where, _, cost in table(PAGE, "AWS")]
    assert told == [(one.operation, ", ".join(one.where), one.costs) for one in PERMISSIONS]


def test_the_templates_named_are_those_there_are():
    named = re.findall(r"^\| `(\w+\.yaml)` \|", section(PAGE, "AWS"), re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in (ROOT / "schedules/aws").iterdir())


@pytest.mark.parametrize("title", sorted(set(CLOUDS) - {"AWS"}))
def test_the_calls_listed_are_those_in_the_adapter(title: str):
    listed = set(column(PAGE, title))
    if title == "Google Cloud":
        listed |= set(column(PAGE, "Projects of an organisation"))
    assert listed == calls_in_source(CLOUDS[title])


def test_the_calls_listed_are_those_that_a_run_makes(nights: Nights):
    made = {
        "AWS": {row[0].partition(":")[2] for row in table(PAGE, "AWS") if row[2] == "run"},
        "Google Cloud": {call.partition(":")[2] for call in column(PAGE, "Google Cloud")},
    }
    for title, listed in made.items():
        assert set(nights.calls[CLOUDS[title]]) == listed
    lists = {name for name in nights.calls["azure"] if name.startswith("arm.")}
    assert all(f"`{name.partition('.')[2]}`" in section(PAGE, "Azure") for name in lists)
    asked = set(nights.calls["azure"]) - set(TOKEN_CALLS) - lists
    graph = {call for call in column(PAGE, "Azure") if call.startswith("resourcegraph:")}
    scanner = {"acr:Exchange"}  # named by itself only where a scanner pulls
    assert {AZURE_REQUESTS[name] for name in asked} | graph | scanner == set(column(PAGE, "Azure"))
    for name in set(nights.calls["azure"]) & set(TOKEN_CALLS):
        assert TOKEN_CALLS[name] in section(PAGE, "Azure")


def test_the_rights_listed_are_those_that_errors_name():
    azure = section(PAGE, "Azure")
    gcp = column(PAGE, "Google Cloud", 1) + column(PAGE, "Projects of an organisation", 1)
    named = sources("providers/azure/names")
    for right in re.findall(
        r"Microsoft\.Security/\w+/read|ContainerRegistry/registries/read", named
    ):
        assert right in azure
    for role in ("AcrPull", "Container Registry Repository Catalog Lister", "Security Reader"):
        assert role in named
        assert role in azure
    named = sources("providers/gcp/client") + sources("providers/gcp/operations")
    assert set(gcp) == set(re.findall(r'"([a-z]+\.\w+\.(?:list|get|search)\w*)"', named))


# --- log


def test_the_fields_of_the_log_are_all_explained(nights: Nights):
    told = set(column(PAGE, "The log"))
    written = {field for line in nights.log for field in line}
    assert {"missing_permission", "images_not_assessed"} <= written <= told
    code = sources("audit/")
    assert [field for field in told if f'"{field}"' not in code] == []


# --- files, crash, codes


def test_the_files_named_are_those_of_a_warehouse(nights: Nights):
    listed = column(PAGE, "Files")
    top = {path.name for path in nights.warehouse.iterdir()}
    named = {name.split("/")[0] for name in listed if not name.startswith("<table>")}
    assert named <= top
    tables = {path.parent.parent.name for path in nights.warehouse.glob("*/run_id=*/*.parquet")}
    assert top - named == tables


def test_the_tools_own_codes_are_all_explained():
    named = [row[0] for row in table(PAGE, "Troubleshooting") if row[1].startswith("tool")]
    told = {code for cell in named for code in cell.split("`, `")}
    literals = set(re.findall(r'code="(\w+)"', sources("providers/") + sources("audit/")))
    literals -= {"Budget"}  # what was asked for is no error of a scope, and is told of the image
    literals |= {meaning.code for meaning in (*MEANINGS, OTHER)} - {"TooLarge"}
    literals |= set(re.findall(r'"(NoOutcome)"', sources("audit/collect/")))
    literals |= {NOT_VISIBLE, LEFT_OUT, OU_NOT_TOLD, NOT_A_MEMBER, STATE_NOT_TOLD}
    literals |= {FROM_OFFLINE_LIST, SBOM_LOST}
    sql = (ROOT / "audit/store/sql/01_fates.sql").read_text("utf-8")
    literals |= set(re.findall(r"'([A-Z][a-z]+(?:[A-Z][a-z]+)+)'", sql))
    loopback = set(re.findall(r'code="(\w+)"', sources("providers/loopback/")))
    assert literals - loopback <= told
    for code in told - literals - {"any name of a Python error"}:
        assert issubclass(getattr(errors, code), errors.SourceError)


def test_the_aws_codes_are_ones_that_the_adapter_types():
    told = {row[0] for row in table(PAGE, "Troubleshooting") if row[1] == "AWS"}
    typed = failures._DENIED | failures._REFUSED | failures._THROTTLED
    raised = {error.__name__ for error in failures._NO_CREDENTIALS}
    assert {code for code in told if not code.endswith("ConnectionError")} <= typed | raised


def test_the_python_of_the_first_moves_runs(nights: Nights, monkeypatch, capsys):
    monkeypatch.chdir(nights.warehouse.parent)
    (script,) = blocks(PAGE, "python")
    exec(script.text, {})  # noqa: S102  our own page
    assert "AccessDeniedException" in capsys.readouterr().out


def test_the_page_leads_to_headings_that_exist():
    for name in (path for path in project_files() if re.match(r"docs/\w+\.md$", path)):
        text = (ROOT / name).read_text("utf-8")
        for page, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", text):
            target = (ROOT / name).parent / page if page else ROOT / name
            assert anchor in anchors(target), f"{name}: {page}#{anchor}"


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
