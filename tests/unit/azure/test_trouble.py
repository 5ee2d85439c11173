"""The whole adapter while the registries throttle, give up on pages and forget tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.model.enums import Outcome
from providers.loopback.azure import AzureLoopback
from tests.unit.azure.support import Read, read
from tests.unit.loopback.azure_estates import BARE, OPEN, PROD, estate


@pytest.fixture
def cloud() -> Iterator[AzureLoopback]:
    with AzureLoopback(estate()) as running:
        yield running


def whole(run: Read) -> None:
    for name in (PROD, OPEN, BARE):
        assert run.outcomes[f"azure/{name}"].outcome is Outcome.COMPLETE
    assert len(run.sink["placements"]) == 23


def test_429_mid_run_is_waited_for(cloud):
    cloud.trouble.throttled = 2
    whole(read(cloud.settings()))
    assert cloud.trouble.throttled == 0


def test_502_above_a_page_size_is_answered_by_smaller_pages(cloud):
    cloud.trouble.most_rows = 100
    whole(read(cloud.settings()))


@pytest.mark.parametrize("every", [1, 3])
def test_tokens_that_end_in_the_middle_of_a_listing_cost_no_row(cloud, every):
    cloud.trouble.forget_every = every
    whole(read(cloud.settings(), max_attempts=1))
    assert cloud.calls["acr.exchange"] > 3


def test_a_pod_signs_in_with_its_federated_token(cloud, tmp_path: Path, monkeypatch):
    client_id, token = cloud.workload()
    path = tmp_path / "token"
    settings = cloud.settings()
    tenant_id = settings["tenants"][0]["tenant_id"]
    monkeypatch.setenv("AZURE_CLIENT_ID", client_id)
    monkeypatch.setenv("AZURE_TENANT_ID", tenant_id)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(path))
    settings |= {"tenants": [{"tenant_id": tenant_id, "credential": "workload_identity"}]}
    path.write_text(token, encoding="utf-8")
    whole(read(settings))
    path.write_text("another pod's", encoding="utf-8")
    refused = read(settings).outcomes[f"azure/{tenant_id}"]
    assert refused.outcome is Outcome.DENIED
    assert "700213" in str(refused.error)
