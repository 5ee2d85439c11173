"""Settings are strict, and an address in the clear goes to this machine alone, if it may."""

from __future__ import annotations

import re
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest
from pydantic import BaseModel

from audit import plugins
from audit.config import validate
from audit.errors import ConfigError
from tests.contract.conftest import PROVIDERS
from tests.contract.under_test import ProviderUnderTest

SDKS = ("boto3", "botocore", "azure", "msal", "google", "grafeas", "grpc", "requests", "urllib3")
ENDPOINTS = [(provider, path) for provider in PROVIDERS for path in provider.endpoints]
Given = dict[str, Any]


def _id(both: tuple[ProviderUnderTest, tuple[str | int, ...]]) -> str:
    return f"{both[0].name}-{'.'.join(map(str, both[1]))}"


@pytest.fixture(params=ENDPOINTS, ids=_id)
def endpoint(request, clouds):
    """Good settings, and a way to put an address into one place of them."""
    provider, path = request.param
    given: Given = deepcopy(clouds.reach(provider).settings())
    for other in provider.endpoints:
        _put(given, other, "https://elsewhere.example.org")

    def with_address(url: str, **more: Any) -> Given:
        _put(given, path, url)
        return {**given, **more}

    return provider, with_address


def _put(given: Given, path: tuple[str | int, ...], value: object) -> None:
    held: Any = given
    for step in path[:-1]:
        held = held[step]
    held[path[-1]] = value


def checked(name: str, given: Given) -> BaseModel:
    model: type[BaseModel] = plugins.provider(name).settings_model
    return validate(model, given, f"providers.{name}", "file.yaml")


def test_good_settings_are_taken_and_kept_as_they_are(reached):
    settings = checked(reached.name, reached.settings())
    with pytest.raises(ValueError, match="frozen"):
        settings.max_attempts = 3  # type: ignore[attr-defined]  # every provider has it


@pytest.mark.parametrize("nearest", ["max_attempts", "endpoints"])
def test_an_unknown_key_is_refused_and_the_nearest_named(reached, nearest):
    if nearest not in reached.settings():
        nearest = reached.provider.what_to_read
    typo = nearest[:-1]
    with pytest.raises(ConfigError) as error:
        checked(reached.name, reached.settings() | {typo: 5})
    assert str(error.value).startswith(f"file.yaml: providers.{reached.name}.{typo}: unknown key")
    assert f"did you mean {nearest!r}?" in str(error.value)


def test_an_unknown_key_inside_is_refused(reached):
    given = deepcopy(reached.settings())
    path = (*reached.provider.endpoints[0][:-1], "no_such_service")
    _put(given, path, "https://127.0.0.1")
    named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    with pytest.raises(ConfigError, match=re.escape(f"providers.{reached.name}{named}")):
        checked(reached.name, given)


def test_nothing_to_read_is_refused(reached):
    key = reached.provider.what_to_read
    with pytest.raises(ConfigError, match=key):
        checked(reached.name, reached.settings() | {key: []})


def test_https_is_taken(endpoint):
    provider, with_address = endpoint
    checked(provider.name, with_address("https://proxy.example.org:8443"))


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize(
    "url", ["http://registry.example.org", "http://10.0.0.8:80", "http://127.0.0.1.example.org"]
)
def test_plain_http_to_another_host_is_refused(endpoint, url, allowed):
    provider, with_address = endpoint
    with pytest.raises(ConfigError, match="https") as error:
        checked(provider.name, with_address(url, allow_insecure_loopback=allowed))
    assert url in str(error.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"])
def test_plain_http_to_loopback_is_refused_unless_allowed(endpoint, url):
    provider, with_address = endpoint
    with pytest.raises(ConfigError, match="allow_insecure_loopback"):
        checked(provider.name, with_address(url, allow_insecure_loopback=False))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:9", "https://", "file:///etc"])
def test_what_is_no_address_is_refused(endpoint, url):
    provider, with_address = endpoint
    with pytest.raises(ConfigError):
        checked(provider.name, with_address(url, allow_insecure_loopback=True))


def test_importing_the_module_and_its_settings_loads_no_sdk(provider, tmp_path):
    """Opening it neither: a command that reads nothing costs nothing."""
    module = plugins.provider(provider.name).__module__
    code = (
        f"import sys, {module} as adapter\n"
        f"print(*sorted(m for m in sys.modules if m.split('.')[0] in {SDKS!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == ""


def test_every_endpoint_of_the_settings_is_under_test(reached):
    """A new service cannot be added without the rules above being asked of it."""
    fields = plugins.provider(reached.name).settings_model.model_json_schema()["$defs"]
    groups = [set(held["properties"]) for name, held in fields.items() if "ndpoint" in name]
    alone = {n for held in fields.values() for n in held.get("properties", ()) if n == "endpoint"}
    tested = reached.provider.endpoints
    if not groups:  # every place to read has an address of its own
        places = range(len(reached.settings()[reached.provider.what_to_read]))
        assert alone == {"endpoint"}
        assert tested == tuple((reached.provider.what_to_read, one, "endpoint") for one in places)
        return
    assert ([{path[1] for path in tested}], alone) == (groups, set())
    assert groups == [set(reached.settings()["endpoints"])]
