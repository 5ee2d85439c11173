"""What each table of the trend report shows."""

from __future__ import annotations

from collections.abc import Mapping

from reports.columns import Col, counts, word

_SEVERITIES = counts("critical", "high", "medium", "low", "negligible", "unrated")
_ENDS = counts("fixed", "removed", "withdrawn", "not_affected", "merged")
_ENDED = tuple(
    Col(key, "count", f"{key}_plain")
    for key in ("removed", "withdrawn", "not_affected", "merged", "reopened")
)
_FIXED = Col("fixed", "count", "fixed_plain")
_RUN_ID = Col("run_id", "id")
_DAY = Col("day", "date")
_SHARE = Col("assessed", "share", of="assessable")
_DUE = Col("in_time", "share", of="due", empty="format.none_due")

TREND_COLUMNS: Mapping[str, tuple[Col, ...]] = {
    "trend_days": (
        *(_DAY, _RUN_ID, word("outcome"), *_SEVERITIES, *counts("open", "unconfirmed")),
        Col("assessed", "share", of="assessable", empty="format.not_kept"),
    ),
    "trend_flow": (
        *(Col("first_day", "date"), Col("last_day", "date"), *counts("runs", "open_before")),
        *counts("met", "opened", "reopened"),
        *(*_ENDS, *counts("open_now", "unconfirmed_now"), Col("balances", "flag")),
    ),
    "trend_accounts": (
        *(word("provider"), Col("account"), *counts("met", "opened", "reopened"), *_ENDS),
        *counts("moved", "open_now", "unconfirmed_now"),
    ),
    "trend_ageing": (
        *(word("severity"), *counts("deadline_days", "open", "unconfirmed", "days_7", "days_14")),
        *counts("days_30", "days_60", "days_90", "days_180", "days_more"),
        *(*counts("overdue", "without_deadline"), Col("median_days", "days")),
        Col("p90_days", "days"),
    ),
    "trend_remediation": (
        *(word("severity"), *counts("deadline_days"), _FIXED, Col("median_days", "days")),
        *(Col("mean_days", "days"), Col("p90_days", "days")),
        *_ENDED,
        *counts("still_open", "no_clock"),
    ),
    "trend_attainment": (
        *(Col("due_month", "id"), _DUE, *counts("in_time", "late", "overdue", "removed_late")),
        *counts("due", "left_out"),
    ),
    "trend_deadlines": (
        *(word("severity"), *counts("deadline_days", "in_time", "late", "overdue")),
        *counts("removed_late", "not_due", "left_out", "no_deadline", "no_clock", "exposures"),
    ),
    "trend_survival": (
        *(word("severity"), *counts("days", "at_risk"), _FIXED, *counts("censored")),
        Col("surviving", "ratio"),
    ),
    "trend_coverage": (_DAY, _RUN_ID, word("provider"), _SHARE, *counts("assessed", "assessable")),
    "trend_methods": (
        *counts("mark"),
        *(_DAY, word("change", "method"), word("provider"), Col("account"), Col("registry_id")),
        *(word("source"), Col("before", "prose"), Col("after", "prose")),
    ),
    "trend_profile": (word("severity"), *counts("deadline_days")),
}
"""Columns by query."""
