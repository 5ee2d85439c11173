"""Queries about Defender's findings that need more of Kusto than filters: known by their text.

Each is recognised word by word, blanks apart, and answered by a function written for it. Another
text is left to the parser, which refuses what it does not understand.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from providers.loopback.azure.kql import Query, parse

Rows = list[dict[str, Any]]

TABLE = "securityresources"
_LIST = "<list>"
_OF_IMAGES = """
securityresources
| where type == 'microsoft.security/assessments'
| where properties.metadata.recommendationCategory == 'SoftwareUpdate'
| where properties.resourceDetails.ResourceType == '.containerimage'
| where properties.resourceDetails.Source == 'Azure'
"""
_OF_CONTAINERS = """
securityresources
| where type == 'microsoft.security/assessments'
| where properties.metadata.recommendationCategory == 'SoftwareUpdate'
| where properties.resourceDetails.ResourceType == 'K8s-container'
"""
_DIGEST = """
| extend image=parse_json(tostring(properties.resourceAdditionalData))
| extend digest=tolower(coalesce(tostring(image.Digest), tostring(image.digest)))
"""
_COLUMNS = """
| project id=id, displayName=properties.displayName, statusCode=properties.status.code,
  statusCause=properties.status.cause,
  firstEvaluationDate=properties.status.firstEvaluationDate,
  statusChangeDate=properties.status.statusChangeDate,
  resourceDetails=properties.resourceDetails,
  resourceAdditionalData=properties.resourceAdditionalData,
  additionalData=properties.additionalData
| order by id asc
"""
_SUMMARY = f"""{_OF_IMAGES} {_DIGEST}
| summarize rows=count(), changed=max(todatetime(properties.status.statusChangeDate)),
  size=sum(strlen(tostring(properties.status)) + strlen(tostring(properties.additionalData)))
  by id=digest
| order by id asc
"""
_RUNNING = f"""{_OF_CONTAINERS} {_DIGEST}
| extend container=tolower(tostring(properties.resourceDetails.Id))
| distinct subscriptionId, digest, container
| summarize containers=count() by subscriptionId, digest
| project id=strcat(subscriptionId, '/', digest), subscriptionId, digest, containers
| order by id asc
"""
_SOME = f"{_OF_IMAGES} {_DIGEST} | where digest in ({_LIST}) {_COLUMNS}"
_DETAIL_COLUMNS = """
| project id=id, cveId=properties.cveId, severity=properties.severity,
  status=properties.status, publishedDate=properties.publishedDate,
  lastModifiedDate=properties.lastModifiedDate, cvss=properties.cvss
| order by id asc
"""
_OF_DETAILS = "securityresources | where type == 'microsoft.security/cvedetails'"
_DETAILS = f"{_OF_DETAILS} | where properties.cveId in ({_LIST}) {_DETAIL_COLUMNS}"


def find(text: str) -> Query | None:
    """Return the query of a known text; None for any other."""
    for shape, make in _KNOWN:
        if match := shape.fullmatch(_spaced(text)):
            return make(re.findall(r"'([^']*)'", match[1]) if shape.groups else [])
    return None


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _shape(text: str) -> re.Pattern[str]:
    listed = "('[^']*'(?:, '[^']*')*)"
    return re.compile(listed.join(map(re.escape, _spaced(text).split(_LIST))))


def _summary(_: Sequence[str]) -> Query:
    return Query(TABLE, ("id", "rows", "changed", "size"), (_summed_up,))


def _summed_up(rows: Rows) -> Rows:
    briefs: dict[str, dict[str, Any]] = {}
    for row in parse(_OF_IMAGES).run(rows):
        name, properties = _digest(row), row["properties"]
        brief = briefs.setdefault(name, {"id": name, "rows": 0, "changed": None, "size": 0})
        when = properties["status"].get("statusChangeDate")
        brief["rows"] += 1
        brief["changed"] = max(filter(None, (brief["changed"], when)), default=None)
        brief["size"] += len(_text(properties["status"])) + len(_text(properties["additionalData"]))
    return [briefs[name] for name in sorted(briefs)]


def _running(_: Sequence[str]) -> Query:
    return Query(TABLE, ("id", "subscriptionId", "digest", "containers"), (_seen_running,))


def _seen_running(rows: Rows) -> Rows:
    containers = {
        (row["subscriptionId"], _digest(row), row["properties"]["resourceDetails"]["Id"].lower())
        for row in parse(_OF_CONTAINERS).run(rows)
    }
    counted = Counter((subscription, digest) for subscription, digest, _ in containers)
    return [
        {
            "id": f"{subscription}/{digest}",
            "subscriptionId": subscription,
            "digest": digest,
            "containers": count,
        }
        for (subscription, digest), count in sorted(counted.items())
    ]


def _some(named: Sequence[str]) -> Query:
    projected = parse(TABLE + _COLUMNS)

    def of_images(rows: Rows) -> Rows:
        return [row for row in parse(_OF_IMAGES).run(rows) if _digest(row) in named]

    return Query(TABLE, projected.columns, (of_images, *projected.stages))


def _details(named: Sequence[str]) -> Query:
    projected = parse(_OF_DETAILS + _DETAIL_COLUMNS)

    def of_named(rows: Rows) -> Rows:
        return [row for row in rows if row["cveId"] in named]

    return Query(TABLE, projected.columns, (*projected.stages, of_named))


def _digest(row: dict[str, Any]) -> str:
    told = row["properties"]["resourceAdditionalData"]
    image = json.loads(told) if isinstance(told, str) else told
    return str(image.get("Digest") or image.get("digest") or "").lower()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


_KNOWN: tuple[tuple[re.Pattern[str], Callable[[Sequence[str]], Query]], ...] = (
    (_shape(_SUMMARY), _summary),
    (_shape(_RUNNING), _running),
    (_shape(_SOME), _some),
    (_shape(_DETAILS), _details),
)
