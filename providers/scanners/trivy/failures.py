"""What Trivy's last words mean. All its failures share one exit code (1; a crash has 2)."""

from __future__ import annotations

import re
from typing import NamedTuple

from audit.model.enums import State
from audit.ports import ScanError

_CRASH = 2
_LONGEST = 300
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"^\S+\s+(?:FATAL|ERROR)\s+", re.MULTILINE)
_REMOTE = re.compile(r"\* remote error: (.*)")


class _Meaning(NamedTuple):
    """A kind of failure: the words it is known by (alternatives), and what is said of it."""

    code: str
    said: str
    words: tuple[str, ...]
    state: State = State.FAILED


_BROKEN = _Meaning(
    "ScannerBroken",
    "Trivy broke down",
    (r"panic:", r"^goroutine \d+", "SIGSEGV", "SIGBUS", "fatal error:"),
)
_OTHER = _Meaning("ScanFailed", "Trivy failed", ())
_MEANINGS = (
    _BROKEN,
    _Meaning(
        "DatabaseAbsent",
        "Trivy has no database that it can use",
        (
            *("cannot be specified on the first run", "database not found", "database error"),
            *("failed to open DB", "failed to initialize DB", "db corrupted", "invalid database"),
        ),
    ),
    _Meaning(
        "DatabaseSchema",
        "Trivy's database is of a form that this Trivy does not read",
        ("old DB schema", "DB schema version"),
    ),
    _Meaning(
        "Missing",
        "the registry does not have the image",
        (
            *("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NAME_INVALID", "manifest unknown"),
            *("BLOB_UNKNOWN", "404 Not Found"),
        ),
    ),
    _Meaning(
        "Unauthorised",
        "the registry refused the login",
        (
            *("UNAUTHORIZED", "DENIED", "401 Unauthorized", "403 Forbidden"),
            *("authentication required", "unauthorized:"),
        ),
        State.DENIED,
    ),
    _Meaning(
        "Throttled",
        "the registry asked for fewer pulls",
        ("TOOMANYREQUESTS", "429 Too Many Requests"),
    ),
    _Meaning(
        "TooLarge",
        "the image is larger than max_image_bytes",
        (r"exceeds (?:the )?maximum", "compressed image size"),
        State.NOT_SCANNED,
    ),
    _Meaning(
        "TimedOut",
        "Trivy was not done in time",
        ("context deadline exceeded", "timeout exceeded"),
    ),
    _Meaning(
        "RealmRefused",
        "Trivy does not ask a token server at a private address",
        (r"realm host .* is a private",),
    ),
    _Meaning(
        "Unreachable",
        "the registry could not be reached",
        (
            *("connection refused", "no such host", "network is unreachable", "connection reset"),
            *("i/o timeout", "x509:", "tls:", "server gave HTTP response", "unexpected EOF"),
            ": EOF",
        ),
    ),
    _Meaning(
        "NotAnImage",
        "Trivy takes it for no image",
        ("unsupported (?:media|artifact) ?type", "not an image"),
        State.UNSUPPORTED,
    ),
    _Meaning(
        "NotWhatItSays",
        "what the registry gave is not what its digest says",
        ("does not match (?:requested digest|expected size)",),
    ),
)
_FOUND = tuple(
    (re.compile("|".join(one.words), re.IGNORECASE | re.MULTILINE), one) for one in _MEANINGS
)


def failure(code: int, words: str, secret: str = "") -> ScanError:
    """Return what an exit with ``code`` and these words on standard error means.

    Args:
        code: Exit code, not 0.
        words: Standard error.
        secret: Never repeated.
    """
    told = _ANSI.sub("", words)
    found = next((meaning for pattern, meaning in _FOUND if pattern.search(told)), _OTHER)
    meaning = _BROKEN if code == _CRASH else found
    last = _last(told)
    if secret:
        last = last.replace(secret, "***")
    said = f"{meaning.said}: {last}" if last else meaning.said
    return ScanError(said, code=meaning.code, state=meaning.state)


def late(seconds: int) -> ScanError:
    """Return what it means that Trivy had to be stopped."""
    return ScanError(f"Trivy was stopped after {seconds} seconds", code="TimedOut")


def _last(told: str) -> str:
    """Return the line that says most: the registry's own, else the last that tells of an error."""
    remote = _REMOTE.findall(told)
    if remote:
        return _short(remote[-1])
    marked = [line for line in told.splitlines() if _LINE.match(line)]
    if marked:
        return _short(_LINE.sub("", marked[-1]))
    return _short(next((line for line in told.splitlines() if line.strip()), ""))


def _short(line: str) -> str:
    text = " ".join(line.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
