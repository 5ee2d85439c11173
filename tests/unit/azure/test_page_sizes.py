"""Pages that a gateway gives up on are asked for smaller, and larger again once it recovers."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from audit.errors import UnavailableError
from providers.azure.page_size import LEAST, MOST, PageSize
from tests.unit.azure.acr_script import ATTEMPTS, MANIFESTS, Registry, drained, opened
from tests.unit.azure.scripted import Asked, Say, Scripted


def rows_asked(asked: Asked) -> int:
    return int(parse_qs(urlsplit(asked.path).query)["n"][0])


def sizes(server: Scripted) -> list[int]:
    return [rows_asked(asked) for asked in server.asked if asked.method == "GET"]


def served(at_most: Callable[[], int], status: int = 502) -> Callable[[Asked], Say]:
    """Serve all manifests by the size asked for; give up on pages that are larger."""

    def data(asked: Asked) -> Say:
        size = rows_asked(asked)
        if size > at_most():
            return Say({}, status)
        start = int(parse_qs(urlsplit(asked.path).query).get("last", ["0"])[0])
        onward = f"/acr/v1/a/_manifests?last={start + size}&n={size}"
        more = {"Link": f'<{onward}>; rel="next"'} if start + size < len(MANIFESTS) else {}
        return Say({"manifests": MANIFESTS[start : start + size]}, headers=more)

    return data


@pytest.mark.parametrize("status", [502, 504])
def test_a_page_size_that_answers_502_is_shrunk_until_it_works(status):
    registry = Registry(served(lambda: 100, status))
    with opened(registry) as (client, server):
        assert drained(client.manifests("a")) == (MANIFESTS, None)
    assert sizes(server)[:3] == [1000, 250, 62]
    assert max(sizes(server)[3:]) <= 124
    assert registry.calls["exchange"] == registry.calls["token"] == 1


def test_page_sizes_grow_again():
    limit = [60]
    registry = Registry(served(lambda: limit[0]))
    with opened(registry) as (client, server):
        for _ in range(6):
            assert drained(client.manifests("a")) == (MANIFESTS, None)
            limit[0] = 1000
    assert sizes(server)[-1] == MOST


def test_a_registry_that_answers_502_at_every_size_is_unavailable_after_its_attempts():
    registry = Registry(served(lambda: 0))
    with opened(registry) as (client, server):
        rows, error = drained(client.manifests("a"))
    assert rows == []
    assert isinstance(error, UnavailableError)
    assert error.code == "502"
    assert sizes(server) == [1000, 250, 62, 15, LEAST] + [LEAST] * (ATTEMPTS - 1)


def test_sizes_stay_between_their_ends():
    size = PageSize()
    for _ in range(5):
        size.shrink()
    assert (size.rows, size.can_shrink) == (LEAST, False)
    for _ in range(4 * 2**5 * 8):
        size.succeeded()
    assert size.rows == MOST


def test_429_with_retry_after_is_waited_for_and_costs_no_page():
    said = [Say({}, 429, {"Retry-After": "0"})] * (ATTEMPTS - 1)
    answer = served(lambda: 1000)
    registry = Registry(lambda asked: said.pop() if said else answer(asked))
    with opened(registry) as (client, server):
        assert drained(client.manifests("a")) == (MANIFESTS, None)
    assert set(sizes(server)) == {MOST}


def test_tokens_that_end_in_the_middle_of_a_listing_are_renewed_and_no_row_is_lost():
    pages = served(lambda: 250)

    def data(asked: Asked) -> Say:
        said = pages(asked)
        registry.expire()
        return said

    registry = Registry(data)
    with opened(registry) as (client, _):
        assert drained(client.manifests("a")) == (MANIFESTS, None)
    assert registry.calls["challenge"] > 3
