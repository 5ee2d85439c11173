"""Members of IAM policies -> the party that each belongs to. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

ANYONE = "*"
_EVERYONE = frozenset({"allUsers", "allAuthenticatedUsers"})
_OF_DOMAIN = frozenset({"user", "group", "domain"})
_OF_PROJECT = frozenset({"projectOwner", "projectEditor", "projectViewer"})
_ACCOUNT = re.compile(r"^(?P<name>[^@]+)@(?P<home>[a-z0-9.-]+)\.gserviceaccount\.com$")
_AGENT = re.compile(r"^service-([0-9]+)$")
_AGENTS = frozenset(
    {
        *("compute-system", "container-engine-robot", "containerregistry", "gcf-admin-robot"),
        "serverless-robot-prod",
    }
)
"""Projects of Google's own in which agents of the customers' projects live, besides gcp-sa-*."""
_BY_NUMBER = frozenset({"developer", "cloudservices", "cloudbuild", "cloud-build"})


class Stranger(NamedTuple):
    """A party that is not the repository's own project.

    Attributes:
        name: ``*`` for anyone, a project id or number, a domain, or a member that none of these
            is known of.
        domain: Whether it is a domain.
        unknown: Whether nobody knows whose it is.
    """

    name: str
    domain: bool = False
    unknown: bool = False


def party_of(member: str, project: str, number: str) -> Stranger | None:
    """Return whom a member belongs to; None for the project itself and for one that is deleted.

    Args:
        member: As a policy names it: ``user:a@example.com``, ``allUsers``, ``principalSet://..``.
        project: Id of the project that the policy is read in.
        number: Its number; empty when not known.
    """
    if member in _EVERYONE:
        return Stranger(ANYONE)
    kind, _, name = member.partition(":")
    if kind == "deleted":
        return None
    if kind in _OF_DOMAIN:
        return Stranger(name.rpartition("@")[2].lower(), domain=True)
    if kind in _OF_PROJECT:
        home = name
    elif kind == "serviceAccount":
        home = _home(name)
    else:
        # The identities of a pool come from outside Google, whoever's project the pool lies in.
        return Stranger(member, unknown=True)
    if not home:
        return Stranger(member, unknown=True)
    return None if home in {project, number} else Stranger(home)


def _home(account: str) -> str:
    """Return the project, by id or number, of a service account's address; empty if not told."""
    found = _ACCOUNT.match(account.partition("?")[0])
    if found is None:
        return ""
    name, home = found["name"], found["home"]
    if home == "appspot":
        return name
    if home in _BY_NUMBER:
        return name.partition("-")[0]
    if not home.endswith(".iam"):
        return ""
    owner = home.removesuffix(".iam")
    agent = _AGENT.match(name)
    # Anyone may name an account of his own project like an agent of Google's.
    if agent and (owner in _AGENTS or owner.startswith("gcp-sa-")):
        return agent[1]
    label, _, domain = owner.partition(".")
    return f"{domain}:{label}" if domain else owner
