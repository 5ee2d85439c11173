"""What is cut from AWS's words, and what is kept."""

import pytest

from providers.aws.scrub import scrubbed

ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzE" * 12 + "=="
HEADER = f"AWS4-HMAC-SHA256 Credential={ID}/20261123/eu-west-1/ecr/aws4_request, Signature=5d672d79"


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (f"requires 'Date'. Authorization={HEADER}", "requires 'Date'. [cut]"),
        (f'headers {{"Authorization": "{HEADER}"}}', 'headers {"[cut]'),
        ("sent authorization: Bearer eyJ.a.b", "sent [cut]"),
        (f"value {HEADER} is bad", "value [cut]"),
        ("SIGNATURE=5d672d79, next", "SIGNATURE=[cut], next"),
        ("bad Credential='abc/def' here", "bad Credential=[cut]' here"),
        ("x-amz-security-token:hush\nhost:x", "x-amz-security-token=[cut]\nhost:x"),
        ("?X-Amz-Security-Token=hush&Action=x", "?X-Amz-Security-Token=[cut]&Action=x"),
        ("X-Amz-Signature%3Dhush", "X-Amz-Signature=[cut]"),
        ('{"SecretAccessKey": "hush", "a": 1}', '{"SecretAccessKey=[cut]", "a": 1}'),
        (f"the pair {ID} {SECRET}.", "the pair [cut] [cut]."),
        ("key ASIAIOSFODNN7EXAMPLE is off", "key [cut] is off"),
        (f"the token {TOKEN} is off", "the token [cut] is off"),
    ],
)
def test_what_opens_doors_is_cut(message, kept):
    assert scrubbed(message) == kept


@pytest.mark.parametrize(
    "message",
    [
        "arn:aws:sts::111111111111:assumed-role/audit/a is not authorized: ecr:DescribeImages",
        "no policy allows it on arn:aws:ecr:eu-west-1:111111111111:repository/team/app",
        f"The image with digest sha256:{'a' * 64} does not exist",
        f"commit {'a' * 40} of a repository",
        "The security token included in the request is invalid",
        "",
    ],
)
def test_other_words_are_kept(message):
    assert scrubbed(message) == message
