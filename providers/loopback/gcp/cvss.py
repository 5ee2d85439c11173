"""A CVSS version 3 vector as Grafeas sends it: one enum for each metric, no vector text."""

from __future__ import annotations

from typing import Any

from grafeas import grafeas_v1

from providers.loopback.gcp.wire import Message, enum_number

_CVSS = grafeas_v1.CVSS
_IMPACT = {"H": "IMPACT_HIGH", "L": "IMPACT_LOW", "N": "IMPACT_NONE"}
# Metric: (field, enum, word of each value).
_METRICS: dict[str, tuple[str, Any, dict[str, str]]] = {
    "AV": (
        "attack_vector",
        _CVSS.AttackVector,
        {
            "N": "ATTACK_VECTOR_NETWORK",
            "A": "ATTACK_VECTOR_ADJACENT",
            "L": "ATTACK_VECTOR_LOCAL",
            "P": "ATTACK_VECTOR_PHYSICAL",
        },
    ),
    "AC": (
        "attack_complexity",
        _CVSS.AttackComplexity,
        {"L": "ATTACK_COMPLEXITY_LOW", "H": "ATTACK_COMPLEXITY_HIGH"},
    ),
    "PR": (
        "privileges_required",
        _CVSS.PrivilegesRequired,
        {
            "N": "PRIVILEGES_REQUIRED_NONE",
            "L": "PRIVILEGES_REQUIRED_LOW",
            "H": "PRIVILEGES_REQUIRED_HIGH",
        },
    ),
    "UI": (
        "user_interaction",
        _CVSS.UserInteraction,
        {"N": "USER_INTERACTION_NONE", "R": "USER_INTERACTION_REQUIRED"},
    ),
    "S": ("scope", _CVSS.Scope, {"U": "SCOPE_UNCHANGED", "C": "SCOPE_CHANGED"}),
    "C": ("confidentiality_impact", _CVSS.Impact, _IMPACT),
    "I": ("integrity_impact", _CVSS.Impact, _IMPACT),
    "A": ("availability_impact", _CVSS.Impact, _IMPACT),
}


def cvss_message(score: float, vector: str) -> Message:
    """Return the CVSS message of a base score and a vector such as ``CVSS:3.1/AV:N/...``.

    Metrics that the vector lacks stay unspecified.
    """
    values = dict(part.split(":", 1) for part in vector.split("/")[1:] if ":" in part)
    fields = {
        field: enum_number(enum, words[values[metric]])
        for metric, (field, enum, words) in _METRICS.items()
        if values.get(metric) in words
    }
    return _CVSS.pb()(base_score=score, **fields)
