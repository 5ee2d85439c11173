"""The image that a result of Trivy names: ``NAME (FAMILY VERSION)``. Pure."""

from __future__ import annotations

import re

_WITH_SYSTEM = re.compile(r"(?P<name>\S.*?) \([a-z][\w.-]*(?: [^()]*)?\)", re.DOTALL)


def image_of_target(target: str | None) -> str | None:
    """Return the image's name; a target without an operating system is a place in an image."""
    found = _WITH_SYSTEM.fullmatch(target or "")
    return found["name"] if found else None
