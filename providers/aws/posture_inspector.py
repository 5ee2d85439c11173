"""Settings of Amazon Inspector that decide how long images are scanned, and what is hidden."""

from __future__ import annotations

from functools import partial

from providers.aws import api
from providers.aws.asking import Asker, Facts, told
from providers.aws.scanning import ENHANCED, Scanning

_RESCAN = ("rescan_duration", "pull_rescan_duration", "pull_rescan_mode")
_FILTERS = "suppression_filters"


def read_inspector(asker: Asker, scanning: Scanning) -> Facts:
    """Return the ``registries`` columns on Inspector, which is asked only where it scans."""
    facts = Facts()
    if scanning.scan_type != ENHANCED:
        facts.miss("not asked: Inspector is not known to scan this registry", *_RESCAN, _FILTERS)
        return facts
    asker.ask(facts, partial(_durations, asker), *_RESCAN)
    asker.ask(facts, partial(_filters, asker), _FILTERS)
    return facts


def _durations(asker: Asker) -> Facts:
    needs = "ecrConfiguration"
    state = asker.call(api.INSPECTOR_CONFIGURATION, needs)[needs].get("rescanDurationState") or {}
    words = (state.get(name) for name in ("rescanDuration", "pullDateRescanDuration"))
    rescan, pulled = words
    facts = told(
        rescan_duration=rescan,
        pull_rescan_duration=pulled,
        pull_rescan_mode=state.get("pullDateRescanMode"),
    )
    facts.miss("not told", *(name for name in _RESCAN if facts.columns[name] is None))
    return facts


def _filters(asker: Asker) -> Facts:
    """Rules of this account; those of a delegated administrator hide findings there."""
    rows = asker.rows(api.INSPECTOR_FILTERS, "filters", action="SUPPRESS", maxResults=100)
    return told(suppression_filters=len(rows))
