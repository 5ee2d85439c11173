"""CVSS scores as Trivy writes them: a map from source to V2, V3 and V40 score and vector. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from providers.files.fields import Record
from providers.files.rows import Cvss, newest

_VERSION = re.compile(r"CVSS:(\d\.\d)/")
_GROUPS = (
    ("V2Vector", "V2Score", "2.0"),
    ("V3Vector", "V3Score", None),
    ("V40Vector", "V40Score", "4.0"),
)


def scores(told: Mapping[str, Record]) -> list[Cvss]:
    """Return every score of the ``CVSS`` member, by source in the file's order.

    V3 stands for 3.0 and 3.1; the vector tells which. Without a vector the version is None.
    """
    found = []
    for source, entry in told.items():
        members = entry.members()
        for with_vector, with_score, version in _GROUPS:
            if with_score not in members and with_vector not in members:
                continue
            vector, score = entry.text(with_vector), entry.number(with_score)
            if vector is not None or score is not None:
                found.append(Cvss(source, _version(vector, version), vector, score))
    return found


def leading(cvss: Sequence[Cvss], severity_source: str | None) -> Cvss | None:
    """Return the score to lead with: of the severity's source, else nvd's, else the newest."""
    for source in (severity_source, "nvd"):
        found = newest(one for one in cvss if one.source == source)
        if found is not None:
            return found
    return newest(cvss)


def _version(vector: str | None, default: str | None) -> str | None:
    found = _VERSION.match(vector or "")
    return found.group(1) if found else default
