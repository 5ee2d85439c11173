"""The posture report as one page: no script, no resource from elsewhere, every text escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.columns import COLUMNS
from reports.figures import CHANGES, FIGURES, LISTINGS, Posture
from reports.render import facts, svg, text, view
from reports.render.text import Words


@cache
def environment() -> Environment:
    """Return the templates, every text in them escaped."""
    # Autoescape is fixed: select_autoescape() would leave names that end in .html.j2 unescaped.
    return Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _tables(words: Words, posture: Posture) -> dict[str, view.TableView]:
    return {
        name: view.table(words, name, figure)
        for name, figure in posture.figures.items()
        if name in COLUMNS
    }


def _change_tables(words: Words, posture: Posture) -> tuple[view.TableView, ...]:
    always = {"new", "reopened", "fixed", "removed", "unconfirmed"}
    return tuple(
        view.change_table(words, change, posture.changes[change])
        for change in CHANGES
        if change in always or posture.changes[change].total
    )


def _context(words: Words, posture: Posture) -> dict[str, Any]:
    gaps = view.gaps(words, posture)
    run_id = text.visible(posture.run.run_id)
    return {
        "t": words,
        "run_id": run_id,
        "version": text.visible(posture.run.tool_version or words("format.none")),
        "judged_again": posture.run.judged_from,
        "page_left": css_text(_page_left(words, posture)),
        "page_right": css_text(words("page.classification")),
        "page_word": css_text(words("page.pages")),
        "facts": facts.header(words, posture.run, posture.figures["evidence_dates"].rows),
        "gaps": gaps,
        "nothing_missing": not any(gap.open for gap in gaps),
        "tiles": facts.tiles(words, posture),
        "caution": facts.caution(words, posture),
        "opinion_sentences": facts.opinions(words, posture),
        "weaknesses_looked": facts.knows_weaknesses(posture),
        "weakness_sentences": facts.weaknesses(words, posture),
        "change_sentences": facts.changes(words, posture),
        "first": posture.first,
        "balances": posture.flow.balances,
        "tables": _tables(words, posture),
        "change_tables": _change_tables(words, posture),
        "states_chart": svg.states(words, posture),
        "exposures_chart": svg.exposures(words, posture),
        "appendix": facts.sources(words, (*FIGURES, *LISTINGS)),
    }


def _page_left(words: Words, posture: Posture) -> str:
    """Return what stands at the foot of every page: a print must show what it is a print of."""
    parts = [words("page.title"), posture.run.run_id]
    if posture.run.judged_from:
        parts.append(words("header.judged_again"))
    return " · ".join(parts)


def css_text(said: str) -> str:
    """Keep of a text only what cannot end a quoted CSS string or its style element."""
    return "".join(c for c in said if c.isalnum() or c in " -_.:·/")


def render(words: Words, posture: Posture) -> bytes:
    """Return the page as UTF-8."""
    template = environment().get_template("posture.html.j2")
    return template.render(_context(words, posture)).lstrip().encode("utf-8")
