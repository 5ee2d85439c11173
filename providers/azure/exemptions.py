"""Exemptions in Defender for Cloud: somebody's decision about flaws that are still there.

They are ``Microsoft.Security/standardAssignments`` of effect Exempt (API version 2024-08-01), found
in Resource Graph's ``securityresources``. A row of a package says that it is exempt, not by which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from audit.errors import BrokenPageError
from audit.model.columns import Columns
from providers.azure.names import PROVIDER, SOURCE
from providers.azure.parse_assessments import Software
from providers.azure.values import dig, moment, pick, text

_OPERATION = "resourcegraph:exemptions"
_PATH = "/providers/microsoft.security/standardassignments/"
_SUBSCRIPTIONS = "/subscriptions/"
_GROUPS = "/providers/microsoft.management/managementgroups/"
_SEVERAL = "00000000-0000-0000-0000-000000000000"
_TYPES = {"waiver": "risk_accepted", "mitigated": "mitigated"}


@dataclass(frozen=True)
class Exemption:
    """One exemption.

    Attributes:
        waiver_id: ARM id in lower case.
        scope: ARM id of what it covers, in lower case: a management group, a subscription, a group
            of resources or a resource.
        excluded: ARM ids below it that it does not cover.
        key: Key of the recommendation it is about; None for several.
        vulnerability_ids: CVEs that it is limited to, sorted; None where it is not.
        category: Waiver or Mitigated, in Defender's word.
        conditions: What else it asks of a finding, as JSON; None where it asks nothing.
    """

    waiver_id: str
    scope: str
    excluded: tuple[str, ...]
    key: str | None
    vulnerability_ids: tuple[str, ...] | None
    category: str | None
    conditions: str | None
    title: str | None
    reason: str | None
    author: str | None
    created_at: datetime | None
    expires_at: datetime | None

    @property
    def subscription(self) -> str | None:
        """The subscription it lies in; None for one of a management group."""
        if not self.scope.startswith(_SUBSCRIPTIONS):
            return None
        return self.scope.removeprefix(_SUBSCRIPTIONS).partition("/")[0]

    def may_cover(self, row: Software) -> bool:
        """Whether it may be what exempts a row."""
        ids = (row.row_id.lower(), row.registry_native_id or "")
        if any(_lies_in(one, above) for one in ids for above in self.excluded):
            return False
        if self.key not in {None, ids[0].rpartition("/")[2]}:
            return False
        named = {str(entry["cveid"]).upper() for entry in row.cves}
        if self.vulnerability_ids is not None and named.isdisjoint(self.vulnerability_ids):
            return False
        return (
            self.scope.startswith(_GROUPS)  # which subscriptions lie in it is not asked
            or any(_lies_in(one, self.scope) for one in ids)
            or (_lies_in(self.scope, ids[1]) and row.digest.partition(":")[2] in self.scope)
        )


def exemption(row: Mapping[str, Any]) -> Exemption:
    """Read one row of :data:`providers.azure.defender_queries.EXEMPTIONS`.

    Raises:
        BrokenPageError: Its id is not that of an exemption.
    """
    name, data = str(row["id"]).lower(), pick(row, "exemptionData")
    if _PATH not in name:
        raise BrokenPageError(f"{name} is no exemption", operation=_OPERATION)
    key = text(dig(data, "assignedAssessment", "assessmentKey")) or text(
        pick(data, "assessmentKey")
    )
    rule, excluded = pick(data, "subAssessmentExemptionRule"), pick(row, "excludedScopes")
    return Exemption(
        waiver_id=name,
        scope=name.partition(_PATH)[0],
        excluded=tuple(
            one.lower() for one in (excluded if isinstance(excluded, list) else ()) if text(one)
        ),
        key=None if key in {None, _SEVERAL} else key.lower(),
        vulnerability_ids=_cves(pick(rule, "if")),
        category=text(pick(data, "exemptionCategory")),
        conditions=orjson.dumps(rule, option=orjson.OPT_SORT_KEYS).decode() if rule else None,
        title=text(pick(row, "displayName")),
        reason=text(pick(row, "description")),
        author=text(dig(row, "metadata", "createdBy")),
        created_at=moment(dig(row, "metadata", "createdOn")),
        expires_at=moment(pick(row, "expiresOn")),
    )


@dataclass
class Exemptions:
    """The exemptions that may concern a subscription, and which of them its rows are waived by.

    Attributes:
        problem: Why they are not all known; None when they are.
    """

    scope_id: str
    subscription: str
    now: datetime
    problem: str | None = "they were not read"
    _known: list[Exemption] = field(default_factory=list)
    _untold: bool = False

    @property
    def untold(self) -> str:
        """Id of the waiver that stands for exemptions nobody tells more of."""
        return f"{self.scope_id}/exempt"

    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in a page; those of other subscriptions are left to their own readings."""
        told = (exemption(row) for row in rows)
        own = self.subscription.lower()
        self._known += [one for one in told if one.subscription in {None, own}]

    def waiver_of(self, row: Software) -> str:
        """Return the id of the waiver of an exempt row: the only exemption that can be meant."""
        fitting = [one for one in self._known if one.may_cover(row)]
        lasting = [one for one in fitting if one.expires_at is None or one.expires_at > self.now]
        meant = {one.waiver_id for one in lasting or fitting}
        if len(meant) == 1:
            return meant.pop()
        self._untold = True
        return self.untold

    def rows(self, *, standing: bool) -> Columns:
        """Return the ``waivers`` block.

        Args:
            standing: Whether rows that stand from an earlier run rest on the untold waiver.
        """
        block = Columns("waivers", provider=PROVIDER, scope_id=self.scope_id, origin=SOURCE)
        for one in {one.waiver_id: one for one in self._known}.values():
            covered = one.scope if one.conditions is None else f"{one.scope} {one.conditions}"
            limits = one.vulnerability_ids
            block.append(
                waiver_id=one.waiver_id,
                type=_TYPES.get((one.category or "").lower(), "unknown"),
                title=one.title,
                scope=covered,
                account=one.subscription,
                vulnerability_ids=None if limits is None else list(limits),
                reason=one.reason,
                owner=one.author,
                approved_at=one.created_at,
                expires_at=one.expires_at,
            )
        if self._untold or standing:
            block.append(
                waiver_id=self.untold,
                type="unknown",
                scope=f"{_SUBSCRIPTIONS}{self.subscription}",
                account=self.subscription,
                reason=self._why(),
            )
        return block

    def _why(self) -> str:
        said = "Defender says that rows are exempt"
        if self.problem is not None:
            return f"{said}; its exemptions are not known: {self.problem}."
        return f"{said}; it does not tell by which exemption, and not exactly one can be meant."


def _cves(rule: object) -> tuple[str, ...] | None:
    """Return the CVEs that conditions limit an exemption to; None where they do not.

    Conditions are ``{field, operationType, operation}``, all of which must hold or one of them.
    """
    every, some = pick(rule, "allOf"), pick(rule, "anyOf")
    told = [_named(one) for one in (every or some or ()) if isinstance(every or some, list)]
    found = [names for names in told if names is not None]
    if not found or (not every and len(found) < len(told)):
        return None
    return tuple(sorted({name.upper() for names in found for name in names}))


def _named(condition: object) -> list[str] | None:
    if str(pick(condition, "field")).lower() != "va.cve.cveid":
        return None
    if str(pick(condition, "operationType")).lower() != "containedinoperation":
        return None
    values = dig(condition, "operation", "values")
    names = (
        text(one) or text(pick(one, "title"))
        for one in (values if isinstance(values, list) else ())
    )
    return [name for name in names if name]


def _lies_in(one: str, above: str) -> bool:
    return bool(above) and (one == above or one.startswith(f"{above}/"))
