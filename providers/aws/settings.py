"""The ``aws`` block of the configuration, validated strictly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, model_validator

from audit.endpoints import check_endpoint
from audit.ports import Settings
from providers.aws.organisation import Organisation

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+$")]
SessionName = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]{2,64}$")]


class AccountSettings(Settings):
    """One account to read.

    Attributes:
        id: Twelve digits, quoted in YAML (an unquoted one may be read as an octal number).
        role_arn: Role to assume in it; without one the tool's own credentials are used.
        external_id: External id that the role's trust policy asks for.
    """

    id: AccountId
    role_arn: RoleArn | None = None
    external_id: Annotated[str, StringConstraints(min_length=2, max_length=1224)] | None = None

    @model_validator(mode="after")
    def _external_id_needs_a_role(self) -> AccountSettings:
        if self.external_id and not self.role_arn:
            raise ValueError("external_id is given without a role_arn to use it for")
        return self


class Credentials(Settings):
    """A static key pair; left out, the SDK's own chain is asked (profile, container, instance)."""

    access_key_id: str
    secret_access_key: SecretStr


class Endpoints(Settings):
    """Addresses to use instead of AWS's own, by service."""

    ecr: str | None = None
    ecr_public: str | None = None
    inspector2: str | None = None
    kms: str | None = None
    resourcegroupstaggingapi: str | None = None
    sts: str | None = None

    def of(self, service: str) -> str | None:
        """Return the override of a service (as botocore names it), if there is one."""
        found: str | None = getattr(self, service.replace("-", "_"))
        return found


class AwsSettings(Settings):
    """What to read in AWS, and how to get in.

    Attributes:
        max_attempts: Attempts for each call in all, the first one included.
        include: Repository name patterns (fnmatch) to read; all by default.
        exclude: Repository name patterns to leave out even when included.
        public: Read each account's ECR Public registry too.
        organization_id: The organisation (``o-...``) that access policies are held against.
        organization_accounts: All accounts of that organisation, besides those that are read. Left
            out, an account that a policy names and that is not read may belong to it.
    """

    accounts: Annotated[tuple[AccountSettings, ...], Field(min_length=1)]
    regions: Annotated[tuple[RegionName, ...], Field(min_length=1)]
    credentials: Credentials | None = None
    session_name: SessionName = "registry-audit"
    endpoints: Endpoints = Endpoints()
    allow_insecure_loopback: bool = False
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 6
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    public: bool = False
    organization_id: Annotated[str, StringConstraints(pattern=r"^o-[a-z0-9]{10,32}$")] | None = None
    organization_accounts: tuple[AccountId, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> AwsSettings:
        _refuse_twice("account", (account.id for account in self.accounts))
        _refuse_twice("region", self.regions)
        for url in self.endpoints.model_dump().values():
            if url is not None:
                check_endpoint(url, allow_insecure_loopback=self.allow_insecure_loopback)
        return self

    def account(self, account_id: str) -> AccountSettings:
        """Return the settings of one configured account.

        Raises:
            KeyError: The account is not configured.
        """
        return {account.id: account for account in self.accounts}[account_id]

    @property
    def organisation(self) -> Organisation:
        """The organisation as configured: the accounts that are read belong to it."""
        others = self.organization_accounts
        accounts = {account.id for account in self.accounts} | set(others or ())
        return Organisation(
            self.organization_id or "", frozenset(accounts), whole=others is not None
        )

    def wants(self, repository: str) -> bool:
        """Whether the include and exclude patterns let this repository in."""
        return any(fnmatchcase(repository, pattern) for pattern in self.include) and not any(
            fnmatchcase(repository, pattern) for pattern in self.exclude
        )


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"{what} {twice[0]} is listed twice")
