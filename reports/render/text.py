"""Words, numbers and moments of a report in its language, and names of others made visible."""

from __future__ import annotations

import re
import string
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any

from audit.errors import UsageError

LANGUAGES = ("en", "ja")
JST = timezone(timedelta(hours=9), "JST")

_LOOK_LIKE_NOTHING = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_SPACES = frozenset(" \u3000")
_BREAKS = re.compile(r"[ \t\r\n]*[\t\r\n][ \t\r\n]*")


class _Numbered(string.Formatter):
    """Fills placeholders; see ``Words.__call__``."""

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401  as the base has it
        one, several, many = format_spec.partition("|")
        if several:
            return one if str(value) == "1" else many
        return str(super().format_field(value, format_spec))


_NUMBERED = _Numbered()


def _hides(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        category in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        or (category == "Zs" and character not in _SPACES)
        or character in _LOOK_LIKE_NOTHING
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def visible(text: str) -> str:
    """Show control, direction and invisible characters of a name as ``[U+202E]``.

    A name that turns the reading direction or hides a part of itself would otherwise let one
    repository pass for another.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"[U+{ord(c):04X}]" if _hides(c) else c for c in text)


def prose(text: str) -> str:
    """Show a sentence of others: line breaks become spaces, what else is hidden is shown."""
    return visible(_BREAKS.sub(" ", text.strip()))


def percent(part: int, whole: int) -> float | None:
    """Return the percentage to one decimal, or None of a whole of 0.

    It is 100 only when all are meant and 0 only when none is, whatever rounding says.
    """
    if whole == 0:
        return None
    if part in (0, whole):
        return 100.0 * part / whole
    return min(max(round(100 * part / whole, 1), 0.1), 99.9)


def number(value: int) -> str:
    """Write a whole number with thousands separators."""
    return f"{value:,}"


def day(moment: datetime) -> str:
    """Write a moment for a table: ISO 8601, to the minute, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the texts of a nested table by their dotted keys."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= flatten(value, f"{name}.")
        else:
            found[name] = str(value)
    return found


@dataclass(frozen=True)
class Words:
    """Every sentence and label of one language, by key."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of ``key`` with its placeholders filled.

        ``{images}`` is replaced by the value, ``{images:is|are}`` by what goes with one or with any
        other number; the value may stand within either.

        Raises:
            KeyError: The key, or a placeholder's value, is missing.
        """
        return _NUMBERED.vformat(self.texts[key], (), values)

    def word(self, vocabulary: str, value: object) -> str:
        """Translate a word of a closed list; one outside it is shown as it is."""
        if value is None or value == "":
            return self.texts.get(f"{vocabulary}._none", self.texts["format.none"])
        return self.texts.get(f"{vocabulary}.{value}", visible(str(value)))

    def reason(self, value: str | None) -> str:
        """Say why an exposure changed; reasons such as ``image_denied`` hold a state."""
        if not value or f"reason.{value}" in self.texts:
            return self.word("reason", value)
        head, _, rest = value.partition("_")
        vocabulary = "outcome" if head == "scope" else "state"
        if f"reason_of.{head}" in self.texts:
            return self(f"reason_of.{head}", word=self.word(vocabulary, rest))
        return visible(value)

    def rate(self, part: int, whole: int) -> str:
        """Write a percentage; of nothing it is no percentage."""
        value = percent(part, whole)
        if value is None:
            return self("format.no_images")
        digits = f"{value:.0f}" if part in (0, whole) else f"{value:.1f}"
        return self("format.percent", percent=digits)

    def ratio(self, value: float) -> str:
        """Write a share that is given as such, to one decimal."""
        return self("format.percent", percent=f"{100 * value:.1f}")

    def part_of(self, part: int, whole: int) -> str:
        """Write a numerator and its denominator."""
        return self("format.part_of", part=number(part), whole=number(whole))

    def share(self, part: int, whole: int) -> str:
        """Write a percentage with its numerator and denominator."""
        if whole == 0:
            return self("format.no_images")
        return self("format.share", rate=self.rate(part, whole), part_of=self.part_of(part, whole))

    def moment(self, value: datetime | None) -> str:
        """Write a moment in UTC and in Japan's time."""
        if value is None:
            return self("format.none")
        pattern = self("format.moment")
        return self(
            "format.moments",
            utc=value.astimezone(UTC).strftime(pattern),
            jst=value.astimezone(JST).strftime(pattern),
        )


@cache
def load_words(language: str) -> Words:
    """Load a language.

    Raises:
        UsageError: There is no such language.
    """
    if language not in LANGUAGES:
        raise UsageError(
            f"there is no report in {language!r}",
            where="--language",
            cure=f"choose one of {', '.join(LANGUAGES)}",
        )
    texts: dict[str, str] = {}
    for part in ("", "opinions.", "weaknesses.", "trend."):
        name = f"{part}{language}.toml"
        text = files("reports.locale").joinpath(name).read_text("utf-8")
        texts |= flatten(tomllib.loads(text))
    return Words(language, texts)
