"""Inventory of one account and region, from the wire to the rows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.model.enums import Outcome
from tests.unit.aws import payloads as p
from tests.unit.aws.support import Collected, collect
from tests.unit.aws.wire import Answer, Raw, Wire, failure, paged, unset

NOT_INSPECTOR = "not asked: Inspector is not known to scan this registry"
AT = datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)


def _wire(
    *images: p.Payload | None, names: tuple[str, ...] = ("team/app",), **answers: Answer
) -> Wire:
    """A basic registry whose every scan is unknown to ECR."""
    return Wire(
        **{
            "GetRegistryScanningConfiguration": lambda _: p.scanning("BASIC", "SCAN_ON_PUSH"),
            "DescribeRepositories": paged("repositories", [p.repository(n) for n in names]),
            "BatchGetRepositoryScanningConfiguration": lambda _: p.frequencies(*names),
            "DescribeImages": paged("imageDetails", list(images)),
            "DescribeImageScanFindings": lambda _: failure("ScanNotFoundException"),
            **unset(),
            **answers,
        }
    )


def _collect(wire: Wire, **more: Any) -> Collected:
    with wire:
        return collect(wire.settings(**more))


def test_rows_of_a_repository():
    image = p.image("a", imageTags=["latest", "1"], lastRecordedPullTime=p.PUSHED)
    wire = _wire(image)
    got = _collect(wire)
    where = {
        "provider": "aws",
        "account": p.ACCOUNT,
        "region": p.REGION,
        "registry_id": p.HOST,
        "scope_id": f"aws/{p.ACCOUNT}/{p.REGION}",
        "observed_run_id": "run-1",
    }
    (registry,) = got.table("registries")
    assert registry.items() >= where.items()
    assert (registry["scan_type"], registry["scanning_enabled"]) == ("BASIC", True)
    assert registry["language_packages_scanned"] is False
    assert {note.partition(": ")[2] for note in registry["unread"]} == {NOT_INSPECTOR}
    (repository,) = got.table("repositories")
    assert repository.items() >= where.items()
    assert (repository["repository"], repository["complete"]) == ("team/app", True)
    assert repository["created_at"] == AT
    assert repository["scan_frequency"] == "CONTINUOUS_SCAN"
    assert repository["tag_mutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository["kms_key"].startswith("arn:aws:kms:")
    (placement,) = got.table("placements")
    assert placement.items() >= where.items()
    assert placement["tags"] == ["1", "latest"]
    assert (placement["pushed_at"], placement["last_pulled_at"]) == (AT, AT)
    assert (placement["archived"], placement["in_use"], placement["current"]) == (False, None, None)
    (stored,) = got.table("images")
    assert (stored["digest"], stored["kind"]) == (p.digest("a"), "image")
    assert (stored["size_bytes"], stored["child_digests"]) == (52_345_678, [])
    assert got.inventory.outcome is Outcome.COMPLETE
    assert (got.inventory.listed, got.inventory.api_calls) == (1, 4)
    assert wire.asked("DescribeImages") == [
        {"repositoryName": "team/app", "filter": {"imageStatus": "ANY"}, "maxResults": 1000}
    ]


def test_an_index_teaches_platforms_and_attestations():
    index = p.image("c", imageManifestMediaType=p.OCI_INDEX, imageTags=["1"])
    wire = _wire(
        p.image("a"),
        p.image("b"),
        index,
        BatchGetImage=lambda _: p.manifests(("c", p.INDEX_MANIFEST)),
    )
    got = _collect(wire)
    rows = {row["digest"]: row for row in got.table("images")}
    assert {d: r["kind"] for d, r in rows.items()} == {
        p.digest("a"): "image",
        p.digest("b"): "attestation",
        p.digest("c"): "index",
    }
    assert rows[p.digest("c")]["child_digests"] == [p.digest("a"), p.digest("b")]
    child = rows[p.digest("a")]
    assert (child["os"], child["architecture"], child["variant"]) == ("linux", "arm64", "v8")
    assert rows[p.digest("b")]["subject_digest"] == p.digest("a")
    assert list(got.states()) == [("team/app", p.digest("a"))]
    (asked,) = wire.asked("BatchGetImage")
    assert asked["imageIds"] == [{"imageDigest": p.digest("c")}]
    plain = "application/vnd.oci.image.manifest.v1+json"
    assert {p.OCI_INDEX, plain} <= set(asked["acceptedMediaTypes"])


def test_an_index_is_read_once_though_two_repositories_hold_it():
    index = p.image("c", imageManifestMediaType=p.OCI_INDEX)
    wire = _wire(
        index,
        names=("one", "two"),
        BatchGetImage=lambda _: p.manifests(("c", p.INDEX_MANIFEST)),
    )
    got = _collect(wire)
    assert wire.calls["BatchGetImage"] == 1
    assert len(got.table("placements")) == 2
    assert len(got.table("images")) == 1


def test_what_one_placement_tells_of_a_digest_holds_in_all():
    def images(parameters):
        tags = [f"sha256-{'a' * 64}.sig"] if parameters["repositoryName"] == "one" else []
        return {"imageDetails": [p.image("d", imageTags=tags)]}

    got = _collect(_wire(names=("one", "two"), DescribeImages=images))
    assert [row["kind"] for row in got.table("images")] == ["signature"]
    assert len(got.table("placements")) == 2
    assert got.states() == {}


def test_indexes_are_asked_for_by_the_hundred():
    many = [
        p.image("c", imageDigest=f"sha256:{n:064x}", imageManifestMediaType=p.OCI_INDEX)
        for n in range(101)
    ]
    wire = _wire(*many, BatchGetImage=lambda _: p.manifests())
    _collect(wire)
    assert [len(asked["imageIds"]) for asked in wire.asked("BatchGetImage")] == [100, 1]


@pytest.mark.parametrize(
    ("answer", "kind", "children", "outcome"),
    [
        (p.manifests(), "index", None, Outcome.PARTIAL),
        ({"images": []}, "index", None, Outcome.PARTIAL),
        (p.manifests(("d", p.INDEX_MANIFEST)), "index", None, Outcome.PARTIAL),
        (p.manifests(("c", '{"config":{}}')), "image", [], Outcome.COMPLETE),
        (
            p.manifests(failures=(p.manifest_failure("c", "ImageNotFound"),)),
            "index",
            None,
            Outcome.COMPLETE,
        ),
        (
            p.manifests(failures=(p.manifest_failure("c", "KmsError"),)),
            "index",
            None,
            Outcome.PARTIAL,
        ),
        (p.manifests(("c", "{")), "index", None, Outcome.PARTIAL),
        ({"images": [None]}, "index", None, Outcome.PARTIAL),
        ({}, "index", None, Outcome.PARTIAL),
        (failure("RepositoryNotFoundException"), "index", None, Outcome.COMPLETE),
        (failure("AccessDeniedException"), "index", None, Outcome.PARTIAL),
    ],
)
def test_an_index_that_cannot_be_read(answer, kind, children, outcome):
    index = p.image("c", imageManifestMediaType=p.OCI_INDEX)
    got = _collect(_wire(index, BatchGetImage=lambda _: answer))
    (row,) = got.table("images")
    assert (row["kind"], row["child_digests"]) == (kind, children)
    assert got.inventory.outcome is outcome


def test_an_index_that_the_answer_passes_over_is_named():
    index = p.image("c", imageManifestMediaType=p.OCI_INDEX)
    got = _collect(_wire(index, BatchGetImage=lambda _: {"images": []}))
    assert got.inventory.error_code == "BrokenPageError"
    assert p.digest("c") in (got.inventory.error or "")
    assert got.states() == {}


def test_words_of_a_refusal_reach_no_table():
    words = "Authorization=AWS4-HMAC-SHA256 Credential=AKIA/x, x-amz-security-token:FwoGZXIvYXdzE"
    row = p.manifest_failure("c", "KmsError") | {"failureReason": words}
    index = p.image("c", imageManifestMediaType=p.OCI_INDEX)
    got = _collect(
        _wire(
            index,
            p.image("a"),
            BatchGetImage=lambda _: p.manifests(failures=(row,)),
            DescribeImageScanFindings=lambda _: failure("IncompleteSignatureException", words),
        )
    )
    assert got.inventory.error_code == "KmsError"
    assert got.findings.error_code == "IncompleteSignatureException"
    assert "FwoGZXIvYXdzE" not in repr((got.sink.rows, got.outcomes))


def test_an_archived_index_is_not_pulled():
    index = p.image("c", imageManifestMediaType=p.OCI_INDEX, imageStatus="ARCHIVED")
    wire = _wire(index)
    got = _collect(wire)
    assert wire.calls["BatchGetImage"] == 0
    assert got.table("placements")[0]["archived"] is True
    assert got.table("images")[0]["child_digests"] is None


def test_a_failing_page_keeps_what_was_listed_and_the_other_repositories():
    good = paged("imageDetails", [p.image("a")], [p.image("b")])

    def images(parameters):
        if parameters["repositoryName"] == "bad" and "nextToken" in parameters:
            return failure("ServerException", "kaputt", 500)
        return good(parameters)

    got = _collect(_wire(names=("bad", "good"), DescribeImages=images))
    complete = {
        r["repository"]: (r["complete"], r["listed_images"]) for r in got.table("repositories")
    }
    assert complete == {"bad": (False, 1), "good": (True, 2)}
    assert len(got.table("placements")) == 3
    assert (got.inventory.outcome, got.inventory.listed) == (Outcome.PARTIAL, 3)
    assert got.inventory.errors == 1
    assert "ecr:DescribeImages" in (got.inventory.error or "")


@pytest.mark.parametrize("body", [b'{"imageDetails":[{"imageDigest"', b"{}"])
def test_a_cut_page_is_no_empty_repository(body):
    got = _collect(_wire(DescribeImages=lambda _: Raw(200, body)))
    assert got.table("repositories")[0]["complete"] is False
    assert got.inventory.outcome is Outcome.FAILED


@pytest.mark.parametrize("row", [None, {"imageTags": ["1"]}])
def test_an_unreadable_row_is_counted(row):
    got = _collect(_wire(row, p.image("a")))
    assert got.table("repositories")[0]["complete"] is False
    assert (got.inventory.outcome, got.inventory.listed) == (Outcome.PARTIAL, 1)


def test_a_digest_on_two_pages_is_one_placement():
    pages = paged("imageDetails", [p.image("a")], [p.image("a")])
    got = _collect(_wire(DescribeImages=pages))
    assert len(got.table("placements")) == got.inventory.listed == 1


def test_a_repository_deleted_meanwhile_is_gone_without_error():
    gone = failure("RepositoryNotFoundException")
    got = _collect(_wire(DescribeImages=lambda _: gone))
    assert got.table("repositories") == []
    assert got.inventory.outcome is Outcome.COMPLETE


def test_repositories_listed_before_a_failing_page_are_read():
    def repositories(parameters):
        if "nextToken" in parameters:
            return failure("ServerException", "kaputt", 500)
        return {"repositories": [p.repository(), None], "nextToken": "t"}

    got = _collect(_wire(p.image("a"), DescribeRepositories=repositories))
    assert (got.inventory.outcome, got.inventory.errors) == (Outcome.PARTIAL, 2)
    assert len(got.table("placements")) == 1


def test_patterns_leave_repositories_out():
    wire = _wire(p.image("a"), names=("team/app", "sandbox/x"))
    got = _collect(wire, exclude=["sandbox/*"])
    listed = {row["repository"]: row["complete"] for row in got.table("repositories")}
    assert listed == {"team/app": True, "sandbox/x": False}
    assert wire.calls["DescribeImages"] == 1


def test_frequencies_are_asked_for_by_25_and_failures_are_named():
    names = tuple(f"r{n}" for n in range(26))

    def answer(parameters):
        asked = parameters["repositoryNames"]
        if asked == ["r25"]:
            return p.frequencies(gone=("r25",))
        return p.frequencies(*asked[1:])

    wire = _wire(names=names, BatchGetRepositoryScanningConfiguration=answer)
    got = _collect(wire)
    rows = {row["repository"]: row for row in got.table("repositories")}
    sizes = [
        len(a["repositoryNames"]) for a in wire.asked("BatchGetRepositoryScanningConfiguration")
    ]
    assert sizes == [25, 1]
    assert rows["r0"]["unread"] == ["scan_frequency: not answered", "scan_filters: not answered"]
    assert rows["r25"]["unread"][0] == "scan_frequency: REPOSITORY_NOT_FOUND"
    assert (rows["r1"]["scan_frequency"], rows["r1"]["unread"]) == ("CONTINUOUS_SCAN", [])


def test_denied_frequencies_are_unread_not_manual():
    denied = failure("AccessDeniedException")
    got = _collect(_wire(p.image("a"), BatchGetRepositoryScanningConfiguration=lambda _: denied))
    (row,) = got.table("repositories")
    assert row["scan_frequency"] is None
    assert row["unread"] == [
        "scan_frequency: AccessDeniedException",
        "scan_filters: AccessDeniedException",
    ]
    assert got.inventory.missing_permission == "ecr:BatchGetRepositoryScanningConfiguration"


@pytest.mark.parametrize(
    ("rule", "repository", "enabled"),
    [
        ("SCAN_ON_PUSH", None, True),
        ("MANUAL", "CONTINUOUS_SCAN", True),
        ("MANUAL", "MANUAL", False),
        ("MANUAL", None, None),
    ],
)
def test_scanning_enabled(rule, repository, enabled):
    answer = p.frequencies("team/app")
    answer["scanningConfigurations"][0]["scanFrequency"] = repository
    wire = _wire(
        GetRegistryScanningConfiguration=lambda _: p.scanning("BASIC", rule),
        BatchGetRepositoryScanningConfiguration=lambda _: answer,
    )
    assert _collect(wire).table("registries")[0]["scanning_enabled"] is enabled


def test_a_region_without_scanning_configuration_scans_basically():
    disabled = failure("ValidationException", "This feature is disabled")
    got = _collect(_wire(p.image("a"), GetRegistryScanningConfiguration=lambda _: disabled))
    assert got.table("registries")[0]["scan_type"] == "BASIC"
    assert got.table("repositories")[0]["scan_frequency"] == "MANUAL"
    assert got.inventory.outcome is Outcome.COMPLETE
    assert got.findings.ref.source == "ecr-basic"
    assert got.states() == {("team/app", p.digest("a")): "not_scanned"}


def test_an_unread_scan_type_is_null_and_ecr_is_asked_image_by_image():
    denied = failure("AccessDeniedException")
    got = _collect(_wire(p.image("a"), GetRegistryScanningConfiguration=lambda _: denied))
    (registry,) = got.table("registries")
    assert (registry["scan_type"], registry["scanning_enabled"]) == (None, True)
    assert registry["unread"][0] == "scan_type: AccessDeniedException"
    assert got.inventory.outcome is Outcome.PARTIAL
    assert got.inventory.missing_permission == "ecr:GetRegistryScanningConfiguration"


def test_a_denied_region_is_denied_in_all_scopes_and_not_asked_on():
    wire = Wire()
    got = _collect(wire)
    for outcome in (got.inventory, got.posture, got.findings):
        assert outcome.outcome is Outcome.DENIED
        assert outcome.missing_permission == "ecr:GetRegistryScanningConfiguration"
    assert got.sink.rows == {}
    assert set(wire.calls) == {"GetRegistryScanningConfiguration", "DescribeRepositories"}


def test_a_refused_role_is_denied_in_all_scopes():
    role = f"arn:aws:iam::{p.ACCOUNT}:role/registry-audit"
    wire = Wire(AssumeRole=lambda _: Raw(403, _REFUSED, "text/xml"))
    got = _collect(wire, accounts=[{"id": p.ACCOUNT, "role_arn": role}])
    assert [o.outcome for o in got.outcomes.values()] == [Outcome.DENIED] * 3
    assert got.inventory.missing_permission == "sts:AssumeRole"
    assert set(wire.calls) == {"AssumeRole"}


_REFUSED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>not authorised</Message></Error>
</ErrorResponse>"""
