"""Every operation that the adapter calls: the IAM actions it takes, where, and what it is for.

What ``registry-audit doctor`` says and what ``schedules/aws`` allows are held against this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    """Whose credentials make a call."""

    HUB = "hub"
    MEMBER = "member"
    ADMIN = "delegated administrator"


@dataclass(frozen=True)
class Permission:
    """What one operation takes.

    Attributes:
        operation: ``service:Operation``.
        where: In which accounts it is called.
        costs: What the report loses without it, as one sentence.
        optional: The report stands without it: a figure is missing, nothing is wrong.
        actions: IAM actions; the operation's own unless others are given.
        scanning: Only who scans images needs it.
    """

    operation: str
    where: tuple[Where, ...]
    costs: str
    optional: bool = False
    actions: tuple[str, ...] | None = None
    scanning: bool = False

    @property
    def allowed_by(self) -> tuple[str, ...]:
        """The IAM actions."""
        return (self.operation,) if self.actions is None else self.actions


_HUB, _MEMBER, _ADMIN = (Where.HUB,), (Where.MEMBER,), (Where.ADMIN,)
_BOTH = (Where.MEMBER, Where.ADMIN)

PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        "sts:AssumeRole",
        _HUB,
        "Nothing of the account is read.",
        actions=("sts:AssumeRole", "sts:SetSourceIdentity"),
    ),
    Permission(
        "sts:GetCallerIdentity",
        _HUB,
        "The tool's own account is entered by its role like every other.",
        actions=(),  # everybody may
    ),
    Permission("organizations:ListAccounts", _HUB, "Accounts that are not named are not found."),
    Permission(
        "account:ListRegions",
        (Where.HUB, Where.MEMBER),
        "Regions come from the SDK's own list, and none is believed to be gone.",
        optional=True,
    ),
    Permission("ecr:DescribeRepositories", _MEMBER, "Nothing of the account and region is read."),
    Permission("ecr:DescribeImages", _MEMBER, "Images stay as last known, unconfirmed."),
    Permission("ecr:BatchGetImage", _MEMBER, "Platforms and children of indexes stay unknown."),
    Permission(
        "ecr:GetRegistryScanningConfiguration",
        _MEMBER,
        "Who scans is unknown: the source of the run before is asked, in a first run each image.",
    ),
    Permission(
        "ecr:BatchGetRepositoryScanningConfiguration",
        _MEMBER,
        "Whether a repository is scanned is UNKNOWN.",
    ),
    Permission(
        "ecr:DescribeImageScanFindings",
        _MEMBER,
        "Under basic scanning no image is assessed.",
    ),
    Permission("inspector2:ListFindings", _BOTH, "Under enhanced scanning no image is assessed."),
    Permission("inspector2:ListCoverage", _BOTH, "Under enhanced scanning no image is assessed."),
    Permission(
        "inspector2:BatchGetAccountStatus",
        _MEMBER,
        "The doctor cannot tell whether Inspector is enabled.",
        optional=True,
    ),
    Permission(
        "inspector2:GetDelegatedAdminAccount",
        _BOTH,
        "Findings are read account by account: more calls, and nothing is lost.",
        optional=True,
    ),
    Permission(
        "inspector2:ListMembers",
        _ADMIN,
        "Images of accounts that have no coverage row are denied instead of not covered.",
        optional=True,
    ),
    Permission(
        "inspector2:ListFindingAggregations",
        _BOTH,
        "A full reading is not held against Inspector's own counts.",
        optional=True,
    ),
    Permission(
        "ecr:ListPullTimeUpdateExclusions",
        _MEMBER,
        "Whether the audit itself counts as a pull is unknown.",
        optional=True,
    ),
    Permission(
        "ecr:GetRepositoryPolicy",
        _MEMBER,
        "Who may enter a repository is null, and IAM-01 is UNKNOWN.",
        optional=True,
    ),
    Permission(
        "ecr:GetLifecyclePolicy",
        _MEMBER,
        "Whether old images are cleaned up is null, and LIF-01 is UNKNOWN.",
        optional=True,
    ),
    Permission(
        "kms:DescribeKey",
        _MEMBER,
        "Whose key encrypts a repository is null, and ENC-02 is UNKNOWN.",
        optional=True,
    ),
    Permission(
        "tag:GetResources",
        _MEMBER,
        "Tags of repositories are asked for one by one.",
        optional=True,
    ),
    Permission(
        "ecr:ListTagsForResource",
        _MEMBER,
        "Where tag:GetResources is denied too, labels are null, and owners by label are unknown.",
        optional=True,
    ),
    Permission(
        "ecr:GetRegistryPolicy",
        _MEMBER,
        "Who may enter a registry is null, and IAM-01 is UNKNOWN.",
        optional=True,
    ),
    Permission(
        "ecr:DescribeRegistry", _MEMBER, "Where images are replicated to is null.", optional=True
    ),
    Permission(
        "ecr:DescribePullThroughCacheRules",
        _MEMBER,
        "Which upstream registries are cached is null.",
        optional=True,
    ),
    Permission(
        "ecr:DescribeRepositoryCreationTemplates",
        _MEMBER,
        "What new repositories are made from is null.",
        optional=True,
    ),
    Permission(
        "ecr:GetSigningConfiguration", _MEMBER, "Which images ECR signs is null.", optional=True
    ),
    Permission(
        "ecr:GetAccountSetting",
        _MEMBER,
        "Scanner generation, policy scope and blob mounting are null.",
        optional=True,
    ),
    Permission(
        "inspector2:GetConfiguration",
        _MEMBER,
        "How long Inspector rescans an image is null.",
        optional=True,
    ),
    Permission(
        "inspector2:ListFilters",
        _MEMBER,
        "How many suppression filters there are is null.",
        optional=True,
    ),
    Permission(
        "ecr-public:DescribeRepositories",
        _MEMBER,
        "With `public: true`, nothing of the account's public registry is read.",
        optional=True,
    ),
    Permission(
        "ecr-public:DescribeImages",
        _MEMBER,
        "With `public: true`, public images stay as last known, unconfirmed.",
        optional=True,
    ),
    Permission(
        "ecr:GetAuthorizationToken",
        _MEMBER,
        "With a scanner, no image is pulled: those that it has not looked into are denied.",
        optional=True,
        # A pull takes the manifest (ecr:BatchGetImage, above) and the layers.
        actions=("ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"),
        scanning=True,
    ),
)


def needed(operation: str) -> Permission:
    """Return what an operation that the adapter calls takes.

    Raises:
        LookupError: It is not known here.
    """
    found = permission(operation)
    if found is None:
        raise LookupError(operation)
    return found


def permission(operation: str) -> Permission | None:
    """Return what an operation takes; None for one that is not known here."""
    return next((one for one in PERMISSIONS if one.operation == operation), None)


def actions(where: Iterable[Where], *, scanning: bool = False) -> frozenset[str]:
    """Return the IAM actions needed in an account that has these parts to play.

    Args:
        where: The parts.
        scanning: Those that scanning takes beside the others, instead of the others.
    """
    parts = set(where)
    return frozenset(
        action
        for one in PERMISSIONS
        if parts & set(one.where) and one.scanning == scanning
        for action in one.allowed_by
    )
