"""Settings, what the adapter promises before it calls, and how it talks."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.auth import credentials
from google.auth import exceptions as auth_exceptions
from pydantic import ValidationError

from audit.errors import (
    AccessDeniedError,
    BrokenPageError,
    NotFoundError,
    SourceError,
    TerminalError,
    ThrottledError,
    UnavailableError,
)
from providers.gcp.channels import RegistryClients
from providers.gcp.client import GcpClients
from providers.gcp.failures import Operation, translated
from providers.gcp.provider import GcpProvider
from providers.gcp.settings import GcpSettings
from tests.unit.gcp.parts import CONTEXT

LOOPBACK = "http://127.0.0.1:1"
Anonymous: Any = credentials.AnonymousCredentials  # google-auth types no constructor
NoCredentials: Any = auth_exceptions.DefaultCredentialsError
Unavailable: Any = exceptions.ServiceUnavailable


@pytest.mark.parametrize(
    "wrong",
    [
        {"projects": []},
        {"projects": ["p", "p"]},
        {"projects": ["projects/p"]},
        {"locations": ["us", "us"]},
        {"locations": ["us/x"]},
        {"stale_after_days": 0},
        {"max_attempts": 0},
        {"project": "p"},
        {"endpoints": {"asset": LOOPBACK}},
        {"endpoints": {"grafeas": LOOPBACK}},
        {"endpoints": {"grafeas": "http://example.com"}, "allow_insecure_loopback": True},
        {"endpoints": {"artifact_registry": "example.com"}},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        GcpSettings.model_validate({"projects": ["p"], **wrong})


def test_a_refused_endpoint_is_named():
    with pytest.raises(ValidationError, match=r"endpoints\.grafeas"):
        GcpSettings.model_validate({"projects": ["p"], "endpoints": {"grafeas": LOOPBACK}})


def test_defaults():
    settings = GcpSettings(projects=("example.com:p", "q-1"))
    assert (settings.stale_after_days, settings.max_attempts) == (30, 6)
    assert settings.wants("any/thing")


def test_the_plan_has_one_task_per_project_and_makes_no_call():
    plan = GcpProvider(GcpSettings(projects=("p", "q")), CONTEXT).plan()
    assert [task.task_id for task in plan.tasks] == ["gcp/p", "gcp/q"]
    promised = [(ref.scope_id, str(ref.kind), ref.parent_scope_id) for ref in plan.tasks[0].scopes]
    assert promised == [
        ("gcp/p", "discovery", ""),
        ("gcp/p/posture", "configuration", "gcp/p"),
        ("gcp/p/artifact-analysis", "findings", "gcp/p"),
    ]
    assert plan.tasks[0].scopes[2].source == "artifact-analysis"


def test_every_gap_gives_its_reason():
    gaps = GcpProvider.capabilities.gaps
    assert gaps
    assert all(reason.split(":")[0] in {"notimpl", "notyet", "never"} for reason in gaps.values())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.PermissionDenied, AccessDeniedError),
        (exceptions.Unauthenticated, AccessDeniedError),
        (exceptions.NotFound, NotFoundError),
        (exceptions.ResourceExhausted, ThrottledError),
        (exceptions.ServiceUnavailable, UnavailableError),
        (exceptions.DeadlineExceeded, UnavailableError),
        (exceptions.Unknown, UnavailableError),
        (exceptions.MethodNotImplemented, TerminalError),
        (exceptions.InvalidArgument, TerminalError),
        (auth_exceptions.DefaultCredentialsError, AccessDeniedError),
        (auth_exceptions.RefreshError, AccessDeniedError),
        (auth_exceptions.TransportError, UnavailableError),
    ],
)
def test_googles_errors_are_typed_by_what_can_be_done(error, kind):
    with pytest.raises(SourceError) as caught, translated(Operation("s:Op", "s.op.list")):
        raise error("x")
    assert type(caught.value) is kind
    assert caught.value.operation == "s:Op"
    assert caught.value.permission == ("s.op.list" if error is exceptions.PermissionDenied else "")


def test_secure_endpoints_go_through_the_sdks_own_channel(monkeypatch):
    monkeypatch.setattr("google.auth.default", lambda **_: (Anonymous(), None))
    own = {"artifact_registry": "https://ar.example:8443", "grafeas": "https://gr.example"}
    for endpoints, hosts in (
        ({}, ("artifactregistry.googleapis.com:443", "containeranalysis.googleapis.com:443")),
        (own, ("ar.example:8443", "gr.example:443")),
    ):
        settings = GcpSettings.model_validate({"projects": ["p"], "endpoints": endpoints})
        with GcpClients(settings) as clients:
            assert clients._registries.at().transport.host == hosts[0]
            assert clients._grafeas.transport.host == hosts[1]


def test_missing_credentials_are_a_denial(monkeypatch):
    def missing(**_: object) -> None:
        raise NoCredentials("none found")

    monkeypatch.setattr("google.auth.default", missing)
    with pytest.raises(AccessDeniedError, match="none found"):
        GcpClients(GcpSettings(projects=("p",)))


REGIONAL = "https://artifactregistry.{location}.rep.googleapis.com"


def test_each_location_is_asked_at_its_own_address(monkeypatch):
    """Where data must not leave a region, its regional endpoint is asked."""
    monkeypatch.setattr("google.auth.default", lambda **_: (Anonymous(), None))
    with RegistryClients(REGIONAL) as clients:
        name = "projects/p/locations/us-central1/repositories/r"
        hosts = [clients.at("europe-west1"), clients.of(name), clients.at()]
        assert [client.transport.host for client in hosts] == [
            "artifactregistry.europe-west1.rep.googleapis.com:443",
            "artifactregistry.us-central1.rep.googleapis.com:443",
            "artifactregistry.googleapis.com:443",
        ]
        assert clients.at("europe-west1") is hosts[0], "one channel a location"
        with pytest.raises(BrokenPageError, match="location"):
            clients.at("evil.example/x")


def test_one_address_serves_every_location(monkeypatch):
    monkeypatch.setattr("google.auth.default", lambda **_: (Anonymous(), None))
    with RegistryClients("https://ar.example") as clients:
        assert clients.at("us") is clients.at("asia") is clients.at()


@pytest.mark.parametrize("name", ["grafeas", "cloud_asset"])
def test_only_artifact_registry_has_an_address_for_each_location(name):
    settings = {"projects": ["p"], "endpoints": {name: "https://x.{location}.example"}}
    with pytest.raises(ValidationError, match=name):
        GcpSettings.model_validate(settings)
