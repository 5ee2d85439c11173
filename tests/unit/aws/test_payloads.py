"""The fixtures cannot lie: botocore's own models judge them."""

import botocore.session
import pytest
from botocore.exceptions import ParamValidationError
from botocore.stub import Stubber

from tests.unit.aws import payloads as p

_SAMPLES = [
    ("ecr", "describe_repositories", {"repositories": [p.repository()], "nextToken": "t"}),
    ("ecr", "describe_images", {"imageDetails": [p.image("a", imageTags=["1"])]}),
    (
        "ecr",
        "describe_images",
        {"imageDetails": [p.image("a", imageStatus="ARCHIVED", subjectManifestDigest="x")]},
    ),
    (
        "ecr",
        "batch_get_image",
        p.manifests(("c", p.INDEX_MANIFEST), failures=(p.manifest_failure("d", "ImageNotFound"),)),
    ),
    ("ecr", "get_registry_scanning_configuration", p.scanning("ENHANCED")),
    (
        "ecr",
        "batch_get_repository_scanning_configuration",
        p.frequencies("team/app", gone=("gone",)),
    ),
    ("ecr", "describe_image_scan_findings", p.scan("a", "FAILED", None)),
    (
        "ecr",
        "describe_image_scan_findings",
        p.scan("a", "COMPLETE", p.scan_body(p.basic_finding())),
    ),
    (
        "ecr",
        "describe_image_scan_findings",
        p.scan("a", "ACTIVE", p.scan_body(p.enhanced_finding(), key="enhancedFindings")),
    ),
    ("inspector2", "list_findings", {"findings": [p.finding()], "nextToken": "t"}),
    ("inspector2", "list_coverage", {"coveredResources": [p.coverage("a")]}),
]


def _stubber(service: str) -> Stubber:
    client = botocore.session.Session().create_client(
        service,
        region_name=p.REGION,
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="hush",  # noqa: S106  no password: nothing is called
    )
    return Stubber(client)


@pytest.mark.parametrize(("service", "operation", "payload"), _SAMPLES)
def test_payload_is_of_the_models_shape(service, operation, payload):
    _stubber(service).add_response(operation, payload)


def test_a_wrong_payload_would_be_noticed():
    with pytest.raises(ParamValidationError):
        _stubber("ecr").add_response("describe_images", {"imageDetails": [{"imageTag": "1"}]})
