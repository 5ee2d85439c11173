"""The unmodified SDK clients, pointed at a loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from providers.loopback.aws import AwsLoopback
from providers.loopback.aws.sts import external_id, role_arn
from tests.unit.loopback.estates import ACCOUNT, REGION, digest

NO_RETRY = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=10)
BASE_KEYS = {"aws_access_key_id": "AKIABASE", "aws_secret_access_key": "base"}
NEW_WORDS = ("NEVER_SEEN_BEFORE", "NEW_WORD")
"""Words the estate uses although the model's enums do not have them."""


def checked_against_model(service: str) -> Callable[..., None]:
    """Return a hook that holds each raw answer of ``service`` against the SDK's own model."""
    model_client = sdk_client(service)

    def check(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] < 300:
            body = json.loads(response_dict["body"])
            method = _snake(operation_model.name)
            Stubber(model_client).add_response(method, body)  # raises on an unknown member
            _check_enums(operation_model.output_shape, body)

    return check


def aws_client(
    server: AwsLoopback, service: str, account: str = ACCOUNT, region: str = REGION
) -> Any:
    """Return a client of ``service`` that acts in ``account`` by assuming its role."""
    keys = _assumed(server, account) if account != ACCOUNT else {}
    client = sdk_client(service, region_name=region, endpoint_url=server.url, **keys)
    if service != "sts":
        client.meta.events.register(f"before-parse.{service}", checked_against_model(service))
    return client


def sdk_client(service: str, **options: Any) -> Any:
    """Return a client that makes one attempt a call, with base credentials unless told others."""
    given = {"region_name": REGION, "config": NO_RETRY, **BASE_KEYS, **options}
    make: Callable[..., Any] = boto3.client  # its overloads name each service literally
    return make(service, **given)


def _assumed(server: AwsLoopback, account: str) -> dict[str, str]:
    sts = aws_client(server, "sts")
    credentials = sts.assume_role(
        RoleArn=role_arn(account), RoleSessionName="test", ExternalId=external_id(account)
    )["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def code_of(call, **params) -> Any:
    """Return the (code, HTTP status) of the error that the call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def pages(client, operation, **params) -> Any:
    """Return every page of a listing."""
    return list(client.get_paginator(operation).paginate(**params))


def rows(client, operation, key, **params) -> Any:
    """Return every row of a listing."""
    return [row for page in pages(client, operation, **params) for row in page[key]]


def scan_of(client, number, repository="legacy", **more) -> Any:
    """Return the answer of DescribeImageScanFindings for the image of that number."""
    image_id = {"imageDigest": digest(number)}
    return client.describe_image_scan_findings(repositoryName=repository, imageId=image_id, **more)


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).removeprefix("_")


def _check_enums(shape: Any, value: Any) -> None:
    """Fail on a word that the model's enum lacks, unless the estate means to use one."""
    if shape.type_name == "structure":
        for name, member in value.items():
            _check_enums(shape.members[name], member)
    elif shape.type_name == "list":
        for member in value:
            _check_enums(shape.member, member)
    elif getattr(shape, "enum", None) and value not in NEW_WORDS:
        assert value in shape.enum, f"{value!r} is no word of {shape.name}"
