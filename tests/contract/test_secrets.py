"""No secret is stored, logged or told, whether things go well or not; and a dead cloud is one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from audit import plugins
from audit.model.enums import Outcome
from providers.loopback.estate import FaultKind
from tests.contract.collected import Collected, collect
from tests.contract.conftest import PROVIDERS, Reached, name_of
from tests.contract.estate import contract_estate
from tests.contract.faults import fault
from tests.contract.under_test import ProviderUnderTest

PLANTED = "Pl4nted-S3cret-wJalrXUtnFEMI"


def told(got: Collected) -> Iterator[str]:
    """Yield everything a collection gives: rows, outcomes, tasks, log lines."""
    for rows in got.tables.values():
        yield from (repr(row) for row in rows)
    yield from (repr(outcome) for outcome in got.outcomes)
    yield from (repr(task) + repr(pickle.dumps(task)) for task in got.plan.tasks)
    yield from got.log


def leaked(got: Collected, *secrets: str) -> list[str]:
    return [text for text in told(got) for secret in secrets if secret in text]


def planted(reached: Reached) -> dict[str, Any]:
    """Return settings with a secret that is easy to find, where the cloud takes any."""
    settings = deepcopy(reached.settings())
    if "credentials" in settings:
        settings["credentials"]["secret_access_key"] = PLANTED
    return settings


def wrong(reached: Reached) -> dict[str, Any]:
    """Return settings with a secret that the cloud refuses."""
    settings = deepcopy(reached.settings())
    for account in settings.get("accounts", ()):
        if "external_id" in account:
            account["external_id"] = PLANTED
    if "organization" in settings:
        settings["organization"]["external_id"] = PLANTED
    for tenant in settings.get("tenants", ()):
        tenant["client_secret"] = PLANTED
    for registry in settings.get("registries", ()):
        registry["password"] = PLANTED
    return settings


KEEPERS = [one for one in PROVIDERS if one.secrets]
TROUBLED: list[tuple[ProviderUnderTest, tuple[FaultKind, ...]]] = [
    (one, kinds)
    for one in KEEPERS
    for kinds in ((), ("denied",), ("findings",) if one.judges else ("images_page",))
]


@pytest.fixture(params=KEEPERS, ids=name_of)
def keeper(request, clouds):
    """A provider whose settings hold a secret."""
    found: Reached = clouds.reach(request.param)
    return found


def secrets_of(keeper: Reached, settings: dict[str, Any]) -> tuple[str, ...]:
    assert keeper.provider.secrets
    return keeper.provider.secrets(settings)


def test_settings_that_hold_a_secret_say_so(provider):
    schema = plugins.provider(provider.name).settings_model.model_json_schema()
    assert ("'format': 'password'" in str(schema)) == (provider.secrets is not None)


def test_a_leak_would_be_found(whole):
    for place in ("log", "row", "outcome"):
        got = deepcopy(whole)
        if place == "log":
            got.log.append(f"token {PLANTED}")
        elif place == "row":
            got.tables["registries"][0]["unread"] = [PLANTED]
        else:
            object.__setattr__(got.outcomes[0], "error", f"refused: {PLANTED}")
        assert len(leaked(got, PLANTED)) == 1, place


@pytest.mark.parametrize(
    ("keeper", "kinds"),
    TROUBLED,
    indirect=["keeper"],
    ids=[f"{one.name}-{'-'.join(kinds) or 'well'}" for one, kinds in TROUBLED],
)
def test_no_secret_is_told(keeper, kinds: tuple[FaultKind, ...]):
    provider = keeper.provider
    faults = [fault(kind, provider, area) for kind in kinds for area in provider.areas]
    keeper.cloud.show(contract_estate(*faults))
    settings = planted(keeper)
    got = collect(provider.name, settings)
    assert got["placements"]
    assert bool([o for o in got.outcomes if o.error]) == bool(kinds)
    assert leaked(got, *secrets_of(keeper, settings)) == []


def test_a_secret_that_is_refused_is_not_told(keeper):
    keeper.cloud.show(contract_estate())
    got = collect(keeper.name, wrong(keeper))
    refused = [o for o in got.outcomes if o.outcome is Outcome.DENIED]
    assert refused
    assert all(outcome.error for outcome in refused)
    assert leaked(got, PLANTED) == []


def test_settings_do_not_show_their_secrets(keeper):
    settings = planted(keeper)
    model = plugins.provider(keeper.name).settings_model
    checked = model.model_validate(settings)
    secret = secrets_of(keeper, settings)[0]
    for shown in (
        repr(checked),
        str(checked),
        checked.model_dump_json(),
        str(checked.model_dump()),
    ):
        assert secret not in shown


def test_a_mistake_beside_a_secret_does_not_show_it(keeper):
    settings = planted(keeper) | {"no_such_key": 1}
    model = plugins.provider(keeper.name).settings_model
    with pytest.raises(ValueError, match="no_such_key") as error:
        model.model_validate(settings)
    assert secrets_of(keeper, settings)[0] not in str(error.value)


def test_a_cloud_that_does_not_answer_is_no_empty_one(provider):
    """The plan makes no exception, and not one scope is called read."""
    with provider.cloud(contract_estate()) as cloud:
        settings = {**cloud.settings(), "max_attempts": 1}
    settings.pop("ca_file", None)  # it went with the cloud
    got = collect(provider.name, settings)
    promised = {ref.scope_id for task in got.plan.tasks for ref in task.scopes}
    assert promised <= {outcome.ref.scope_id for outcome in got.outcomes}
    assert got.outcomes
    for outcome in got.outcomes:
        assert outcome.outcome is Outcome.FAILED, outcome
        assert outcome.error
    assert not got["placements"]
    assert not got["assessments"]
