"""Endpoint overrides: private endpoints, sovereign clouds, proxies and loopback servers."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def check_endpoint(url: str, *, allow_insecure_loopback: bool) -> str:
    """Return ``url`` if it may be talked to.

    ``https`` always may. Plain ``http`` may only to a loopback address, and only when the
    configuration says ``allow_insecure_loopback: true``.

    Raises:
        ValueError: Anything else, with what to write instead.
    """
    parts = urlsplit(url)
    if parts.username is not None:  # not repeated: it may be a secret
        raise ValueError(f"the address of {parts.hostname!r} holds credentials; leave them out")
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url!r} is not an https:// address")
    if not is_loopback(parts.hostname):
        raise ValueError(f"{url!r} is plain http to a host that is not loopback; use https://")
    if not allow_insecure_loopback:
        raise ValueError(f"{url!r} is plain http; set allow_insecure_loopback: true for loopback")
    return url


def is_loopback(host: str) -> bool:
    """Whether ``host`` is a loopback address or ``localhost``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
