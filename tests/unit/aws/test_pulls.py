"""Logins to ECR over HTTP: what they hold, how long they are kept, and what is refused."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from audit.errors import AccessDeniedError, BrokenPageError, SourceError, TerminalError
from audit.ports import PullLogin
from providers.aws.provider import AwsProvider
from providers.aws.settings import AwsSettings
from providers.loopback.aws import AwsLoopback
from tests.unit.aws import payloads as p
from tests.unit.aws import payloads_settings as s
from tests.unit.aws.support import CONTEXT
from tests.unit.aws.wire import ASSUMED, Raw, Wire, failure
from tests.unit.loopback.estates import OTHER_ACCOUNT, OTHER_REGION, REGION, small_estate

HOST = f"{p.ACCOUNT}.dkr.ecr.{p.REGION}.amazonaws.com"
HUSH = "hush-hush"
REFUSED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"""
ROLE_ARN = f"arn:aws:iam::{p.ACCOUNT}:role/registry-audit"


def token(url: str = f"https://{HOST}", seconds: float = 43_200.0, **more: Any) -> dict[str, Any]:
    told = {
        "authorizationToken": base64.b64encode(f"AWS:{HUSH}".encode()).decode(),
        "expiresAt": time.time() + seconds,
        "proxyEndpoint": url,
    }
    return {"authorizationData": [{**told, **more}]}


def provider(wire: Wire, **more: Any) -> AwsProvider:
    return AwsProvider(AwsSettings.model_validate(wire.settings(**more)), CONTEXT)


def serving(answer: Any, *excluded: str) -> Wire:
    identity = s.IDENTITY.encode()
    return Wire(
        GetAuthorizationToken=lambda _: answer,
        ListPullTimeUpdateExclusions=lambda _: {"pullTimeUpdateExclusions": list(excluded)},
        GetCallerIdentity=lambda _: Raw(200, identity, "text/xml"),
    )


def login(wire: Wire, registry_id: str = HOST, **more: Any) -> PullLogin:
    with wire:
        return provider(wire, **more).pull_login(registry_id, "team/app")


def test_a_token_is_user_and_password_of_the_registrys_own_host():
    got = login(serving(token()))
    assert (got.host, got.prefix, got.username, got.secret) == (HOST, "", "AWS", HUSH)
    assert (got.plain_http, got.traceless) == (False, False)
    assert HUSH not in repr(got)


@pytest.mark.parametrize(
    ("excluded", "traceless"), [((), False), ((s.ROLE,), True), ((s.ROLE + "-2",), False)]
)
def test_whether_a_pull_leaves_a_trace_is_told_by_the_exclusions(excluded, traceless):
    assert login(serving(token(), *excluded)).traceless is traceless


@pytest.mark.parametrize("operation", ["ListPullTimeUpdateExclusions", "GetCallerIdentity"])
def test_a_trace_that_could_not_be_asked_about_is_not_known_and_keeps_nobody_from_pulling(
    operation,
):
    wire = serving(token(), s.ROLE)
    del wire.answers[operation]
    got = login(wire)
    assert (got.secret, got.traceless) == (HUSH, None)


def test_exclusions_are_paged_by_hand():
    wire = serving(token())
    pages = {None: (["arn:aws:iam::1:role/x"], "t"), "t": ([s.ROLE], None)}

    def page(asked: dict[str, Any]) -> dict[str, Any]:
        rows, more = pages[asked.get("nextToken")]
        return {"pullTimeUpdateExclusions": rows, **({"nextToken": more} if more else {})}

    wire.answers["ListPullTimeUpdateExclusions"] = page
    assert login(wire).traceless is True
    assert wire.calls["ListPullTimeUpdateExclusions"] == 2


def test_one_call_does_for_every_repository_and_thread():
    wire = serving(token())
    with wire, ThreadPoolExecutor(8) as pool:
        asked = provider(wire)
        logins = set(pool.map(lambda n: asked.pull_login(HOST, f"team/{n}").secret, range(40)))
    assert (logins, wire.calls["GetAuthorizationToken"]) == ({HUSH}, 1)


def test_each_region_has_a_token_of_its_own():
    with AwsLoopback(small_estate()) as aws:
        asked = AwsProvider(AwsSettings.model_validate(aws.organization_settings()), CONTEXT)
        hosts = [f"{OTHER_ACCOUNT}.dkr.ecr.{one}.amazonaws.com" for one in (REGION, OTHER_REGION)]
        secrets = {asked.pull_login(host, "x").secret for host in hosts}
        assert (len(secrets), aws.calls["GetAuthorizationToken"]) == (2, 2)
        assert aws.calls["AssumeRole"] == 1, "a member of the organisation is entered by its role"


