"""Which of Google's services a project has switched on (Service Usage ``services:batchGet``)."""

from __future__ import annotations

from dataclasses import dataclass, field

from audit.errors import BrokenPageError
from audit.model.scope import ScopeTally
from providers.gcp.operations import SERVICES
from providers.gcp.rest import Answer, RestClient

REGISTRY_SERVICE = "artifactregistry.googleapis.com"
SCANNING_SERVICE = "containerscanning.googleapis.com"
ANALYSIS_SERVICE = "containeranalysis.googleapis.com"
_ASKED = (REGISTRY_SERVICE, SCANNING_SERVICE, ANALYSIS_SERVICE)
_STATES = {"ENABLED": True, "DISABLED": False}


@dataclass(frozen=True)
class Services:
    """The states of the services asked for.

    Attributes:
        number: The project's number; empty when not told.
        states: Service -> the source's word, ENABLED or DISABLED or one not known yet.
    """

    number: str = ""
    states: dict[str, str] = field(default_factory=dict)

    def enabled(self, service: str) -> bool | None:
        """Whether a service is on; None where its state is not known."""
        return _STATES.get(self.states.get(service, ""))


def read_services(rest: RestClient, project: str, tally: ScopeTally) -> Services:
    """Ask for the services that scanning needs, in one call.

    Raises:
        SourceError: They could not be read.
    """
    parent = f"projects/{project}"
    names = [f"{parent}/services/{service}" for service in _ASKED]
    answer = rest.get(tally, SERVICES, f"/v1/{parent}/services:batchGet", {"names": names})
    rows = answer.get("services", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BrokenPageError("services is no list of objects", operation=SERVICES.name)
    found = [_read(row) for row in rows]
    numbers = {number for number, _, _ in found if number.isdecimal()}
    return Services(
        numbers.pop() if len(numbers) == 1 else "",
        {service: state for _, service, state in found},
    )


def _read(row: Answer) -> tuple[str, str, str]:
    """Return (project as named, service, state) of ``projects/N/services/S``."""
    parts = str(row.get("name") or "").split("/")
    if len(parts) != 4 or parts[0::2] != ["projects", "services"]:
        raise BrokenPageError("a service without a name", operation=SERVICES.name)
    return parts[1], parts[3], str(row.get("state") or "")
