"""The client over real HTTP: what is believed, what is refused, what is typed."""

import threading
import traceback
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    DisabledError,
    NotFoundError,
    SourceError,
    TerminalError,
    ThrottledError,
    UnavailableError,
)
from audit.model.scope import ScopeTally
from providers.aws.api import ECR_IMAGES, ECR_REPOSITORIES, INSPECTOR_FINDINGS, Answer, Listing
from providers.aws.client import AwsApi, Clients
from providers.aws.scopes import inventory_scope
from providers.aws.sessions import utc
from providers.aws.settings import AwsSettings
from tests.unit.aws import payloads as p
from tests.unit.aws.wire import ASSUMED, Raw, Wire, failure, paged


@pytest.fixture
def tally() -> ScopeTally:
    return ScopeTally(inventory_scope(p.ACCOUNT, p.REGION))


def _open(settings: dict[str, Any], tally: ScopeTally) -> AwsApi:
    given = AwsSettings.model_validate(settings)
    return Clients(given).open(given.accounts[0], p.REGION, tally)


def _repositories(wire: Wire, tally: ScopeTally, **more: Any) -> list[Answer]:
    api = _open(wire.settings(**more), tally)
    return [
        row
        for page in api.pages(tally, ECR_REPOSITORIES, "repositories", maxResults=1000)
        for row in page["repositories"]
    ]


def test_pages_follow_the_token_through_an_empty_page(tally):
    pages: list[list[p.Payload]] = [[p.repository("a")], [], [p.repository("b")]]
    with Wire(DescribeRepositories=paged("repositories", *pages)) as wire:
        rows = _repositories(wire, tally)
    assert [row["repositoryName"] for row in rows] == ["a", "b"]
    assert tally.api_calls == 3
    assert wire.asked("DescribeRepositories")[0] == {"maxResults": 1000}
    assert "registry-audit" in wire.requests[0].headers["User-Agent"]


def test_times_are_utc_wherever_the_machine_stands(tally, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    with Wire(DescribeRepositories=paged("repositories", [p.repository()])) as wire:
        (row,) = _repositories(wire, tally)
    assert row["createdAt"] == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)
    assert row["createdAt"].tzinfo is UTC


def test_a_nonsense_time_takes_no_page_with_it(tally):
    rows = [p.repository(createdAt="moonrise")], [p.repository(createdAt=1e300)]
    with Wire(DescribeRepositories=paged("repositories", *rows)) as wire:
        assert [row["createdAt"] for row in _repositories(wire, tally)] == [None, None]


