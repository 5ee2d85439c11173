"""The doctor says of a plain registry beforehand what a run would lack, and pulls nothing."""

from __future__ import annotations

from typing import Any

import pytest

from audit.ports import Check, CheckStatus, Doctor
from providers.loopback.oci import Content, OciLoopback, Store, Ways
from providers.loopback.oci.content import OCI_MANIFEST, encoded
from providers.oci.provider import OciProvider
from providers.oci.settings import OciSettings
from tests.unit.oci.support import CONTEXT, collect, told

OK, MISSING = CheckStatus.OK, CheckStatus.MISSING
UNREACHABLE, UNKNOWN = CheckStatus.UNREACHABLE, CheckStatus.UNKNOWN


@pytest.fixture
def store() -> Store:
    store = Store()
    store.image("team/app", "1.0")
    store.image("team/other", "1.0")
    return store


def examined(settings: dict[str, Any]) -> dict[str, Check]:
    provider = OciProvider(OciSettings.model_validate({**settings, "max_attempts": 1}), CONTEXT)
    assert isinstance(provider, Doctor)
    checks = list(provider.examine())
    found = {check.what: check for check in checks}
    assert len(found) == len(checks), "each thing is said once"
    return found


def statuses(checks: dict[str, Check]) -> dict[str, CheckStatus]:
    return {what: check.status for what, check in checks.items()}


def in_the_way(checks: dict[str, Check]) -> bool:
    return any(c.required and c.status in {MISSING, UNREACHABLE} for c in checks.values())


@pytest.mark.parametrize("auth", ["none", "basic", "bearer"])
def test_nothing_is_missing_where_nothing_is_and_nothing_is_pulled(store, auth):
    with OciLoopback(store, Ways(auth=auth)) as registry:
        checks = examined(registry.settings())
        assert {check.subject for check in checks.values()} == {f"oci/{registry.host}"}
        assert set(registry.calls) <= {"base", "catalog", "tags", "token"}
    assert statuses(checks) == dict.fromkeys(["oci:base", "oci:catalog", "oci:tags team/app"], OK)


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_login_that_is_refused_is_missing_and_not_shown(store, auth):
    with OciLoopback(store, Ways(auth=auth)) as registry:
        checks = examined(registry.settings(password="Pl4nted"))  # noqa: S106  a test's
    assert statuses(checks) == {"oci:base": MISSING, "oci:catalog": MISSING}
    assert in_the_way(checks)
    assert checks["oci:catalog"].told.startswith("UNAUTHORIZED: ")
    assert "Pl4nted" not in repr(checks)


def test_a_login_that_cannot_be_read_is_missing_and_the_next_registry_is_examined(store, tmp_path):
    with OciLoopback(store) as registry:
        (there,) = registry.settings()["registries"]
        lost = {"host": "lost.example.org", "docker_config": str(tmp_path / "none.json")}
        checks = examined({**registry.settings(), "registries": [lost, there]})
    first, *others = checks.values()
    assert (first.subject, first.status) == ("oci/lost.example.org", MISSING)
    assert "none.json" in first.told
    assert {check.status for check in others} == {OK}


def test_a_registry_that_is_down_is_unreachable(store):
    with OciLoopback(store) as registry:
        settings = registry.settings()
    checks = examined(settings)
    assert statuses(checks) == {"oci:base": UNREACHABLE}
    assert in_the_way(checks)


@pytest.mark.parametrize("status", [403, 404])
def test_a_catalogue_that_is_refused_says_what_to_do(store, status):
    with OciLoopback(store, Ways(catalog=status != 404)) as registry:
        if status == 403:
            registry.fails["catalog", ""] = 403
        checks = examined(registry.settings())
    assert statuses(checks) == {"oci:base": OK, "oci:catalog": MISSING}
    assert "name what to read under repositories" in checks["oci:catalog"].costs
    assert in_the_way(checks)


def test_each_repository_that_is_named_is_examined_and_the_catalogue_is_not(store):
    with OciLoopback(store) as registry:
        registry.fails["tags", "team/other"] = 403
        checks = examined(registry.settings(repositories=["team/other", "team/app", "gone"]))
        assert registry.calls["catalog"] == 0
    assert statuses(checks) == {
        "oci:base": OK,
        "oci:tags gone": MISSING,
        "oci:tags team/app": OK,
        "oci:tags team/other": MISSING,
    }
    assert checks["oci:tags team/other"].permission == "pull team/other"
    assert checks["oci:tags gone"].told.startswith("NAME_UNKNOWN")


def test_what_the_patterns_leave_out_is_not_tried(store):
    with OciLoopback(store) as registry:
        settings = {**registry.settings(), "exclude": ["team/app"]}
        assert statuses(examined(settings))["oci:tags team/other"] is OK
        nothing = examined({**settings, "exclude": ["*"]})
    assert statuses(nothing) == {"oci:base": OK, "oci:catalog": OK, "oci:tags": UNKNOWN}


def test_a_repository_without_tags_proves_nothing(store):
    store.put("a", Content(OCI_MANIFEST, encoded({"layers": []})))
    with OciLoopback(store) as registry:
        checks = examined(registry.settings())
    assert checks["oci:tags a"].status is UNKNOWN
    assert not in_the_way(checks)


def test_a_registry_that_refuses_its_base_and_lets_read_stands_in_nobodys_way(store):
    with OciLoopback(store) as registry:
        registry.fails["base", ""] = 403
        checks = examined(registry.settings())
        assert told(collect(registry.settings())) == ("complete", None)
    assert checks["oci:base"].status is MISSING
    assert not in_the_way(checks)


def test_a_token_server_elsewhere_is_missing_from_the_settings(store):
    with OciLoopback(store, Ways(auth="bearer", realm="https://evil.example.com/t")) as registry:
        checks = examined(registry.settings())
    assert statuses(checks) == {"oci:base": MISSING, "oci:catalog": MISSING}
    assert "token_hosts" in checks["oci:catalog"].told
