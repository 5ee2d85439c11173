from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from providers.loopback.aws import AwsLoopback
from tests.unit.loopback.estates import (
    ACCOUNT,
    MOMENT,
    OTHER_ACCOUNT,
    REGION,
    VECTOR,
    digest,
    small_estate,
)
from tests.unit.loopback.sdk import (
    aws_client,
    checked_against_model,
    code_of,
    pages,
    rows,
    scan_of,
    sdk_client,
)

IMAGE_FILTER = {"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}


@pytest.fixture
def server():
    with AwsLoopback(small_estate()) as running:
        yield running


@pytest.fixture
def ecr(server):
    return aws_client(server, "ecr")


@pytest.fixture
def basic(server):
    return aws_client(server, "ecr", OTHER_ACCOUNT)


@pytest.fixture
def inspector(server):
    return aws_client(server, "inspector2")


# The check of the answers itself must be able to fail.


def test_the_model_check_refuses_a_member_that_the_model_lacks():
    check = checked_against_model("ecr")
    model = sdk_client("ecr").meta.service_model.operation_model("DescribeImages")
    body = json.dumps({"imageDetails": [{"imageStatus": "ACTIVE"}]})
    check(model, {"status_code": 200, "body": body})
    with pytest.raises(ParamValidationError):
        check(model, {"status_code": 200, "body": json.dumps({"imageDetails": [{"odd": 1}]})})
    with pytest.raises(AssertionError):
        check(model, {"status_code": 200, "body": body.replace("ACTIVE", "ASLEEP")})


# Scanning configuration and basic scanning


def test_scanning_configuration(ecr, basic):
    configuration = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    assert configuration["scanType"] == "ENHANCED"
    covered = [one["filter"] for one in configuration["rules"][0]["repositoryFilters"]]
    assert covered == ["team/app", "team/empty"]
    plain = basic.get_registry_scanning_configuration()["scanningConfiguration"]
    assert plain["scanType"] == "BASIC"
    assert plain["rules"][0]["repositoryFilters"] == [{"filter": "*", "filterType": "WILDCARD"}]
    each = ecr.batch_get_repository_scanning_configuration(
        repositoryNames=["team/app", "team/web", "gone"]
    )
    frequencies = [one["scanFrequency"] for one in each["scanningConfigurations"]]
    assert frequencies == ["CONTINUOUS_SCAN", "MANUAL"]
    assert each["failures"][0]["failureCode"] == "REPOSITORY_NOT_FOUND"
    many = [f"r{n}" for n in range(26)]
    got = code_of(ecr.batch_get_repository_scanning_configuration, repositoryNames=many)
    assert got == ("InvalidParameterException", 400)


def test_basic_findings_carry_their_package_in_attributes_and_come_in_pages(basic):
    first = scan_of(basic, 200, maxResults=1000)
    assert first["imageScanStatus"]["status"] == "COMPLETE"
    found = first["imageScanFindings"]
    assert found["findingSeverityCounts"] == {"HIGH": 2, "UNDEFINED": 1}
    assert found["imageScanCompletedAt"] == MOMENT - timedelta(days=1)
    assert [one["name"] for one in found["findings"]] == ["CVE-2026-0001", "CVE-2026-0002"]
    attributes = {one["key"]: one["value"] for one in found["findings"][0]["attributes"]}
    assert attributes == {
        "package_name": "openssl",
        "package_version": "1:3.0.11-1~deb12u2",
        "CVSS3_SCORE": "9.8",
        "CVSS3_VECTOR": VECTOR,
    }
    second = scan_of(basic, 200, nextToken=first["nextToken"])
    assert "nextToken" not in second
    assert len(second["imageScanFindings"]["findings"]) == 1


def test_each_basic_scan_result_has_its_own_shape(basic):
    clean = scan_of(basic, 201)["imageScanFindings"]
    assert (clean["findings"], clean["findingSeverityCounts"]) == ([], {})
    not_ready = scan_of(basic, 202)
    assert not_ready["imageScanStatus"]["status"] == "COMPLETE"
    assert not_ready["imageScanFindings"]["findings"] == []
    assert "findingSeverityCounts" not in not_ready["imageScanFindings"]
    unsupported = scan_of(basic, 203)
    assert unsupported["imageScanStatus"]["status"] == "UNSUPPORTED_IMAGE"
    assert "imageScanFindings" not in unsupported
    assert scan_of(basic, 205)["imageScanStatus"]["status"] == "NEVER_SEEN_BEFORE"
    for number, code in ((204, "ScanNotFoundException"), (999, "ImageNotFoundException")):
        with pytest.raises(ClientError, match=code):
            scan_of(basic, number)


def test_an_enhanced_registry_answers_with_enhanced_findings(ecr):
    answer = scan_of(ecr, 101, "team/app")
    assert answer["imageScanStatus"]["status"] == "ACTIVE"
    body = answer["imageScanFindings"]
    assert "findings" not in body
    finding = body["enhancedFindings"][0]
    assert finding["packageVulnerabilityDetails"]["vulnerabilityId"] == "CVE-2026-0001"
    assert finding["score"] == 9.8
    assert scan_of(ecr, 110, "team/app")["imageScanStatus"]["status"] == "SCAN_ELIGIBILITY_EXPIRED"
    with pytest.raises(ClientError, match="ScanNotFoundException"):
        scan_of(ecr, 100, "team/app")


# Inspector


def test_findings_are_one_for_each_image_and_vulnerability(inspector):
    got = pages(inspector, "list_findings", filterCriteria={"resourceType": [IMAGE_FILTER]})
    assert [len(page["findings"]) for page in got] == [2, 2]
    findings = [row for page in got for row in page["findings"]]
    ids = [row["packageVulnerabilityDetails"]["vulnerabilityId"] for row in findings]
    assert ids == ["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003", "CVE-2026-0009"]
    assert len({row["findingArn"] for row in findings}) == 4
    assert [row["severity"] for row in findings] == ["HIGH", "UNTRIAGED", "MEDIUM", "HIGH"]
    assert [row["fixAvailable"] for row in findings] == ["YES", "NO", "YES", "YES"]


def test_a_finding_names_its_image_and_all_its_packages(inspector):
    first, second = inspector.list_findings()["findings"]
    (resource,) = first["resources"]
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app/{digest(101)}"
    assert resource["id"] == arn
    image = resource["details"]["awsEcrContainerImage"]
    assert (image["repositoryName"], image["imageHash"]) == ("team/app", digest(101))
    packages = first["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert [one["name"] for one in packages] == ["openssl", "libssl3"]
    version = (packages[0]["epoch"], packages[0]["version"], packages[0]["release"])
    assert version == (1, "3.0.11", "1~deb12u2")
    assert packages[0]["fixedInVersion"] == "3.0.13-1~deb12u1"
    assert first["inspectorScoreDetails"]["adjustedCvss"]["scoringVector"] == VECTOR
    (unfixed,) = second["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert unfixed["fixedInVersion"] == "NotAvailable"
    assert "inspectorScore" not in second


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({"awsAccountId": [{"comparison": "EQUALS", "value": ACCOUNT}]}, 4),
        ({"awsAccountId": [{"comparison": "EQUALS", "value": OTHER_ACCOUNT}]}, 0),
        ({"findingStatus": [{"comparison": "EQUALS", "value": "CLOSED"}]}, 0),
        (
            {
                "findingStatus": [
                    {"comparison": "EQUALS", "value": "ACTIVE"},
                    {"comparison": "EQUALS", "value": "SUPPRESSED"},
                ]
            },
            4,
        ),
        ({"ecrImageHash": [{"comparison": "EQUALS", "value": digest(101)}]}, 3),
        ({"ecrImageRepositoryName": [{"comparison": "NOT_EQUALS", "value": "team/app"}]}, 1),
        ({"ecrImageRepositoryName": [{"comparison": "PREFIX", "value": "team/"}]}, 4),
        ({"resourceType": [{"comparison": "EQUALS", "value": "AWS_LAMBDA_FUNCTION"}]}, 0),
    ],
)
def test_findings_honour_their_filters(inspector, criteria, count):
    assert len(rows(inspector, "list_findings", "findings", filterCriteria=criteria)) == count


def test_inspector_refuses_what_it_does_not_know(inspector):
    invalid = ("ValidationException", 400)
    call = inspector.list_findings
    unknown = {"severity": [{"comparison": "EQUALS", "value": "HIGH"}]}
    assert code_of(call, filterCriteria=unknown) == invalid
    eleven = {"ecrImageHash": [{"comparison": "EQUALS", "value": digest(n)} for n in range(11)]}
    assert code_of(call, filterCriteria=eleven) == invalid
    assert code_of(call, maxResults=101) == invalid
    assert code_of(call, nextToken="garbled") == invalid
    assert code_of(inspector.list_coverage, maxResults=201) == invalid
    prefix = {"ecrRepositoryName": [{"comparison": "PREFIX", "value": "team/"}]}
    assert code_of(inspector.list_coverage, filterCriteria=prefix) == invalid


def test_coverage_has_a_row_for_each_image_that_inspector_knows(inspector):
    got = pages(inspector, "list_coverage", filterCriteria={"resourceType": [IMAGE_FILTER]})
    assert [len(page["coveredResources"]) for page in got] == [2, 2]
    covered = [row for page in got for row in page["coveredResources"]]
    words = [(r["scanStatus"]["statusCode"], r["scanStatus"]["reason"]) for r in covered]
    assert words == [
        ("ACTIVE", "SUCCESSFUL"),
        ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED"),
        ("INACTIVE", "IMAGE_ARCHIVED"),
        ("ACTIVE", "NEVER_SEEN_BEFORE"),
    ]
    assert covered[0]["lastScannedAt"] == MOMENT - timedelta(days=1)
    web = covered[3]["resourceMetadata"]
    assert web["ecrRepository"] == {"name": "team/web", "scanFrequency": "MANUAL"}
    assert web["ecrImage"]["inUseCount"] == 2
    only = {"ecrRepositoryName": [{"comparison": "EQUALS", "value": "team/web"}]}
    assert len(rows(inspector, "list_coverage", "coveredResources", filterCriteria=only)) == 1


def test_inspector_knows_nothing_of_a_basic_registry(server):
    inspector = aws_client(server, "inspector2", OTHER_ACCOUNT)
    assert inspector.list_findings()["findings"] == []
    assert inspector.list_coverage()["coveredResources"] == []
