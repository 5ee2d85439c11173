"""One account and region from the first call to the outcomes."""

from __future__ import annotations

from collections.abc import Sequence

from audit.model.scope import ScopeOutcome, ScopeTally
from providers.aws.basic import BasicReader
from providers.aws.inspector import InspectorReader
from providers.aws.inventory import Inventory
from providers.aws.place import Place
from providers.aws.posture import read_posture
from providers.aws.scanning import BASIC, read_scanning
from providers.aws.scopes import findings_scope, posture_scope
from providers.aws.status import INSPECTOR


def collect_place(place: Place, tally: ScopeTally) -> Sequence[ScopeOutcome]:
    """Read inventory, settings and findings, and return the outcome of each of these scopes.

    Coverage is read before the images, as it tells which of them run; findings after, as they
    are matched with what is placed.
    """
    scanning = read_scanning(place, tally)
    findings = ScopeTally(findings_scope(place.account, place.region, scanning.source))
    settings = ScopeTally(posture_scope(place.account, place.region))
    inventory = Inventory(place, tally)
    rows = inventory.repositories()
    if not rows and tally.first_error is not None:
        for other in (settings, findings):
            other.fail(tally.first_error)
        return [tally.finish(), settings.finish(), findings.finish()]
    posture = read_posture(place, settings, rows, scanning)
    if scanning.source == INSPECTOR:
        inspector = InspectorReader(place, findings)
        coverage = inspector.coverage()
        inventory.read(rows, scanning, posture, coverage.in_use)
        inspector.read(inventory.holdings, coverage, listed=tally.complete)
    else:
        inventory.read(rows, scanning, posture, _nobody_counts)
        certain = scanning.scan_type == BASIC
        BasicReader(place, findings, certain=certain).read(inventory.holdings)
    place.context.log.info("%s read: %d images", place.scope_id, tally.listed)
    return [tally.finish(), settings.finish(), findings.finish()]


def _nobody_counts(_repository: str, _digest: str) -> int | None:
    return None
