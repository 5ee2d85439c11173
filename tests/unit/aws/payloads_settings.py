"""Answers about settings as they lie on the wire; a test holds them against the models."""

import json
from typing import Any

from tests.unit.aws.payloads import (
    ACCOUNT,
    OCI_CONFIG,
    OCI_MANIFEST,
    PUSHED,
    REGION,
    Payload,
    digest,
    repository,
)

ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
PULL, PUSH = "ecr:BatchGetImage", "ecr:PutImage"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/audit/registry-audit"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/registry-audit/night"
IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>{SESSION}</Arn><UserId>A</UserId><Account>{ACCOUNT}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
"""Answer of sts GetCallerIdentity."""


def allow(principal: Any, *actions: str, **more: Any) -> Payload:
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions), **more}


def policy_text(*statements: Payload) -> str:
    return json.dumps({"Version": "2008-10-17", "Statement": list(statements)})


def repository_policy(*statements: Payload, name: str = "team/app") -> Payload:
    text = policy_text(*statements)
    return {"registryId": ACCOUNT, "repositoryName": name, "policyText": text}


def registry_policy(*statements: Payload) -> Payload:
    return {"registryId": ACCOUNT, "policyText": policy_text(*statements)}


def lifecycle(**more: Any) -> Payload:
    rule = {
        "rulePriority": 1,
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePulled",
            "countUnit": "days",
            "countNumber": 30,
        },
        "action": {"type": "transition", "targetStorageClass": "archive"},
    }
    return {
        "registryId": ACCOUNT,
        "repositoryName": "team/app",
        "lifecyclePolicyText": json.dumps({"rules": [rule]}),
        "lastEvaluatedAt": PUSHED,
        **more,
    }


def replication(*destinations: tuple[str, str]) -> Payload:
    rule = {
        "destinations": [{"registryId": a, "region": r} for a, r in destinations],
        "repositoryFilters": [{"filter": "prod", "filterType": "PREFIX_MATCH"}],
        "deleteReplication": {"enabled": False},
    }
    rules = [rule] if destinations else []
    return {"registryId": ACCOUNT, "replicationConfiguration": {"rules": rules}}


def pull_through(prefix: str, upstream: str, **more: Any) -> Payload:
    return {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": upstream,
        "createdAt": PUSHED,
        "registryId": ACCOUNT,
        "updatedAt": PUSHED,
        **more,
    }


def template(prefix: str, *applied_for: str) -> Payload:
    return {
        "prefix": prefix,
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "v*"}],
        "appliedFor": list(applied_for),
        "createdAt": PUSHED,
    }


def signing(*patterns: str) -> Payload:
    rule = {
        "signingProfileArn": f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p",
        "repositoryFilters": [{"filter": one, "filterType": "WILDCARD_MATCH"} for one in patterns],
    }
    return {"registryId": ACCOUNT, "signingConfiguration": {"rules": [rule]}}


def account_setting(name: str = "BASIC_SCAN_TYPE_VERSION") -> Payload:
    values = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2"}
    return {"name": name, "value": values.get(name, "ENABLED")}


def tagged(**tags: str) -> Payload:
    mapping = {"ResourceARN": ARN, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
    return {"ResourceTagMappingList": [mapping] if tags else [], "PaginationToken": ""}


def key(manager: str) -> Payload:
    return {
        "KeyMetadata": {
            "AWSAccountId": ACCOUNT,
            "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
            "Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "CreationDate": PUSHED,
            "Enabled": True,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": "Enabled",
            "Origin": "AWS_KMS",
            "KeyManager": manager,
            "KeySpec": "SYMMETRIC_DEFAULT",
        }
    }


def rescanning(**more: Any) -> Payload:
    state = {
        "rescanDuration": "LIFETIME",
        "status": "SUCCESS",
        "updatedAt": PUSHED,
        "pullDateRescanDuration": "DAYS_14",
        "pullDateRescanMode": "LAST_IN_USE_AT",
        **more,
    }
    return {"ecrConfiguration": {"rescanDurationState": state}}


def suppression(name: str) -> Payload:
    return {
        "arn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:owner/{ACCOUNT}/filter/{name}",
        "ownerId": ACCOUNT,
        "name": name,
        "criteria": {"ecrImageRepositoryName": [{"comparison": "PREFIX", "value": "lab/"}]},
        "action": "SUPPRESS",
        "createdAt": PUSHED,
        "updatedAt": PUSHED,
    }


def repository_of(name: str, **encryption: str) -> Payload:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"
    more = {"encryptionConfiguration": encryption} if encryption else {}
    return repository(name, repositoryArn=arn, **more)


def public_repository(name: str = "tools/cli") -> Payload:
    return {
        "repositoryArn": f"arn:aws:ecr-public::{ACCOUNT}:repository/{name}",
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": f"public.ecr.aws/a1b2c3d4/{name}",
        "createdAt": PUSHED,
    }


def public_image(name: str = "tools/cli") -> Payload:
    return {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageDigest": digest("a"),
        "imageTags": ["1"],
        "imageSizeInBytes": 900,
        "imagePushedAt": PUSHED,
        "imageManifestMediaType": OCI_MANIFEST,
        "artifactMediaType": OCI_CONFIG,
    }
