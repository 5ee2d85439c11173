"""Reads Amazon Inspector: coverage says what was looked at, findings say what was found.

An image without findings is in no findings answer at all: only coverage tells clean from
never scanned. What is read is as little as tells the whole: everything at first and at intervals,
else what changed since the last reading, and all of those images of which that does not tell what
stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from audit.errors import SourceError
from audit.model.enums import State
from audit.model.scope import ScopeTally
from providers.aws.administration import AdminRegion
from providers.aws.api import INSPECTOR_FINDINGS, Api, Listing
from providers.aws.holdings import Holdings
from providers.aws.inspector_changes import Changes
from providers.aws.inspector_counts import check_counts
from providers.aws.inspector_coverage import Coverage, read_coverage
from providers.aws.inspector_filters import changed, closed
from providers.aws.inspector_marks import Image, Mark, ambiguous, marks, write_marks
from providers.aws.inspector_memory import Previous
from providers.aws.inspector_standing import Standing
from providers.aws.inspector_window import Window
from providers.aws.judgement import Basis, write_assessments
from providers.aws.place import Place
from providers.aws.status import INSPECTOR, Verdict, unread

_MOST_CHANGES = 20_000


@dataclass
class _Read:
    """What a reading of findings came to.

    Attributes:
        error: Why statements may be lacking about any image; None when it is whole.
        spoiled: Images about which something could not be read.
        changes: Images of which only changes were asked.
    """

    error: SourceError | None = None
    spoiled: Mapping[Image, SourceError] = field(default_factory=dict)
    changes: frozenset[Image] = frozenset()


class InspectorReader:
    """Collector of a findings scope under enhanced scanning."""

    def __init__(self, place: Place, tally: ScopeTally) -> None:
        self._place, self._tally = place, tally
        self._api: Api = place.api
        self._admin: AdminRegion | None = None
        self._closed: SourceError | None = None
        self._listed = False

    @property
    def _scope_id(self) -> str:
        return self._tally.ref.scope_id

    def coverage(self) -> Coverage:
        """Read the coverage of every image of the account and region."""
        try:
            return self._read_coverage()
        except SourceError as error:
            self._tally.fail(error)
            self._closed = error
            return Coverage(error=error)

    def _read_coverage(self) -> Coverage:
        place = self._place
        if place.administration:
            self._admin = place.administration.region(place.region, place.api, self._tally)
        if self._admin is None:
            return read_coverage(self._api, self._tally, [place.account]).of(place.account)
        self._api = self._admin.api
        coverage = self._admin.coverage(place.account, self._tally)
        for error in (coverage.error, coverage.unseen):
            if error and not self._tally.errors:
                self._tally.fail(error)
        return coverage

    def read(self, holdings: Holdings, coverage: Coverage, *, listed: bool) -> None:
        """Read the findings and write findings, closings, vulnerabilities and assessments.

        ``listed`` says that the inventory was read to its end: what ``holdings`` lack is gone.
        """
        self._listed = listed
        looked = frozenset(
            (repository, digest)
            for repository, digest, archived in holdings.assessable()
            if coverage.verdict(repository, digest, archived).state is State.ASSESSED
        )
        read = _Read(self._closed) if self._closed else self._findings(holdings, coverage, looked)

        def verdict_of(repository: str, digest: str, archived: bool | None) -> Verdict:
            verdict = coverage.verdict(repository, digest, archived)
            error = read.error or read.spoiled.get((repository, digest))
            return unread(error, verdict) if error else verdict

        def basis_of(repository: str, digest: str) -> Basis:
            return "changes" if (repository, digest) in read.changes else "read"

        write_assessments(self._place, INSPECTOR, holdings, verdict_of, basis_of)

    def _findings(self, holdings: Holdings, coverage: Coverage, looked: frozenset[Image]) -> _Read:
        mark = marks(self._place.context.memory).get(self._scope_id)
        settings = self._place.settings.inspector
        moment = self._place.context.moment
        begin = mark.window(self._scope_id, moment, settings) if mark else None
        if mark is None:
            return self._everything(holdings, looked)
        previous = Previous.of(self._place)
        changes = Changes(
            self._place,
            self._tally,
            holdings,
            previous,
            looked & previous.assessed,
            mark.until,
            self._listed,
        )
        if begin is None:
            return self._again(changes, coverage, looked)
        whole = {image for image in looked - changes.known if not previous.lacked(image)}
        if 2 * len(whole) > len(looked):
            return self._again(changes, coverage, looked)
        window = self._window(begin)
        if window.overflowed:
            return self._again(changes, coverage, looked)
        if window.error:
            return _Read(window.error)
        return self._changes(window, changes, coverage, whole, mark)

    def _window(self, begin: datetime) -> Window:
        """Read what changed, together with the other accounts where they can be read at once."""
        if self._admin and (shared := self._admin.window(self._tally)):
            if shared.error and not self._tally.errors:
                self._tally.fail(shared.error)
            return shared
        window = Window(_MOST_CHANGES)
        listing = Listing(self._api, self._tally, INSPECTOR_FINDINGS, "findings")
        window.read(listing, changed([self._place.account], begin))
        return window

    def _changes(
        self, window: Window, changes: Changes, coverage: Coverage, whole: set[Image], mark: Mark
    ) -> _Read:
        """Take over what changed, and read whole the images of which that is not enough."""
        changes.take(window.of(self._place.account))
        before = ambiguous(self._place.context.memory, self._scope_id)
        whole |= changes.doubtful(before)
        changes.write(window.facts, coverage, whole)
        standing = self._standing(changes.holdings)
        standing.about(image for image in whole if changes.holdings.holds(*image))
        still = {image for image in before - whole if changes.holdings.holds(*image)}
        until = self._until(window.clock)
        full = Mark(until, mark.full)
        write_marks(self._place, self._scope_id, full, still | standing.ambiguous)
        spoiled = {**changes.spoiled, **standing.spoiled}
        return _Read(None, spoiled, changes.known - whole)

    def _again(self, changes: Changes, coverage: Coverage, looked: Iterable[Image]) -> _Read:
        """Read everything, and what was taken back since the mark: that alone says why.

        Closings that cannot be read are not missed: what does not stand any more is not there.
        """
        standing = self._standing(changes.holdings)
        read = self._everything(changes.holdings, looked, standing)
        apart = ScopeTally(self._tally.ref)
        window = Window(_MOST_CHANGES)
        if read.error is None:
            since = changes.since - timedelta(
                minutes=self._place.settings.inspector.overlap_minutes
            )
            listing = Listing(self._api, apart, INSPECTOR_FINDINGS, "findings")
            window.read(listing, closed(self._place.account, since))
            self._tally.api_calls += apart.api_calls
        if window.error or window.overflowed:
            self._place.context.log.warning("%s: closures not told", self._place.scope_id)
        else:
            changes.take(window.of(self._place.account))
            changes.close(coverage, standing.has)
        return read

    def _everything(
        self, holdings: Holdings, looked: Iterable[Image], standing: Standing | None = None
    ) -> _Read:
        standing = standing or self._standing(holdings)
        standing.everything()
        if standing.listing is None or standing.error:
            return _Read(standing.error, standing.spoiled)
        until = self._until(standing.listing.clock)
        if self._place.settings.inspector.cross_check == "full":
            check_counts(self._place, self._api, self._tally, standing, frozenset(looked))
        mark = Mark(until, self._place.context.moment)
        write_marks(self._place, self._scope_id, mark, standing.ambiguous)
        return _Read(None, standing.spoiled)

    def _standing(self, holdings: Holdings) -> Standing:
        return Standing(self._place, self._api, self._tally, holdings)

    def _until(self, clock: datetime | None) -> datetime:
        """Return up to when all changes were read: a moment in the future would lose some."""
        moment = self._place.context.moment
        return min(moment, clock) if clock else moment
