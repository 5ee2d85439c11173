"""Reading a registry that hides, fails and miscounts: all that can be read is, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from audit.model.enums import Outcome
from audit.model.scope import LEFT_OUT, ScopeOutcome
from providers.azure.inventory import RegistryReader, Shelf
from providers.azure.names import inventory_scope
from providers.azure.parse_registries import Registry
from tests.unit.azure.acr_script import Registry as Served
from tests.unit.azure.acr_script import opened
from tests.unit.azure.scripted import Asked, Say
from tests.unit.azure.support import CONTEXT, KeepingSink

A, B = (f"sha256:{letter * 64}" for letter in "ab")
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = {
    "digest": A,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "configMediaType": "application/vnd.oci.image.config.v1+json",
    "createdTime": "2026-11-01T00:00:00Z",
}
BROKEN = Say({"errors": [{"code": "TOOBAD", "message": "no"}]}, 403)


def serve(**answers: Any) -> Callable[[Asked], Say]:
    """Serve by path; ``catalog``, ``<repository>``, ``<repository>_manifests``, ``documents``."""

    def answer(asked: Asked) -> Say:
        path = unquote(urlsplit(asked.path).path)
        if path == "/acr/v1/_catalog":
            said = answers["catalog"]
        elif path.startswith("/v2/"):
            said = answers["documents"]
        else:
            name, listing, _ = path.removeprefix("/acr/v1/").partition("/_manifests")
            said = answers[f"{name}_manifests" if listing else name]
        return said if isinstance(said, Say) else Say(said)

    return answer


def read(served: Callable[[Asked], Say], *, abac: bool = False) -> tuple[ScopeOutcome, KeepingSink]:
    registry = Registry("/arm", "acme.azurecr.io", "s-1", "westeurope", abac)
    ref = inventory_scope("s-1", "acme.azurecr.io", "westeurope")
    sink = KeepingSink()
    with opened(Served(served), abac=abac) as (client, _):
        shelf = Shelf(sink, CONTEXT, lambda name: name != "left-out")
        return RegistryReader(registry, ref, client, shelf).read(), sink


def listed(*rows: Any) -> dict[str, Any]:
    return {"manifests": list(rows)}


def test_repositories_go_on_after_one_that_fails():
    outcome, sink = read(
        serve(
            catalog={"repositories": ["bad", "left-out", "good"]},
            bad={"manifestCount": 4},
            bad_manifests=BROKEN,
            good={"manifestCount": 1},
            good_manifests=listed(IMAGE),
        )
    )
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.PARTIAL, 5, 1)
    assert (outcome.error_code, outcome.errors, outcome.api_calls) == ("TOOBAD", 1, 5)
    told = {row["repository"]: (row["complete"], row["unread"]) for row in sink["repositories"]}
    assert told == {"left-out": (False, [LEFT_OUT]), "bad": (False, []), "good": (True, [])}


def test_properties_that_cannot_be_read_leave_the_listing_and_no_expectation():
    outcome, sink = read(
        serve(catalog={"repositories": ["a"]}, a=BROKEN, a_manifests=listed(IMAGE))
    )
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.PARTIAL, None, 1)
    (row,) = sink["repositories"]
    assert (row["expected_images"], row["complete"]) == (None, True)
    assert [note.partition(":")[0] for note in row["unread"]] == [
        *("created_at", "updated_at", "expected_images")
    ]


def test_fewer_manifests_than_the_repository_counts_are_not_all_of_them():
    outcome, sink = read(
        serve(catalog={"repositories": ["a"]}, a={"manifestCount": 2}, a_manifests=listed(IMAGE))
    )
    assert outcome.outcome is Outcome.PARTIAL
    assert "lists 1 manifests and counts 2" in str(outcome.error)
    assert sink["repositories"][0]["complete"] is False


def test_null_manifests_of_a_repository_that_counts_some_are_not_an_empty_one():
    served = serve(
        catalog={"repositories": ["a"]}, a={"manifestCount": 2}, a_manifests={"manifests": None}
    )
    assert read(served)[0].outcome is Outcome.FAILED


def test_more_manifests_than_counted_were_pushed_meanwhile():
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 1},
        a_manifests=listed(IMAGE, IMAGE | {"digest": B}, IMAGE),
    )
    outcome, _ = read(served)
    assert (outcome.outcome, outcome.expected, outcome.listed) == (Outcome.COMPLETE, 1, 2)


@pytest.mark.parametrize(("abac", "kind"), [(True, Outcome.DENIED), (False, Outcome.COMPLETE)])
def test_an_empty_catalogue_is_believed_only_without_repository_permissions(abac, kind):
    outcome, _ = read(serve(catalog={"repositories": []}), abac=abac)
    assert outcome.outcome is kind
    assert ("Catalog Lister" in str(outcome.missing_permission)) is abac
    assert outcome.expected == (None if abac else 0)


def test_under_repository_permissions_the_right_role_is_named():
    served = serve(catalog={"repositories": ["a"]}, a=BROKEN, a_manifests=BROKEN)
    outcome, _ = read(served, abac=True)
    assert "Repository Reader" in str(outcome.missing_permission)


def test_an_index_that_cannot_be_read_stays_an_index_with_unknown_children():
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 2},
        a_manifests=listed(IMAGE, {"digest": B, "mediaType": INDEX}),
        documents=BROKEN,
    )
    outcome, sink = read(served)
    assert (outcome.outcome, outcome.listed) == (Outcome.PARTIAL, 2)
    assert outcome.error is not None
    assert outcome.error.startswith("acr:GetManifest")
    assert [(row["kind"], row["child_digests"]) for row in sink["images"]] == [
        ("image", []),
        ("index", None),
    ]


def test_an_index_without_references_is_read():
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 2},
        a_manifests=listed(IMAGE, {"digest": B, "mediaType": INDEX}),
        documents={"mediaType": INDEX, "manifests": [{"digest": A, "platform": {"os": "linux"}}]},
    )
    outcome, sink = read(served)
    assert outcome.outcome is Outcome.COMPLETE
    assert sink["images"][1]["child_digests"] == [A]
    assert sink["images"][0]["os"] == "linux"


def test_a_manifest_that_nothing_is_known_of_stays_assessable():
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 1},
        a_manifests=listed({"digest": A}),
        documents=BROKEN,
    )
    outcome, sink = read(served)
    assert outcome.outcome is Outcome.PARTIAL
    assert sink["images"][0]["kind"] == "image"
