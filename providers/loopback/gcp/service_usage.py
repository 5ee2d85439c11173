"""Service Usage v1: which services a project has switched on."""

from __future__ import annotations

import re

from providers.loopback.gcp.rest import Answer, Asked, Route
from providers.loopback.gcp.wire import denied, invalid
from providers.loopback.gcp.world import ProjectView

SERVICE = "serviceusage.googleapis.com"
_PERMISSION = "serviceusage.services.get"
_MOST = 30
_SCANNING = "containerscanning.googleapis.com"
_REGISTRY = "artifactregistry.googleapis.com"


def batch_get(asked: Asked) -> Answer:
    """BatchGetServices: the states of up to thirty services, in the order asked for."""
    asked.need(_PERMISSION, f"projects/{asked.named}")
    view = asked.world.view(asked.named)
    if view is None:
        raise denied(_PERMISSION, f"projects/{asked.named}")
    names = asked.each("names")
    head = f"projects/{asked.named}/services/"
    if not 0 < len(names) <= _MOST or not all(name.startswith(head) for name in names):
        raise invalid("names: give one to thirty services of the parent")
    return {"services": [_service(view, name.removeprefix(head)) for name in names]}


def _service(view: ProjectView, service: str) -> Answer:
    state = view.setting("scanning", "ENABLED") if service == _SCANNING else "ENABLED"
    if service == _REGISTRY and view.disabled:
        state = "DISABLED"
    parent = f"projects/{view.number}"
    return {"name": f"{parent}/services/{service}", "parent": parent, "state": state}


ROUTES = (
    Route(
        SERVICE,
        "BatchGetServices",
        "GET",
        re.compile("/v1/projects/((?:[^/:]+:)?[^/:]+)/services:batchGet"),
        batch_get,
    ),
)