def test_text_times_are_read_as_utc():
    read = utc("2024-09-04T16:55:38+02:00")
    assert read is not None
    assert (read, read.tzinfo) == (datetime(2024, 9, 4, 14, 55, 38, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    "body",
    [
        b'{"repositories":[{"repositoryName":"a"',
        b"{}",
        b"",
        b'{"repositories":null}',
        b'{"repositories":"none"}',
        b'{"repositories":["a"]}',
        b'{"repositories":[[]]}',
        b"[]",
        b"null",
        b"<html></html>",
        b"\xff\xfe",
    ],
)
def test_a_body_that_is_cut_or_misshapen_is_no_empty_success(tally, body):
    with (
        Wire(DescribeRepositories=lambda _: Raw(200, body)) as wire,
        pytest.raises(BrokenPageError) as caught,
    ):
        _repositories(wire, tally)
    assert caught.value.operation == "ecr:DescribeRepositories"


@pytest.mark.parametrize("tokens", [["t", "t"], ["t", "u", "t"]])
def test_a_token_that_comes_back_ends_the_loop(tally, tokens):
    replies = iter(tokens * 9)

    def answer(_):
        return {"repositories": [], "nextToken": next(replies)}

    with Wire(DescribeRepositories=answer) as wire, pytest.raises(BrokenPageError, match="same"):
        _repositories(wire, tally)
    assert tally.api_calls == len(tokens)


@pytest.mark.parametrize(
    ("reply", "kind", "permission"),
    [
        (failure("AccessDeniedException"), AccessDeniedError, "ecr:DescribeRepositories"),
        (failure("UnrecognizedClientException"), AccessDeniedError, ""),
        (failure("InvalidSignatureException"), AccessDeniedError, ""),
        (failure("ExpiredTokenException"), AccessDeniedError, ""),
        (failure("IncompleteSignatureException"), AccessDeniedError, ""),
        (failure("SubscriptionRequiredException"), AccessDeniedError, ""),
        (failure("InvalidPaginationTokenException"), TerminalError, ""),
        (failure("Moonlit", status=403), AccessDeniedError, ""),
        (failure("ThrottlingException", "Rate exceeded"), ThrottledError, ""),
        (failure("Moonlit", status=429), ThrottledError, ""),
        (failure("ServerException", status=500), UnavailableError, ""),
        (failure("Moonlit", status=503), UnavailableError, ""),
        (Raw(502, b"<html>bad gateway</html>", "text/html"), UnavailableError, ""),
        (failure("RepositoryNotFoundException"), NotFoundError, ""),
        (failure("ValidationException", "This feature is disabled"), DisabledError, ""),
        (failure("ValidationException", "Bad name"), TerminalError, ""),
        (failure("InvalidParameterException"), TerminalError, ""),
    ],
)
def test_errors_are_typed(tally, reply, kind, permission):
    with Wire(DescribeRepositories=lambda _: reply) as wire, pytest.raises(SourceError) as caught:
        _repositories(wire, tally)
    assert type(caught.value) is kind
    assert caught.value.permission == permission
    assert caught.value.operation == "ecr:DescribeRepositories"


def test_a_throttled_call_is_tried_again_and_counted_once(tally):
    replies = iter([failure("ThrottlingException", "Rate exceeded")])

    def answer(_):
        return next(replies, {"repositories": []})

    with Wire(DescribeRepositories=answer) as wire:
        assert _repositories(wire, tally, max_attempts=3) == []
    assert (wire.calls["DescribeRepositories"], tally.api_calls) == (2, 1)


def test_nobody_listening_is_unavailable(tally):
    with Wire() as wire:
        settings = wire.settings()
    with pytest.raises(UnavailableError):
        _open(settings, tally).call(tally, ECR_REPOSITORIES, "repositories")


def test_a_service_out_of_reach_is_not_asked_for_ever(tally):
    with Wire() as wire:
        settings = wire.settings()
    api = _open(settings, tally)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            api.call(tally, ECR_REPOSITORIES, "repositories")
    assert tally.api_calls == 3
    with pytest.raises(UnavailableError):
        api.call(tally, INSPECTOR_FINDINGS, "findings")
    assert tally.api_calls == 4


def test_a_service_that_fails_is_asked_again(tally):
    broken = failure("ServerException", status=500)
    with Wire(DescribeRepositories=lambda _: broken) as wire:
        api = _open(wire.settings(), tally)
        for _ in range(5):
            with pytest.raises(UnavailableError):
                api.call(tally, ECR_REPOSITORIES, "repositories")
    assert wire.calls["DescribeRepositories"] == 5


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *(("IncompleteSignatureException", 400), ("InvalidSignatureException", 400)),
        *(("UnrecognizedClientException", 400), ("ExpiredTokenException", 403)),
        *(("InvalidAccessKeyId", 403), ("MissingAuthenticationTokenException", 403)),
    ],
)
def test_a_refused_request_is_not_repeated(tally, code, status):
    words = "unheard of: Authorization=AWS4 FwoGZXIvYXdzE, and elsewhere FwoGZXIvYXdzE"
    refused = failure(code, words, status)
    with (
        Wire(DescribeRepositories=lambda _: refused) as wire,
        pytest.raises(AccessDeniedError) as caught,
    ):
        _repositories(wire, tally)
    assert caught.value.code == code
    assert caught.value.message == "the credentials or the signature of the request were refused"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ServerException", "Moonlit"])
def test_no_error_repeats_the_header_it_quotes(tally, code):
    words = "no: Authorization=AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=FwoGZXIvYXdzE"
    refused = failure(code, words)
    with (
        Wire(DescribeRepositories=lambda _: refused) as wire,
        pytest.raises(SourceError) as caught,
    ):
        _repositories(wire, tally)
    logged = "".join(traceback.format_exception(caught.value))
    assert "FwoGZXIvYXdzE" not in logged
    assert caught.value.message == "no: [cut]"


