"""Tokens of a registry: shared, kept, renewed in time, and given back to nobody."""

from __future__ import annotations

import math

import pytest

from audit.errors import AccessDeniedError, SourceError
from providers.azure.acr_tokens import BATCH, MARGIN, RegistryTokens, lifetime
from providers.azure.failures import Call
from tests.unit.azure.acr_script import MANIFESTS, Registry, drained, opened, paged
from tests.unit.azure.scripted import Asked, Say, jwt

CALL = Call("acr:ListManifests", "AcrPull")
NAMES = [f"team/r{n}" for n in range(120)]


def read_all(registry: Registry, names: list[str] = NAMES) -> None:
    with opened(registry) as (client, _):
        client.expect(names)
        for name in names:
            assert drained(client.manifests(name)) == (MANIFESTS[:1], None)


def test_repositories_share_access_tokens():
    registry = Registry(paged(MANIFESTS[:1], "manifests", 5))
    read_all(registry)
    assert registry.calls == {"data": 120, "exchange": 1, "token": math.ceil(120 / BATCH)}


@pytest.mark.parametrize("together", ["first", "none"])
def test_a_registry_that_gives_no_shared_tokens_costs_one_a_repository(together):
    registry = Registry(paged(MANIFESTS[:1], "manifests", 5), together=together)
    read_all(registry)
    assert registry.calls["data"] == 120
    assert registry.calls["exchange"] == 1
    assert registry.calls["token"] + registry.calls["challenge"] <= 120 + 2 * math.log2(BATCH) + 2


def test_one_repository_that_is_not_granted_does_not_spoil_the_others():
    registry = Registry(paged(MANIFESTS[:1], "manifests", 5))

    def answer(asked: Asked) -> Say:
        if asked.path.startswith("/oauth2/token") and "secret" in asked.form()["scope"]:
            return Say({"errors": [{"code": "DENIED", "message": "not yours"}]}, 403)
        return registry(asked)

    with opened(answer) as (client, _):
        client.expect(["a", "secret", "b"])
        found = {name: drained(client.manifests(name))[1] for name in ("a", "secret", "b")}
    assert (found["a"], found["b"]) == (None, None)
    assert isinstance(found["secret"], AccessDeniedError)


class Bank:
    """Gives tokens with a lifetime; ``now`` is the clock of who keeps them."""

    def __init__(self, access: float = 4500, refresh: float = 10_800) -> None:
        self.now, self.lives = 0.0, {"access_token": access, "refresh_token": refresh}
        self.asked: list[str] = []
        self.broken: list[SourceError] = []

    def post(self, path: str, *_: object) -> object:
        self.asked.append(path.rpartition("/")[2])
        if path.endswith("token") and self.broken:
            raise self.broken.pop()
        member = "refresh_token" if path.endswith("exchange") else "access_token"
        return {member: f"{jwt(self.lives[member])}{len(self.asked)}"}

    def tokens(self) -> RegistryTokens:
        return RegistryTokens(self.post, "here", lambda _: "entra", lambda: self.now)


def test_an_expired_refresh_token_is_not_used_and_a_fresh_one_not_traded_again():
    """The stock client does both the wrong way round."""
    bank = Bank(access=600)
    tokens = bank.tokens()
    for second in range(0, 21_600, 60):
        bank.now = float(second)
        tokens.bearer("repository:a:metadata_read", CALL)
    assert bank.asked.count("exchange") == math.ceil(21_600 / (10_800 - MARGIN))
    assert bank.asked.count("token") == 21_600 / (600 - MARGIN)


def test_a_token_is_renewed_before_it_ends():
    bank = Bank(access=4500)
    tokens = bank.tokens()
    first = tokens.bearer("s", CALL)
    bank.now = 4500 - MARGIN - 1.0
    assert tokens.bearer("s", CALL) == first
    bank.now = 4500 - MARGIN
    assert tokens.bearer("s", CALL) != first


def test_a_refresh_token_that_was_never_good_is_not_traded_over_and_over():
    bank = Bank()
    bank.broken = [AccessDeniedError("no")] * 5
    with pytest.raises(AccessDeniedError):
        bank.tokens().bearer("s", CALL)
    assert bank.asked == ["exchange", "token"]


def test_a_refresh_token_that_ended_early_is_traded_once_more():
    bank = Bank()
    tokens = bank.tokens()
    tokens.bearer("a", CALL)
    bank.broken = [AccessDeniedError("no")]
    tokens.bearer("b", CALL)
    assert bank.asked == ["exchange", "token", "token", "exchange", "token"]


def test_an_anonymous_registry_is_asked_without_any_credential():
    registry = Registry(paged(MANIFESTS[:1], "manifests", 5))
    registry.anonymous = True
    with opened(registry, credential=None) as (client, server):
        assert drained(client.manifests("a")) == (MANIFESTS[:1], None)
    assert registry.calls == {"data": 1, "token": 1}
    assert server.asked[0].form()["grant_type"] == "password"


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.e30.c", "a.bnVsbA.c"])
def test_a_token_that_tells_no_end_is_used_until_it_is_refused(token):
    assert lifetime(token) == math.inf


def test_tokens_do_not_show_in_a_representation():
    bank = Bank()
    tokens = bank.tokens()
    bearer = tokens.bearer("s", CALL)
    assert bearer not in repr((tokens, tokens._access, tokens._refresh))
