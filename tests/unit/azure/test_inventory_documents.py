"""Manifests whose row is not enough: what their documents, or the lack of them, leave known."""

from __future__ import annotations

import pytest

from audit.model.enums import Outcome
from tests.unit.azure.acr_inventory import BROKEN, IMAGE, INDEX, A, B, listed, read, serve


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


@pytest.mark.parametrize("references", [None, [], [{"digest": A}, {"size": 1}]])
@pytest.mark.parametrize(
    "document",
    [
        {},
        {"mediaType": INDEX},
        {"mediaType": INDEX, "manifests": None},
        {"mediaType": INDEX, "manifests": {"digest": A}},
        {"mediaType": INDEX, "manifests": [{"digest": A}, {"size": 1}]},
        {"mediaType": IMAGE["mediaType"], "config": {}, "layers": []},
    ],
)
def test_an_index_whose_document_does_not_tell_its_children_has_unknown_ones(document, references):
    row = {"digest": B, "mediaType": INDEX, "references": references}
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 2},
        a_manifests=listed(IMAGE, row),
        documents=document,
    )
    outcome, sink = read(served)
    assert (outcome.outcome, outcome.error_code) == (Outcome.PARTIAL, "BrokenPageError")
    assert "does not tell its manifests" in str(outcome.error)
    index = sink["images"][1]
    assert (index["kind"], index["child_digests"]) == ("index", None)
    assert sink["repositories"][0]["complete"] is True


def test_an_index_that_lists_nothing_has_no_children():
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 1},
        a_manifests=listed({"digest": B, "mediaType": INDEX}),
        documents={"mediaType": INDEX, "manifests": []},
    )
    outcome, sink = read(served)
    assert outcome.outcome is Outcome.COMPLETE
    assert sink["images"][0]["child_digests"] == []


@pytest.mark.parametrize("document", [{}, {"mediaType": IMAGE["mediaType"]}, {"config": None}])
def test_a_document_without_any_part_of_a_manifest_is_a_broken_page(document):
    served = serve(
        catalog={"repositories": ["a"]},
        a={"manifestCount": 1},
        a_manifests=listed({"digest": A}),
        documents=document,
    )
    outcome, sink = read(served)
    assert (outcome.outcome, outcome.error_code) == (Outcome.PARTIAL, "BrokenPageError")
    assert sink["images"][0]["kind"] == "image"


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
