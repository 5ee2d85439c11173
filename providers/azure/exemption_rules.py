"""Conditions of exemptions: which CVEs they are about. Pure.

A rule is ``{"if": {"allOf" | "anyOf": [{field, operationType, operation}]}}``, fields va.cve.cveId,
va.cve.severity and va.cve.cvss (documentation of the transition from disable rules to exemptions).
"""

from __future__ import annotations

from collections.abc import Callable

from providers.azure.values import dig, pick, text

_WORDS = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
"""Defender's severities in capitals, rising."""
_BELOW_ALL = ("UNKNOWN", "NEGLIGIBLE")


def cves_of(rule: object) -> tuple[str, ...] | None:
    """Return the CVEs that a rule is limited to, sorted; None where it is not."""
    return _limits(rule, _cves)


def severities_of(rule: object) -> tuple[str, ...] | None:
    """Return the severities of the finding tables that a rule is limited to, sorted; None if not.

    The documentation's own example is ``LessThanFilterOperation`` of Low, which would be about
    nothing if it did not include Low: the severity named is taken to be covered. So is what has
    no known severity, which may be any.
    """
    return _limits(rule, _severities)


def _limits(rule: object, of: Callable[[object], list[str] | None]) -> tuple[str, ...] | None:
    """Return what conditions limit to, all of which must hold or one of them."""
    conditions = pick(rule, "if")
    every, some = pick(conditions, "allOf"), pick(conditions, "anyOf")
    told = [of(one) for one in (every or some or ()) if isinstance(every or some, list)]
    found = [names for names in told if names is not None]
    if not found or (not every and len(found) < len(told)):
        return None
    return tuple(sorted({name.upper() for names in found for name in names}))


def _cves(condition: object) -> list[str] | None:
    if not _is(condition, "va.cve.cveid", "containedinoperation"):
        return None
    values = dig(condition, "operation", "values")
    names = (
        text(one) or text(pick(one, "title"))
        for one in (values if isinstance(values, list) else ())
    )
    return [name for name in names if name]


def _severities(condition: object) -> list[str] | None:
    if not _is(condition, "va.cve.severity", "lessthanfilteroperation"):
        return None
    named = (text(dig(condition, "operation", "value")) or "").upper()
    return [*_BELOW_ALL, *_WORDS[: _WORDS.index(named) + 1]] if named in _WORDS else None


def _is(condition: object, field: str, operation: str) -> bool:
    told = (str(pick(condition, name)).lower() for name in ("field", "operationType"))
    return tuple(told) == (field, operation)
