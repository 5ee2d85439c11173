"""CVSS as Artifact Analysis writes it in JSON: a word for each metric, no vector. Pure.

Whether a score of version 3 is 3.0 or 3.1 is told only by the description, which may hold the
vector (``NIST vectors: CVSS:3.0/AV:N/..``); else it is taken for 3.1, the one in use since 2019.
"""

from __future__ import annotations

from providers.files.fields import Record
from providers.files.rows import Cvss, newest

_SOURCE = "artifact-analysis"
_METRICS_3 = {
    "AV": ("attackVector", {"NETWORK": "N", "ADJACENT": "A", "LOCAL": "L", "PHYSICAL": "P"}),
    "AC": ("attackComplexity", {"LOW": "L", "HIGH": "H"}),
    "PR": ("privilegesRequired", {"NONE": "N", "LOW": "L", "HIGH": "H"}),
    "UI": ("userInteraction", {"NONE": "N", "REQUIRED": "R"}),
    "S": ("scope", {"UNCHANGED": "U", "CHANGED": "C"}),
    "C": ("confidentialityImpact", {"HIGH": "H", "LOW": "L", "NONE": "N"}),
    "I": ("integrityImpact", {"HIGH": "H", "LOW": "L", "NONE": "N"}),
    "A": ("availabilityImpact", {"HIGH": "H", "LOW": "L", "NONE": "N"}),
}
_OLD_IMPACT = {"NONE": "N", "PARTIAL": "P", "COMPLETE": "C"}
_METRICS_2 = {
    "AV": ("attackVector", {"NETWORK": "N", "ADJACENT": "A", "LOCAL": "L"}),
    "AC": ("attackComplexity", {"LOW": "L", "MEDIUM": "M", "HIGH": "H"}),
    "Au": ("authentication", {"MULTIPLE": "M", "SINGLE": "S", "NONE": "N"}),
    "C": ("confidentialityImpact", _OLD_IMPACT),
    "I": ("integrityImpact", _OLD_IMPACT),
    "A": ("availabilityImpact", _OLD_IMPACT),
}
_FORMS = {
    "cvssV4": ("4.0", "CVSS_VERSION_4", None),
    "cvssv3": ("3.1", "CVSS_VERSION_3", _METRICS_3),
    "cvssV2": ("2.0", "CVSS_VERSION_2", _METRICS_2),
}
Metrics = dict[str, tuple[str, dict[str, str]]]


def scores(detail: Record) -> list[Cvss]:
    """Return every score of a ``vulnerability``, newest version first."""
    return [_score(detail, name) for name in _FORMS if detail.has(name)]


def leading(detail: Record) -> Cvss | None:
    """Return the score a ``vulnerability`` leads with: ``cvssVersion`` says which, else the newest.

    A score whose version is not told is none of any version.
    """
    told, overall = detail.text("cvssVersion"), detail.number("cvssScore")
    for name, (version, word, _) in _FORMS.items():
        if told == word:
            own = _score(detail, name) if detail.has(name) else Cvss(_SOURCE, version, None, None)
            return own if overall is None else Cvss(_SOURCE, own.version, own.vector, overall)
    if scored := newest(scores(detail)):
        return scored
    return Cvss(_SOURCE, None, None, overall) if overall else None


def _score(detail: Record, name: str) -> Cvss:
    version, _, metrics = _FORMS[name]
    told = detail.record(name)
    vector = _vector(told, metrics) if metrics else None
    if name == "cvssv3" and vector:
        older = f"CVSS:3.0/{vector}" in (detail.text("longDescription") or "")
        version = "3.0" if older else version
        vector = f"CVSS:{version}/{vector}"
    return Cvss(_SOURCE, version, vector, told.number("baseScore"))


def _vector(told: Record, metrics: Metrics) -> str | None:
    """Return the vector without its prefix; None when a metric is missing or not known here."""
    letters = [
        (short, words.get((told.text(name) or "").rpartition("_")[2]))
        for short, (name, words) in metrics.items()
    ]
    if any(letter is None for _, letter in letters):
        return None
    return "/".join(f"{short}:{letter}" for short, letter in letters)
