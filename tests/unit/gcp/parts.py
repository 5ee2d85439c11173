"""Real messages and a collecting sink for the tests."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from google.cloud import artifactregistry_v1 as ar
from grafeas import grafeas_v1 as gr

from audit.model.columns import Columns
from audit.model.scope import ScopeTally
from audit.ports import RunContext
from audit.store.staging import to_arrow
from providers.gcp import lean
from providers.gcp.names import place_of
from providers.gcp.scopes import findings_scope
from providers.gcp.stated import StatedOnce
from providers.gcp.statements import StatementWriter

MOMENT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CONTEXT = RunContext(run_id="run-1", moment=MOMENT, log=logging.getLogger("test"))
NEXT = "2"
REGISTRY = "projects/p/locations/us/repositories/r"
REGISTRY_ID = "us-docker.pkg.dev/p/r"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
NOTE = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY"


class Rows:
    """A sink that keeps rows as dictionaries, by table."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def write(self, columns: Columns) -> None:
        self.tables[columns.table] += to_arrow(columns).to_pylist()


def digest(letter: str) -> str:
    return "sha256:" + letter * 64


def uri(letter: str, name: str = "app") -> str:
    return f"https://{REGISTRY_ID}/{name}@{digest(letter)}"


def image(letter: str, name: str = "app", **fields: Any) -> ar.DockerImage:
    fields = {"media_type": MANIFEST, **fields}
    return ar.DockerImage(name=f"{REGISTRY}/dockerImages/{name}@{digest(letter)}", **fields)


def repository(**fields: Any) -> ar.Repository:
    return ar.Repository(**{"name": REGISTRY, "format_": 1, "mode": 1, **fields})


def discovery(letter: str = "a", **fields: Any) -> gr.Occurrence:
    occurrence = {"note_name": NOTE, "resource_uri": uri(letter), "name": f"projects/p/o/{letter}"}
    for key in ("note_name", "resource_uri", "name", "update_time"):
        if key in fields:
            occurrence[key] = fields.pop(key)
    scan = {
        "analysis_status": 3,
        "continuous_analysis": 1,
        "last_scan_time": datetime(2026, 11, 20, 3, tzinfo=UTC),
        **fields,
    }
    return gr.Occurrence(
        kind=gr.NoteKind.DISCOVERY, discovery=gr.DiscoveryOccurrence(**scan), **occurrence
    )


def issue(**fields: Any) -> gr.VulnerabilityOccurrence.PackageIssue:
    issue_fields = {
        "affected_package": "openssl",
        "affected_version": gr.Version(full_name="3.0.11-1", kind=1),
        "package_type": "OS",
        "effective_severity": 4,
        **fields,
    }
    return gr.VulnerabilityOccurrence.PackageIssue(**issue_fields)


def vulnerability(letter: str = "a", *, name: str = "projects/p/o/v", **fields: Any) -> Any:
    detail = {"short_description": "CVE-2026-1", "package_issue": [issue()], **fields}
    return gr.Occurrence(
        name=name,
        kind=gr.NoteKind.VULNERABILITY,
        resource_uri=uri(letter),
        note_name="projects/goog-vulnz/notes/CVE-2026-1",
        vulnerability=gr.VulnerabilityOccurrence(**detail),
    )


def raw(message: Any) -> Any:
    return type(message).pb(message)


def page(*occurrences: gr.Occurrence) -> Any:
    """The occurrences as they come over the wire, read as the adapter reads them."""
    answer = gr.ListOccurrencesResponse(occurrences=occurrences)
    return lean.Page.FromString(raw(answer).SerializeToString())


def written(*occurrences: gr.Occurrence) -> tuple[Rows, ScopeTally]:
    """Everything that a page states of the images it names."""
    rows, tally = Rows(), ScopeTally(findings_scope("p"))
    writer = StatementWriter(rows, "run-1", StatedOnce(), lean)
    places = [place_of(one.resource_uri) for one in occurrences]
    writer.write(page(*occurrences), {place: place for place in places if place}, tally)
    return rows, tally


def stated(occurrence: gr.Occurrence) -> list[dict[str, Any]]:
    return written(occurrence)[0].tables["findings"]
