"""Where a login might travel unprotected: go-containerregistry falls back to plain http there.

Its rule (``Registry.Scheme``) knows no switch, and Trivy, Syft and Grype pull with it.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from audit.endpoints import is_loopback
from audit.ports import PullLogin, ScanError


def protect(login: PullLogin, *, allowed: bool, tool: str) -> None:
    """Refuse to send a login to where it might go in plain http.

    What stays on this machine is no matter.

    Raises:
        ScanError: It may not go there.
    """
    name = urlsplit(f"//{login.host}").hostname or ""
    if allowed or not login.secret or login.plain_http or is_loopback(name):
        return
    if _falls_back(name):
        raise ScanError(
            f"at {login.host} {tool} falls back to plain http, and would send the login in it",
            code="PlainFallback",
        )


def _falls_back(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return name.endswith((".local", ".localhost"))
