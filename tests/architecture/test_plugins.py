"""Plug-ins: what is declared is installed, loads, is what its port asks, and is lazy."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import pytest

from audit import plugins
from audit.ports import (
    Capabilities,
    Demo,
    Importer,
    ObjectStore,
    RegistryProvider,
    Report,
    Scanner,
    Settings,
    StoreSettings,
)
from tests.support.project import pyproject

PORTS = {
    plugins.PROVIDERS: RegistryProvider,
    plugins.IMPORTERS: Importer,
    plugins.SCANNERS: Scanner,
    plugins.REPORTS: Report,
    plugins.STORES: ObjectStore,
    plugins.DEMO: Demo,
}
NAMELESS = (plugins.STORES, plugins.DEMO)  # a store goes by every scheme that leads to it
DECLARED = pyproject()["project"]["entry-points"]
POINTS = [(group, name) for group, names in DECLARED.items() for name in names]
SDK = (
    *("boto3", "botocore", "azure", "msal", "google.auth", "google.api_core", "google.cloud"),
    *("google.protobuf", "grafeas", "grpc", "requests", "urllib3"),
)


def test_every_group_has_a_port():
    assert DECLARED.keys() == PORTS.keys()


@pytest.mark.parametrize("group", PORTS)
def test_what_is_declared_is_what_is_installed(group):
    installed = {
        point.name: point.value
        for point in entry_points(group=group)
        if point.dist is not None and point.dist.name == "registry-audit"
    }
    assert installed == DECLARED[group], "entry points are metadata: install the project again"


@pytest.mark.parametrize(("group", "name"), POINTS)
def test_a_plugin_has_everything_its_port_asks(group, name):
    port, plugin = PORTS[group], plugins.load(group, name)
    for attribute in inspect.get_annotations(port):
        assert hasattr(plugin, attribute), attribute
    asked = {key: value for key, value in vars(port).items() if inspect.isfunction(value)}
    methods = {key: value for key, value in asked.items() if value.__module__ == port.__module__}
    assert methods
    for key, method in methods.items():
        assert parameters(getattr(plugin, key)) == parameters(method), key


def parameters(method: Callable[..., Any]) -> list[str]:
    return [
        p.name
        for p in inspect.signature(method).parameters.values()
        if p.kind is not inspect.Parameter.VAR_POSITIONAL
    ]


@pytest.mark.parametrize(("group", "name"), [p for p in POINTS if p[0] not in NAMELESS])
def test_a_plugin_knows_its_own_name(group, name):
    assert plugins.load(group, name).name == name


@pytest.mark.parametrize("name", DECLARED[plugins.PROVIDERS])
def test_a_provider_states_its_sources_its_gaps_and_its_settings(name):
    provider = plugins.provider(name)
    assert issubclass(provider.settings_model, Settings)
    assert isinstance(provider.capabilities, Capabilities)
    assert provider.capabilities.sources or "findings" in provider.capabilities.gaps
    for fact, reason in provider.capabilities.gaps.items():
        kind, _, words = reason.partition(":")
        assert kind in {"notimpl", "notyet", "never"}, fact
        assert words.strip(), fact


@pytest.mark.parametrize("scheme", DECLARED[plugins.STORES])
def test_a_store_states_its_settings_and_takes_no_secret(scheme):
    model = plugins.store(scheme).settings_model
    assert issubclass(model, StoreSettings)
    assert [name for name in model.model_fields if re.search("secret|key|token|pass", name)] == []


MODULES = sorted(
    {
        target.partition(":")[0]
        for group in DECLARED
        if group != plugins.DEMO
        for target in DECLARED[group].values()
    }
)
LOADED = """
import json, os, sys
import audit.cli
found = {"audit.cli": sorted(sys.modules)}
for module in sys.argv[1:]:
    read, write = os.pipe()
    if not os.fork():
        __import__(module)
        with open(write, "w") as told:
            json.dump(sorted(sys.modules), told)
        os._exit(0)
    os.close(write)
    with open(read) as told:
        found[module] = json.load(told)
    os.wait()
print(json.dumps(found))
"""
"""Of the command line, and of each plug-in in a process that has started with that alone."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Return what is loaded once a module was imported, by the module's name."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *MODULES],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", ["audit.cli", *MODULES])
def test_importing_loads_no_cloud_sdk(module, loaded):
    found = loaded[module]
    assert module in found
    assert [name for name in found if name.startswith(tuple(f"{sdk}." for sdk in SDK))] == []
    assert sorted(set(SDK) & set(found)) == []


def test_the_command_line_starts_without_what_most_commands_never_need(loaded):
    """pandas alone takes longer to load than everything else together."""
    assert {"pandas", "matplotlib", "jinja2"}.isdisjoint(loaded["audit.cli"])


def test_arrow_takes_its_memory_from_the_system(tmp_path):
    """Its own allocator keeps a heap for every thread that reads."""
    code = "import audit.cli, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "system"
