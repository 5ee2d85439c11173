"""Which of ECR's operations a policy statement speaks of. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WRITES = frozenset(
    {
        *("batchdeleteimage", "batchimportupstreamimage", "completelayerupload"),
        *("createrepository", "deletelifecyclepolicy", "deleteregistrypolicy"),
        *("deleterepository", "deleterepositorypolicy", "initiatelayerupload", "putimage"),
        *("putimagetagmutability", "putlifecyclepolicy", "putregistrypolicy"),
        *("replicateimage", "setrepositorypolicy", "updateimagestorageclass", "uploadlayerpart"),
    }
)
"""Actions that push or delete images, or that let one give oneself leave to."""
_OTHERS = frozenset(
    {
        *("batchchecklayeravailability", "batchgetimage", "describeimages"),
        *("describeimagescanfindings", "describerepositories", "getauthorizationtoken"),
        *("getdownloadurlforlayer", "getlifecyclepolicy", "getlifecyclepolicypreview"),
        *("getrepositorypolicy", "listimages", "listimagereferrers", "listtagsforresource"),
        *("startimagescan", "startlifecyclepolicypreview", "tagresource", "untagresource"),
        *("describeimagereplicationstatus", "describeimagesigningstatus"),
        *("putimagescanningconfiguration",),
    }
)
_READING = ("get", "list", "describe", "batchget", "batchcheck")


@dataclass(frozen=True)
class Covered:
    """Actions of ECR that a statement covers.

    Attributes:
        known: Those of which it is known whether they write, lower case.
        strange: A name besides, of which it is not known whether it writes.
    """

    known: frozenset[str]
    strange: bool = False

    @property
    def any(self) -> bool:
        """Whether it speaks of ECR at all."""
        return bool(self.known) or self.strange


def covered(statement: Mapping[str, Any]) -> Covered:
    """Read ``Action`` or ``NotAction``: names and wildcards, in any case.

    Raises:
        KeyError: It has neither.
    """
    every = WRITES | _OTHERS
    if "NotAction" in statement:
        left_out = frozenset().union(*(_matched(one) for one in listed(statement["NotAction"])))
        return Covered(every - left_out)
    names = [one for one in listed(statement["Action"]) if _is_of_ecr(one)]
    known = frozenset().union(*(_matched(one) or _reading(one) for one in names))
    return Covered(known, strange=any(_is_strange(one) for one in names))


def listed(value: object) -> list[str]:
    """Return a policy's text or list of texts as a list."""
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _matched(pattern: str) -> frozenset[str]:
    wanted = _wildcards(_name(pattern))
    return frozenset(one for one in WRITES | _OTHERS if wanted.fullmatch(one))


def _is_of_ecr(pattern: str) -> bool:
    service, colon, _ = pattern.lower().partition(":")
    return pattern == "*" or (bool(colon) and _wildcards(service).fullmatch("ecr") is not None)


def _is_strange(pattern: str) -> bool:
    return not _matched(pattern) and not _reading(pattern)


def _reading(pattern: str) -> frozenset[str]:
    """An operation that nobody knows here and that by its name only reads."""
    name = _name(pattern)
    return frozenset({name}) if name.startswith(_READING) else frozenset()


def _name(pattern: str) -> str:
    """The operation's part, lower case."""
    return pattern.lower().rpartition(":")[2]


def _wildcards(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."))
