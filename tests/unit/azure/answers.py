"""A Resource Graph that gives a test's own rows, projected already, to the queries on Defender."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from providers.azure.client import client_options
from providers.azure.defender import Terms
from providers.azure.graph_client import GraphClient
from providers.azure.settings import AzureSettings
from tests.unit.azure.scripted import Asked, Credential, Say, Scripted
from tests.unit.azure.support import Row

TERMS = Terms("t-1", timedelta(hours=1), timedelta(days=30), timedelta(days=7))


@dataclass
class Answers:
    """What each query is answered with: rows, or an answer of another kind."""

    pricings: Sequence[Row] | Say
    assessments: Sequence[Row] | Say
    older: Sequence[Row] | Say = ()
    details: Sequence[Row] | Say = ()
    running: Sequence[Row] | Say = ()
    summary: Sequence[Row] | Say | None = None
    changed: Sequence[Row] | Say | None = None
    exempt: Sequence[Row] | Say = ()
    asked: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Say:
        query = asked.json()["query"]
        kind, rows = self._answer(query)
        self.asked.append(kind)
        if isinstance(rows, Say):
            return rows
        return Say({"totalRecords": len(rows), "count": len(rows), "data": list(rows)})

    def _answer(self, query: str) -> tuple[str, Sequence[Row] | Say]:
        named = re.findall(r"'([^']*)'", query.partition(" in (")[2].partition(")")[0])
        brief = summed_up(self.assessments) if self.summary is None else self.summary
        some = self.assessments if self.changed is None else self.changed
        kinds: dict[str, tuple[str, Sequence[Row] | Say]] = {
            "security/pricings": ("pricings", self.pricings),
            "subassessments": ("older", self.older),
            "cvedetails": ("details", self._some(self.details, named)),
            "K8s-container": ("running", self.running),
            "standardassignments": ("exempt", self.exempt),
            "summarize": ("summary", brief),
            " in (": ("changed", self._some(some, named)),
            "": ("everything", self.assessments),
        }
        return next(told for word, told in kinds.items() if word in query)

    def _some(self, rows: Sequence[Row] | Say, named: Sequence[str]) -> Sequence[Row] | Say:
        if isinstance(rows, Say):
            return rows
        return [row for row in rows if row.get("cveId") in named or digest_of(row) in named]


def summed_up(rows: Sequence[Row] | Say) -> Sequence[Row] | Say:
    """What the summary says of rows: the same of the same rows, in whatever order."""
    if isinstance(rows, Say):
        return rows
    briefs: dict[str, Row] = {}
    for row in rows:
        name = digest_of(row)
        brief = briefs.setdefault(name, {"id": name, "rows": 0, "changed": None, "size": 0})
        brief["rows"] += 1
        brief["size"] += len(json.dumps(row.get("additionalData")))
        when = row.get("statusChangeDate")
        brief["changed"] = max(filter(None, (brief["changed"], when)), default=None)
    return list(briefs.values())


def digest_of(row: Row) -> str:
    image = row.get("resourceAdditionalData") or {}
    told = json.loads(image) if isinstance(image, str) else image
    return str(told.get("Digest") or "").lower()


@contextmanager
def served(answers: Answers) -> Iterator[tuple[GraphClient, Answers]]:
    settings = AzureSettings.model_validate({"tenants": [{"tenant_id": "t"}], "max_attempts": 1})
    with Scripted(answers) as server:
        scope = "https://arm.example/.default"
        client = GraphClient(server.url, scope, Credential(), client_options(settings))
        yield client, answers
        client.close()
