"""Compares a published run with the oracle's figures."""

from __future__ import annotations

from collections import Counter
from typing import Any

from audit.store.reader import StoredRun
from providers.loopback.truth import Night


def differences(run: StoredRun, night: Night) -> dict[str, Any]:
    """Return what the warehouse and the truth do not agree on; empty when all is right."""
    found = {
        "placements": (_placements(run), set(night.placements)),
        "current": (_current(run), _currently(night)),
        "assessments": (_assessments(run), {w: j.state for w, j in night.assessments.items()}),
        "findings": (_findings(run), _told(night)),
        "exposures": (_exposures(run), _held(night)),
        "changes": (_changes(run), dict(night.changes())),
    }
    return {name: _delta(ours, right) for name, (ours, right) in found.items() if ours != right}


def _delta(ours: Any, right: Any) -> Any:
    one = set(ours.items()) if isinstance(ours, dict) else ours
    two = set(right.items()) if isinstance(right, dict) else right
    return {"too much": sorted(one - two)[:5], "missing": sorted(two - one)[:5]}


def _placements(run: StoredRun) -> set[tuple[str, str, str]]:
    rows = run.rows("SELECT registry_id, repository, digest FROM placements")
    return {tuple(row.values()) for row in rows}


def _current(run: StoredRun) -> set[tuple[str, str, str]]:
    rows = run.rows("SELECT registry_id, repository, digest FROM placements WHERE current")
    return {tuple(row.values()) for row in rows}


def _currently(night: Night) -> set[tuple[str, str, str]]:
    return night.current


def _assessments(run: StoredRun) -> dict[tuple[str, str, str], str]:
    rows = run.rows("SELECT registry_id, repository, digest, state FROM assessments")
    return {(r["registry_id"], r["repository"], r["digest"]): r["state"] for r in rows}


def _findings(run: StoredRun) -> Counter[tuple[Any, ...]]:
    rows = run.rows(
        "SELECT registry_id, repository, digest, vulnerability_id, package_name, package_version, "
        "severity, observed_run_id = run_id AS fresh FROM findings"
    )
    return Counter(tuple(row.values()) for row in rows)


def _told(night: Night) -> Counter[tuple[Any, ...]]:
    return Counter(
        (*where, s.vulnerability_id, s.package, s.version, s.severity, at == night.moment)
        for where, told in night.findings.items()
        for s, at in told.items()
    )


def _exposures(run: StoredRun) -> dict[tuple[str, ...], tuple[str, str, str]]:
    rows = run.rows(
        "SELECT registry_id, repository, vulnerability_id, package_name, state, severity, "
        "fix_state FROM exposures_now WHERE state <> 'closed'"
    )
    return {tuple(r.values())[:4]: (r["state"], r["severity"], r["fix_state"]) for r in rows}


def _held(night: Night) -> dict[tuple[str, ...], tuple[str, str, str]]:
    return {
        key: (held.state, held.severity, held.fix) for key, held in night.open_exposures().items()
    }


def _changes(run: StoredRun) -> dict[tuple[str, str], int]:
    rows = run.rows("SELECT event, reason, count(*) AS n FROM exposure_changes GROUP BY ALL")
    return {(r["event"], r["reason"]): r["n"] for r in rows}


def balance(run: StoredRun) -> tuple[int, int]:
    """Return (open now, open now as the flow says)."""
    row = run.rows(
        "SELECT (SELECT count(*) FROM exposures_now WHERE state <> 'closed') AS now_open, "
        "(SELECT count(*) FROM exposures_before WHERE state <> 'closed') "
        "+ count(*) FILTER (event IN ('opened', 'reopened')) - count(*) FILTER (event = 'closed') "
        "AS by_flow FROM exposure_changes"
    )[0]
    return row["now_open"], row["by_flow"]
