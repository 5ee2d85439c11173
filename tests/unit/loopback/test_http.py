from __future__ import annotations

import http.client
import json
import socket
import threading

import pytest

from providers.loopback.http import Request, Response, json_response, serve
from providers.loopback.packages import by_vulnerability, split_version
from providers.loopback.paging import Listing, PageTokenError
from tests.unit.loopback.estates import statement


def echo(request: Request) -> Response:
    told = {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "header": request.headers.get("x-one"),
        "body": request.body.decode(),
    }
    return json_response(told, headers={"X-Two": "2"})


def test_a_connection_serves_many_requests_of_every_method():
    with serve(echo) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        for method in ("POST", "PUT", "GET"):
            connection.request(method, "/a%2Fb?n=1&last=", body=b"hello", headers={"X-One": "1"})
            answer = connection.getresponse()
            assert answer.getheader("X-Two") == "2"
            assert json.loads(answer.read()) == {
                "method": method,
                "path": "/a%2Fb",
                "query": {"n": "1", "last": ""},
                "header": "1",
                "body": "hello",
            }
        connection.request("HEAD", "/")
        assert connection.getresponse().read() == b""
        connection.close()


def test_close_ends_kept_connections_and_joins_every_thread():
    before = threading.active_count()
    with serve(echo) as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        kept.request("GET", "/")
        kept.getresponse().read()
    assert threading.active_count() == before
    assert idle.recv(1) == b""
    idle.close()
    kept.close()


def test_a_fault_of_the_handler_closes_the_connection(capsys):
    def broken(_request: Request) -> Response:
        raise LookupError("a fault of the handler")

    with serve(broken) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/")
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        connection.close()
    assert "a fault of the handler" in capsys.readouterr().err


def test_a_body_that_is_no_json_object_is_a_value_error():
    for body in (b"[]", b"{"):
        with pytest.raises(ValueError, match=r"JSON|Expecting"):
            Request("POST", "/", {}, http.client.HTTPMessage(), body).json()


def test_pages_follow_each_other_and_end():
    listing = Listing(("images", "team/app"))
    first = listing.page("abcde", "", 2)
    second = listing.page("abcde", first.next_token, 2)
    third = listing.page("abcde", second.next_token, 2)
    assert [page.number for page in (first, second, third)] == [1, 2, 3]
    assert [page.items for page in (first, second, third)] == ["ab", "cd", "e"]
    assert third.next_token == ""
    assert listing.page("ab", "", 2).next_token == ""


@pytest.mark.parametrize("token", ["x", "%%%", "MS4y", "ÿ"])
def test_a_token_that_was_never_given_out_is_refused(token):
    with pytest.raises(PageTokenError):
        Listing(("images", "team/app")).page("abcde", token, 2)


def test_a_token_of_another_listing_is_refused():
    token = Listing(("images", "team/app")).page("abcde", "", 2).next_token
    with pytest.raises(PageTokenError):
        Listing(("images", "team/web")).page("abcde", token, 2)


@pytest.mark.parametrize(
    ("version", "kind", "parts"),
    [
        ("1:3.0.11-1~deb12u2", "OS", (1, "3.0.11", "1~deb12u2")),
        ("2.9-4-5", "OS", (0, "2.9-4", "5")),
        ("2.9", "OS", (0, "2.9", "")),
        ("0:2.9-4", "OS", (0, "0:2.9-4", "")),  # the parts would not give the 0: back
        ("1.0-beta", "NODEPKG", (0, "1.0-beta", "")),
    ],
)
def test_only_versions_of_os_packages_are_split(version, kind, parts):
    assert split_version(statement(version=version, package_type=kind)) == parts


def test_statements_are_grouped_in_order_of_first_appearance():
    told = (statement(2), statement(1), statement(2, "zlib1g"))
    groups = by_vulnerability(told)
    assert [[one.package for one in group] for group in groups] == [
        ["openssl", "zlib1g"],
        ["openssl"],
    ]
