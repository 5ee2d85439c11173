"""What Defender knows of CVEs beside its rows: severity, scores, whether one was rejected.

``microsoft.security/cvedetails`` is visible at the root management group only. It is asked for in
batches and merged here: a join in the query fails on large tenants, and where the table is empty
it takes every row with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from audit.errors import SourceError
from audit.model.enums import Severity
from audit.normalise.severity import normalise_severity
from audit.ports import RunContext
from providers.azure.defender_queries import cve_details, is_plain_id
from providers.azure.failures import Call
from providers.azure.finding_rows import Cells, scores
from providers.azure.graph_client import GraphClient
from providers.azure.names import CVE_DETAILS, READ_CVE_DETAILS
from providers.azure.values import moment, pick, text

BATCH = 500
_DETAILS = Call("resourcegraph:cvedetails", READ_CVE_DETAILS)


class CveDetails:
    """Details of the CVEs met, each asked for once.

    Attributes:
        silenced: Why nothing is asked any more; None while the scope allows it.
    """

    def __init__(self, graph: GraphClient, tenant_id: str, context: RunContext) -> None:
        self.silenced: str | None = None
        self._graph, self._tenant, self._context = graph, tenant_id, context
        self._known: dict[str, Mapping[str, Any]] = {}
        self._asked: set[str] = set()
        self._waiting: dict[str, str] = {}

    def want(self, ids: Iterable[str]) -> None:
        """Note CVEs to ask for."""
        for name in ids:
            if name.upper() not in self._asked and is_plain_id(name):
                self._waiting.setdefault(name.upper(), name)

    @property
    def full(self) -> bool:
        """Whether a whole batch waits to be asked for."""
        return len(self._waiting) >= BATCH

    def ask(self) -> None:
        """Ask for everything that waits."""
        waiting, self._waiting = list(self._waiting.values()), {}
        self._asked.update(name.upper() for name in waiting)
        for first in range(0, len(waiting), BATCH):
            if self.silenced is None:
                self._ask(waiting[first : first + BATCH])

    def fill(self, cells: Cells) -> None:
        """Give a statement the severity and the score that its row left out, from here by name."""
        told = self._known.get(cells["vulnerability_id"].upper())
        if told is None:
            return
        if cells["severity"] == Severity.UNKNOWN:
            severity = normalise_severity(text(pick(told, "severity")))
            if severity is not Severity.UNKNOWN:
                cells["severity"], cells["severity_source"] = str(severity), CVE_DETAILS
        if cells["cvss_score"] is None:
            best = max(_scores(told), key=lambda score: score["version"] or "", default=None)
            if best is not None:
                cells["cvss_score"], cells["cvss_version"] = best["score"], best["version"]
                cells["cvss_vector"] = best["vector"]

    def describe(self, cells: Cells) -> None:
        """Add to a row of ``vulnerabilities`` what is known here."""
        told = self._known.get(cells["vulnerability_id"].upper())
        if told is None:
            return
        cells["cvss"] = [*cells["cvss"], *_scores(told)]
        cells["published_at"] = cells["published_at"] or moment(pick(told, "publishedDate"))
        cells["withdrawn_at"] = self._withdrawn(told)

    def _withdrawn(self, told: Mapping[str, Any]) -> datetime | None:
        """A rejected CVE without a date was rejected at this run's moment at the latest."""
        if (text(pick(told, "status")) or "").lower() not in {"reject", "rejected"}:
            return None
        return moment(pick(told, "lastModifiedDate")) or self._context.moment

    def _ask(self, ids: list[str]) -> None:
        before = len(self._known)
        pages = self._graph.pages(cve_details(ids), (), _DETAILS, groups=(self._tenant,))
        try:
            for page in pages:
                for row in page:
                    if name := text(pick(row, "cveId")):
                        self._known[name.upper()] = row
        except SourceError as error:
            self._stop(str(error))
        else:
            if len(self._known) == before == 0:
                self._stop("the table is empty at the scope of the tenant")

    def _stop(self, reason: str) -> None:
        self.silenced = reason
        self._context.log.warning("CVE details of tenant %s are not used: %s", self._tenant, reason)


def _scores(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    return scores({"cvss": pick(told, "cvss"), "cvsssource": CVE_DETAILS})
