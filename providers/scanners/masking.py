"""Taking a login out of what a program says, in every form in which it may say it. Pure."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

from audit.ports import PullLogin

_HIDDEN = "***"


def masked(words: str, login: PullLogin | None) -> str:
    """Return words without a login's secret: as it is, quoted for a URL or a text, as a header."""
    if login is None or not login.secret:
        return words
    for form in sorted(_forms(login), key=len, reverse=True):
        words = words.replace(form, _HIDDEN)
    return words


def _forms(login: PullLogin) -> set[str]:
    secret = login.secret
    basic = base64.b64encode(f"{login.username}:{secret}".encode()).decode()
    quoted = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    return {secret, basic, quote(secret), quote(secret, safe=""), quote_plus(secret), *quoted}
