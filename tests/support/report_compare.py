"""Compares the figures a report prints with the oracle's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from audit.ports import RunReader
from providers.loopback.truth import ExposureKey, Night
from reports.figures import collect

FIXED = {"available": "yes", "not_available": "no", "unknown": "unknown"}


def report_differences(run: RunReader, night: Night, before: Night | None) -> dict[str, Any]:
    """Return what the posture report and the truth do not agree on; empty when all is right."""
    posture = collect(run)
    rows = {name: figure.rows for name, figure in posture.figures.items()}
    pairs = {
        "share": (_share(rows["share"]), _true_share(night)),
        "states": (_counted(rows["states"], "provider", "state"), _true_states(night)),
        "kinds": (_counted(rows["kinds"], "provider", "kind"), _true_kinds(night)),
        "open": (_open(rows["exposures_open"]), _true_open(night)),
        "by cloud": (_by_cloud(rows["exposures_by_cloud"]), _true_by_cloud(night)),
        "changes": (_reasons(rows["changes_by_reason"]), _true_reasons(night)),
        "flow": (
            (posture.flow.open_before, posture.flow.open_now, posture.flow.balances),
            (len(before.open_exposures()) if before else 0, len(night.open_exposures()), True),
        ),
        "placements": (posture.totals.placements, len(night.placements)),
        "carried": (
            posture.totals.carried,
            sum(known.listed_at != night.moment for known in night.placements.values()),
        ),
        "statements": (_statements(rows["statements_by_source"]), _true_statements(night)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _counted(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[tuple[str, ...], int]:
    return {tuple(row[name] for name in names): row["placements"] for row in rows}


def _share(rows: Iterable[Mapping[str, Any]]) -> dict[Any, tuple[int, ...]]:
    names = ("assessable", "assessed", "inferred", "not_assessed")
    return {
        row["provider"]: tuple(row[name] for name in names)
        for row in rows
        if row["provider"] is None or row["assessable"]
    }


def _true_share(night: Night) -> dict[Any, tuple[int, ...]]:
    groups: dict[Any, list[str]] = {None: []}
    for where in night.assessable():
        state = night.assessments[where].state
        groups[None].append(state)
        groups.setdefault(night.placements[where].provider, []).append(state)
    return {
        provider: (
            len(states),
            states.count("assessed"),
            states.count("inferred_clean"),
            len(states) - states.count("assessed") - states.count("inferred_clean"),
        )
        for provider, states in groups.items()
    }


def _statements(rows: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Count rows by cloud: in these estates one source alone speaks of a placement."""
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row["provider"]] += row["statements"]
    return counted


def _true_statements(night: Night) -> Counter[str]:
    counted: Counter[str] = Counter()
    for where, told in night.findings.items():
        counted[night.placements[where].provider] += len(told)
    return +counted


def _true_states(night: Night) -> Counter[tuple[str, ...]]:
    return Counter(
        (night.placements[where].provider, night.assessments[where].state)
        for where in night.assessable()
    )


def _true_kinds(night: Night) -> Counter[tuple[str, ...]]:
    return Counter((known.provider, known.image.kind) for known in night.placements.values())


def _open(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], tuple[int, int]]:
    return {
        (row["provider"], row["severity"], row["fixable"]): (row["open"], row["unconfirmed"])
        for row in rows
        if row["severity"] is not None and row["open"]
    }


def _true_open(night: Night) -> dict[tuple[str, ...], tuple[int, int]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for key, held in night.open_exposures().items():
        group = (_cloud(key), held.severity, FIXED[held.fix])
        groups.setdefault(group, []).append(held.state)
    return {group: (len(s), s.count("unconfirmed")) for group, s in groups.items()}


def _by_cloud(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, int, int]]:
    return {
        row["provider"]: (row["open"], row["critical"], row["unrated"])
        for row in rows
        if row["open"]
    }


def _true_by_cloud(night: Night) -> dict[str, tuple[int, int, int]]:
    groups: dict[str, list[str]] = {}
    for key, held in night.open_exposures().items():
        groups.setdefault(_cloud(key), []).append(held.severity)
    return {
        cloud: (len(found), found.count("CRITICAL"), found.count("UNKNOWN"))
        for cloud, found in groups.items()
    }


def _reasons(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for row in rows:
        counted[row["change"], row["reason"]] += row["exposures"]
    return counted


def _true_reasons(night: Night) -> Counter[tuple[str, str]]:
    names = {"opened": "new"}
    return Counter(
        {
            (reason if event == "closed" else names.get(event, event), reason): count
            for (event, reason), count in night.changes().items()
        }
    )


def _cloud(key: ExposureKey) -> str:
    if key[0].endswith(".amazonaws.com"):
        return "aws"
    return "azure" if key[0].endswith(".azurecr.io") else "gcp"
