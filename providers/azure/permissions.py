"""Every operation that the adapter calls: what allows it, where, and what is lost without it.

The roles in ``schedules/azure`` are held against this, and this against the calls in the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from providers.azure.parse_children import SETTINGS_OF


class Mode(StrEnum):
    """Which registries ask for a permission (``roleAssignmentMode``), or that none does."""

    ANY = "any"
    LEGACY = "LegacyRegistryPermissions"
    ABAC = "AbacRepositoryPermissions"


@dataclass(frozen=True)
class Permission:
    """What one operation takes.

    Attributes:
        operation: As errors name it.
        action: Action of Azure's access control; one of ``data`` is a data action.
        mode: Registries that ask for it.
        costs: What the report loses without it, as one sentence.
    """

    operation: str
    action: str
    costs: str
    mode: Mode = Mode.ANY

    @property
    def data(self) -> bool:
        """Whether it is a data action."""
        return self.mode is Mode.ABAC


_REGISTRIES = "Microsoft.ContainerRegistry/registries"
_NOT_LISTED = "What lies there stays as last known, unconfirmed."
_NO_CATALOGUE = (
    "Only repositories that are configured or known from before are read; new ones are missed."
)
_NO_DOCUMENT = "What an attached artifact is, and what an old index holds, stays unknown."
_NO_COUNT = "The listing of a repository is not checked against its count."

_LEGACY = tuple(
    Permission(operation, f"{_REGISTRIES}/pull/read", costs, Mode.LEGACY)
    for operation, costs in (
        ("acr:ListRepositories", _NOT_LISTED),
        ("acr:GetRepositoryProperties", _NO_COUNT),
        ("acr:ListManifests", _NOT_LISTED),
        ("acr:GetManifest", _NO_DOCUMENT),
    )
)
_ABAC = (
    Permission("acr:ListRepositories", f"{_REGISTRIES}/catalog/read", _NO_CATALOGUE, Mode.ABAC),
    Permission(
        "acr:GetRepositoryProperties",
        f"{_REGISTRIES}/repositories/metadata/read",
        _NO_COUNT,
        Mode.ABAC,
    ),
    Permission(
        "acr:ListManifests", f"{_REGISTRIES}/repositories/metadata/read", _NOT_LISTED, Mode.ABAC
    ),
    Permission(
        "acr:GetManifest", f"{_REGISTRIES}/repositories/content/read", _NO_DOCUMENT, Mode.ABAC
    ),
)

PERMISSIONS = (
    Permission(
        "resourcegraph:subscriptions",
        "Microsoft.Resources/subscriptions/read",
        "A subscription that is not shown is left out without an error.",
    ),
    Permission("resourcegraph:registries", f"{_REGISTRIES}/read", _NOT_LISTED),
    Permission(
        "resourcegraph:pricings",
        "Microsoft.Security/pricings/read",
        "Whether Defender scans is not known, so no silence of it means anything.",
    ),
    Permission(
        "resourcegraph:assessments",
        "Microsoft.Security/assessments/read",
        "No image counts as looked at.",
    ),
    Permission(
        "resourcegraph:exemptions",
        "Microsoft.Security/standardAssignments/read",
        "Why and until when a finding is exempt is not known; it stays open and marked, and "
        "what any exemption may cover does not close.",
    ),
    *(
        Permission(operation, "Microsoft.Security/assessments/read", costs)
        for operation, costs in (
            ("resourcegraph:assessmentSummary", "All of Defender's rows are read every night."),
            ("resourcegraph:runningContainers", "Which images are in use is unknown."),
            ("resourcegraph:subassessments", "What only the older shape tells is missing."),
            (
                "resourcegraph:cvedetails",
                "Severity and score that a row leaves out stay unknown.",
            ),
        )
    ),
    *(
        Permission(
            f"arm:registries/{kind}",
            f"{_REGISTRIES}/{kind}/read",
            f"Settings of a registry stay unknown: {', '.join(columns)}.",
        )
        for kind, columns in SETTINGS_OF.items()
    ),
    *_LEGACY,
    *_ABAC,
)
