"""Turns a window of changes into rows: what is stated now, and what Inspector took back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.errors import SourceError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.model.scope import ScopeTally
from providers.aws.holdings import Holdings
from providers.aws.inspector_coverage import Coverage
from providers.aws.inspector_marks import Image
from providers.aws.inspector_memory import Previous
from providers.aws.inspector_window import Told
from providers.aws.judgement import Vulnerabilities, append_statements
from providers.aws.place import Place
from providers.aws.status import INSPECTOR, Verdict

_GONE = "The image is gone."
_NOT_LISTED = "It is not known why: the image was not listed in this run."
_NOT_FOUND = "Inspector no longer finds it: it was fixed, or no longer matches."
_REASONS = {
    State.EXPIRED: "The rescan window of the image lapsed: nothing was fixed.",
    State.ARCHIVED: "The image was archived: nothing was fixed.",
}
_A_BLOCK = 5_000


@dataclass
class Changes:
    """What changed about the images of one account and region.

    Attributes:
        known: Images whose other statements are on record.
        since: The last reading: what was first seen later is new.
        listed: The inventory was read to its end: an image that it lacks is gone.
        spoiled: Images about which something could not be read.
        ambiguous: Images in which a vulnerability does not identify a finding.
    """

    place: Place
    tally: ScopeTally
    holdings: Holdings
    previous: Previous
    known: frozenset[Image]
    since: datetime
    listed: bool
    spoiled: dict[Image, SourceError] = field(default_factory=dict)
    ambiguous: set[Image] = field(default_factory=set)
    _told: dict[Image, dict[str, list[Told]]] = field(default_factory=dict)

    def take(self, window: Iterable[Told]) -> None:
        """Sort what was told by image and vulnerability."""
        for told in window:
            self.tally.listed += len(told.rows)
            images = [(name, digest) for name, digest, o in told.images if o == self.place.account]
            if told.error:
                self.tally.fail(told.error)
                self.spoiled |= dict.fromkeys(images, told.error)
                continue
            for image in images:
                self._told.setdefault(image, {}).setdefault(told.vulnerability, []).append(told)

    def doubtful(self, ambiguous: Iterable[Image]) -> set[Image]:
        """Return the images that changed and of which what changed does not tell what stands.

        What stands of them is known only if all of it is read: two findings of one vulnerability
        are, or were (``ambiguous``), on record.
        """
        several = {
            image
            for image, pairs in self._told.items()
            if any(sum(told.stands for told in pair) > 1 for pair in pairs.values())
        }
        self.ambiguous = several
        return several | (self._told.keys() & set(ambiguous)) | self._second()

    def _second(self) -> set[Image]:
        """Return the images with a new finding of what an older, unchanged one had stated."""
        fresh = {
            (image, identity): pair[0].first_seen
            for image in self._told.keys() & self.known
            for identity, pair in self._told[image].items()
            if len(pair) == 1 and pair[0].stands and self._is_new(pair[0])
        }
        stated = self.previous.stated({identity for _, identity in fresh})
        return {
            image
            for (image, identity), first_seen in fresh.items()
            if first_seen not in stated.get((image, identity), {first_seen})
        }

    def _is_new(self, told: Told) -> bool:
        return told.first_seen is None or told.first_seen >= self.since

    def write(
        self, facts: Mapping[str, Mapping[str, Any]], coverage: Coverage, besides: set[Image]
    ) -> None:
        """Write what stands, but for images ``besides``, and what was taken back of any image."""
        vulnerabilities = Vulnerabilities(self.place)
        block = self.place.judged("findings", INSPECTOR)
        for image, pairs in self._told.items():
            if not self.holdings.holds(*image) or image in besides:
                continue
            for identity, pair in pairs.items():
                for told in (one for one in pair if one.stands):
                    append_statements(block, *image, told.rows)
                    vulnerabilities.meet(identity, dict, facts[identity])
            if block.rows > _A_BLOCK:
                self.place.write(block)
                block = self.place.judged("findings", INSPECTOR)
        self.place.write(block)
        vulnerabilities.flush()
        self.close(coverage, lambda _image, _identity: False)

    def close(self, coverage: Coverage, stands: Callable[[Image, str], bool]) -> None:
        """Write what was taken back, unless the image's vulnerability ``stands`` all the same."""
        closings = Columns(
            "source_closings", provider="aws", registry_id=self.place.registry_id, source=INSPECTOR
        )
        for image, pairs in self._told.items():
            if not self.holdings.holds(*image) and image not in self.previous.placed:
                continue
            reason = self._reason(image, coverage)
            for identity, pair in pairs.items():
                if not any(told.stands for told in pair) and not stands(image, identity):
                    self._close(closings, image, pair, reason)
        self.place.write(closings)

    def _close(self, closings: Columns, image: Image, pair: Iterable[Told], reason: str) -> None:
        for told in pair:
            closings.append(
                repository=image[0],
                digest=image[1],
                vulnerability_id=told.vulnerability,
                native_id=told.arn,
                native_state=told.status,
                reason=reason,
                closed_at=told.updated,
            )

    def _reason(self, image: Image, coverage: Coverage) -> str:
        if not self.holdings.holds(*image):
            wanted = self.place.settings.wants(image[0])
            return _GONE if self.listed and wanted else _NOT_LISTED
        return closing_reason(coverage.verdict(*image, None))


def closing_reason(verdict: Verdict) -> str:
    """Say why Inspector closed a finding of a placed image, by what it says of the image.

    A finding itself holds no reason.
    """
    if verdict.state is State.ASSESSED:
        return _NOT_FOUND
    words = f"Inspector does not look at the image now: {verdict.reason}"
    return _REASONS.get(verdict.state, words)
