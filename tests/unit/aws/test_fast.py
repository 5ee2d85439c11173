"""The fast way through an answer: same answers as botocore's own parser, and it is really taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from audit.errors import AccessDeniedError, BrokenPageError
from audit.model.scope import ScopeTally
from providers.aws import fast
from providers.aws.api import (
    ECR_FINDINGS,
    ECR_IMAGES,
    INSPECTOR_COVERAGE,
    INSPECTOR_FINDINGS,
    Answer,
)
from providers.aws.client import Clients
from providers.aws.scopes import inventory_scope
from providers.aws.sessions import utc
from providers.aws.settings import AwsSettings
from tests.unit.aws import payloads as p
from tests.unit.aws.wire import Raw, Wire, failure

_OTHER_KINDS = ("awsEc2Instance", "awsLambdaFunction", "machineImage", ".vm.", "serverlessFunction")
_OTHERS = (*_OTHER_KINDS, "codeRepository", "containerImage", "details.image.", "exploitability")
"""Members that no ECR image has, and one that no column is made of."""


def members(shape: Shape, path: str = "") -> Iterator[tuple[str, Shape]]:
    """Yield every member below a shape with its path; no shape here contains itself."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from members(member, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        yield from members(shape.member, path)
    elif isinstance(shape, MapShape):
        yield from members(shape.value, path)
    yield path, shape


def output(operation: str) -> list[tuple[str, Shape]]:
    service, _, name = operation.partition(".")
    model = botocore.session.get_session().get_service_model(service).operation_model(name)
    assert model.output_shape is not None
    return list(members(model.output_shape))


def made_of(paths: list[str]) -> dict[str, Any]:
    """Build an answer that holds a time at each path, lists where the model has lists."""
    answer: dict[str, Any] = {}
    for path in paths:
        *way, last = path.strip(".").split(".")
        here = answer
        for name in way:
            below = here.setdefault(name, [{}] if name in _LISTS else {})
            here = below[0] if isinstance(below, list) else below
        here[last] = 1_700_000_000
    return answer


_LISTS = ("imageDetails", "enhancedFindings", "findings", "coveredResources", "resources")


@pytest.mark.parametrize("operation", fast.OPERATIONS)
def test_every_time_in_the_model_is_read(operation):
    """A time that botocore's parser would have read must not stay a number."""
    times = [
        path
        for path, shape in output(operation)
        if shape.type_name == "timestamp" and not any(other in path for other in _OTHERS)
    ]
    answer = made_of(times)
    fast.OPERATIONS[operation](answer, utc)
    assert times
    assert "1700000000" not in str(answer), answer


@pytest.mark.parametrize("operation", fast.OPERATIONS)
def test_no_member_has_another_name_on_the_wire_or_is_a_blob(operation):
    for path, shape in output(operation):
        assert shape.type_name != "blob", path
        assert not shape.serialization.keys() & {"name", "location", "timestampFormat"}, path


_DIGEST = f"sha256:{'a' * 64}"
IMAGE = {
    "imageDigest": _DIGEST,
    "imagePushedAt": 1.7e9,
    "lastRecordedPullTime": 1700000000.25,
    "imageScanFindingsSummary": {
        "imageScanCompletedAt": 1.7e9,
        "findingSeverityCounts": {"LOW": 1},
    },
}
FINDING = {
    "findingArn": "arn",
    "firstObservedAt": 1725468938.4,
    "updatedAt": 1e300,
    "status": "ACTIVE",
    "epss": {"score": 0.5},
    "packageVulnerabilityDetails": {
        "vulnerabilityId": "CVE-2026-1",
        "vendorCreatedAt": "2024-09-04T16:55:38+02:00",
        "vulnerablePackages": [{"name": "é", "version": "1", "epoch": 0}],
    },
    "resources": [{"details": {"awsEcrContainerImage": {"pushedAt": 1.7e9, "inUseCount": 0}}}],
}
COVERED = {
    "resourceId": "r",
    "lastScannedAt": 1.7e9,
    "resourceMetadata": {"ecrImage": {"imagePulledAt": 1.7e9, "inUseCount": 2}},
}
_THROUGH_ECR = {name: value for name, value in FINDING.items() if name != "epss"}
SCAN = {
    "imageScanStatus": {"status": "ACTIVE"},
    "imageScanFindings": {"imageScanCompletedAt": 1.7e9, "enhancedFindings": [_THROUGH_ECR]},
}
ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    ECR_IMAGES: ("imageDetails", {"imageDetails": [IMAGE], "nextToken": "t"}),
    ECR_FINDINGS: ("imageScanStatus", SCAN),
    INSPECTOR_FINDINGS: ("findings", {"findings": [FINDING], "nextToken": "t"}),
    INSPECTOR_COVERAGE: ("coveredResources", {"coveredResources": [COVERED]}),
}


