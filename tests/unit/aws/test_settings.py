"""The configuration block: what it takes, and what it refuses by name."""

import pytest
from pydantic import ValidationError

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
    ],
)
def test_what_is_refused(more, words):
    with pytest.raises(ValidationError, match=words):
        AwsSettings.model_validate({**_LEAST, **more})


def test_the_secret_is_not_printed():
    keys = {"access_key_id": "AKIA", "secret_access_key": "hush"}
    assert "hush" not in repr(AwsSettings.model_validate({**_LEAST, "credentials": keys}))


@pytest.mark.parametrize(
    ("repository", "wanted"), [("team/app", True), ("team/test/app", False), ("other", False)]
)
def test_patterns(repository, wanted):
    patterns = {"include": ["team/*"], "exclude": ["*/test/*"]}
    assert AwsSettings.model_validate({**_LEAST, **patterns}).wants(repository) is wanted
