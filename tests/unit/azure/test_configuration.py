"""What hangs below a registry: read whole, or said by column why not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from audit.errors import AccessDeniedError, BrokenPageError, ThrottledError, UnavailableError
from audit.model.enums import Outcome
from providers.azure.arm_client import API_VERSION, ArmClient
from providers.azure.client import client_options
from providers.azure.configuration import ConfigurationReader
from providers.azure.failures import Call
from providers.azure.names import settings_scope
from providers.azure.parse_children import SETTINGS_OF, cells_of
from providers.azure.parse_registries import Registry
from providers.azure.settings import AzureSettings
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Fault
from tests.contract.estate import AZURE_SETTINGS
from tests.unit.azure.scripted import Asked, Credential, Say, Scripted
from tests.unit.azure.support import CONTEXT, read
from tests.unit.loopback.azure_estates import BARE, ONE, OPEN, PROD, estate

CALL = Call("arm:registries/tokens", "Reader")
SETTINGS = f"azure/{ONE}/settings"
ITSELF = f"/registry/tokens?api-version={API_VERSION}"
REGISTRY = Registry("/subscriptions/s/registries/acme", "acme.azurecr.io", "s", "westeurope", False)


def furnished(*faults: Fault, **more: str) -> Estate:
    described = estate(*faults)
    place, *others = described.places
    first, *rest = place.registries
    first = replace(first, settings={**first.settings, **AZURE_SETTINGS, **more})
    return replace(described, places=(replace(place, registries=(first, *rest)), *others))


def test_everything_below_a_registry_lands_in_its_row():
    with AzureLoopback(furnished()) as cloud:
        run = read(cloud.settings())
        calls = {name: n for name, n in cloud.calls.items() if name.startswith("arm.")}
    rows = {row["registry_id"]: row for row in run.sink["registries"]}
    assert {name: rows[PROD][name] for names in SETTINGS_OF.values() for name in names} == {
        "replication_destinations": [f"{ONE}/North Europe"],
        "pull_through_rules": ["hub/nginx=docker.io/library/nginx"],
        "pull_through_anonymous": ["hub/nginx"],
        "access_tokens": ["ci=enabled"],
        "access_tokens_unending": ["ci"],
        "scope_maps": ["push=repositories/app/content/write"],
        "webhooks": ["hook=enabled;push"],
    }
    assert rows[OPEN]["access_tokens"] == []
    outcome = run.outcomes[SETTINGS]
    assert (outcome.outcome, outcome.listed, outcome.api_calls) == (Outcome.COMPLETE, 5, 10)
    assert calls == {f"arm.{kind}": 3 for kind in SETTINGS_OF}


def test_lists_of_several_pages_are_read_to_their_end():
    hooks = [
        {"name": f"hook{n:02}", "properties": {"status": "enabled", "actions": ["push"]}}
        for n in range(12)
    ]
    with AzureLoopback(furnished(webhooks=json.dumps(hooks))) as cloud:
        run = read(cloud.settings())
    (row,) = [row for row in run.sink["registries"] if row["registry_id"] == PROD]
    assert row["webhooks"] == [f"hook{n:02}=enabled;push" for n in range(12)]


def test_a_denied_list_is_null_with_its_reason_and_an_outcome_never_an_empty_list():
    fault = Fault("posture_denied", "azure", ONE, operation="registries/tokens/read")
    with AzureLoopback(furnished(fault)) as cloud:
        run = read(cloud.settings(), max_attempts=1)
    outcome = run.outcomes[SETTINGS]
    assert (outcome.outcome, outcome.errors) == (Outcome.PARTIAL, 2)
    assert "Microsoft.ContainerRegistry/registries/tokens/read" in str(outcome.missing_permission)
    rows = {row["registry_id"]: row for row in run.sink["registries"]}
    for name in (PROD, OPEN):
        assert rows[name]["access_tokens"] is None
        notes = [one for one in rows[name]["unread"] if "AuthorizationFailed" in one]
        assert [one.partition(":")[0] for one in notes] == list(SETTINGS_OF["tokens"])
    assert rows[PROD]["webhooks"] == ["hook=enabled;push"]
    assert rows[BARE]["access_tokens"] == []
    assert run.outcomes[f"azure/{PROD}"].outcome is Outcome.COMPLETE


def asked(answer: Any) -> tuple[Any, list[Asked]]:
    options = client_options(AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}]}))
    options |= {"retry_backoff_factor": 0.001, "retry_total": 2}
    with Scripted(answer) as server:
        arm = ArmClient(server.url, "https://management.azure.com/.default", Credential(), options)
        try:
            return arm.children("/registry", "tokens", CALL), server.asked
        except Exception as error:  # noqa: BLE001  the test looks at its type
            return error, server.asked
        finally:
            arm.close()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Say({"error": {"code": "AuthorizationFailed"}}, 403), AccessDeniedError),
        (Say({}, 429, {"Retry-After": "0"}), ThrottledError),
        (Say({}, 503), UnavailableError),
        (Say(b"<html>"), BrokenPageError),
        (Say([]), BrokenPageError),
        (Say({}), BrokenPageError),
        (Say({"value": None}), BrokenPageError),
        (Say({"value": ["text"]}), BrokenPageError),
        (Say({"value": [], "nextLink": "https://evil.example/registry"}), BrokenPageError),
        (
            Say({"value": [], "nextLink": "/registry/tokens?api-version=" + API_VERSION}),
            BrokenPageError,
        ),
    ],
)
def test_a_list_that_is_none_is_an_error(said, kind):
    error, requests = asked(lambda _: said)
    assert isinstance(error, kind)
    assert all(one.headers["Authorization"].startswith("Bearer entra") for one in requests)


def test_429_is_waited_for():
    said = [Say({}, 429, {"Retry-After": "0"}), Say({"value": [{"name": "a"}]})]
    rows, _ = asked(lambda _: said.pop(0))
    assert rows == [{"name": "a"}]


class Refusing:
    """An ARM that answers every list with one error."""

    calls = 0

    def __init__(self, error: Exception) -> None:
        self.error = error

    def children(self, *_: object) -> list[dict[str, Any]]:
        raise self.error


@pytest.mark.parametrize(("code", "empty"), [("SkuNotSupported", True), ("NewWord", False)])
def test_what_a_tier_does_not_offer_is_not_there_and_another_refusal_is_unknown(code, empty):
    from audit.errors import TerminalError  # noqa: PLC0415  here only

    arm: Any = Refusing(TerminalError("no", operation="arm:x", code=code))
    found, outcome = ConfigurationReader(settings_scope("s"), arm, CONTEXT).read([REGISTRY])
    children = found["acme.azurecr.io"]
    assert (children.cells.get("replication_destinations") == []) is empty
    assert (outcome.outcome is Outcome.COMPLETE) is empty
    assert bool(children.unread) is not empty


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("replications", {"name": "x"}),
        ("cacheRules", {"properties": {"sourceRepository": "a"}}),
        ("cacheRules", {"properties": {"targetRepository": "a"}}),
        ("tokens", {"properties": {}}),
        ("scopeMaps", {"name": "x", "properties": {}}),
        ("webhooks", {"name": "x", "properties": {"actions": "push"}}),
    ],
)
def test_a_row_that_lacks_what_its_kind_promises_is_refused(kind, row):
    with pytest.raises(ValueError, match="without"):
        cells_of(kind, [row], "s", "westeurope")


def test_the_registrys_own_location_is_no_replication_whatever_its_spelling():
    rows = [{"location": "West Europe"}, {"location": "eastus"}]
    assert cells_of("replications", rows, "s", "westeurope") == {
        "replication_destinations": ["s/eastus"]
    }


def test_a_cache_rule_with_credentials_is_not_anonymous_and_a_password_with_an_end_ends():
    rule = {
        "sourceRepository": "docker.io/a",
        "targetRepository": "a",
        "credentialSetResourceId": "/set",
    }
    assert cells_of("cacheRules", [{"properties": rule}], "s", "l")["pull_through_anonymous"] == []
    token = {"credentials": {"passwords": [{"expiry": "2027-01-01T00:00:00Z"}]}}
    cells = cells_of("tokens", [{"name": "t", "properties": token}], "s", "l")
    assert cells == {"access_tokens": ["t=?"], "access_tokens_unending": []}