class Asked:
    """A client, and the answer that it gets next."""

    def __init__(self, wire: Wire, tally: ScopeTally) -> None:
        self._wire, self._tally = wire, tally
        settings = AwsSettings.model_validate(wire.settings())
        self._api = Clients(settings).open(settings.accounts[0], p.REGION, tally)

    def ask(self, operation: str, body: dict[str, Any] | Raw) -> Answer:
        needs, _ = ANSWERS[operation]
        parameters: dict[str, Any] = {}
        if operation.startswith("ecr:"):
            parameters = {"repositoryName": "team/app"}
        if operation == ECR_FINDINGS:
            parameters["imageId"] = {"imageDigest": _DIGEST}
        self._wire.answers = {operation.partition(":")[2]: lambda _: body}
        answer = self._api.call(self._tally, operation, needs, **parameters)
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        return answer

    def outcome(self, operation: str, body: dict[str, Any] | Raw) -> Answer | str:
        """Return an answer, or what was wrong with it."""
        try:
            return self.ask(operation, body)
        except BrokenPageError as error:
            return str(error)


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Asked, Asked]]:
    """A client that goes the fast way, and one that goes botocore's."""
    tally = ScopeTally(inventory_scope(p.ACCOUNT, p.REGION))
    with Wire() as wire:
        quick, slow = Asked(wire, tally), Asked(wire, tally)
        for operation, (_, body) in ANSWERS.items():
            quick.ask(operation, body)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(fast, "install", lambda *_: None)
            for operation, (_, body) in ANSWERS.items():
                slow.ask(operation, body)
        yield quick, slow


@pytest.mark.parametrize("operation", ANSWERS)
def test_both_ways_give_the_same_answer(both, operation):
    quick, slow = both
    _, body = ANSWERS[operation]
    told = {**body, "aMemberOfTomorrow": 1}
    assert slow.ask(operation, told) == quick.ask(operation, told)


@pytest.mark.parametrize("operation", ANSWERS)
@pytest.mark.parametrize("wrong", [None, "a text", 5, [[]], {"a": 1}, [None], [{"status": 5}]])
def test_an_answer_of_another_shape_is_read_as_botocore_reads_it(both, operation, wrong):
    quick, slow = both
    needs, body = ANSWERS[operation]
    told = {**body, needs: wrong}
    assert quick.outcome(operation, told) == slow.outcome(operation, told)


@pytest.mark.parametrize("body", [b'{"findings": [', b"[]", b"null", b"", b"<html>", b"\xff"])
def test_a_broken_body_is_botocores_to_refuse(both, body):
    quick, slow = both
    broken = Raw(200, body)
    assert isinstance(quick.outcome(INSPECTOR_FINDINGS, broken), str)
    assert quick.outcome(INSPECTOR_FINDINGS, broken) == slow.outcome(INSPECTOR_FINDINGS, broken)


def test_an_error_is_botocores_to_read(both):
    for client in both:
        with pytest.raises(AccessDeniedError):
            client.ask(INSPECTOR_FINDINGS, failure("AccessDeniedException"))


@pytest.mark.parametrize("operation", ANSWERS)
def test_the_fast_way_is_taken(operation, monkeypatch):
    """The event is in no public documentation: a version that lost it is found out here."""
    taken: list[Answer] = []
    name = operation.replace(":", ".")
    monkeypatch.setattr(fast, "OPERATIONS", {name: lambda answer, _: taken.append(answer)})
    needs, body = ANSWERS[operation]
    with Wire() as wire:
        Asked(wire, ScopeTally(inventory_scope(p.ACCOUNT, p.REGION))).ask(operation, body)
    assert [needs in answer for answer in taken] == [True]


def test_clients_share_what_was_made_of_the_model():
    """Each client has a model object of its own: kept by it, every client would leave 0.3 MB."""
    session = botocore.session.Session()
    for _ in range(3):
        client = session.create_client(
            "inspector2",
            "eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",  # noqa: S106  no secret
        )
        fast.install(client.meta, utc)
    assert len(fast._DECODERS) <= len(fast.OPERATIONS)
