"""One account and region from the first call to the outcomes."""

from __future__ import annotations

from collections.abc import Sequence

from audit.model.scope import ScopeOutcome, ScopeTally
from providers.aws.basic import BasicReader
from providers.aws.inspector import InspectorReader
from providers.aws.inventory import Inventory
from providers.aws.judgement import findings_scope
from providers.aws.place import Place
from providers.aws.scanning import BASIC, read_scanning
from providers.aws.status import INSPECTOR


def collect_place(place: Place, tally: ScopeTally) -> Sequence[ScopeOutcome]:
    """Read inventory, then findings, and return the outcome of both scopes.

    Coverage is read before the images, as it tells which of them run; findings after, as they
    are matched with what is placed.
    """
    scanning = read_scanning(place, tally)
    findings = ScopeTally(findings_scope(place.account, place.region, scanning.source))
    inventory = Inventory(place, tally)
    rows = inventory.repositories()
    if not rows and tally.first_error is not None:
        findings.fail(tally.first_error)
        return [tally.finish(), findings.finish()]
    if scanning.source == INSPECTOR:
        inspector = InspectorReader(place, findings)
        coverage = inspector.coverage()
        inventory.read(rows, scanning, coverage.in_use)
        inspector.read(inventory.holdings, coverage, listed=tally.complete)
    else:
        inventory.read(rows, scanning, _nobody_counts)
        certain = scanning.scan_type == BASIC
        BasicReader(place, findings, certain=certain).read(inventory.holdings)
    place.context.log.info("%s read: %d images", place.scope_id, tally.listed)
    return [tally.finish(), findings.finish()]


def _nobody_counts(_repository: str, _digest: str) -> int | None:
    return None