@pytest.mark.parametrize(
    ("life", "after", "calls"),
    [
        (43_200.0, 42_000.0, 1),
        (43_200.0, 42_500.0, 2),  # a quarter of an hour before its end
        (600.0, 200.0, 1),
        (600.0, 400.0, 2),  # half its life where that is shorter
        (-5.0, 0.0, 2),  # over already: this once
    ],
)
def test_a_token_is_asked_for_anew_before_its_end(monkeypatch, life, after, calls):
    now = [0.0]
    monkeypatch.setattr("audit.keeping.monotonic", lambda: now[0])
    wire = serving(token(seconds=life))
    with wire:
        asked = provider(wire)
        for now[0] in (0.0, after):
            asked.pull_login(HOST, "team/app")
    assert wire.calls["GetAuthorizationToken"] == calls


def test_a_refusal_stands_for_a_minute_and_no_image_asks_again(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("audit.keeping.monotonic", lambda: now[0])
    wire = serving(failure("AccessDeniedException"))
    with wire:
        asked = provider(wire)
        for now[0] in (0.0, 30.0, 59.0):
            with pytest.raises(AccessDeniedError) as met:
                asked.pull_login(HOST, "team/app")
        assert wire.calls["GetAuthorizationToken"] == 1
        assert met.value.permission == "ecr:GetAuthorizationToken"
        wire.answers["GetAuthorizationToken"] = lambda _: token()
        now[0] = 61.0
        assert asked.pull_login(HOST, "team/app").secret == HUSH


def test_a_role_that_cannot_be_assumed_is_a_refusal():
    wire = serving(token())
    wire.answers["AssumeRole"] = lambda _: Raw(403, REFUSED, "text/xml")
    with pytest.raises(AccessDeniedError):
        login(wire, accounts=[{"id": p.ACCOUNT, "role_arn": ROLE_ARN}])
    assert wire.calls["GetAuthorizationToken"] == 0


def test_the_role_of_the_account_is_who_pulls():
    wire = serving(token(), s.ROLE)
    wire.answers["AssumeRole"] = lambda _: Raw(200, ASSUMED.encode(), "text/xml")
    assert login(wire, accounts=[{"id": p.ACCOUNT, "role_arn": ROLE_ARN}]).secret == HUSH
    keys = {
        one.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        for one in wire.requests
        if one.operation != "AssumeRole"
    }
    assert keys == {"AKIAROLE"}


@pytest.mark.parametrize(
    "answer",
    [
        {"authorizationData": []},
        {},
        token(url="https://999999999999.dkr.ecr.eu-west-1.amazonaws.com"),
        token(url=f"https://{p.ACCOUNT}@example.com"),
        token(url="https://example.com"),
        token(url=f"http://{HOST}"),
        token(url=""),
        token(authorizationToken="%%%"),
        token(authorizationToken=base64.b64encode(HUSH.encode()).decode()),
        token(authorizationToken=base64.b64encode(b"AWS:").decode()),
        token(authorizationToken=base64.b64encode(b"\xff:\xff").decode()),
        token(expiresAt=None),
        token(expiresAt="soon"),
    ],
)
def test_an_answer_of_another_shape_is_told_and_not_repeated(answer):
    with pytest.raises(SourceError) as met:
        login(serving(answer))
    assert isinstance(met.value, BrokenPageError)
    told = f"{met.value!r} {met.value} {met.value.__cause__}"
    assert not [one for one in (HUSH, base64.b64encode(HUSH.encode()).decode()) if one in told]


def test_plain_http_is_for_loopback_only_and_only_where_it_is_allowed():
    got = login(serving(token(url="http://127.0.0.1:5000")))
    assert (got.host, got.plain_http) == ("127.0.0.1:5000", True)


def test_china_has_another_suffix():
    host = f"{p.ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn"
    assert login(serving(token(url=f"https://{host}")), host).host == host


def test_ecr_public_is_pulled_from_by_anyone_and_tells_no_pull_time():
    wire = serving(token())
    got = login(wire, "public.ecr.aws/acme")
    assert got == PullLogin("public.ecr.aws", prefix="acme/", traceless=True)
    assert not wire.requests


@pytest.mark.parametrize("registry_id", ["", "example.com", f"{HOST}.example.com", f"x{HOST}"])
def test_what_is_no_registry_of_ecr_is_not_asked_about(registry_id):
    wire = serving(token())
    with pytest.raises(TerminalError, match="no registry of ECR"):
        login(wire, registry_id)
    assert not wire.requests
