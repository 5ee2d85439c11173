"""azure-core's exceptions become typed errors with operation, code and missing role."""

from __future__ import annotations

import pytest
from azure.core import PipelineClient
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.rest import HttpRequest, HttpResponse

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    NotFoundError,
    TerminalError,
    ThrottledError,
    UnavailableError,
)
from providers.azure.failures import Call, failure
from tests.unit.azure.scripted import Say, Scripted

CALL = Call("acr:ListManifests", "AcrPull")


def status(code: int) -> HttpResponseError:
    error = HttpResponseError("told")
    error.status_code = code
    return error


def caused(by: Exception | None) -> ClientAuthenticationError:
    error = ClientAuthenticationError("Authentication failed")
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "kind", "code", "permission"),
    [
        (ServiceRequestError("x"), UnavailableError, "ServiceRequestError", ""),
        (ServiceResponseError("x"), UnavailableError, "ServiceResponseError", ""),
        (ServiceResponseTimeoutError("x"), UnavailableError, "ServiceResponseTimeoutError", ""),
        (IncompleteReadError("x"), UnavailableError, "IncompleteReadError", ""),
        (DecodeError("x"), BrokenPageError, "BrokenPageError", ""),
        (status(401), AccessDeniedError, "401", "AcrPull"),
        (status(403), AccessDeniedError, "403", "AcrPull"),
        (status(404), NotFoundError, "404", ""),
        (status(408), UnavailableError, "408", ""),
        (status(429), ThrottledError, "429", ""),
        (status(500), UnavailableError, "500", ""),
        (status(504), UnavailableError, "504", ""),
        (status(400), TerminalError, "400", ""),
        (status(418), TerminalError, "418", ""),
        (caused(None), AccessDeniedError, "ClientAuthenticationError", ""),
        (caused(ValueError("x")), AccessDeniedError, "ClientAuthenticationError", ""),
        (caused(OSError("x")), UnavailableError, "ClientAuthenticationError", ""),
        (caused(ServiceRequestError("x")), UnavailableError, "ClientAuthenticationError", ""),
        (caused(caused(ServiceResponseError("x"))), UnavailableError, None, ""),
        (AzureError("x"), TerminalError, "AzureError", ""),
    ],
)
def test_types(error, kind, code, permission):
    told = failure(error, CALL)
    assert type(told) is kind
    asked_entra = isinstance(error, ClientAuthenticationError)
    assert told.operation == ("entra:GetToken" if asked_entra else "acr:ListManifests")
    assert code in {None, told.code}
    assert told.permission == permission


def test_long_words_are_cut_and_put_on_one_line():
    told = failure(AzureError("a\n b\t" + "x" * 5000), CALL)
    assert told.message.startswith("a b xxx")
    assert len(told.message) < 500


@pytest.mark.parametrize(
    ("status_code", "body", "kind", "code", "words"),
    [
        (
            400,
            {"error": "invalid_client", "error_description": "no such identity"},
            AccessDeniedError,
            "invalid_client",
            "no such identity",
        ),
        (503, {"error": {"code": "Busy", "message": "later"}}, UnavailableError, "Busy", "later"),
        (401, {"errors": [{"code": "UNAUTHORIZED"}]}, AccessDeniedError, "UNAUTHORIZED", "told"),
        (401, {"errors": []}, AccessDeniedError, "401", "told"),
        (401, [1], AccessDeniedError, "401", "told"),
        (401, b"<html>", AccessDeniedError, "401", "told"),
    ],
)
def test_an_answered_refusal_of_a_token(status_code, body, kind, code, words):
    with Scripted(lambda _: Say(body, status_code)) as server:
        client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(server.url, policies=[])
        with client:
            response = client.send_request(HttpRequest("GET", server.url))
    error = ClientAuthenticationError("told", response=response)
    told = failure(error, CALL)
    assert type(told) is kind
    assert (told.code, told.message) == (code, words)
