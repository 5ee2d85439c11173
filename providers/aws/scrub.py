"""Cuts from AWS's words what could be used in place of us. Pure.

A refusal may quote the request it refuses (IncompleteSignatureException quotes its Authorization
header), and what a message says ends in logs and in the warehouse.
"""

from __future__ import annotations

import re

CUT = "[cut]"

_TO_THE_END = re.compile(r"(?is)(?:authorization[\"'\\]*\s*[:=]|\bAWS4-[A-Z0-9-]+|\bbearer\s).*")
"""A header's value has spaces and commas in it: nothing after its start is kept."""
_LABELLED = re.compile(
    r"""(?ix) (?P<label> x-amz-(?:security-token|signature|credential)
      | (?:aws[_-]?)?(?:secret[_-]?(?:access[_-]?)?key|session[_-]?token|access[_-]?key[_-]?id)
      | security[_-]?token | credential | signature )
      ["'\\]* \s* (?:[:=]|%3A|%3D) \s* ["'\\]* [^\s,;&"'\\]+"""
)
_KEY = re.compile(r"\bA(?:KIA|SIA)[A-Z0-9]{4,}(?![a-z])")
_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_TOKEN = re.compile(r"[A-Za-z0-9/+=%]{100,}")
"""A session token; the longest word that AWS says else is a digest of 64."""


def scrubbed(message: str) -> str:
    """Return a message without headers, signatures, keys and tokens.

    A secret access key has no mark of its own: forty characters are cut only beside a key id.
    """
    text = _TO_THE_END.sub(CUT, message)
    text = _LABELLED.sub(rf"\g<label>={CUT}", text)
    text = _TOKEN.sub(CUT, text)
    if _KEY.search(message):
        text = _SECRET.sub(CUT, text)
    return _KEY.sub(CUT, text)
