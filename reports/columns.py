"""What each table of a report shows: columns in order and how a cell is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Text = Literal["name", "id", "prose", "word", "reason", "flag"]
Number = Literal["count", "share", "moment", "date", "days", "ratio"]
Kind = Text | Number


@dataclass(frozen=True)
class Col:
    """One column.

    Attributes:
        key: Column of the query's row; see ``label``.
        kind: How the cell is read. ``name``, ``id`` (short, not broken) and
            ``prose`` are text of others; ``word`` is looked up in ``vocabulary``; ``share`` is
            ``key`` divided by ``of``; ``days`` is a number with a decimal, ``ratio`` a share that
            is given as such.
        vocabulary: Section of the locale that translates the word.
        of: For a share, the column of the denominator.
        empty: For a share, the text in place of a share of nothing.
        title: Key of the label where it is not that of the vocabulary or the column.
    """

    key: str
    kind: Kind = "name"
    vocabulary: str = ""
    of: str = ""
    empty: str = "format.no_images"
    title: str = ""

    @property
    def label(self) -> str:
        """Key of the column's label."""
        if self.title:
            return f"column.{self.title}"
        if self.kind == "share":
            return f"column.{self.key}_share"
        return f"column.{self.vocabulary or self.key}"


def word(key: str, vocabulary: str = "", title: str = "") -> Col:
    """Return a column of words of a closed list, by default the list of the column's name."""
    return Col(key, "word", vocabulary or key, title=title)


def counts(*keys: str) -> tuple[Col, ...]:
    """Return columns of whole numbers."""
    return tuple(Col(key, "count") for key in keys)


_CLOUD = word("provider")
_KIND = word("kind", "scope_kind")
_SOURCE = word("source")
_PLACE = (_CLOUD, Col("registry_id"), Col("repository"))
_SEVERITIES = counts("critical", "high", "medium", "low", "negligible", "unrated")
_SHARE = (
    Col("assessed", "share", of="assessable"),
    *counts("assessed", "assessed_earlier", "inferred", "not_assessed", "assessable"),
)
_FLAWS = (
    word("severity"),
    Col("vulnerability_id", "id"),
    Col("package_name"),
)
_PAIR = (
    word("first_source", "source", "first_source"),
    word("second_source", "source", "second_source"),
)
_ALONE = (word("source", title="stated_by"), word("silent", "source", "silent"))
_ERROR = (Col("missing_permission"), Col("error_code"), Col("error", "prose"))
_FINDING = (
    *(Col("control_id"), word("control_id", "control"), _CLOUD, Col("subject")),
    *(Col("field"), Col("value"), Col("reason", "prose"), Col("operation")),
)