def test_no_credentials_is_denied(tally, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with Wire() as wire, pytest.raises(AccessDeniedError, match="credentials"):
        _open(wire.settings(credentials=None), tally).call(tally, ECR_REPOSITORIES, "repositories")
    assert wire.requests == []


def test_a_request_out_of_shape_is_terminal(tally):
    with Wire() as wire, pytest.raises(TerminalError) as caught:
        _open(wire.settings(), tally).call(tally, ECR_IMAGES, "imageDetails", maxResults="many")
    assert caught.value.code == "ParamValidationError"


def test_empty_rows_are_skipped_and_counted(tally):
    with Wire(ListFindings=paged("findings", [None, p.finding()], [None])) as wire:
        listing = Listing(_open(wire.settings(), tally), tally, INSPECTOR_FINDINGS, "findings")
        rows = [row for page in listing.pages() for row in page]
    assert len(rows) == 1
    assert tally.errors == 2
    assert isinstance(listing.error, BrokenPageError)


def _role_account() -> list[dict[str, str]]:
    role = f"arn:aws:iam::{p.ACCOUNT}:role/registry-audit"
    return [{"id": p.ACCOUNT, "role_arn": role, "external_id": "shibboleth"}]


def test_a_role_is_assumed_with_its_external_id(tally):
    wire = Wire(
        AssumeRole=lambda _: Raw(200, ASSUMED.encode(), "text/xml"),
        DescribeRepositories=lambda _: {"repositories": []},
    )
    with wire:
        _repositories(wire, tally, accounts=_role_account(), session_name="nightly")
    asked = wire.asked("AssumeRole")[0]
    assert asked["RoleArn"] == f"arn:aws:iam::{p.ACCOUNT}:role/registry-audit"
    assert (asked["ExternalId"], asked["RoleSessionName"]) == ("shibboleth", "nightly")
    headers = wire.requests[1].headers
    assert "AKIAROLE" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"
    assert tally.api_calls == 2


@pytest.mark.parametrize(
    "reply",
    [
        Raw(200, ASSUMED.replace("SessionToken", "Sessi0nToken").encode(), "text/xml"),
        Raw(200, b"<AssumeRoleResponse/>", "text/xml"),
        Raw(200, b"<AssumeRole", "text/xml"),
    ],
)
def test_a_broken_answer_to_assume_role_is_an_error_without_secrets(tally, reply):
    with Wire(AssumeRole=lambda _: reply) as wire, pytest.raises(SourceError) as caught:
        _open(wire.settings(accounts=_role_account()), tally)
    assert "hush" not in str(caught.value)
    assert caught.value.operation == "sts:AssumeRole"


def test_a_client_that_tasks_share_keeps_the_connections_of_all(tally, caplog):
    together = threading.Barrier(4)

    def answer(_: Any) -> p.Payload:
        together.wait(10)
        return {"repositories": []}

    with Wire(DescribeRepositories=answer) as wire, ThreadPoolExecutor(4) as pool:
        api = _open(wire.settings(), tally)
        tallies = [ScopeTally(tally.ref) for _ in range(4)]
        list(pool.map(lambda own: api.call(own, ECR_REPOSITORIES, "repositories"), tallies))
    assert len(wire.requests) == 4
    assert "Connection pool is full" not in caplog.text


def test_page_tokens_are_not_hoarded(tally, monkeypatch):
    """Inspector's may have a million characters, and an account a hundred thousand pages."""
    count = iter(range(100))

    def call(*_: Any, **__: Any) -> Answer:
        number = next(count)
        return {"repositories": [], "nextToken": str(number) * 100_000 if number < 99 else None}

    api = AwsApi(*[None] * 4)  # type: ignore[arg-type]  # it makes no call
    monkeypatch.setattr(api, "call", call)
    tracemalloc.start()
    try:
        assert sum(1 for _ in api.pages(tally, ECR_REPOSITORIES, "repositories")) == 100
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
