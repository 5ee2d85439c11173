"""IAM policies -> who a repository lets in, as columns of ``registries``. Pure.

What counts: the repository's own policy and its project's. Of the project's roles those are
weighed that are basic or Artifact Registry's, and custom ones, of which nobody knows what they
hold. Folders, the organisation and deny policies are not read: the former may let in more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.gcp.members import ANYONE, Stranger, party_of

_ALL_USERS = "allUsers"
_READERS = frozenset({"roles/artifactregistry.reader", "roles/viewer"})
_WRITERS = frozenset(
    {
        "roles/artifactregistry.admin",
        "roles/artifactregistry.containerRegistryMigrationAdmin",
        "roles/artifactregistry.createOnPushRepoAdmin",
        "roles/artifactregistry.createOnPushWriter",
        "roles/artifactregistry.repoAdmin",
        "roles/artifactregistry.writer",
        "roles/editor",
        "roles/owner",
    }
)
COLUMNS = (
    *("policy_present", "anonymous_pull_enabled", "anonymous_access", "anonymous_write"),
    *("external_accounts", "external_write", "outside_organisation", "writers"),
)
"""What :func:`access_columns` fills."""


@dataclass(frozen=True)
class Binding:
    """One role of a policy, and whom it is given to."""

    role: str
    members: tuple[str, ...]
    conditional: bool = False


@dataclass(frozen=True)
class Organisation:
    """Who belongs to the organisation, as far as this run knows."""

    domains: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()

    def holds(self, party: Stranger) -> bool | None:
        """Whether a party belongs to it; None where that is not known."""
        if party.name == ANYONE:
            return False
        if party.domain:
            return party.name in self.domains if self.domains else None
        return True if party.name in self.projects else None


@dataclass(frozen=True)
class Home:
    """The project a repository lies in, by id and number, and its organisation."""

    project: str
    number: str
    organisation: Organisation


@dataclass
class _Grant:
    """Roles of one kind of member: whether they read and write; None where nobody knows."""

    reads: bool | None = False
    writes: bool | None = False
    reasons: set[str] = field(default_factory=set)

    def add(self, binding: Binding, *, own: bool) -> None:
        reads, writes = _power(binding.role, own=own)
        if binding.conditional:
            reads, writes = (None if one else one for one in (reads, writes))
            self.reasons.add(f"{binding.role} is given under a condition")
        elif None in (reads, writes):
            self.reasons.add(f"what {binding.role} allows is not known")
        self.reads, self.writes = _either(self.reads, reads), _either(self.writes, writes)


def bindings_of(policy: Mapping[str, Any]) -> list[Binding]:
    """Read a ``Policy`` in JSON; a policy without bindings grants nothing."""
    return [
        Binding(
            str(row.get("role") or ""),
            tuple(str(member) for member in row.get("members") or ()),
            bool(row.get("condition")),
        )
        for row in policy.get("bindings") or ()
    ]


def access_columns(
    own: Sequence[Binding], project: Sequence[Binding] | None, home: Home
) -> tuple[dict[str, Any], list[str]]:
    """Say whom the two policies let in.

    Args:
        own: The repository's own policy.
        project: Its project's; None where it could not be read.
        home: Where the repository lies.

    Returns:
        Columns of ``registries``, and ``unread`` notes on those that are null or may lack some.
    """
    every = [(binding, True) for binding in own]
    every += [(binding, False) for binding in project or () if _concerns(binding)]
    notes: list[str] = []
    columns: dict[str, Any] = {"policy_present": bool(own)}
    blind = project is None
    anyone = _granted(every, lambda member: party_of(member, home.project, home.number) == _ANY)
    users = _granted(every, lambda member: member == _ALL_USERS)
    for column, grant, answer in (
        ("anonymous_pull_enabled", users, users.reads),
        ("anonymous_access", anyone, anyone.reads),
        ("anonymous_write", anyone, anyone.writes),
    ):
        columns[column] = _told(column, answer, grant.reasons, notes, blind=blind)
    columns |= _strangers(every, home, notes, blind=blind)
    columns["writers"] = _writers(every, notes, blind=blind)
    return columns, notes


_ANY = Stranger(ANYONE)


def _strangers(
    every: Sequence[tuple[Binding, bool]], home: Home, notes: list[str], *, blind: bool
) -> dict[str, Any]:
    found: dict[Stranger, _Grant] = {}
    odd: set[str] = set()
    for binding, own in every:
        for member in binding.members:
            party = party_of(member, home.project, home.number)
            if party is None or (party.domain and party.name in home.organisation.domains):
                continue
            if party.unknown:
                odd.add(f"who {member.partition(':')[0]} is cannot be told")
            found.setdefault(party, _Grant()).add(binding, own=own)
    sure = {party: grant for party, grant in found.items() if grant.reads}
    reasons = odd.union(*(grant.reasons for grant in found.values()))
    writes = _any(grant.writes for grant in found.values())
    outside = _any(_outside(home, party, grant) for party, grant in found.items())
    notes += [f"external_accounts: {reason}" for reason in sorted(reasons)]
    if blind:
        notes.append(f"external_accounts: {_BLIND}; it may let in more")
    who = reasons or {"who belongs to the organisation is not known"}
    return {
        "external_accounts": sorted({party.name for party in sure}),
        "external_write": _told("external_write", writes, reasons, notes, blind=blind),
        "outside_organisation": _told("outside_organisation", outside, who, notes, blind=blind),
    }


_BLIND = "the project's policy could not be read"


def _outside(home: Home, party: Stranger, grant: _Grant) -> bool | None:
    held = None if party.unknown else home.organisation.holds(party)
    if held is None or grant.reads is None:
        return False if held else None
    return not held


def _writers(every: Sequence[tuple[Binding, bool]], notes: list[str], *, blind: bool) -> list[str]:
    """Return the members that may push or delete, as the policies name them."""
    found: set[str] = set()
    odd: set[str] = set()
    for binding, own in every:
        writes = _power(binding.role, own=own)[1]
        if writes:
            found.update(binding.members)
        elif writes is None:
            odd.add(f"what {binding.role} allows is not known")
    notes += [f"writers: {reason}" for reason in sorted(odd)]
    if blind:
        notes.append(f"writers: {_BLIND}; it may let in more")
    return sorted(found)


def _granted(every: Iterable[tuple[Binding, bool]], concerns: Callable[[str], bool]) -> _Grant:
    grant = _Grant()
    for binding, own in every:
        if any(concerns(member) for member in binding.members):
            grant.add(binding, own=own)
    return grant


def _power(role: str, *, own: bool) -> tuple[bool | None, bool | None]:
    """Return whether a role reads and writes; whatever is given on a repository reads it."""
    if role in _WRITERS:
        return True, True
    if role in _READERS:
        return True, False
    return (True if own else None), None


def _concerns(binding: Binding) -> bool:
    """Whether a project's role may be about registries: others' predefined roles are not.

    What is given to everyone is looked at in any case.
    """
    role = binding.role
    if role in _READERS | _WRITERS or not role.startswith("roles/"):
        return True
    if role.startswith(("roles/artifactregistry.", "roles/containerregistry.")):
        return True
    return any(party_of(member, "", "") == _ANY for member in binding.members)


def _either(one: bool | None, other: bool | None) -> bool | None:
    return _any((one, other))


def _any(answers: Iterable[bool | None]) -> bool | None:
    """Return True if one is, else None if one is not known."""
    told = set(answers)
    if True in told:
        return True
    return None if None in told else False


def _told(
    column: str,
    answer: bool | None,
    reasons: Iterable[str],
    notes: list[str],
    *,
    blind: bool,
) -> bool | None:
    """Return an answer; not a no where a policy is missing, and with a note where there is none."""
    if answer is False and blind:
        notes.append(f"{column}: {_BLIND}")
        return None
    if answer is None:
        notes += [f"{column}: {reason}" for reason in sorted(reasons)]
    return answer