COLUMNS: Mapping[str, tuple[Col, ...]] = {
    "evidence_dates": (
        *(_CLOUD, _SOURCE, *counts("assessed", "dated")),
        *(Col("oldest", "moment"), Col("newest", "moment")),
    ),
    "scopes_summary": (
        *(_CLOUD, _KIND),
        *counts("scopes", "complete", "partial", "denied", "disabled", "left_out", "failed"),
    ),
    "scopes": (
        *(_CLOUD, _KIND, Col("scope_id"), Col("account"), Col("region"), _SOURCE),
        *(word("outcome"), *counts("expected", "listed", "errors", "api_calls"), *_ERROR),
    ),
    "scopes_incomplete": (
        *(_CLOUD, _KIND, Col("scope_id"), word("outcome"), *counts("listed", "expected")),
        *_ERROR,
    ),
    "not_assessed": (
        *(_CLOUD, word("state"), Col("reason", "prose"), _SOURCE),
        *counts("placements", "repositories"),
    ),
    "inferred": (_CLOUD, Col("account"), _SOURCE, *counts("placements")),
    "repositories_incomplete": (
        *(*_PLACE, *counts("listed_images", "expected_images")),
        *(Col("observed_run_id", "id"), Col("unread", "prose")),
    ),
    "carried_forward": (
        *(_CLOUD, Col("scope_id"), Col("observed_run_id", "id")),
        *counts("placements", "repositories"),
    ),
    "share": (_CLOUD, *_SHARE),
    "share_by_source": (_CLOUD, _SOURCE, *_SHARE),
    "states": (
        *(_CLOUD, word("state"), word("state", "state_meaning"), *counts("placements")),
        Col("placements", "share", of="assessable"),
    ),
    "exposures_by_cloud": (
        *(_CLOUD, *_SEVERITIES, *counts("open", "unconfirmed", "waived")),
        Col("assessed", "share", of="assessable"),
    ),
    "exposures_open": (
        *(_CLOUD, word("severity"), word("fixable", "fix"), *counts("open", "unconfirmed")),
        *counts("waived", "distinct_statements", "images"),
    ),
    "exposures": (
        *(_CLOUD, Col("account"), Col("region"), Col("registry_id"), Col("repository")),
        *(*_FLAWS, word("fixable", "fix"), word("state", "exposure_state"), Col("sources")),
        *(*counts("images", "reopened_count"), Col("opened_at", "moment")),
        *(Col("last_confirmed_at", "moment"), Col("exposure_id")),
        *(Col("waiver_id"), Col("waived_until", "moment")),
    ),
    "waivers": (
        *(_CLOUD, word("origin", "source"), Col("title"), word("type", "waiver_type")),
        *(Col("reason", "prose"), Col("owner"), Col("scope", "prose"), Col("in_force", "flag")),
        *(Col("expires_at", "moment"), *counts("applied_count"), Col("waiver_id")),
    ),
    "opinions": (
        *(*_PAIR, *counts("images", "alike_images", "stated", "by_both")),
        Col("by_both", "share", of="stated", empty="format.nothing_stated"),
        *counts("first_alone", "second_alone"),
    ),
    "opinions_severity": (
        *(*_PAIR, *counts("by_both", "same_severity")),
        Col("same_severity", "share", of="by_both", empty="format.nothing_stated"),
        *counts("first_higher", "second_higher", "unrated_by_one"),
    ),
    "opinions_alone": (
        *(*_ALONE, word("reason", "silence"), word("kind", "package_kind"), word("fixable", "fix")),
        *counts("stated", "images"),
    ),
    "opinions_listed": (
        *(word("severity"), Col("vulnerability_id", "id"), Col("package_name"), *_ALONE),
        *(word("reason", "silence"), word("kind", "package_kind"), word("fixable", "fix")),
        Col("image_name"),
    ),
    "statements_by_source": (
        *(_CLOUD, _SOURCE, *counts("statements", "distinct_statements", "images")),
    ),
    "own_scans": (
        *(word("source", title="scanner"), Col("scanner_version", "id")),
        *(Col("db_updated_at", "moment"), *counts("images", "looked_at", "not_looked_at")),
        *counts("pulled", "traced", "untraced", "trace_unknown"),
    ),
    "own_scans_left": (
        *(word("source", title="scanner"), word("state"), Col("reason", "prose")),
        *counts("images"),
    ),
    "weaknesses": (
        *(word("kind", "weakness_kind"), word("tool", "source", "scanner")),
        *(Col("looked_into", "share", of="current_images"), *counts("looked_into")),
        *counts("not_looked_into", "current_images", "found_in"),
        *_SEVERITIES,
    ),
    "weaknesses_listed": (
        *(word("severity"), word("kind", "weakness_kind"), Col("rule_id", "id")),
        *(Col("title", title="weakness_title"), word("part"), Col("location")),
        *(Col("start_line", "count", title="line"), Col("image_name"), *counts("places")),
    ),
    "kinds": (
        *(_CLOUD, word("kind", "image_kind"), *counts("placements", "images")),
        Col("placements", "share", of="all_placements"),
    ),
    "repositories_worst": (
        *(*_PLACE, *_SEVERITIES, *counts("open", "unconfirmed", "fixable")),
        Col("assessed", "share", of="assessable"),
    ),
    "repositories_unassessed": (
        *_PLACE,
        *counts("assessable", "inferred", "open", "unconfirmed"),
    ),
    "repositories": (
        *(_CLOUD, Col("account"), Col("registry_id"), Col("repository")),
        *(word("looked"), Col("assessed", "share", of="assessable")),
        *counts("assessed", "assessable", "inferred"),
        *(*_SEVERITIES, *counts("open", "unconfirmed", "fixable")),
        *(Col("complete", "flag"), *counts("listed_images", "expected_images")),
    ),
    "controls": (
        *(Col("control_id"), word("control_id", "control"), _CLOUD),
        *counts("pass", "fail", "unknown", "not_applicable", "excepted", "manual"),
        Col("judged", "share", of="applicable", empty="format.no_results"),
    ),
    "controls_failed": _FINDING,
    "controls_unknown": _FINDING,
    "control_results": (
        *(Col("control_id"), word("control_id", "control"), _CLOUD, Col("account")),
        *(Col("region"), Col("subject"), word("status"), Col("field"), Col("value")),
        *(Col("reason", "prose"), Col("operation"), Col("observed_run_id", "id"), Col("waiver_id")),
    ),
    "flow": (
        _CLOUD,
        *counts("open_before", "opened", "reopened", "fixed", "removed", "withdrawn"),
        *counts("not_affected", "merged", "open_now", "unconfirmed_now", "waived_now"),
        Col("balances", "flag"),
    ),
    "changes_by_reason": (
        *(word("change"), Col("reason", "reason"), _CLOUD),
        *counts("exposures", "grave"),
    ),
    "changes": (
        *_FLAWS,
        *(_CLOUD, Col("registry_id"), Col("repository"), Col("reason", "reason")),
        Col("opened_at", "moment"),
    ),
    "changes_all": (
        *(word("change"), Col("reason", "reason"), _CLOUD, Col("account"), Col("registry_id")),
        *(Col("repository"), *_FLAWS, word("fix_state"), word("state", "exposure_state")),
        *(Col("opened_at", "moment"), Col("last_confirmed_at", "moment")),
        *(Col("closed_at", "moment"), Col("exposure_id")),
    ),
}
"""Columns by query; ``changes`` is the page's table of one kind of change, ``changes_all`` the
workbook's sheet of all."""
