"""Grafeas CVSS messages -> scores and vector strings. Pure.

Grafeas gives the metrics as enums, not the vector, and of version 3 not whether it is 3.0 or 3.1.
The metrics are the same in both; it is 3.0 where the long description holds the vector with that
prefix (``NIST vectors: CVSS:3.0/AV:N/..``), else it is written as 3.1, the one in use since 2019.
Enum numbers are those of grafeas.v1.CVSS.
"""

from __future__ import annotations

from typing import NamedTuple

from providers.gcp.values import Message

_AV = ("attack_vector", "AV", {1: "N", 2: "A", 3: "L", 4: "P"})
_AC = ("attack_complexity", "AC", {1: "L", 2: "H"})
_PR = ("privileges_required", "PR", {1: "N", 2: "L", 3: "H"})
_IMPACT = {1: "H", 2: "L", 3: "N"}
_OLD_IMPACT = {3: "N", 4: "P", 5: "C"}

_V2 = (
    ("attack_vector", "AV", {1: "N", 2: "A", 3: "L"}),
    ("attack_complexity", "AC", {1: "L", 2: "H", 3: "M"}),
    ("authentication", "Au", {1: "M", 2: "S", 3: "N"}),
    ("confidentiality_impact", "C", _OLD_IMPACT),
    ("integrity_impact", "I", _OLD_IMPACT),
    ("availability_impact", "A", _OLD_IMPACT),
)
_V3 = (
    *(_AV, _AC, _PR),
    ("user_interaction", "UI", {1: "N", 2: "R"}),
    ("scope", "S", {1: "U", 2: "C"}),
    ("confidentiality_impact", "C", _IMPACT),
    ("integrity_impact", "I", _IMPACT),
    ("availability_impact", "A", _IMPACT),
)
_V4 = (
    *(_AV, _AC),
    ("attack_requirements", "AT", {1: "N", 2: "P"}),
    _PR,
    ("user_interaction", "UI", {1: "N", 3: "P", 4: "A"}),
    ("vulnerable_system_confidentiality_impact", "VC", _IMPACT),
    ("vulnerable_system_integrity_impact", "VI", _IMPACT),
    ("vulnerable_system_availability_impact", "VA", _IMPACT),
    ("subsequent_system_confidentiality_impact", "SC", _IMPACT),
    ("subsequent_system_integrity_impact", "SI", _IMPACT),
    ("subsequent_system_availability_impact", "SA", _IMPACT),
)


class Form(NamedTuple):
    """How Grafeas tells one CVSS version: its field, its CVSSVersion number, its metrics."""

    field: str
    number: int
    version: str
    prefix: str
    metrics: tuple[tuple[str, str, dict[int, str]], ...]


_FORMS = (
    Form("cvss_v4", 3, "4.0", "CVSS:4.0/", _V4),
    Form("cvssv3", 2, "3.1", "CVSS:3.1/", _V3),
    Form("cvss_v2", 1, "2.0", "", _V2),
)


class Score(NamedTuple):
    """One CVSS score; null where the occurrence does not tell the part."""

    version: str | None
    score: float | None
    vector: str | None


def scores_of(detail: Message) -> list[Score]:
    """Return every CVSS score of a ``VulnerabilityOccurrence``, newest version first."""
    return [_score(detail, form) for form in _FORMS if detail.HasField(form.field)]


def leading_score(detail: Message) -> Score:
    """Return the score a ``VulnerabilityOccurrence`` leads with.

    ``cvss_version`` says which one that is; without it, the newest version that is there.
    """
    overall = _tenth(detail.cvss_score) if detail.cvss_score else None
    for form in _FORMS:
        told = detail.HasField(form.field)
        if detail.cvss_version == form.number or (detail.cvss_version == 0 and told):
            own = _score(detail, form) if told else Score(form.version, None, None)
            return own if overall is None else own._replace(score=overall)
    return Score(None, overall, None)


def _score(detail: Message, form: Form) -> Score:
    message = getattr(detail, form.field)
    metrics = _metrics(message, form)
    version, prefix = form.version, form.prefix
    if form.field == "cvssv3" and metrics and f"CVSS:3.0/{metrics}" in detail.long_description:
        version, prefix = "3.0", "CVSS:3.0/"
    return Score(version, _tenth(message.base_score), prefix + metrics if metrics else None)


def _metrics(message: Message, form: Form) -> str:
    """Return the vector without its prefix; empty when a metric is missing or not known here."""
    letters = [(short, words.get(getattr(message, name))) for name, short, words in form.metrics]
    if any(letter is None for _, letter in letters):
        return ""
    return "/".join(f"{short}:{letter}" for short, letter in letters)


def _tenth(score: float) -> float:
    """Undo the single precision of the wire: 9.8 arrives as 9.800000190734863."""
    return round(score, 1)
