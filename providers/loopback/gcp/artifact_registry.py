"""Listing methods of Artifact Registry v1, and ListLocations of its Locations mixin."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import grpc
from google.cloud import artifactregistry_v1
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]  # has none

from providers.loopback.estate import Image, Registry
from providers.loopback.gcp.registry_settings import moment, upstreams
from providers.loopback.gcp.wire import GcpError, Message, denied, enum_number, invalid, page_of
from providers.loopback.gcp.world import DISABLED, GcpWorld, ImageAt, ProjectView, repository_id

_MOST = 1000
_PARENT = re.compile(r"^projects/([^/]+)(?:/locations/([^/]+)(?:/repositories/([^/]+))?)?$")
_REPOSITORY = artifactregistry_v1.Repository
_SCANNING = _REPOSITORY.VulnerabilityScanningConfig


def list_locations(world: GcpWorld, request: Message) -> Message:
    """ListLocations: the locations where the project has a place."""
    view, _, _ = _named(world, request.name)
    _check_enabled(view, disabled=view.disabled)
    names = [place.region for place in view.places]
    listing = ("ListLocations", view.project, view.estate.name)
    page = page_of(names, request, listing, default=_MOST, cap=view.estate.page_size)
    parent = f"projects/{view.project}/locations"
    return locations_pb2.ListLocationsResponse(
        locations=[
            locations_pb2.Location(name=f"{parent}/{one}", location_id=one) for one in page.items
        ],
        next_page_token=page.next_token,
    )


def list_repositories(world: GcpWorld, request: Message) -> Message:
    """ListRepositories of one location; the only filter of the service is ``name``, none here."""
    view, location, _ = _named(world, request.parent)
    _check_location(view, location, "artifactregistry.repositories.list")
    if request.filter or request.order_by:
        raise invalid("filter and order_by are not served here")
    place = view.place(location)
    registries = place.registries if place else ()
    listing = ("ListRepositories", request.parent, view.estate.name)
    page = page_of(registries, request, listing, default=_MOST, cap=view.estate.page_size)
    return artifactregistry_v1.ListRepositoriesResponse.pb()(
        repositories=[_repository(request.parent, one) for one in page.items],
        next_page_token=page.next_token,
    )


def list_docker_images(world: GcpWorld, request: Message) -> Message:
    """ListDockerImages of one repository: images, children of indexes and artifacts alike."""
    view, location, name = _named(world, request.parent)
    _check_location(view, location, "artifactregistry.dockerimages.list")
    if request.order_by:
        raise invalid("order_by is not served here")
    registry = _registry(view, location, name)
    images = view.by_registry.get(registry.registry_id, ())
    listing = ("ListDockerImages", request.parent, view.estate.name)
    page = page_of(images, request, listing, default=100, cap=min(view.estate.page_size, _MOST))
    if view.page_fails(registry, page.number):
        raise GcpError(grpc.StatusCode.INTERNAL, "Internal error encountered.")
    return artifactregistry_v1.ListDockerImagesResponse.pb()(
        docker_images=[_docker_image(request.parent, at) for at in page.items],
        next_page_token=page.next_token,
    )


def _named(world: GcpWorld, name: str) -> tuple[ProjectView, str, str]:
    """Return the project, location and repository id that a resource name holds.

    Raises:
        GcpError: Not such a name, or a project that the estate does not have.
    """
    found = _PARENT.match(name)
    if found is None:
        raise invalid(f"{name!r} is not the name of a project, location or repository")
    project, location, repository = found.groups(default="")
    view = world.view(project)
    if view is None:
        raise denied("artifactregistry.repositories.list", f"projects/{project}")
    return view, location, repository


def _check_enabled(view: ProjectView, *, disabled: bool) -> None:
    if disabled:
        raise GcpError(
            grpc.StatusCode.PERMISSION_DENIED,
            f"Artifact Registry API has not been used in project {view.project} before or it is "
            "disabled.",
            reason="SERVICE_DISABLED",
            service="artifactregistry.googleapis.com",
        )


def _check_location(view: ProjectView, location: str, permission: str) -> None:
    if not location:
        raise invalid("the parent names no location")
    place = view.place(location)
    off = place.settings.get("api") == DISABLED if place else view.disabled
    _check_enabled(view, disabled=off)
    if view.has_fault("denied", location):
        raise denied(permission, f"projects/{view.project}/locations/{location}")


def _registry(view: ProjectView, location: str, name: str) -> Registry:
    place = view.place(location)
    for registry in place.registries if place else ():
        if repository_id(registry) == name:
            if registry.settings.get("format", "DOCKER") != "DOCKER":
                raise invalid(f"repository {name} is not of format DOCKER")
            return registry
    raise GcpError(grpc.StatusCode.NOT_FOUND, f"Requested entity was not found: {name}")


def _repository(parent: str, registry: Registry) -> Message:
    settings = registry.settings
    enablement = settings.get("enablement_state", "SCANNING_ACTIVE")
    cleanup = settings.get("cleanup", "none")
    return _REPOSITORY.pb()(
        name=f"{parent}/repositories/{repository_id(registry)}",
        format_=enum_number(_REPOSITORY.Format, settings.get("format", "DOCKER")),
        mode=enum_number(_REPOSITORY.Mode, settings.get("mode", "STANDARD_REPOSITORY")),
        docker_config={"immutable_tags": settings.get("immutable_tags") == "true"},
        kms_key_name=settings.get("kms_key", ""),
        vulnerability_scanning_config={
            "enablement_config": enum_number(
                _SCANNING.EnablementConfig, settings.get("enablement_config", "INHERITED")
            ),
            "enablement_state": enum_number(_SCANNING.EnablementState, enablement),
            "enablement_state_reason": settings.get("scanning_reason", ""),
            "last_enable_time": moment(settings.get("scanning_enabled_at", "")),
        },
        **upstreams(settings),
        cleanup_policies={} if cleanup == "none" else {"delete-old": _cleanup_policy()},
        cleanup_policy_dry_run=cleanup == "dry_run",
        create_time=registry.created_at,
        update_time=registry.created_at,
        registry_uri=registry.registry_id,
        size_bytes=sum(i.size_bytes for one in registry.repositories for i in one.images),
    )


def _cleanup_policy() -> Message:
    policy = artifactregistry_v1.CleanupPolicy
    return policy.pb()(
        id="delete-old",
        action=int(policy.Action.DELETE),
        condition={"older_than": timedelta(days=90)},
    )


def _docker_image(parent: str, at: ImageAt) -> Message:
    image = at.image
    path = quote(at.repository.name, safe="")
    built = image.pushed_at - timedelta(minutes=10) if image.kind == "image" else None
    return artifactregistry_v1.DockerImage.pb()(
        name=f"{parent}/dockerImages/{path}@{image.digest}",
        uri=at.resource,
        tags=image.tags,
        image_size_bytes=image.size_bytes,
        upload_time=image.pushed_at,
        update_time=image.pushed_at,
        build_time=built,
        media_type=image.media_type,
        artifact_type=image.artifact_type or "",
        image_manifests=_children(at),
    )


def _children(at: ImageAt) -> list[Message]:
    known = {image.digest: image for image in at.repository.images}
    return [_child(digest, known.get(digest)) for digest in at.image.children]


def _child(digest: str, child: Image | None) -> Message:
    manifest = artifactregistry_v1.ImageManifest.pb()
    if child is None:  # the registry no longer holds it; the index still names it
        return manifest(digest=digest)
    unknown = child.kind == "attestation"
    return manifest(
        digest=digest,
        architecture="unknown" if unknown else child.architecture or "",
        os="unknown" if unknown else child.os or "",
        media_type=child.media_type,
    )
