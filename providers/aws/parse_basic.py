"""Findings of ECR basic scanning (``findings`` of DescribeImageScanFindings) -> rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audit.errors import BrokenPageError
from audit.model.enums import FixState
from audit.normalise.severity import normalise_severity
from providers.aws.api import ECR_FINDINGS

_VECTOR_VERSION = re.compile(r"^CVSS:(\d\.\d)/")
_CVSS = (("CVSS4", "4.0"), ("CVSS3", None), ("CVSS2", "2.0"))
"""Attribute prefixes, best first; a CVSS3 score tells its version in its vector only."""


def statement(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``findings`` columns of one finding (without where it lies).

    Basic scanning names no fixed version and has no id of its own for a statement.

    Raises:
        BrokenPageError: It names no vulnerability.
    """
    name = finding.get("name")
    if not name:
        raise BrokenPageError("a finding names no vulnerability", operation=ECR_FINDINGS)
    facts = attributes(finding)
    cvss = _leading_cvss(facts)
    return {
        "vulnerability_id": name,
        "aliases": [],
        "package_name": facts.get("package_name"),
        "package_version": facts.get("package_version"),
        "fix_state": FixState.UNKNOWN.value,
        "severity": normalise_severity(finding.get("severity")).value,
        "native_severity": finding.get("severity"),
        "cvss_score": cvss["score"] if cvss else None,
        "cvss_version": cvss["version"] if cvss else None,
        "cvss_vector": cvss["vector"] if cvss else None,
        "title": name,
        "url": finding.get("uri"),
    }


def vulnerability(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``vulnerabilities`` columns that a finding tells of.

    Raises:
        BrokenPageError: It names no vulnerability.
    """
    row = statement(finding)
    return {
        "vulnerability_id": row["vulnerability_id"],
        "aliases": [],
        "title": row["title"],
        "description": finding.get("description"),
        "references": [row["url"]] if row["url"] else [],
        "cvss": [score for score in _scores(attributes(finding)) if score],
    }


def attributes(finding: Mapping[str, Any]) -> dict[str, str]:
    """Return the finding's attributes (a list of key and value) as a mapping."""
    pairs = (pair for pair in finding.get("attributes") or () if pair)
    return {pair["key"]: pair["value"] for pair in pairs if pair.get("key") and "value" in pair}


def _leading_cvss(facts: Mapping[str, str]) -> dict[str, Any] | None:
    return next((score for score in _scores(facts) if score), None)


def _scores(facts: Mapping[str, str]) -> list[dict[str, Any] | None]:
    return [_score(facts, prefix, version) for prefix, version in _CVSS]


def _score(facts: Mapping[str, str], prefix: str, version: str | None) -> dict[str, Any] | None:
    score, vector = _number(facts.get(f"{prefix}_SCORE")), facts.get(f"{prefix}_VECTOR")
    if score is None and vector is None:
        return None
    told = _VECTOR_VERSION.match(vector or "")
    return {
        "source": None,
        "version": told.group(1) if told else version,
        "vector": vector,
        "score": score,
    }


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
