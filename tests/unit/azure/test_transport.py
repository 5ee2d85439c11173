"""The transport below azure-core's pipeline: trust, proxies, and what a broken wire becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.core.rest import HttpRequest

from providers.azure.transport import LeanTransport
from providers.loopback.azure.tls import Authority
from providers.loopback.http import Response, serve
from tests.unit.azure.scripted import CUT, Asked, Say, Scripted

OPTIONS = {"connection_timeout": 5, "read_timeout": 5}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in (*PROXIES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_only_the_authorities_that_are_named_are_trusted(tmp_path: Path, monkeypatch):
    authority = Authority()
    trusted = str(authority.write(tmp_path))
    with serve(lambda _: Response(200, b"{}"), tls=authority.context()) as server:
        request = HttpRequest("GET", server.url)
        with LeanTransport(server.url, OPTIONS | {"connection_verify": trusted}) as transport:
            assert transport.send(request).content == b"{}"
        with (
            LeanTransport(server.url, OPTIONS) as transport,
            pytest.raises(ServiceRequestError, match="certificate"),
        ):
            transport.send(request)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", trusted)
        with LeanTransport(server.url, OPTIONS) as transport:
            assert transport.send(request).status_code == 200


def test_a_proxy_of_the_environment_is_used_except_for_hosts_that_are_spared(monkeypatch):
    def answer(asked: Asked) -> Say:
        return Say({"through": asked.path})

    with Scripted(answer) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        request = HttpRequest("GET", "http://registry.invalid/v2/")
        with LeanTransport(request.url, OPTIONS) as transport:
            assert transport.send(request).json() == {"through": request.url}
        monkeypatch.setenv("NO_PROXY", "registry.invalid")
        with LeanTransport(request.url, OPTIONS) as transport, pytest.raises(ServiceRequestError):
            transport.send(request)


def test_an_answer_that_is_cut_is_no_answer():
    with (
        Scripted(lambda _: CUT) as server,
        LeanTransport(server.url, OPTIONS) as transport,
        pytest.raises(ServiceResponseError),
    ):
        transport.send(HttpRequest("GET", server.url))


def test_a_body_that_ends_early_is_no_answer():
    early = Response(200, b"{}", {"Content-Length": "100", "Connection": "close"})
    with (
        serve(lambda _: early) as server,
        LeanTransport(server.url, OPTIONS) as transport,
        pytest.raises(ServiceResponseError),
    ):
        transport.send(HttpRequest("GET", server.url))


def test_a_server_that_is_not_there_was_not_reached():
    url = "http://127.0.0.1:1/"
    with LeanTransport(url, OPTIONS) as transport, pytest.raises(ServiceRequestError):
        transport.send(HttpRequest("GET", url))


def test_a_redirect_is_not_followed_with_the_token():
    away = Say({}, 307, {"Location": "http://127.0.0.1:1/"})
    with Scripted(lambda _: away) as server, LeanTransport(server.url, OPTIONS) as transport:
        assert transport.send(HttpRequest("GET", server.url)).status_code == 307
        assert len(server.asked) == 1


def test_an_answer_tells_what_azure_core_asks_for_and_shows_no_body():
    said = Say({"token": "secret"}, 403, {"X-One": "1"})
    with Scripted(lambda _: said) as server, LeanTransport(server.url, OPTIONS) as transport:
        answer = transport.send(HttpRequest("GET", server.url))
    assert (answer.reason, answer.content_type) == ("Forbidden", "application/json")
    assert answer.headers["x-one"] == "1"
    assert answer.url == server.url
    assert b"".join(answer.iter_bytes()) == answer.read() == answer.content
    assert "secret" not in repr(answer)
    with pytest.raises(HttpResponseError):
        answer.raise_for_status()
