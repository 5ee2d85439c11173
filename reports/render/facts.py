"""What is said of the run itself and of the whole: the head of the page, the key figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reports import queries
from reports.figures import Posture, Row, RunFacts
from reports.render import text
from reports.render.text import Words
from reports.render.view import moments

_GRAVE = ("critical", "high")


def header(words: Words, run: RunFacts, evidence: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Return label and text of each fact of the run, in the order of the page.

    ``evidence`` is the answer of the query ``evidence_dates``.
    """
    facts = (
        ("classification", words("page.classification")),
        ("run_id", text.visible(run.run_id)),
        *_judged_again(words, run),
        ("moment", words.moment(run.started_at)),
        ("as_of", _as_of(words, run, evidence)),
        ("finished", words.moment(run.finished_at)),
        ("outcome", words.word("run_outcome", run.outcome)),
        ("command", _given(words, run.command)),
        ("tool_version", _given(words, run.tool_version)),
        ("previous", _previous(words, run)),
        ("config", _given(words, run.config_sha256)),
        ("manifest", _given(words, run.manifest_sha256)),
        ("previous_manifest", _given(words, run.previous_manifest_sha256)),
        ("policy", policy(words, run.policy)),
        ("feeds", _feeds(words, run)),
    )
    return tuple((words(f"header.{key}"), said) for key, said in facts)


def _judged_again(words: Words, run: RunFacts) -> tuple[tuple[str, str], ...]:
    """Say that this is no run's own record, where it is not."""
    if run.judged_from is None:
        return ()
    return (("judged_again", words("header.judged_again_value", manifest=run.judged_from)),)


def _given(words: Words, value: str | None) -> str:
    return text.visible(value) if value else words("format.none")


def _as_of(words: Words, run: RunFacts, rows: Sequence[Row]) -> str:
    moment = words.moment(run.started_at)
    oldest, newest = moments(rows, "oldest"), moments(rows, "newest")
    if not oldest or not newest:
        return words("header.as_of_undated", moment=moment)
    return words(
        "header.as_of_dated",
        moment=moment,
        oldest=text.day(min(oldest)),
        newest=text.day(max(newest)),
    )


def _previous(words: Words, run: RunFacts) -> str:
    if run.previous_run_id is None:
        return words("header.previous_none")
    return words(
        "header.previous_value",
        run_id=text.visible(run.previous_run_id),
        moment=words.moment(run.previous_started_at),
    )


def policy(words: Words, stored: str | None) -> str:
    """Write the policy in force as ``name = value``; what is not JSON is shown as it is."""
    if not stored:
        return words("format.none")
    try:
        rules = json.loads(stored)
    except ValueError:
        return text.visible(stored)
    if not isinstance(rules, dict):
        return text.visible(stored)
    pairs = (f"{key} = {_rule(rules[key])}" for key in sorted(rules))
    return text.visible("; ".join(pairs)) or words("format.none")


def _rule(value: object) -> str:
    """Write a rule; a rule book of several lines by its id and version."""
    if isinstance(value, dict) and {"id", "version"} <= value.keys():
        return f"{value['id']} ({value['version']})"
    return json.dumps(value, ensure_ascii=False)


def _feeds(words: Words, run: RunFacts) -> str:
    def dated(value: datetime | None) -> str:
        return text.day(value) if value else words("header.feed_none")

    return words(
        "header.feeds_value",
        kev=dated(run.kev_as_of),
        epss=dated(run.epss_as_of),
        trivy=dated(run.trivy_db_updated_at),
    )


@dataclass(frozen=True)
class Tile:
    """A key figure: what it is, its value, and what it is a part of."""

    label: str
    value: str
    beside: str


