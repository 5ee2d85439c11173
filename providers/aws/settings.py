"""The ``aws`` block of the configuration, validated strictly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic.json_schema import WithJsonSchema

from audit.endpoints import check_endpoint
from audit.ports import Settings
from providers.aws.inspector_settings import BasicSettings, InspectorSettings
from providers.aws.organisation import Organisation

ENABLED = "enabled"
"""In place of a list of regions: those that each account has enabled."""
HOMES = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
"""Partition -> the region asked for what is of no region, where no region is listed."""
_REGION = r"[a-z]{2,4}(-[a-z]+)+-[0-9]+"

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
OuId = Annotated[str, StringConstraints(pattern=r"^(r-[a-z0-9]{4,32}|ou-[a-z0-9]+-[a-z0-9]+)$")]
RegionName = Annotated[str, StringConstraints(pattern=rf"^{_REGION}$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+$")]
RoleName = Annotated[str, StringConstraints(pattern=r"^([\w+=,.@-]+/)*[\w+=,.@-]{1,64}$")]
SessionName = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]{2,64}$")]
ExternalId = Annotated[
    str, StringConstraints(pattern=r"^[\w+=,.@:/-]+$", min_length=2, max_length=1224)
]
Partition = Literal["aws", "aws-us-gov", "aws-cn"]


def _one_word(value: object) -> object:
    return (ENABLED,) if value == ENABLED else value


Regions = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=rf"^({ENABLED}|{_REGION})$")], ...],
    Field(min_length=1),
    BeforeValidator(_one_word),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": ENABLED},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "string", "pattern": f"^{_REGION}$"},
                },
            ]
        }
    ),
]


class AccountSettings(Settings):
    """One account to read.

    Attributes:
        id: Twelve digits, quoted in YAML (an unquoted one may be read as an octal number).
        role_arn: Role to assume in it; without one the tool's own credentials are used.
        external_id: External id that the role's trust policy asks for.
    """

    id: AccountId
    role_arn: RoleArn | None = None
    external_id: ExternalId | None = None

    @model_validator(mode="after")
    def _external_id_needs_a_role(self) -> AccountSettings:
        if self.external_id and not self.role_arn:
            raise ValueError("external_id is given without a role_arn to use it for")
        return self


class OrganizationSettings(Settings):
    """Which accounts of an organisation (AWS Organizations) to read, and how to enter them.

    An account is read when the ``include_*`` lists are empty or one of them names it, and no
    ``exclude_*`` list does. An organizational unit stands for all below it.

    Attributes:
        role_name: Role to assume in every account but the tool's own, its path included.
        external_id: External id that the trust policies ask for.
        role_arn: Role in the management or a delegated administrator's account to assume for
            listing; without one the tool's own credentials list.
    """

    include_ous: tuple[OuId, ...] = ()
    exclude_ous: tuple[OuId, ...] = ()
    include_accounts: tuple[AccountId, ...] = ()
    exclude_accounts: tuple[AccountId, ...] = ()
    role_name: RoleName = "registry-audit"
    external_id: ExternalId | None = None
    role_arn: RoleArn | None = None


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
    organizations: str | None = None
    account: str | None = None

    def of(self, service: str) -> str | None:
        """Return the override of a service (as botocore names it), if there is one."""
        found: str | None = getattr(self, service.replace("-", "_"))
        return found


class AwsSettings(Settings):
    """What to read in AWS, and how to get in.

    Attributes:
        accounts: Accounts to read; none where an organisation is.
        regions: Regions to read in every account, or ``("enabled",)``.
        partition: Told by the regions and roles where it is left out.
        home_region: Whose STS is asked for sessions; the first of ``regions`` unless told.
        session_seconds: Asked for an assumed session; a role that is assumed by a role gets 3600.
        source_identity: Set on assumed sessions, so that CloudTrail names who started the run.
        max_attempts: Attempts for each call in all, the first one included.
        inspector: How Inspector is read.
        basic: How the results of basic scanning are read.
        include: Repository name patterns (fnmatch) to read; all by default.
        exclude: Repository name patterns to leave out even when included.
        public: Read each account's ECR Public registry too.
        organization_id: The organisation (``o-...``) that access policies are held against.
        organization_accounts: All accounts of that organisation, besides those that are read. Left
            out, an account that a policy names and that is not read may belong to it.
    """

    accounts: tuple[AccountSettings, ...] = ()
    organization: OrganizationSettings | None = None
    regions: Regions
    partition: Partition | None = None
    home_region: RegionName | None = None
    credentials: Credentials | None = None
    session_name: SessionName = "registry-audit"
    session_seconds: Annotated[int, Field(ge=900, le=43200)] = 3600
    source_identity: SessionName | None = None
    endpoints: Endpoints = Endpoints()
    allow_insecure_loopback: bool = False
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 6
    inspector: InspectorSettings = InspectorSettings()
    basic: BasicSettings = BasicSettings()
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    public: bool = False
    organization_id: Annotated[str, StringConstraints(pattern=r"^o-[a-z0-9]{10,32}$")] | None = None
    organization_accounts: tuple[AccountId, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> AwsSettings:
        if bool(self.accounts) == bool(self.organization):
            raise ValueError("give accounts or an organization, one of the two")
        _refuse_twice("account", (account.id for account in self.accounts))
        _refuse_twice("region", self.regions)
        if ENABLED in self.regions and len(self.regions) > 1:
            raise ValueError(f"regions: {ENABLED} stands alone")
        for url in self.endpoints.model_dump().values():
            if url is not None:
                check_endpoint(url, allow_insecure_loopback=self.allow_insecure_loopback)
        return self

    @model_validator(mode="after")
    def _of_one_partition(self) -> AwsSettings:
        if self.partition is None:
            return self
        regions = (*self.listed_regions, *([self.home_region] if self.home_region else []))
        for region in regions:
            if partition_of(region) != self.partition:
                raise ValueError(f"region {region} does not lie in partition {self.partition}")
        for role in self._roles():
            if role.split(":")[1] != self.partition:
                raise ValueError(f"{role} does not lie in partition {self.partition}")
        return self

    def _roles(self) -> list[str]:
        roles = [account.role_arn for account in self.accounts]
        if self.organization is not None:
            roles.append(self.organization.role_arn)
        return [role for role in roles if role is not None]

    @property
    def listed_regions(self) -> tuple[str, ...]:
        """The regions named; none when each account's own are read."""
        return () if self.regions == (ENABLED,) else self.regions

    @property
    def cloud(self) -> str:
        """The partition."""
        told = (*self.listed_regions, *([self.home_region] if self.home_region else []))
        of_roles = [role.split(":")[1] for role in self._roles()]
        return self.partition or next((partition_of(one) for one in told), (*of_roles, "aws")[0])

    @property
    def home(self) -> str:
        """The region asked for what is of no region: STS, Organizations, Account."""
        listed = self.listed_regions
        return self.home_region or (listed[0] if listed else HOMES.get(self.cloud, HOMES["aws"]))

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

    def member(self, account_id: str, *, own: bool) -> AccountSettings:
        """Return how an account of the organisation is entered; the own one without a role."""
        organization = self.organization or OrganizationSettings()
        if own:
            return AccountSettings(id=account_id)
        role = f"arn:{self.cloud}:iam::{account_id}:role/{organization.role_name}"
        return AccountSettings(id=account_id, role_arn=role, external_id=organization.external_id)

    def hub(self, own: str) -> AccountSettings:
        """Return how the account that lists the organisation is entered."""
        organization = self.organization or OrganizationSettings()
        role = organization.role_arn
        if role is None:
            return AccountSettings(id=own or "0" * 12)
        return AccountSettings(
            id=role.split(":")[4], role_arn=role, external_id=organization.external_id
        )

    def wants(self, repository: str) -> bool:
        """Whether the include and exclude patterns let this repository in."""
        return any(fnmatchcase(repository, pattern) for pattern in self.include) and not any(
            fnmatchcase(repository, pattern) for pattern in self.exclude
        )


def partition_of(region: str) -> str:
    """Return the partition that a region lies in, by its name."""
    found = re.match(r"(cn|us-gov)-", region)
    return f"aws-{found[1]}" if found else "aws"


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"{what} {twice[0]} is listed twice")
