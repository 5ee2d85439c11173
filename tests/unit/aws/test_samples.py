"""One sample of every answer that the adapter may meet, held against the SDK's own models.

Member by member and word by word, and read back by the SDK's own parser: a fixture that the
service could not send proves nothing.
"""

import json
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from botocore.stub import Stubber

from tests.unit.aws import payloads as p
from tests.unit.aws import payloads_settings as s

SUMMARY = {
    "imageScanCompletedAt": p.PUSHED,
    "vulnerabilitySourceUpdatedAt": p.PUSHED,
    "findingSeverityCounts": {"CRITICAL": 1, "HIGH": 3},
}
SCANNED = p.image(
    "a",
    imageTags=["1.2.3", "latest"],
    imageScanStatus={"status": "ACTIVE", "description": "Continuous scan is selected."},
    imageScanFindingsSummary=SUMMARY,
    lastRecordedPullTime=p.PUSHED,
)
SIGNATURE = p.image(
    "e",
    artifactMediaType="application/vnd.cncf.notary.signature",
    subjectManifestDigest=p.digest("a"),
)
COLD = p.image("f", imageStatus="ARCHIVED", lastArchivedAt=p.PUSHED, lastActivatedAt=p.PUSHED)
COUNTS = dict.fromkeys(
    ("all", "critical", "high", "medium", "low", "informational", "untriaged"), 3
)
BY_IMAGE = {
    "resourceId": p.arn_of("a"),
    "imageSha": p.digest("a"),
    "repository": "team/app",
    "architecture": "amd64",
    "imageTags": ["latest"],
    "accountId": p.ACCOUNT,
    "severityCounts": COUNTS,
    "lastInUseAt": p.PUSHED,
    "inUseCount": 2,
}
BY_REPOSITORY = {
    "repository": "team/app",
    "accountId": p.ACCOUNT,
    "severityCounts": COUNTS,
    "affectedImages": 4,
}
BY_ACCOUNT = {
    "accountId": p.ACCOUNT,
    "severityCounts": COUNTS,
    "exploitAvailableCount": 1,
    "fixAvailableCount": 20,
}
REFERRER = {
    "digest": p.digest("e"),
    "mediaType": p.OCI_MANIFEST,
    "artifactType": "application/vnd.cncf.notary.signature",
    "size": 900,
    "annotations": {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
    "artifactStatus": "ACTIVE",
}
MEMBER = {
    "Id": "111122223333",
    "Arn": "arn:aws:organizations::999999999999:account/o-abcdefghij/111122223333",
    "Email": "team-a@example.org",
    "Name": "team-a",
    "State": "ACTIVE",
    "Paths": ["o-abcdefghij/r-ab12/ou-ab12-11111111/111122223333/"],
    "JoinedMethod": "CREATED",
    "JoinedTimestamp": p.PUSHED,
}
UPSTREAM = s.pull_through("hub", "registry-1.docker.io", upstreamRegistry="docker-hub")
SAMPLES: list[tuple[str, str, Any]] = [
    ("ecr", "DescribeRepositories", {"repositories": [p.repository()], "nextToken": "t"}),
    ("ecr", "DescribeImages", {"imageDetails": [SCANNED, SIGNATURE, COLD], "nextToken": "t"}),
    (
        *("ecr", "BatchGetImage"),
        p.manifests(("c", p.INDEX_MANIFEST), failures=(p.manifest_failure("d", "KmsError"),)),
    ),
    ("ecr", "DescribeImageScanFindings", p.scan("a", "FAILED", None)),
    (
        *("ecr", "DescribeImageScanFindings"),
        p.scan("a", "COMPLETE", p.scan_body(p.basic_finding())) | {"nextToken": "t"},
    ),
    (
        *("ecr", "DescribeImageScanFindings"),
        p.scan("a", "ACTIVE", p.scan_body(p.enhanced_finding(), key="enhancedFindings")),
    ),
    ("ecr", "GetRegistryScanningConfiguration", p.scanning("ENHANCED")),
    (
        *("ecr", "BatchGetRepositoryScanningConfiguration"),
        p.frequencies("team/app", gone=("gone",)),
    ),
    ("ecr", "GetRepositoryPolicy", s.repository_policy(s.allow("*", s.PULL))),
    ("ecr", "GetLifecyclePolicy", s.lifecycle()),
    ("ecr", "ListTagsForResource", {"tags": [{"Key": "team", "Value": "apps"}]}),
    ("ecr", "ListImageReferrers", {"referrers": [REFERRER], "nextToken": "t"}),
    ("ecr", "GetRegistryPolicy", s.registry_policy(s.allow("*", s.PULL))),
    ("ecr", "DescribeRegistry", s.replication((p.ACCOUNT, "eu-central-1"))),
    ("ecr", "DescribePullThroughCacheRules", {"pullThroughCacheRules": [UPSTREAM]}),
    (
        *("ecr", "DescribeRepositoryCreationTemplates"),
        {"repositoryCreationTemplates": [s.template("ROOT", "CREATE_ON_PUSH", "REPLICATION")]},
    ),
    ("ecr", "GetSigningConfiguration", s.signing("prod/*")),
    ("ecr", "GetAccountSetting", s.account_setting()),
    ("ecr", "ListPullTimeUpdateExclusions", {"pullTimeUpdateExclusions": [s.ROLE]}),
    ("ecr-public", "DescribeRepositories", {"repositories": [s.public_repository()]}),
    ("ecr-public", "DescribeImages", {"imageDetails": [s.public_image()]}),
    ("inspector2", "ListFindings", {"findings": [p.finding()], "nextToken": "t"}),
    ("inspector2", "ListCoverage", {"coveredResources": [p.coverage("a")], "nextToken": "t"}),
    ("inspector2", "GetConfiguration", s.rescanning()),
    ("inspector2", "ListFilters", {"filters": [s.suppression("lab")]}),
    *(
        (
            *("inspector2", "ListFindingAggregations"),
            {"aggregationType": kind, "responses": [{member: row}], "nextToken": "t"},
        )
        for kind, member, row in (
            ("AWS_ECR_CONTAINER", "awsEcrContainerAggregation", BY_IMAGE),
            ("REPOSITORY", "repositoryAggregation", BY_REPOSITORY),
            ("ACCOUNT", "accountAggregation", BY_ACCOUNT),
        )
    ),
    ("kms", "DescribeKey", s.key("AWS")),
    ("resourcegroupstaggingapi", "GetResources", s.tagged(team="apps")),
    ("organizations", "ListAccounts", {"Accounts": [MEMBER], "NextToken": "t"}),
    (
        *("account", "ListRegions"),
        {"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]},
    ),
]
IDS = [f"{service}:{operation}-{number}" for number, (service, operation, _) in enumerate(SAMPLES)]
CORE = botocore.session.Session()


def _check_words(shape: Any, value: Any) -> None:
    """Fail on a word that the model's closed list lacks."""
    if shape.type_name == "structure":
        for name, member in value.items():
            _check_words(shape.members[name], member)
    elif shape.type_name == "list":
        for member in value:
            _check_words(shape.member, member)
    elif shape.type_name == "map":
        for key, member in value.items():
            _check_words(shape.key, key)
            _check_words(shape.value, member)
    elif getattr(shape, "enum", None):
        assert value in shape.enum, f"{value!r} is no word of {shape.name}"


@pytest.mark.parametrize(("service", "operation", "sample"), SAMPLES, ids=IDS)
def test_a_sample_is_what_the_service_may_send(service, operation, sample):
    model = CORE.get_service_model(service)
    known = model.operation_model(operation)
    _check_words(known.output_shape, sample)
    Stubber(_client(service)).add_response(botocore.xform_name(operation), sample)
    parser: Any = create_parser(model.resolved_protocol)
    wire = {"status_code": 200, "headers": {}, "body": json.dumps(sample).encode()}
    parsed = parser.parse(wire, known.output_shape)
    del parsed["ResponseMetadata"]
    assert parsed.keys() == sample.keys()
    assert _names(parsed) == _names(sample), "the SDK's parser drops what it does not know"


@pytest.mark.parametrize(
    ("service", "status", "headers", "body", "code"),
    [
        ("ecr", 400, {}, {"__type": "ThrottlingException", "message": "Rate exceeded"}, None),
        (
            *("inspector2", 429, {"x-amzn-errortype": "ThrottlingException", "retry-after": "3"}),
            {"message": "Rate exceeded"},
            "ThrottlingException",
        ),
    ],
)
def test_a_refusal_for_its_rate_is_read_as_such(service, status, headers, body, code):
    model = CORE.get_service_model(service)
    found = {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    wire = {
        "status_code": status,
        "headers": HeadersDict(headers),
        "body": json.dumps(body).encode(),
    }
    parser: Any = create_parser(model.resolved_protocol)
    assert parser.parse(wire, None)["Error"] == found
    if code:
        assert parser.parse(wire, model.shape_for(code))["retryAfterSeconds"] == 3


def test_a_wrong_word_would_be_noticed():
    shape = CORE.get_service_model("ecr").operation_model("GetAccountSetting").output_shape
    known = CORE.get_service_model("kms").operation_model("DescribeKey").output_shape
    _check_words(shape, s.account_setting())
    with pytest.raises(AssertionError, match="LANDLORD"):
        _check_words(known, s.key("LANDLORD"))


def _names(value: Any) -> Any:
    """The shape of a value: its members' names, its lists' elements."""
    if isinstance(value, dict):
        return {name: _names(member) for name, member in value.items()}
    return [_names(one) for one in value] if isinstance(value, list) else None


_CLIENTS: dict[str, Any] = {}


def _client(service: str) -> Any:
    if service not in _CLIENTS:
        _CLIENTS[service] = CORE.create_client(
            service,
            region_name="us-east-1",
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="hush",  # noqa: S106  no password: nothing is called
        )
    return _CLIENTS[service]
