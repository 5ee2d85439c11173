"""Where a listing of the ACR data plane ends: links that lead on or astray, null and nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audit.errors import BrokenPageError
from tests.unit.azure.acr_script import MANIFESTS, Registry, drained, opened
from tests.unit.azure.scripted import Asked, Say


def link(onward: str) -> Callable[[Asked], Say]:
    headers = {"Link": onward}
    return lambda _: Say({"manifests": MANIFESTS[:3]}, headers=headers)


@pytest.mark.parametrize(
    "onward",
    [
        '</acr/v1/a/_manifests?n=1000>; rel="next"',  # the page itself
        '<https://evil.example/acr/v1/a/_manifests?n=1&last=x>; rel="next"',
        '<//evil.example/acr/v1/a/_manifests?n=1&last=x>; rel="next"',
        '</acr/v1/b/_manifests?n=1&last=x>; rel="next"',
        "</acr/v1/a/_manifests?n=1&last=x>",
        "nonsense",
    ],
)
def test_a_link_that_leads_astray_is_a_broken_page(onward):
    registry = Registry(link(onward))
    with opened(registry) as (client, _):
        _, error = drained(client.manifests("a"))
    assert isinstance(error, BrokenPageError)
    assert registry.calls["data"] == 1


def test_a_link_onward_from_an_empty_page_would_never_end():
    numbers = iter(range(5))

    def data(_: Asked) -> Say:
        onward = f'</acr/v1/a/_manifests?last={next(numbers)}>; rel="next"'
        return Say({"manifests": []}, headers={"Link": onward})

    registry = Registry(data)
    with opened(registry) as (client, _):
        rows, error = drained(client.manifests("a"))
    assert rows == []
    assert isinstance(error, BrokenPageError)
    assert registry.calls["data"] == 1


@pytest.mark.parametrize("names", [None, []])
def test_an_empty_catalogue_is_null_or_a_list(names):
    with opened(Registry(lambda _: Say({"repositories": names}))) as (client, _):
        assert drained(client.repositories()) == ([], None)


@pytest.mark.parametrize("member", ["repositories", "manifests"])
def test_null_after_a_page_that_says_there_is_more_is_a_broken_page(member):
    onward = {"repositories": "/acr/v1/_catalog?last=a", "manifests": "/acr/v1/a/_manifests?last=a"}
    first = {"repositories": ["a"], "manifests": MANIFESTS[:1]}[member]
    link = {"Link": f'<{onward[member]}>; rel="next"'}

    def data(asked: Asked) -> Say:
        return Say({member: None}) if "last=" in asked.path else Say({member: first}, headers=link)

    with opened(Registry(data)) as (client, _):
        pages = client.repositories() if member == "repositories" else client.manifests("a", 2)
        rows, error = drained(pages)
    assert rows == first
    assert isinstance(error, BrokenPageError)


@pytest.mark.parametrize("names", [[""], [None], [{"name": "a"}]])
def test_a_repository_without_a_name_is_a_broken_page(names):
    with opened(Registry(lambda _: Say({"repositories": names}))) as (client, _):
        _, error = drained(client.repositories())
    assert isinstance(error, BrokenPageError)
