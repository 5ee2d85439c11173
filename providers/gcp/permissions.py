"""Every operation that the adapter calls: the IAM permission it takes, where, and what it is for.

What ``registry-audit doctor`` says and what ``schedules/gcp`` grants are held against this.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    """On what a permission is granted; what is granted on the first holds in the second too."""

    ABOVE = "organisation or folder"
    PROJECT = "project"
    SCANNED = "project whose images are scanned"


@dataclass(frozen=True)
class Permission:
    """What one operation takes.

    Attributes:
        operation: ``service:Operation``.
        name: The IAM permission.
        costs: What the report loses without it, as one sentence.
        where: On what it is needed.
        optional: The report stands without it: a column is empty, or another call does as well.
    """

    operation: str
    name: str
    costs: str
    where: Where = Where.PROJECT
    optional: bool = False


PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        "cloudasset:SearchAllResources",
        "cloudasset.assets.searchAllResources",
        "Projects are found by Resource Manager, and each is asked in every location: more calls.",
        Where.ABOVE,
        optional=True,
    ),
    Permission(
        "cloudasset:SearchAllIamPolicies",
        "cloudasset.assets.searchAllIamPolicies",
        "Policies are read repository by repository: more calls, and nothing is lost.",
        optional=True,
    ),
    Permission(
        "cloudresourcemanager:ListFolders",
        "resourcemanager.folders.list",
        "A project that is gone stays on record, and without Cloud Asset no project is found.",
        Where.ABOVE,
        optional=True,
    ),
    Permission(
        "cloudresourcemanager:ListProjects",
        "resourcemanager.projects.list",
        "A project that is gone stays on record, and without Cloud Asset no project is found.",
        Where.ABOVE,
        optional=True,
    ),
    Permission(
        "cloudresourcemanager:SearchProjects",
        "resourcemanager.projects.get",
        "Projects without it are not seen, where only what is visible is asked for.",
        Where.ABOVE,
        optional=True,
    ),
    Permission(
        "cloudresourcemanager:GetProject",
        "resourcemanager.projects.get",
        "A project that is gone stays on record.",
        Where.ABOVE,
        optional=True,
    ),
    Permission(
        "artifactregistry:ListLocations",
        "artifactregistry.locations.list",
        "Nothing of the project is read, unless its locations are given.",
    ),
    Permission(
        "artifactregistry:ListRepositories",
        "artifactregistry.repositories.list",
        "Nothing of the location is read.",
    ),
    Permission(
        "artifactregistry:ListDockerImages",
        "artifactregistry.dockerimages.list",
        "Images stay as last known, unconfirmed.",
    ),
    Permission(
        "containeranalysis:ListOccurrences",
        "containeranalysis.occurrences.list",
        "No image of the project is assessed.",
    ),
    Permission(
        "containeranalysis:GetVulnerabilityOccurrencesSummary",
        "containeranalysis.occurrences.list",
        "What was read is not checked against Google's own count.",
        optional=True,
    ),
    Permission(
        "artifactregistry:GetIamPolicy",
        "artifactregistry.repositories.getIamPolicy",
        "Whether a repository is public, and who may push to it, is unknown.",
        optional=True,
    ),
    Permission(
        "cloudresourcemanager:GetIamPolicy",
        "resourcemanager.projects.getIamPolicy",
        "What the project's own policy lets in is unknown: no repository reads as not public.",
        optional=True,
    ),
    Permission(
        "artifactregistry:GetProjectSettings",
        "artifactregistry.projectsettings.get",
        "What becomes of requests to gcr.io is unknown.",
        optional=True,
    ),
    Permission(
        "serviceusage:BatchGetServices",
        "serviceusage.services.get",
        "Whether scanning is switched on in the project is unknown.",
        optional=True,
    ),
    Permission(
        "docker:Pull",
        "artifactregistry.repositories.downloadArtifacts",
        "With a scanner, no image is pulled: those that it has not looked into are denied.",
        Where.SCANNED,
        optional=True,
    ),
)


def needed(operation: str) -> Permission:
    """Return what an operation that the adapter calls takes.

    Raises:
        LookupError: It is not known here.
    """
    for one in PERMISSIONS:
        if one.operation == operation:
            return one
    raise LookupError(operation)


def named(permission: str) -> Permission | None:
    """Return the first operation that takes a permission; None where it is not known here."""
    return next((one for one in PERMISSIONS if one.name == permission), None)
