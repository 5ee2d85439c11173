"""A strict reader of a user's crontab (crontab(5), the part that every cron shares)."""

from __future__ import annotations

import re

_LIMITS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
_SETTING = re.compile(r"([A-Z_][A-Z0-9_]*)=(\S.*)")


def read_crontab(text: str) -> tuple[dict[str, str], list[tuple[list[str], str]]]:
    """Parse a user's crontab strictly: settings, and jobs of five fields and a command.

    Raises:
        ValueError: A line is neither, a field is out of its limits, or an unescaped ``%`` would
            cut the command.
    """
    settings: dict[str, str] = {}
    jobs = []
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if setting := _SETTING.fullmatch(line):
            settings[setting[1]] = setting[2]
            continue
        *fields, command = line.split(None, 5)
        for field, name in zip(fields, _LIMITS, strict=True):
            _check_field(field, *_LIMITS[name])
        if re.search(r"(?<!\\)%", command):
            raise ValueError("an unescaped % is a line end to cron")
        jobs.append((fields, command))
    return settings, jobs


def _check_field(field: str, low: int, high: int) -> None:
    for part in field.split(","):
        span = re.fullmatch(r"(\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
        if not span:
            raise ValueError(f"not a field: {field}")
        numbers = [int(n) for n in (span[2], span[3]) if n is not None]
        if any(not low <= n <= high for n in numbers) or numbers != sorted(numbers):
            raise ValueError(f"out of {low}-{high}: {field}")