def tiles(words: Words, posture: Posture) -> tuple[Tile, ...]:
    """Return the key figures of the run, each with its denominator."""
    totals, flow, share, number = posture.totals, posture.flow, posture.share, text.number
    open_now, (part, whole) = number(flow.open_now), (share.assessed, share.assessable)
    assessed = words.rate(part, whole), words.part_of(part, whole)
    clouds = posture.figures["exposures_by_cloud"].rows
    grave = sum(row[severity] for row in clouds for severity in _GRAVE)
    against = words(
        "glance.open_first" if posture.first else "glance.open_of",
        unconfirmed=number(flow.unconfirmed_now),
        waived=number(flow.waived_now),
        before=number(flow.open_before),
    )
    scopes_of = words("glance.scopes_of", all=number(totals.scopes))
    failed_of = words(
        "glance.failed_of",
        all=number(totals.controls),
        unknown=number(totals.controls_unknown),
    )
    return (
        Tile(words("glance.assessed"), *assessed),
        Tile(words("glance.open"), open_now, against),
        Tile(words("glance.grave"), number(grave), words("glance.grave_of", open=open_now)),
        Tile(words("glance.failed"), number(totals.controls_failed), failed_of),
        Tile(words("glance.scopes"), number(totals.scopes_incomplete), scopes_of),
    )


def caution(words: Words, posture: Posture) -> str:
    """Say how much of the estate the numbers of vulnerabilities rest on."""
    share = posture.share
    if share.assessed == 0:
        return words("exposures.caution_none")
    if share.assessed == share.assessable:
        return words("exposures.whole", assessable=text.number(share.assessable))
    return words("exposures.caution", share=words.share(share.assessed, share.assessable))


def opinions(words: Words, posture: Posture) -> tuple[str, ...]:
    """Say how many images two sources judged, which are all that is compared, and why no sum is."""
    (basis,) = posture.figures["opinions_basis"].rows
    numbers = {key: text.number(value) for key, value in basis.items()}
    if not basis["images"]:
        return (words("opinions.no_images"),)
    if not basis["compared"]:
        return (words("opinions.none", **numbers), words("opinions.never_added"))
    return (words("opinions.basis", **numbers), words("opinions.never_added"))


def knows_weaknesses(posture: Posture) -> bool:
    """Whether a scanner could tell anything of secrets or misconfigurations."""
    rows = posture.figures["weaknesses"].rows
    return any(row["looked_into"] or row["found_in"] for row in rows)


def weaknesses(words: Words, posture: Posture) -> tuple[str, ...]:
    """Say in how many images secrets and misconfigurations were looked for, and found."""
    rows = posture.figures["weaknesses"].rows
    images = rows[0]["current_images"]
    if not images:
        return (words("weaknesses.no_images"),)
    if not knows_weaknesses(posture):
        return (words("weaknesses.nobody", images=text.number(images)),)
    return tuple(
        words(
            f"weaknesses.{row['kind']}",
            images=text.number(images),
            looked=text.number(row["looked_into"]),
            found=text.number(row["found_in"]),
            missed=text.number(row["not_looked_into"]),
        )
        for row in rows
    )


def changes(words: Words, posture: Posture) -> tuple[str, ...]:
    """Say how the number of open exposures came about, remediation apart from the rest."""
    flow, number = posture.flow, text.number
    if posture.first:
        return (words("changes.first"),)
    return (
        words(
            "changes.sums",
            before=number(flow.open_before),
            now=number(flow.open_now),
            fixed=number(flow.fixed),
        ),
        words(
            "changes.other",
            removed=number(flow.removed),
            withdrawn=number(flow.withdrawn),
            not_affected=number(flow.not_affected),
            merged=number(flow.merged),
        ),
        words(
            "changes.unconfirmed",
            newly=number(flow.newly_unconfirmed),
            total=number(flow.unconfirmed_now),
        ),
    )


@dataclass(frozen=True)
class Source:
    """A figure of the appendix: its title, its denominator and the statement that was run."""

    title: str
    denominator: str
    sql: str


def sources(words: Words, names: Sequence[str]) -> tuple[Source, ...]:
    """Return each figure's denominator and statement."""
    return tuple(
        Source(
            words(f"table.{name}.title"),
            words(f"table.{name}.denominator"),
            queries.load(name).sql,
        )
        for name in names
    )
