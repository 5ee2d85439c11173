"""IAM policies: whom a repository lets in, and what cannot be decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from providers.gcp.iam import Binding, Home, Organisation, access_columns, bindings_of
from providers.gcp.members import Stranger, party_of

READER, WRITER = "roles/artifactregistry.reader", "roles/artifactregistry.writer"
CUSTOM = "organizations/9/roles/puller"
DOMAIN = frozenset({"acme.com"})
POOL = "principalSet://iam.googleapis.com/projects/100/locations/global/x"


def access(
    own: Sequence[Any] = (),
    project: Sequence[Any] | None = (),
    domains: frozenset[str] = DOMAIN,
) -> tuple[dict[str, Any], list[str]]:
    home = Home("shop", "100", Organisation(domains, frozenset({"shared"})))
    asked = None if project is None else [Binding(*one) for one in project]
    return access_columns([Binding(*one) for one in own], asked, home)


def reasons(notes: list[str], column: str) -> list[str]:
    return [note.partition(": ")[2] for note in notes if note.startswith(f"{column}: ")]


@pytest.mark.parametrize(
    ("member", "party"),
    [
        ("allUsers", Stranger("*")),
        ("allAuthenticatedUsers", Stranger("*")),
        ("user:ann@Acme.com", Stranger("acme.com", domain=True)),
        ("group:ops@acme.com", Stranger("acme.com", domain=True)),
        ("domain:acme.com", Stranger("acme.com", domain=True)),
        ("serviceAccount:ci@shop.iam.gserviceaccount.com", None),
        ("serviceAccount:ci@other.iam.gserviceaccount.com", Stranger("other")),
        ("serviceAccount:ci@shop.acme.com.iam.gserviceaccount.com", Stranger("acme.com:shop")),
        ("serviceAccount:shop@appspot.gserviceaccount.com", None),
        ("serviceAccount:100-compute@developer.gserviceaccount.com", None),
        ("serviceAccount:200-compute@developer.gserviceaccount.com", Stranger("200")),
        ("serviceAccount:100@cloudbuild.gserviceaccount.com", None),
        ("serviceAccount:200@cloudservices.gserviceaccount.com", Stranger("200")),
        ("serviceAccount:service-100@gcp-sa-run.iam.gserviceaccount.com", None),
        ("serviceAccount:service-200@gcp-sa-run.iam.gserviceaccount.com", Stranger("200")),
        ("serviceAccount:service-100@serverless-robot-prod.iam.gserviceaccount.com", None),
        ("projectEditor:shop", None),
        ("projectViewer:other", Stranger("other")),
        ("deleted:serviceAccount:ci@other.iam.gserviceaccount.com?uid=1", None),
        (POOL, Stranger(POOL, unknown=True)),
        ("serviceAccount:odd", Stranger("serviceAccount:odd", unknown=True)),
        ("robot:r2", Stranger("robot:r2", unknown=True)),
    ],
)  # fmt: skip
def test_whose_a_member_is(member, party):
    assert party_of(member, "shop", "100") == party


def test_an_account_named_like_googles_agent_is_still_its_projects():
    """Anyone may make service-100@evil: it is no agent of project 100."""
    mine = "serviceAccount:service-100@evil.iam.gserviceaccount.com"
    assert party_of(mine, "shop", "100") == Stranger("evil")


def test_a_repository_without_a_policy_lets_nobody_in():
    columns, notes = access()
    assert columns == {
        "policy_present": False,
        "anonymous_pull_enabled": False,
        "anonymous_access": False,
        "anonymous_write": False,
        "external_accounts": [],
        "external_write": False,
        "outside_organisation": False,
        "writers": [],
    }
    assert notes == []


def test_all_users_may_pull_and_all_authenticated_users_only_with_an_account():
    everyone, _ = access([(READER, ("allUsers",))])
    assert (everyone["anonymous_pull_enabled"], everyone["anonymous_access"]) == (True, True)
    some, _ = access([(READER, ("allAuthenticatedUsers",))])
    assert (some["anonymous_pull_enabled"], some["anonymous_access"]) == (False, True)
    for columns in (everyone, some):
        assert columns["anonymous_write"] is False
        assert columns["external_accounts"] == ["*"]
        assert columns["outside_organisation"] is True


@pytest.mark.parametrize("role", [READER, "roles/viewer", WRITER, CUSTOM, "roles/run.invoker"])
def test_any_role_given_to_everyone_on_a_repository_makes_it_public(role):
    columns, notes = access([(role, ("allUsers",))])
    assert columns["anonymous_access"] is True
    writes = {WRITER: True, READER: False, "roles/viewer": False}.get(role)
    assert columns["anonymous_write"] is writes
    assert bool(reasons(notes, "anonymous_write")) == (writes is None)


def test_a_projects_policy_lets_in_too():
    columns, _ = access([], [(READER, ("allUsers",)), (WRITER, ("user:eve@evil.com",))])
    assert columns["policy_present"] is False, "it is not the repository's own"
    assert columns["anonymous_access"] is True
    assert columns["external_accounts"] == ["*", "evil.com"]
    assert columns["writers"] == ["user:eve@evil.com"]


def test_other_services_roles_on_the_project_say_nothing_of_registries():
    columns, notes = access([], [("roles/compute.viewer", ("user:eve@evil.com",))])
    assert (columns["external_accounts"], columns["outside_organisation"]) == ([], False)
    assert notes == []
    columns, notes = access([], [("roles/compute.viewer", ("allUsers",))])
    assert columns["anonymous_access"] is None, "whatever is given to everyone is looked at"
    assert reasons(notes, "anonymous_access")


def test_a_custom_role_is_not_known_and_never_reads_as_nothing():
    columns, notes = access([], [(CUSTOM, ("user:eve@evil.com",))])
    assert columns["external_accounts"] == []
    assert columns["outside_organisation"] is None
    assert columns["external_write"] is None
    for column in ("external_accounts", "outside_organisation", "external_write", "writers"):
        assert reasons(notes, column) == [f"what {CUSTOM} allows is not known"]


def test_a_condition_leaves_it_open():
    columns, notes = access([(READER, ("allUsers",), True)])
    assert columns["anonymous_access"] is None
    assert reasons(notes, "anonymous_access") == [f"{READER} is given under a condition"]
    columns, _ = access([(READER, ("allUsers",), True), (READER, ("allUsers",))])
    assert columns["anonymous_access"] is True


def test_a_projects_policy_that_could_not_be_read_leaves_no_no():
    columns, notes = access([], None)
    assert columns["anonymous_access"] is None
    assert columns["outside_organisation"] is None
    assert columns["external_accounts"] == []
    assert reasons(notes, "external_accounts")
    columns, _ = access([(READER, ("allUsers",))], None)
    assert columns["anonymous_access"] is True, "that much is known"


@pytest.mark.parametrize(
    ("member", "domains", "outside"),
    [
        ("user:ann@acme.com", DOMAIN, False),
        ("user:eve@evil.com", DOMAIN, True),
        ("user:ann@acme.com", frozenset(), None),
        ("serviceAccount:ci@shared.iam.gserviceaccount.com", DOMAIN, False),
        ("serviceAccount:ci@else.iam.gserviceaccount.com", DOMAIN, None),
        ("principal://iam.googleapis.com/x", DOMAIN, None),
    ],
)
def test_who_is_outside_the_organisation(member, domains, outside):
    columns, notes = access([(READER, (member,))], domains=domains)
    assert columns["outside_organisation"] is outside
    assert bool(reasons(notes, "outside_organisation")) == (outside is None)


def test_writers_are_named_as_the_policies_name_them():
    own = [(WRITER, ("group:ci@acme.com", "user:a@acme.com")), (READER, ("user:b@acme.com",))]
    columns, notes = access(
        own, [("roles/editor", ("serviceAccount:x@shop.iam.gserviceaccount.com",))]
    )
    assert columns["writers"] == [
        "group:ci@acme.com",
        "serviceAccount:x@shop.iam.gserviceaccount.com",
        "user:a@acme.com",
    ]
    assert notes == []


def test_a_policy_in_json():
    policy = {
        "version": 3,
        "bindings": [
            {"role": READER, "members": ["allUsers"], "condition": {"expression": "true"}},
            {"role": WRITER},
        ],
    }
    assert bindings_of(policy) == [Binding(READER, ("allUsers",), True), Binding(WRITER, ())]
    assert bindings_of({"etag": "ACAB"}) == []
