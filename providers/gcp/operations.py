"""The operations of discovery, settings and pulls, and the IAM permission each needs."""

from __future__ import annotations

from providers.gcp.failures import Operation

SEARCH_RESOURCES = Operation(
    "cloudasset:SearchAllResources", "cloudasset.assets.searchAllResources"
)
SEARCH_POLICIES = Operation(
    "cloudasset:SearchAllIamPolicies", "cloudasset.assets.searchAllIamPolicies"
)
LIST_FOLDERS = Operation("cloudresourcemanager:ListFolders", "resourcemanager.folders.list")
LIST_PROJECTS = Operation("cloudresourcemanager:ListProjects", "resourcemanager.projects.list")
SEARCH_PROJECTS = Operation("cloudresourcemanager:SearchProjects", "resourcemanager.projects.get")
GET_PROJECT = Operation("cloudresourcemanager:GetProject", "resourcemanager.projects.get")
PROJECT_POLICY = Operation(
    "cloudresourcemanager:GetIamPolicy", "resourcemanager.projects.getIamPolicy"
)
SERVICES = Operation("serviceusage:BatchGetServices", "serviceusage.services.get")
PULL = Operation("docker:Pull", "artifactregistry.repositories.downloadArtifacts")
REPOSITORY_POLICY = Operation(
    "artifactregistry:GetIamPolicy", "artifactregistry.repositories.getIamPolicy"
)
PROJECT_SETTINGS = Operation(
    "artifactregistry:GetProjectSettings", "artifactregistry.projectsettings.get"
)
