"""Sessions over HTTP: assumed once, renewed when they end, asked for as long as is granted."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from audit.errors import AccessDeniedError, SourceError, ThrottledError
from audit.model.scope import ScopeTally
from providers.aws.api import ECR_IMAGES, ECR_REPOSITORIES, INSPECTOR_COVERAGE
from providers.aws.client import AwsApi, Clients
from providers.aws.scopes import inventory_scope
from providers.aws.settings import AccountSettings, AwsSettings
from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.gates import Options
from tests.unit.aws.support import collect
from tests.unit.aws.wire import Raw, Wire, failure
from tests.unit.loopback.estates import ACCOUNT, OTHER_ACCOUNT, REGION, small_estate


def tally() -> ScopeTally:
    return ScopeTally(inventory_scope(OTHER_ACCOUNT, REGION))


def opened(aws: AwsLoopback, **more: Any) -> tuple[Clients, AccountSettings]:
    settings = AwsSettings.model_validate({**aws.settings(), "max_attempts": 1, **more})
    return Clients(settings), settings.account(OTHER_ACCOUNT)


def test_a_role_is_assumed_once_for_all_regions_and_threads():
    with AwsLoopback(small_estate()) as aws:
        clients, other = opened(aws)
        tallies = [tally() for _ in range(12)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: clients.open(other, REGION, one), tallies))
        assert aws.calls["AssumeRole"] == 1
    assert sum(one.api_calls for one in tallies) == 1


def test_a_refusal_is_not_asked_for_again():
    with AwsLoopback(small_estate(), Options(denied=frozenset({("", "sts:AssumeRole")}))) as aws:
        clients, other = opened(aws)
        for _ in range(5):
            with pytest.raises(AccessDeniedError) as caught:
                clients.open(other, REGION, tally())
        assert aws.calls["AssumeRole"] == 1
    assert caught.value.permission == "sts:AssumeRole"


def test_two_roles_of_one_account_are_two_sessions():
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/lists-the-organisation"
    with AwsLoopback(small_estate()) as aws:
        clients, other = opened(aws)
        clients.open(other, REGION, tally())
        with pytest.raises(AccessDeniedError):
            clients.open(AccountSettings(id=OTHER_ACCOUNT, role_arn=role), REGION, tally())


def test_what_the_audit_trail_is_to_show_is_sent():
    with AwsLoopback(small_estate()) as aws:
        clients, other = opened(aws, source_identity="nightly-audit", session_seconds=900)
        clients.open(other, REGION, tally())
        (asked,) = aws.gates.sessions
    assert asked["SourceIdentity"] == "nightly-audit"
    assert (asked["RoleSessionName"], asked["DurationSeconds"]) == ("registry-audit", "900")
    assert asked["ExternalId"] == f"loopback-{OTHER_ACCOUNT}"


def test_a_chained_role_gets_one_hour_and_it_is_said_which_was_met(caplog):
    with AwsLoopback(small_estate(), Options(longest_session=3600)) as aws:
        clients, other = opened(aws, session_seconds=7200)
        with caplog.at_level(logging.WARNING, "registry_audit.aws"):
            clients.open(other, REGION, tally())
        (asked,) = aws.gates.sessions
        assert asked["DurationSeconds"] == "3600"
        assert aws.calls["AssumeRole"] == 2
        clients.keyring.renew(other, clients.keyring.enter(other, tally()), tally())
        assert aws.calls["AssumeRole"] == 3  # the cap is remembered
    assert "a session of 7200 s is refused" in caplog.text
    assert "role chaining" in caplog.text


def test_a_role_with_a_shorter_maximum_is_asked_for_an_hour_each_time():
    words = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    wire = Wire(AssumeRole=lambda _: _xml("ValidationError", words))
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/registry-audit"
    with wire:
        given = wire.settings(accounts=[{"id": OTHER_ACCOUNT, "role_arn": role}])
        settings = AwsSettings.model_validate({**given, "session_seconds": 7200})
        with pytest.raises(SourceError):
            Clients(settings).open(settings.accounts[0], REGION, tally())
    assert [p["DurationSeconds"] for p in wire.asked("AssumeRole")] == ["7200", "3600"]


def _xml(code: str, message: str) -> Raw:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Raw(400, f"{body}</ErrorResponse>".encode(), "text/xml")


def test_a_session_that_ends_in_the_middle_of_a_listing_is_renewed_and_nothing_is_lost():
    """Each session is good for three calls; the whole account is read all the same."""
    estate = replace(small_estate(), page_size=1)
    with AwsLoopback(estate) as aws:
        whole = collect(aws.settings())
    with AwsLoopback(estate, Options(session_calls=3)) as aws:
        got = collect(aws.settings())
        assert len(aws.gates.sessions) > 3
    assert got.sink.rows == whole.sink.rows
    assert {o.outcome for o in got.outcomes.values()} == {"complete"}


def test_a_session_that_is_expired_at_once_is_given_up():
    with AwsLoopback(small_estate(), Options(session_calls=0)) as aws:
        clients, other = opened(aws)
        one = tally()
        with clients.open(other, REGION, one) as api, pytest.raises(AccessDeniedError) as caught:
            api.call(one, ECR_REPOSITORIES, "repositories")
        assert len(aws.gates.sessions) == 2
    assert caught.value.code == "ExpiredTokenException"


def test_expired_credentials_of_our_own_are_not_repeated():
    expired = failure("ExpiredTokenException")
    with Wire(DescribeRepositories=lambda _: expired) as wire:
        settings = AwsSettings.model_validate(wire.settings())
        api = Clients(settings).open(settings.accounts[0], REGION, tally())
        with pytest.raises(AccessDeniedError):
            api.call(tally(), ECR_REPOSITORIES, "repositories")
    assert wire.calls["DescribeRepositories"] == 1


def test_clients_are_dropped_with_the_task_that_used_them():
    with AwsLoopback(small_estate()) as aws:
        clients, other = opened(aws)
        with clients.open(other, REGION, tally()) as api:
            api.call(tally(), ECR_REPOSITORIES, "repositories")
            assert len(api._open) == 1
        assert api._open == {}


# --- rate limits


@pytest.fixture
def limited() -> Iterator[AwsLoopback]:
    with AwsLoopback(small_estate(), Options(rate=10)) as aws:
        yield aws


def ask(api: AwsApi) -> int:
    answer = api.call(tally(), ECR_IMAGES, "imageDetails", repositoryName="team/app", maxResults=1)
    return len(answer["imageDetails"])


def test_ten_calls_a_second_and_eight_threads_lose_nothing(limited):
    """AWS limits each account, region and operation: the eight share one client's limiter."""
    settings = AwsSettings.model_validate({**limited.settings(), "max_attempts": 8})
    api = Clients(settings).open(settings.account(ACCOUNT), REGION, tally())
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: ask(api), range(30)))
    took = time.monotonic() - started
    assert got == [1] * 30
    assert limited.gates.throttled["DescribeImages"] > 0
    assert 1.5 < took < 30


def test_eight_tasks_under_the_limit_read_all_that_one_reads_without(limited):
    with AwsLoopback(small_estate()) as free:
        whole = collect(free.settings())
    got = collect(limited.settings() | {"max_attempts": 8}, workers=8)
    assert got.sink.sorted() == whole.sink.sorted()
    assert {o.outcome for o in got.outcomes.values()} == {"complete"}


@pytest.mark.parametrize(
    ("operation", "needs"),
    [(ECR_REPOSITORIES, "repositories"), (INSPECTOR_COVERAGE, "coveredResources")],
)
def test_throttling_that_does_not_end_is_typed(operation, needs):
    with AwsLoopback(small_estate(), Options(rate=1e-9)) as aws:
        settings = AwsSettings.model_validate({**aws.settings(), "max_attempts": 1})
        api = Clients(settings).open(settings.account(ACCOUNT), REGION, tally())
        api.call(tally(), operation, needs)
        with pytest.raises(ThrottledError) as caught:
            api.call(tally(), operation, needs)
    assert caught.value.code == "ThrottlingException"
