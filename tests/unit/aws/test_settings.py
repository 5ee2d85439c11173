"""The configuration block: what it takes, and what it refuses by name."""

import pytest
from botocore.credentials import Credentials
from pydantic import ValidationError

from providers.aws.parse_inventory import registry_host
from providers.aws.sessions import Sessions
from providers.aws.settings import AwsSettings
from tests.unit.aws import payloads as p

_LEAST = {"accounts": [{"id": p.ACCOUNT}], "regions": [p.REGION]}


def test_the_least_that_is_needed():
    settings = AwsSettings.model_validate(_LEAST)
    assert (settings.session_name, settings.max_attempts) == ("registry-audit", 6)
    assert settings.wants("team/app")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"acounts": []}, "acounts"),
        ({"accounts": []}, "accounts"),
        ({"accounts": [{"id": 123456789012}]}, "valid string"),
        ({"accounts": [{"id": "1234"}]}, "accounts.0.id"),
        ({"accounts": [{"id": p.ACCOUNT}] * 2}, f"account {p.ACCOUNT} is listed twice"),
        ({"accounts": [{"id": p.ACCOUNT, "external_id": "xx"}]}, "without a role_arn"),
        ({"accounts": [{"id": p.ACCOUNT, "role_arn": "role"}]}, "role_arn"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "region eu-west-1 is listed twice"),
        ({"regions": ["Ireland"]}, "regions.0"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"endpoints": {"ecr": "http://127.0.0.1:1"}}, "allow_insecure_loopback"),
        ({"endpoints": {"sts": "http://example.org"}}, "not loopback"),
        ({"endpoints": {"s3": "https://example.org"}}, "s3"),
        ({"endpoints": {"account": "http://example.org"}}, "not loopback"),
        ({"organization": {}}, "one of the two"),
        ({"regions": ["enabled", "eu-west-1"]}, "enabled stands alone"),
        ({"regions": "all"}, "regions"),
        ({"session_seconds": 899}, "session_seconds"),
        ({"session_seconds": 43201}, "session_seconds"),
        ({"source_identity": "a b"}, "source_identity"),
        ({"partition": "aws-cn"}, "eu-west-1 does not lie in partition aws-cn"),
        ({"partition": "aws-moon"}, "partition"),
        (
            {
                "partition": "aws-cn",
                "regions": ["cn-north-1"],
                "accounts": [{"id": p.ACCOUNT, "role_arn": f"arn:aws:iam::{p.ACCOUNT}:role/x"}],
            },
            "role/x does not lie in partition aws-cn",
        ),
    ],
)
def test_what_is_refused(more, words):
    with pytest.raises(ValidationError, match=words):
        AwsSettings.model_validate({**_LEAST, **more})


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"include_ous": ["sandbox"]}, "include_ous.0"),
        ({"exclude_accounts": [123456789012]}, "valid string"),
        ({"role_name": "a role"}, "role_name"),
        ({"external_id": "x"}, "external_id"),
        ({"ou": []}, "ou"),
    ],
)
def test_what_is_refused_of_an_organisation(block, words):
    with pytest.raises(ValidationError, match=words):
        AwsSettings.model_validate({"organization": block, "regions": "enabled"})


def test_an_organisation_needs_no_more_than_its_name():
    settings = AwsSettings.model_validate({"organization": {}, "regions": "enabled"})
    assert settings.listed_regions == ()
    door = settings.member(p.ACCOUNT, own=False)
    assert door.role_arn == f"arn:aws:iam::{p.ACCOUNT}:role/registry-audit"
    assert settings.member(p.ACCOUNT, own=True).role_arn is None


@pytest.mark.parametrize(
    ("given", "cloud", "home"),
    [
        ({"regions": ["eu-west-1", "us-east-1"]}, "aws", "eu-west-1"),
        ({"regions": "enabled"}, "aws", "us-east-1"),
        ({"regions": ["us-gov-west-1"]}, "aws-us-gov", "us-gov-west-1"),
        ({"regions": "enabled", "partition": "aws-cn"}, "aws-cn", "cn-north-1"),
        ({"regions": "enabled", "home_region": "cn-northwest-1"}, "aws-cn", "cn-northwest-1"),
    ],
)
def test_partition_and_home(given, cloud, home):
    settings = AwsSettings.model_validate({"organization": {}, **given})
    assert (settings.cloud, settings.home) == (cloud, home)
    assert settings.member(p.ACCOUNT, own=False).role_arn == (
        f"arn:{cloud}:iam::{p.ACCOUNT}:role/registry-audit"
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [("cn-north-1", "amazonaws.com.cn"), ("us-gov-west-1", "amazonaws.com")],
)
def test_other_partitions_have_their_own_hosts(region, host):
    """Nobody is called: where a client would go is known when it is built."""
    settings = AwsSettings.model_validate({"accounts": [{"id": p.ACCOUNT}], "regions": [region]})
    clients = Sessions(settings)
    for service in ("ecr", "sts"):
        client = clients.build(service, settings.home, Credentials("a", "b"))
        assert client.meta.endpoint_url.endswith(f"{service}.{region}.{host}")
    assert registry_host(p.ACCOUNT, region) == f"{p.ACCOUNT}.dkr.ecr.{region}.{host}"


def test_the_secret_is_not_printed():
    keys = {"access_key_id": "AKIA", "secret_access_key": "hush"}
    assert "hush" not in repr(AwsSettings.model_validate({**_LEAST, "credentials": keys}))


@pytest.mark.parametrize(
    ("repository", "wanted"), [("team/app", True), ("team/test/app", False), ("other", False)]
)
def test_patterns(repository, wanted):
    patterns = {"include": ["team/*"], "exclude": ["*/test/*"]}
    assert AwsSettings.model_validate({**_LEAST, **patterns}).wants(repository) is wanted
