"""What a scan would lack, said beforehand."""

from __future__ import annotations

from datetime import datetime, timedelta

from audit.ports import Check, CheckStatus, ScanError, Scanner
from audit.rules import ScanRules
from audit.scanning.images import aged
from audit.scanning.run import facts_of

_BLIND = "no image is looked at by it, and none of what it stated before is confirmed"
_OLD = "every look of it is stale: it counts as not assessed"


def examined(scanner: Scanner, rules: ScanRules, moment: datetime) -> Check:
    """Return whether a scanner could scan at a moment, with what it knows; fetches nothing."""
    facts = facts_of(scanner)
    if isinstance(facts, ScanError):
        return _check(scanner, CheckStatus.MISSING, _BLIND, str(facts))
    known = f"{facts.db_updated_at:%Y-%m-%d}" if facts.db_updated_at else "unknown date"
    told = f"version {facts.version}, database of {known}"
    old = aged(facts, moment, timedelta(days=rules.database_max_age_days))
    if old:
        return _check(scanner, CheckStatus.MISSING, _OLD, f"{told}: {old}")
    return _check(scanner, CheckStatus.OK, "", told)


def _check(scanner: Scanner, status: CheckStatus, costs: str, told: str) -> Check:
    return Check(
        provider=scanner.name,
        subject=f"scan/{scanner.name}",
        what="the program and a database that is young enough",
        status=status,
        costs=costs,
        told=told,
    )
