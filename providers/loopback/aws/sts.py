"""The operations of AWS STS that an audit calls (query protocol, XML answers)."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from providers.loopback.aws.gates import Gates
from providers.loopback.aws.wire import AwsError, Caller, assumed_key, session_token
from providers.loopback.aws.world import AwsWorld

ROLE = "registry-audit"
SHARED_EXTERNAL_ID = "loopback-organization"
"""External id that every role's trust policy accepts, as an organisation's roles would."""
_ROLE_ARN = re.compile(r"^arn:aws:iam::([0-9]{12}):role/(.+)$")
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
# The SDK compares this with the machine's clock, which the estate's moment has nothing to do with.
_EXPIRATION = "2099-12-31T00:00:00Z"


def role_arn(account: str) -> str:
    """Return the role that the audit assumes in ``account``."""
    return f"arn:aws:iam::{account}:role/{ROLE}"


def external_id(account: str) -> str:
    """Return the external id that the role's trust policy asks for."""
    return f"loopback-{account}"


def answer(world: AwsWorld, caller: Caller, form: dict[str, str], gates: Gates) -> str:
    """Answer one STS request with its XML document.

    Raises:
        AwsError: Unknown operation, or a role that this caller cannot assume.
    """
    action = form.get("Action", "")
    if action == "AssumeRole":
        return _assume_role(world, form, gates)
    if action == "GetCallerIdentity":
        return _caller_identity(world, caller)
    raise AwsError("UnknownOperationException", f"STS has no operation {action!r} here")


def error_document(error: AwsError) -> str:
    """Return the XML document of an error."""
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type>'
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        "<RequestId>loopback</RequestId></ErrorResponse>"
    )


def _assume_role(world: AwsWorld, form: dict[str, str], gates: Gates) -> str:
    arn, name = form.get("RoleArn", ""), form.get("RoleSessionName", "")
    found = _ROLE_ARN.match(arn)
    account = found.group(1) if found else ""
    if (
        account not in world.accounts
        or arn != role_arn(account)
        or form.get("ExternalId") not in {external_id(account), SHARED_EXTERNAL_ID}
    ):
        raise AwsError(
            "AccessDenied", f"User is not authorized to perform: sts:AssumeRole on {arn}", 403
        )
    longest = gates.options.longest_session
    if int(form.get("DurationSeconds", "3600")) > longest:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining",
        )
    number = gates.assumed(form)
    user = f"arn:aws:sts::{account}:assumed-role/{ROLE}/{name}"
    return _document(
        "AssumeRole",
        f"<Credentials><AccessKeyId>{assumed_key(account)}</AccessKeyId>"
        "<SecretAccessKey>loopback-assumed-secret</SecretAccessKey>"
        f"<SessionToken>{session_token(account, number)}</SessionToken>"
        f"<Expiration>{_EXPIRATION}</Expiration></Credentials>"
        f"<AssumedRoleUser><AssumedRoleId>AROALOOPBACK:{escape(name)}</AssumedRoleId>"
        f"<Arn>{escape(user)}</Arn></AssumedRoleUser>",
    )


def _caller_identity(world: AwsWorld, caller: Caller) -> str:
    account = caller.account or next(iter(world.accounts), "")
    return _document(
        "GetCallerIdentity",
        f"<Arn>{role_arn(account)}</Arn><UserId>{escape(caller.access_key_id)}</UserId>"
        f"<Account>{account}</Account>",
    )


def _document(action: str, result: str) -> str:
    return (
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>loopback</RequestId></ResponseMetadata></{action}Response>"
    )
