"""What the doctor says of a loopback Azure that is well, and of one that refuses."""

from __future__ import annotations

import pytest

from audit.ports import Check, CheckStatus, Doctor
from providers.azure.permissions import PERMISSIONS
from providers.azure.provider import AzureProvider
from providers.azure.settings import AzureSettings
from providers.loopback.azure import AzureLoopback
from providers.loopback.estate import Estate, Fault
from tests.unit.azure.support import CONTEXT
from tests.unit.azure.test_defender_traps import shown
from tests.unit.loopback.azure_estates import ONE, PROD, TWO, estate

_SECURITY = {"resourcegraph:assessments", "resourcegraph:exemptions"}


def examined(*faults: Fault, of: Estate | None = None, **more: object) -> list[Check]:
    with AzureLoopback(of or estate(*faults)) as cloud:
        settings = AzureSettings.model_validate({**cloud.settings(), "max_attempts": 1, **more})
        provider = AzureProvider(settings, CONTEXT)
        assert isinstance(provider, Doctor)
        return list(provider.examine())


def test_all_is_well_and_every_permission_was_tried():
    checks = examined()
    assert {check.status for check in checks} == {CheckStatus.OK}
    tried = {check.what for check in checks}
    discovery = {"resourcegraph:subscriptions", "resourcegraph:registries"}  # the plan tried them
    assert tried == {one.operation for one in PERMISSIONS} - discovery


@pytest.mark.parametrize(
    ("fault", "what", "required"),
    [
        (Fault("denied", "azure", ONE, registry_id=PROD), "acr:ListRepositories", True),
        (Fault("findings_denied", "azure", ONE), "resourcegraph:assessments", True),
        (
            Fault("posture_denied", "azure", ONE, operation="registries/tokens/read"),
            "arm:registries/tokens",
            False,
        ),
    ],
)
def test_what_is_refused_is_missing_with_its_permission_and_its_cost(fault, what, required):
    missing = [check for check in examined(fault) if check.status is CheckStatus.MISSING]
    (found,) = [check for check in missing if check.what == what]
    assert found.permission.startswith("Microsoft.")
    assert found.costs
    assert found.told
    assert found.required is required


def test_what_cannot_be_tried_is_unknown_never_ok():
    checks = examined(Fault("denied", "azure", ONE, registry_id=PROD))
    here = {check.what: check.status for check in checks if check.subject == PROD}
    assert here["acr:ListManifests"] is CheckStatus.UNKNOWN


def test_security_data_left_out_without_an_error_is_missing_and_not_well():
    """Without Security Reader Resource Graph gives no row and HTTP 200."""
    silent = shown(Fault("findings_silent", "azure", ONE), settings={"defender_plan": "hidden"})
    told = {c.what: c for c in examined(of=silent) if c.subject == f"azure/{ONE}"}
    plans = told["resourcegraph:pricings"]
    assert (plans.status, plans.required) == (CheckStatus.MISSING, True)
    assert plans.permission == "Microsoft.Security/pricings/read"
    others = {c.status for what, c in told.items() if what in _SECURITY}
    assert others == {CheckStatus.UNKNOWN}


def test_a_subscription_that_is_not_shown_is_missing():
    checks = examined(Fault("invisible", "azure", TWO), subscriptions=[ONE, TWO])
    (found,) = [check for check in checks if check.subject == f"azure/{TWO}"]
    assert (found.status, found.required) == (CheckStatus.MISSING, True)
