"""Who reads a registry, and to whom the login is never sent."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from audit.errors import ConfigError, TerminalError
from providers.loopback.oci import OciLoopback, Store, Ways
from providers.oci.auth import Keyring, Login
from providers.oci.failures import Answer
from providers.oci.logins import login_of
from providers.oci.settings import OciRegistry
from providers.oci.wire import Wire
from tests.unit.oci.support import read, told

SECRET = OciLoopback.password


@pytest.fixture
def store() -> Store:
    store = Store()
    store.image("team/app", "1.0")
    store.image("team/other", "1.0")
    return store


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_both_ways_in(store, auth):
    with OciLoopback(store, Ways(auth=auth)) as registry:
        got = read(registry)
        if auth == "bearer":
            assert registry.calls["token"] == 3, "one for the catalogue, one for each repository"
    assert told(got) == ("complete", None)
    assert got.whole() == {"team/app": True, "team/other": True}


def test_a_token_that_ends_in_the_middle_is_renewed(store):
    with OciLoopback(store, Ways(auth="bearer", tokens_live=2)) as registry:
        got = read(registry)
    assert told(got) == ("complete", None)


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_wrong_password_is_denied_and_nothing_is_believed_empty(store, auth):
    with OciLoopback(store, Ways(auth=auth)) as registry:
        got = read(registry, password="wrong")  # noqa: S106  a test's
    assert told(got) == ("denied", "UNAUTHORIZED")
    assert got["placements"] == []


def test_without_login_a_closed_registry_is_denied(store):
    with OciLoopback(store, Ways(auth="basic")) as registry:
        got = read(registry, username=None, password=None)
    assert told(got)[0] == "denied"


def test_the_login_is_sent_to_no_other_host(store):
    with (
        OciLoopback(Store()) as thief,
        OciLoopback(
            store, Ways(auth="bearer", realm=thief.url.replace("127.0.0.1", "127.0.0.2") + "/token")
        ) as registry,
    ):
        got = read(registry)
        assert thief.log == []
    assert told(got) == ("failed", "UnsafeRealm")
    assert got.outcome
    assert "token_hosts" in str(got.outcome.error)


def test_the_secret_is_in_no_error_and_no_token_request_line(store):
    with OciLoopback(store, Ways(auth="bearer")) as registry:
        registry.fails["tags", "team"] = 403
        got = read(registry)
        assert all(SECRET not in path for _, path, _ in registry.log)
    assert SECRET not in str(got.outcome)


def bearer(realm: str) -> Answer:
    return Answer(401, {"www-authenticate": f'Bearer realm="{realm}",service="s"'}, b"")


@pytest.mark.parametrize(
    ("home", "realm", "hosts"),
    [
        ("https://registry.example.org", "http://registry.example.org/token", ()),
        ("https://registry.example.org", "https://evil.example.net/token", ()),
        ("https://registry.example.org", "https://10.0.0.1/token", ()),
        ("https://registry.example.org", "https://169.254.169.254/latest", ()),
        ("https://registry.example.org", "http://127.0.0.1/token", ()),
        ("https://10.0.0.2", "https://10.0.0.1/token", ()),
        ("https://localhost", "https://evil/token", ()),
        ("https://registry.example.org", "file:///etc/passwd", ()),
        ("https://registry.example.org", "", ()),
    ],
)
def test_unsafe_realms(home, realm, hosts):
    keyring = Keyring(home, Login("u", "p"), Wire(1), hosts)
    with pytest.raises(TerminalError) as caught:
        keyring.learn(bearer(realm), "scope")
    assert caught.value.code == "UnsafeRealm"


class Giving(Wire):
    """Gives a token to whoever asks."""

    def send(self, method, url, operation, headers=None):  # noqa: ARG002  as Wire's
        self.asked = url
        return Answer(200, {}, b'{"access_token": "t", "expires_in": 100}')


@pytest.mark.parametrize(
    ("home", "realm", "hosts"),
    [
        ("https://registry-1.docker.io", "https://auth.docker.io/token", ()),
        ("https://ghcr.io", "https://ghcr.io/token", ()),
        ("https://10.0.0.2:5000", "https://10.0.0.2:5001/token", ()),
        ("https://registry.example.org", "https://login.example.net/token", ("login.example.net",)),
    ],
)
def test_safe_realms(home, realm, hosts):
    wire, now = Giving(1), [0.0]
    keyring = Keyring(home, None, wire, hosts, lambda: now[0])
    assert keyring.learn(bearer(realm), "repository:a:pull")
    assert wire.asked == f"{realm}?service=s&scope=repository%3Aa%3Apull"
    assert keyring.headers("repository:a:pull") == {"Authorization": "Bearer t"}
    wire.asked, now[0] = "", 95.0
    keyring.headers("repository:a:pull")
    assert wire.asked, "a token is renewed before it ends"


def configured(tmp_path: Path, **told: object) -> OciRegistry:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(told))
    return OciRegistry(host="ghcr.io", docker_config=path)


def test_a_docker_configuration_file(tmp_path):
    auth = base64.b64encode(b"me:with:colon").decode()
    assert login_of(configured(tmp_path, auths={"ghcr.io": {"auth": auth}})) == Login(
        "me", "with:colon"
    )
    assert login_of(configured(tmp_path, auths={"quay.io": {"auth": auth}})) is None
    assert "with:colon" not in repr(Login("me", "with:colon"))


def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> OciRegistry:
    program = tmp_path / "docker-credential-vault"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return configured(tmp_path, credHelpers={"ghcr.io": "vault"})


def test_a_credential_helper_is_asked_for_the_host(tmp_path, monkeypatch):
    script = 'read host; echo "{\\"Username\\": \\"$1\\", \\"Secret\\": \\"$host\\"}"'
    assert login_of(helper(tmp_path, monkeypatch, script)) == Login("get", "ghcr.io")


@pytest.mark.parametrize("script", ["echo hush >&2; exit 1", "echo '{}'", "echo hush", "echo '[]'"])
def test_a_helper_that_fails_is_told_without_its_words(tmp_path, monkeypatch, script):
    with pytest.raises(ConfigError) as caught:
        login_of(helper(tmp_path, monkeypatch, script))
    assert "hush" not in str(caught.value)
    assert "docker-credential-vault" in str(caught.value)


def test_a_helper_without_the_credentials_is_anonymous(tmp_path, monkeypatch):
    script = "echo 'credentials not found in native keychain'; exit 1"
    assert login_of(helper(tmp_path, monkeypatch, script)) is None


@pytest.mark.parametrize("name", ["../../bin/sh", "a b", "", "x;y", "$(id)"])
def test_a_helper_is_a_name_and_no_path(tmp_path, name):
    registry = configured(tmp_path, credHelpers={"ghcr.io": name or " "})
    with pytest.raises(ConfigError):
        login_of(registry)


@pytest.mark.parametrize(
    "told", [{"auths": {"ghcr.io": {"auth": "%%%"}}}, {"auths": {"ghcr.io": {"auth": "YWJj"}}}]
)
def test_a_broken_configuration_file_names_the_file(tmp_path, told):
    with pytest.raises(ConfigError, match=r"config\.json"):
        login_of(configured(tmp_path, **told))


def test_a_missing_file_is_an_outcome_of_its_registry(store, tmp_path):
    with OciLoopback(store) as registry:
        got = read(registry, docker_config=str(tmp_path / "no.json"))
    assert told(got) == ("failed", "NoLogin")
