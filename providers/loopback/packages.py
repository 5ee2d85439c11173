"""What scanners do to the statements of an image before they serve them."""

from __future__ import annotations

from typing import NamedTuple

from providers.loopback.estate import Statement


class Version(NamedTuple):
    """A package version in parts, as Inspector and Grafeas send that of an OS package."""

    epoch: int
    upstream: str
    release: str


def split_version(statement: Statement) -> Version:
    """Split ``epoch:upstream-release`` of an OS package; other versions stay whole.

    A version that the parts would not give back unchanged (an explicit epoch 0) stays whole.
    """
    whole = Version(0, statement.version, "")
    if statement.package_type.upper() != "OS":
        return whole
    head, colon, rest = statement.version.rpartition(":")
    upstream, _, release = rest.rpartition("-")
    if not upstream or (colon and (not head.isdigit() or int(head) == 0)):
        return whole
    return Version(int(head or 0), upstream, release)


def by_vulnerability(statements: tuple[Statement, ...]) -> tuple[tuple[Statement, ...], ...]:
    """Group statements by vulnerability id, groups in order of first appearance."""
    groups: dict[str, list[Statement]] = {}
    for statement in statements:
        groups.setdefault(statement.vulnerability_id, []).append(statement)
    return tuple(tuple(group) for group in groups.values())
