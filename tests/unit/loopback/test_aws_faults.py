from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from providers.loopback.aws import AwsLoopback
from providers.loopback.estate import Estate, Fault
from tests.unit.loopback.estates import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    small_estate,
)
from tests.unit.loopback.sdk import (
    aws_client,
    code_of,
    rows,
    scan_of,
)


def broken(kind, account=ACCOUNT, region=REGION, **more) -> Estate:
    return small_estate(Fault(kind, "aws", account, region, **more))


def test_denied_refuses_every_call_of_the_place_and_no_other():
    with AwsLoopback(broken("denied")) as server:
        ecr = aws_client(server, "ecr")
        denied = ("AccessDeniedException", 400)
        assert code_of(ecr.describe_repositories) == denied
        assert code_of(ecr.get_registry_scanning_configuration) == denied
        assert aws_client(server, "ecr", ACCOUNT, OTHER_REGION).describe_repositories()
        assert aws_client(server, "ecr", OTHER_ACCOUNT).describe_repositories()


def test_a_page_of_images_fails_every_time():
    with AwsLoopback(broken("images_page", repository="team/app", page=2)) as server:
        ecr = aws_client(server, "ecr")
        first = ecr.describe_images(repositoryName="team/app")
        asked = {"repositoryName": "team/app", "nextToken": first["nextToken"]}
        for _ in range(2):
            assert code_of(ecr.describe_images, **asked) == ("InternalServerError", 500)
        assert ecr.describe_images(repositoryName="team/web")["imageDetails"]


def test_findings_fail_from_the_second_page_on():
    with AwsLoopback(broken("findings")) as server:
        inspector = aws_client(server, "inspector2")
        first = inspector.list_findings()
        assert len(first["findings"]) == 2
        got = code_of(inspector.list_findings, nextToken=first["nextToken"])
        assert got == ("InternalServerException", 500)
        assert len(rows(inspector, "list_coverage", "coveredResources")) == 4


def test_findings_of_every_second_image_fail_in_a_basic_registry():
    with AwsLoopback(broken("findings", OTHER_ACCOUNT)) as server:
        basic = aws_client(server, "ecr", OTHER_ACCOUNT)
        codes = []
        for number in range(200, 206):
            try:
                codes.append(scan_of(basic, number)["imageScanStatus"]["status"])
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
        failed = "InternalServerError"
        assert codes == [
            "COMPLETE", failed, "COMPLETE", failed, "ScanNotFoundException", failed
        ]  # fmt: skip


def test_findings_denied_refuses_the_source_of_the_place():
    with AwsLoopback(broken("findings_denied")) as server:
        inspector = aws_client(server, "inspector2")
        assert code_of(inspector.list_findings) == ("AccessDeniedException", 403)
        assert code_of(inspector.list_coverage) == ("AccessDeniedException", 403)
        assert aws_client(server, "ecr").describe_repositories()
    with AwsLoopback(broken("findings_denied", OTHER_ACCOUNT)) as server:
        basic = aws_client(server, "ecr", OTHER_ACCOUNT)
        with pytest.raises(ClientError, match="AccessDeniedException"):
            scan_of(basic, 200)
        assert basic.describe_images(repositoryName="legacy")["imageDetails"]
