"""Indexes over several nights: what a digest stands for is asked once, and never forgotten."""

import json
from typing import Any

import pytest

from providers.loopback.aws import AwsLoopback
from tests.unit.aws import payloads as p
from tests.unit.aws.support import CONTEXT, Collected, collect
from tests.unit.aws.wire import Answer, Wire, failure, paged, unset
from tests.unit.loopback.estates import small_estate

INDEX = p.image("c", imageManifestMediaType=p.OCI_INDEX, imageTags=["1"])
WHOLE = [p.image("a"), p.image("b"), INDEX]


def _night(
    *images: p.Payload, before: Collected | None = None, **answers: Answer
) -> tuple[Collected, list[Any]]:
    """Collect a night and return it with the index digests that were asked for."""
    wire = Wire(
        **{
            "GetRegistryScanningConfiguration": lambda _: p.scanning("BASIC"),
            "DescribeRepositories": paged("repositories", [p.repository()]),
            "BatchGetRepositoryScanningConfiguration": lambda _: p.frequencies("team/app"),
            "DescribeImages": paged("imageDetails", list(images)),
            "DescribeImageScanFindings": lambda _: failure("ScanNotFoundException"),
            "BatchGetImage": lambda _: p.manifests(("c", p.INDEX_MANIFEST)),
            **unset(),
            **answers,
        }
    )
    with wire:
        got = collect(wire.settings(), before or CONTEXT)
    return got, [one["imageIds"] for one in wire.asked("BatchGetImage")]


def _images(got: Collected) -> dict[str, Any]:
    return {row["digest"]: row for row in got.table("images")}


@pytest.fixture(scope="module")
def first() -> Collected:
    got, asked = _night(*WHOLE)
    assert len(asked) == 1
    return got


def test_a_known_index_is_not_read_again_and_tells_the_same(first):
    second, asked = _night(*WHOLE, before=first)
    assert asked == []
    assert _images(second) == _images(first)
    assert second.states() == first.states()
    third, asked = _night(*WHOLE, before=second)
    assert (asked, _images(third)) == ([], _images(first))


def test_a_new_index_is_the_only_one_that_is_read(first):
    manifest = json.loads(p.INDEX_MANIFEST)
    manifest["manifests"] = [{"digest": p.digest("e"), "platform": {"os": "linux"}}]
    new = p.image("d", imageManifestMediaType=p.OCI_INDEX)
    answer = p.manifests(("d", json.dumps(manifest)))
    got, asked = _night(*WHOLE, new, before=first, BatchGetImage=lambda _: answer)
    assert asked == [[{"imageDigest": p.digest("d")}]]
    assert _images(got)[p.digest("d")]["child_digests"] == [p.digest("e")]


def test_a_child_that_is_gone_costs_nothing_and_stays_a_child(first):
    second, asked = _night(p.image("a"), INDEX, before=first)
    assert asked == []
    assert _images(second)[p.digest("c")]["child_digests"] == [p.digest("a"), p.digest("b")]
    back, asked = _night(*WHOLE, before=second)
    assert len(asked) == 1, "what it is must be learned again"
    assert _images(back) == _images(first)


def test_an_index_that_could_not_be_read_is_asked_for_again(first):
    broken, _ = _night(*WHOLE, BatchGetImage=lambda _: failure("ServerException", "no", 500))
    assert _images(broken)[p.digest("c")]["child_digests"] is None
    again, asked = _night(*WHOLE, before=broken)
    assert len(asked) == 1
    assert _images(again) == _images(first)


def test_a_child_without_its_platform_is_asked_for_again(first):
    rows = first.table("images")
    poor = [{**row, "os": None} if row["digest"] == p.digest("a") else row for row in rows]
    known = Collected(type(first.sink)(), {})
    known.sink.rows = {**first.sink.rows, "images": poor}
    got, asked = _night(*WHOLE, before=known)
    assert len(asked) == 1
    assert _images(got)[p.digest("a")]["os"] == "linux"


def test_a_plain_manifest_that_is_listed_as_an_index_is_read_once():
    plain = p.manifests(("c", '{"config":{}}'))
    before, asked = _night(INDEX, BatchGetImage=lambda _: plain)
    assert (len(asked), _images(before)[p.digest("c")]["kind"]) == (1, "image")
    got, asked = _night(INDEX, before=before)
    assert (asked, _images(got)) == ([], _images(before))


def test_an_archived_index_that_was_read_before_keeps_its_children(first):
    cold = {**INDEX, "imageStatus": "ARCHIVED"}
    got, asked = _night(p.image("a"), p.image("b"), cold, before=first)
    assert asked == []
    assert _images(got) == _images(first)


def test_an_unchanged_estate_costs_no_manifest_at_all():
    with AwsLoopback(small_estate()) as aws:
        first = collect(aws.settings())
        assert aws.calls["BatchGetImage"] == 1
        second = collect(aws.settings(), first)
        assert aws.calls["BatchGetImage"] == 1
    assert second.sink.rows == first.sink.rows
