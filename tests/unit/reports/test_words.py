"""Both languages say the same things; names are visible; shares tell the truth."""

from __future__ import annotations

import re
import string
import unicodedata
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import UsageError
from audit.judge.deadlines import Clock
from audit.model import enums
from reports.columns import COLUMNS
from reports.figures import CHANGES, FIGURES, LISTINGS
from reports.render import text
from reports.render.text import LANGUAGES, load_words, percent, visible
from reports.trend.columns import TREND_COLUMNS
from reports.trend.figures import TREND

METHODS = ("scan_type", "sources", "severity_source", "scanner_version", "policy", "tool_version")
ENGLISH, JAPANESE = load_words("en"), load_words("ja")


def placeholders(said: str) -> set[str]:
    fields = [field for field in string.Formatter().parse(said) if field[1]]
    return {str(name) for _, name, _, _ in fields}.union(
        *(placeholders(within) for _, _, within, _ in fields if within)
    )


def test_both_languages_have_the_same_keys_and_placeholders():
    assert ENGLISH.texts.keys() == JAPANESE.texts.keys()
    for key, said in ENGLISH.texts.items():
        assert placeholders(said) == placeholders(JAPANESE.texts[key]), key


LISTING = "scope that lists registries or images"
MISSING = "missing from the figures as a whole"
COUNTED = "days|exposures|images|placements|repositories|results|rows|runs|scopes|times"


def test_one_of_anything_reads_right_in_english():
    wrong = re.compile(
        rf"\b(all|none of the) 1\b|\b1 ((?!of )[a-z]+ ){{0,2}}({COUNTED})\b", re.IGNORECASE
    )
    for key, said in ENGLISH.texts.items():
        one = ENGLISH(key, **dict.fromkeys(placeholders(said), "1") | {"share": "50 %"})
        assert not wrong.search(one), (key, one)


@pytest.mark.parametrize(
    ("key", "some", "every", "said"),
    [
        ("scopes_none", "0", "1", "The 1 scope tried was listed to its end."),
        ("scopes_none", "0", "1,001", "All 1,001 scopes tried were listed to their end."),
        ("scopes", "1", "1", "1 of 1 scope was not listed to its end."),
        ("scopes", "2", "21", "2 of 21 scopes were not listed to their end."),
        ("scopes_blank_none", "0", "1", f"The 1 {LISTING} is not {MISSING}."),
    ],
)
def test_a_sentence_goes_with_its_numbers(key, some, every, said):
    assert ENGLISH(f"coverage.{key}", some=some, all=every) == said


def test_nothing_is_left_unsaid_in_one_language_only():
    for key, said in ENGLISH.texts.items():
        assert bool(said) == bool(JAPANESE.texts[key]), key


@pytest.mark.parametrize("words", [ENGLISH, JAPANESE], ids=LANGUAGES)
def test_every_label_of_every_table_exists(words):
    for name, cols in {**COLUMNS, **TREND_COLUMNS}.items():
        assert all(words(col.label) for col in cols)
        if name != "changes_all":
            assert {f"table.{name}.{part}" for part in ("title", "note", "empty")} <= set(
                words.texts
            )
    for name in (*FIGURES, *LISTINGS, *TREND):
        assert words(f"table.{name}.denominator")


@pytest.mark.parametrize(
    ("vocabulary", "closed_list"),
    [
        ("state", enums.State),
        ("state_meaning", enums.State),
        ("severity", enums.Severity),
        ("outcome", enums.Outcome),
        ("run_outcome", enums.RunOutcome),
        ("scope_kind", enums.ScopeKind),
        ("image_kind", enums.ImageKind),
        ("fix_state", enums.FixState),
        ("status", enums.ControlStatus),
        ("exposure_state", enums.ExposureState),
        ("change", enums.ClosingReason),
        ("reason", enums.ClosingReason),
        ("change_title", CHANGES),
        ("clock", get_args(Clock)),
        ("method", METHODS),
    ],
)
def test_every_word_of_the_product_is_translated(vocabulary, closed_list):
    for word in closed_list:
        assert f"{vocabulary}.{word}" in JAPANESE.texts


def test_a_reason_that_holds_a_state_is_a_sentence():
    said = "its scope could not be read to the end (denied)"
    assert ENGLISH.reason("scope_denied") == said
    assert "inferred clean" in ENGLISH.reason("successor_inferred_clean")
    assert "アクセス拒否" in JAPANESE.reason("image_denied")
    assert ENGLISH.reason("never\u202eseen") == "never[U+202E]seen"


def test_a_word_outside_its_list_is_shown_as_it_is():
    assert ENGLISH.word("state", "brand\u200bnew") == "brand[U+200B]new"


def test_an_unknown_language_is_a_clear_error():
    with pytest.raises(UsageError, match="en, ja"):
        load_words("fr")


@given(st.text())
def test_no_hidden_character_survives(name):
    shown = visible(name)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lo", "Nd"], max_codepoint=0x3000)))
def test_a_name_of_letters_stays_as_it_is(name):
    clean = name.replace("\u115f", "").replace("\u1160", "")
    assert visible(clean) == clean


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\u00a0", "\u3164"]
)
def test_direction_and_control_characters_are_shown(hidden):
    assert visible(f"app{hidden}gpj") == f"app[U+{ord(hidden):04X}]gpj"


def test_line_breaks_in_a_sentence_become_spaces():
    assert text.prose(" one\r\n\ttwo\x1b") == "one two[U+001B]"


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_all_and_none_are_said_only_of_all_and_none(part, whole):
    part = min(part, whole)
    shown = percent(part, whole)
    assert shown is not None
    assert (shown == 100) == (part == whole)
    assert (shown == 0) == (part == 0)


def test_a_share_names_numerator_and_denominator():
    assert ENGLISH.share(99_999, 100_000) == "99.9 % (99,999 of 100,000)"
    assert ENGLISH.share(1, 100_000) == "0.1 % (1 of 100,000)"
    assert ENGLISH.share(3, 3) == "100 % (3 of 3)"
    assert "36.4 %" in JAPANESE.share(4, 11)
    assert "11 件中 4 件" in JAPANESE.share(4, 11)


def test_a_share_of_nothing_is_neither_0_nor_100():
    assert ENGLISH.share(0, 0) == "no images"
    assert ENGLISH.rate(0, 0) == "no images"
    assert JAPANESE.share(0, 0) == "対象イメージなし"


def test_moments_are_given_in_both_times():
    moment = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
    assert ENGLISH.moment(moment) == "2026-11-23 17:30:00 UTC · 2026-11-24 02:30:00 JST"
    assert JAPANESE.moment(moment) == "2026年11月23日 17:30:00 UTC・2026年11月24日 02:30:00 JST"
