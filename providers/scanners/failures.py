"""What a scanner's last words mean. All that pull alike say the same of a registry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from audit.model.enums import State
from audit.ports import ScanError

_LONGEST = 300
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"^\S+\s+(?:FATAL|ERROR)\s+", re.MULTILINE)
_REMOTE = re.compile(
    r"(?:\* remote error|oci-registry): (?:failed to get image descriptor from registry: |"
    r'unable to populate layer cache dir="[^"]*" : )?(.*)'
)
"""Behind what Trivy and Syft put before a registry's own words."""


class Meaning(NamedTuple):
    """A kind of failure: what is said of it, and the words (alternatives) it is known by."""

    code: str
    said: str
    words: tuple[str, ...]
    state: State = State.FAILED

    def fits(self, told: str) -> bool:
        """Whether words are of this kind."""
        pattern = "|".join(self.words)
        return bool(pattern) and bool(re.search(pattern, told, re.IGNORECASE | re.MULTILINE))


BROKEN = Meaning(
    "ScannerBroken",
    "{tool} broke down",
    (r"panic:", r"^goroutine \d+", "SIGSEGV", "SIGBUS", "fatal error:"),
)
OTHER = Meaning("ScanFailed", "{tool} failed", ())
OF_REGISTRIES = (
    Meaning(
        "Missing",
        "the registry does not have the image",
        (
            *("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NAME_INVALID", "manifest unknown"),
            *("BLOB_UNKNOWN", "404 Not Found"),
        ),
    ),
    Meaning(
        "Unauthorised",
        "the registry refused the login",
        (
            *("UNAUTHORIZED:", "DENIED:", "401 Unauthorized", "403 Forbidden"),
            *("authentication required", "unauthorized:"),
        ),
        State.DENIED,
    ),
    Meaning(
        "Throttled",
        "the registry asked for fewer pulls",
        ("TOOMANYREQUESTS", "429 Too Many Requests"),
    ),
    Meaning(
        "TooLarge",
        "the image is larger than max_image_bytes",
        (r"exceeds (?:the )?maximum", "compressed image size"),
        State.NOT_SCANNED,
    ),
    Meaning(
        "TimedOut",
        "{tool} was not done in time",
        ("context deadline exceeded", "timeout exceeded"),
    ),
    Meaning(
        "RealmRefused",
        "{tool} does not ask a token server at a private address",
        (r"realm host .* is a private",),
    ),
    Meaning(
        "NotAnImage",
        "{tool} takes it for no image",
        (
            *("unsupported (?:media|artifact) ?type", "not an image"),
            *("unknown layer media type", "mismatched fs layers"),
        ),
        State.UNSUPPORTED,
    ),
    Meaning(
        "NotWhatItSays",
        "what the registry gave is not what its digest says",
        (
            "does not match (?:requested digest|expected size)",
            *("error verifying (?:sha256 checksum|size)", "gzip: invalid (?:checksum|header)"),
        ),
    ),
    Meaning(
        "RegistryFailed",
        "the registry answered with an error of its own",
        (r"unexpected status code 5\d\d",),
    ),
    Meaning(
        "Unreachable",
        "the registry could not be reached",
        (
            *("connection refused", "no such host", "network is unreachable", "connection reset"),
            *("i/o timeout", "x509:", "tls:", "server gave HTTP response", "unexpected EOF"),
            ": EOF",
        ),
    ),
)
"""What go-containerregistry, with which Trivy, Syft and Grype pull, says of a registry."""


def explained(tool: str, words: str, meanings: Sequence[Meaning]) -> ScanError:
    """Return what a scanner's words on standard error mean.

    Args:
        tool: Its name, as it is said.
        words: Standard error, without the login.
        meanings: What they may mean; the first that fits holds.
    """
    told = _ANSI.sub("", words)
    meaning = next((one for one in meanings if one.fits(told)), OTHER)
    return described(tool, told, meaning)


def described(tool: str, told: str, meaning: Meaning) -> ScanError:
    """Return the error of a meaning with the words that say most."""
    said, last = meaning.said.format(tool=tool), _last(_ANSI.sub("", told))
    return ScanError(said, code=meaning.code, state=meaning.state, told=last)


def late(tool: str, seconds: int) -> ScanError:
    """Return what it means that a scanner had to be stopped."""
    return ScanError(f"{tool} was stopped after {seconds} seconds", code="TimedOut")


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
