"""Holds a full reading against Inspector's own counts of findings by image."""

from __future__ import annotations

from collections.abc import Collection

from audit.errors import BrokenPageError
from audit.model.scope import ScopeTally
from providers.aws.api import INSPECTOR_COUNTS, Api, Listing
from providers.aws.inspector_filters import equals
from providers.aws.inspector_marks import Image
from providers.aws.inspector_standing import Standing
from providers.aws.parse_findings import image_of_id
from providers.aws.place import Place

_AGGREGATION = "awsEcrContainerAggregation"


def check_counts(
    place: Place, api: Api, tally: ScopeTally, standing: Standing, looked: Collection[Image]
) -> None:
    """Read again the images of which Inspector counts more findings than it listed.

    One that still lacks some is spoiled: what is listed of it is not all there is. Counts that
    cannot be read prove nothing, and are logged. Whether they hold suppressed findings is not
    documented, so those count as listed either way.
    """
    counted = _counts(place, api, tally)
    short = {image for image in looked if counted.get(image, 0) > standing.counts[image]}
    fewer = sum(0 < counted.get(image, 0) < standing.counts[image] for image in looked)
    if fewer:
        place.context.log.info("%s: Inspector counts fewer of %d images", place.scope_id, fewer)
    if not short:
        return
    place.context.log.warning("%s: %d images lack findings: read again", place.scope_id, len(short))
    standing.about(short)
    for image in sorted(short - standing.spoiled.keys()):
        listed, told = standing.counts[image], counted[image]
        if told > listed:
            error = BrokenPageError(
                f"Inspector counts {told} findings and listed {listed}", operation=INSPECTOR_COUNTS
            )
            tally.fail(error)
            standing.spoiled[image] = error


def _counts(place: Place, api: Api, tally: ScopeTally) -> dict[Image, int]:
    """Return Inspector's counts (ListFindingAggregations, 100 images a page)."""
    apart = ScopeTally(tally.ref)
    listing = Listing(api, apart, INSPECTOR_COUNTS, "responses")
    counts: dict[Image, int] = {}
    pages = listing.pages(
        aggregationType="AWS_ECR_CONTAINER", accountIds=equals(place.account), maxResults=100
    )
    for page in pages:
        for row in page:
            told = row.get(_AGGREGATION) or {}
            try:
                image = image_of_id(str(told.get("resourceId", "")))
                counts[image] = int((told.get("severityCounts") or {}).get("all") or 0)
            except (BrokenPageError, TypeError, ValueError):
                place.context.log.warning("%s: a count names no image", place.scope_id)
    tally.api_calls += apart.api_calls
    if listing.error:
        place.context.log.warning("%s: findings not counted: %s", place.scope_id, listing.error)
    return counts
