"""Defender's statements -> rows of findings and vulnerabilities. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from audit.model.columns import Columns
from audit.model.enums import FixState
from audit.normalise.severity import normalise_severity
from providers.azure.names import PROVIDER, SOURCE
from providers.azure.parse_assessments import Software, versions
from providers.azure.placements import Place
from providers.azure.values import moment, number, pick, text

_FIX_STATES = {
    "fixavailable": FixState.AVAILABLE,
    "nofix": FixState.NOT_AVAILABLE,
    "nofixavailable": FixState.NOT_AVAILABLE,
    "willnotfix": FixState.WONT_FIX,
}
_VULNERABILITY_ID = re.compile(r"^(CVE|GHSA|GO|PYSEC|RUSTSEC|OSV|MAL)-", re.IGNORECASE)
_VECTOR_VERSION = re.compile(r"^CVSS:(\d\.\d)/")
_KEY_VERSIONS = {"2": "2.0", "2.0": "2.0", "3.0": "3.0", "3.1": "3.1", "4": "4.0", "4.0": "4.0"}

Cells = dict[str, Any]


def statements(row: Software, waiver_id: str | None = None) -> list[Cells]:
    """Return the cells of a row's findings, one for each CVE, without their placement.

    Args:
        row: What Defender says of a package.
        waiver_id: The waiver of an exempt row.
    """
    package: Cells = {
        "package_name": text(pick(row.additional, "SoftwareName")),
        "package_version": versions(row.additional),
        "package_type": _package_type(row.additional),
        "native_first_seen_at": row.first_seen_at,
        "native_state": row.code,
    }
    if waiver_id is not None:
        package["waiver_id"] = waiver_id
    return [package | _statement(entry, row) for entry in row.cves]


def finding_rows(placed: Iterable[tuple[Sequence[Place], Sequence[Cells]]], run_id: str) -> Columns:
    """Return the ``findings`` block: each statement in each placement it is about."""
    columns = Columns("findings", provider=PROVIDER, source=SOURCE, observed_run_id=run_id)
    for places, cells in placed:
        for place in places:
            for cell in cells:
                columns.append(**place._asdict(), **cell)
    return columns


def statement_hash(cells: Cells) -> int:
    """Return a number for a statement; sums of them do not depend on the order of rows."""
    told = repr(sorted(cells.items()))
    return int.from_bytes(sha256(told.encode()).digest())


class Vulnerabilities:
    """The distinct vulnerabilities met, each with the most that any row told of it."""

    def __init__(self) -> None:
        self._known: dict[str, Cells] = {}
        self._last: dict[str, Mapping[str, Any]] = {}

    def note(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take in the CVE entries of a row, names in lower case."""
        for entry in entries:
            key = entry["cveid"].upper()
            if self._last.get(key) == entry:  # many images say the same of a CVE
                continue
            self._last[key], told = entry, _vulnerability(entry)
            known = self._known.setdefault(key, told)
            for name, value in told.items():
                known[name] = known[name] or value

    def rows(self, describe: Callable[[Cells], None] = lambda _: None) -> Columns:
        """Return the ``vulnerabilities`` block, by id.

        Args:
            describe: Adds to a row what another source knows of it.
        """
        columns = Columns("vulnerabilities")
        for _, cells in sorted(self._known.items()):
            describe(cells)
            columns.append(**cells)
        return columns


def _statement(entry: Mapping[str, Any], row: Software) -> Cells:
    name, links = entry["cveid"], _references(entry)
    leading = max(scores(entry), key=lambda score: score["version"] or "", default=None)
    fix_state, fixed_version = _fix(entry, row.additional)
    severity = text(entry.get("severity"))
    return {
        "vulnerability_id": name,
        "aliases": _aliases(entry),
        "fixed_version": fixed_version,
        "fix_state": str(fix_state),
        "severity": str(normalise_severity(severity)),
        "severity_source": SOURCE if severity else None,
        "native_severity": severity,
        "cvss_score": leading["score"] if leading else None,
        "cvss_version": leading["version"] if leading else None,
        "cvss_vector": leading["vector"] if leading else None,
        "title": text(entry.get("title")) or row.title,
        "url": links[0] if links else None,
        "native_id": f"{row.row_id}#{name}",
    }


def _vulnerability(entry: Mapping[str, Any]) -> Cells:
    return {
        "vulnerability_id": entry["cveid"],
        "aliases": _aliases(entry),
        "title": text(entry.get("title")),
        "description": text(entry.get("description")),
        "references": sorted(set(_references(entry))),
        "cvss": scores(entry),
        "published_at": moment(entry.get("publisheddate")),
    }


def _package_type(additional: Mapping[str, Any]) -> str | None:
    kind, language = (text(pick(additional, name)) for name in ("PackageType", "Language"))
    return language or kind if (kind or "").lower() != "os" else kind


def _fix(entry: Mapping[str, Any], additional: Mapping[str, Any]) -> tuple[FixState, str | None]:
    """Return what is known of a fix; a version that is given is a fix, whatever the word."""
    word, version = text(entry.get("fixstatus")), text(entry.get("fixedversion"))
    if word is None:
        return (FixState.AVAILABLE if version else FixState.UNKNOWN), version
    state = _FIX_STATES.get(word.lower(), FixState.UNKNOWN)
    if state is FixState.AVAILABLE:
        version = version or text(pick(additional, "FixedVersion"))
    return state, version


def _aliases(entry: Mapping[str, Any]) -> list[str]:
    """Return the other ids of a CVE; vendors' advisories are no ids of the vulnerability."""
    told = entry.get("additionalidentifiers")
    if not told or not isinstance(told, list):
        return []
    ids = (_identifier(one) for one in told)
    return sorted({name for name in ids if name and name.upper() != entry["cveid"].upper()})


def _identifier(one: object) -> str | None:
    name = text(one) or text(pick(one, "Id")) or text(pick(one, "Value"))
    return name if name and _VULNERABILITY_ID.match(name) else None


def _references(entry: Mapping[str, Any]) -> list[str]:
    told = entry.get("references")
    links = (
        text(one) or text(pick(one, "Link")) or text(pick(one, "Url"))
        for one in (told if isinstance(told, list) else ())
    )
    return [link for link in links if link and link.startswith(("https://", "http://"))]


def scores(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scores of a CVE (names in lower case).

    They come as ``[{Key, Value: {Base, CvssVectorString}}]`` or as ``{key: value}``.
    """
    told = entry.get("cvss")
    if not told:
        return []
    if isinstance(told, dict):
        pairs = list(told.items())
    elif isinstance(told, list):
        pairs = [(pick(one, "Key"), pick(one, "Value")) for one in told]
    else:
        pairs = []
    source = text(entry.get("cvsssource")) or SOURCE
    return [score for key, value in pairs if (score := _score(key, value, source)) is not None]


def _score(key: object, value: object, source: str) -> dict[str, Any] | None:
    """Return one score. The key "3" alone does not tell 3.0 from 3.1; the vector does."""
    base, vector = number(pick(value, "Base")), text(pick(value, "CvssVectorString"))
    if base is None or (base == 0 and vector is None):  # 0 without a vector stands for "none"
        return None
    told = _VECTOR_VERSION.match(vector or "")
    version = told.group(1) if told else _KEY_VERSIONS.get(str(key))
    return {"source": source, "version": version, "vector": vector, "score": base}
