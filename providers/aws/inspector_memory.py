"""What the run before knew of the images of one account and region."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from audit.model.enums import State
from providers.aws.inspector_marks import Image
from providers.aws.place import Place
from providers.aws.status import INSPECTOR


@dataclass(frozen=True)
class Previous:
    """The run before.

    Attributes:
        assessed: Images that Inspector had judged and whose statements were all known.
        placed: Images that were on record.
        listed: Repositories that were listed to their end.
    """

    place: Place
    assessed: frozenset[Image]
    placed: frozenset[Image]
    listed: frozenset[str]

    @classmethod
    def of(cls, place: Place) -> Previous:
        """Ask the memory of the run before."""
        memory, ours = place.context.memory, {"provider": "aws", "registry_id": place.registry_id}
        states = memory.rows(
            "assessments", ("repository", "digest", "told_state"), source=INSPECTOR, **ours
        )
        placed = memory.rows("placements", ("repository", "digest"), **ours)
        names = ("repository", "complete", "observed_run_id")
        listed = memory.rows("repositories", names, **ours)
        return cls(
            place,
            frozenset((name, digest) for name, digest, state in states if state == State.ASSESSED),
            frozenset((name, digest) for name, digest in placed),
            frozenset(name for name, whole, run in listed if whole and run == _newest(place)),
        )

    def lacked(self, image: Image) -> bool:
        """Whether the image came after the run before had listed its repository.

        All that is stated about such an image was stated since. A time of push tells less: pushing
        an old image again, under another tag, may renew it.
        """
        return image[0] in self.listed and image not in self.placed

    def stated(
        self, vulnerabilities: Collection[str]
    ) -> dict[tuple[Image, str], set[datetime | None]]:
        """Return when Inspector had first seen what it stated, by image and vulnerability."""
        if not vulnerabilities:
            return {}
        rows = self.place.context.memory.rows(
            "findings",
            ("repository", "digest", "vulnerability_id", "native_first_seen_at"),
            provider="aws",
            registry_id=self.place.registry_id,
            source=INSPECTOR,
            vulnerability_id=vulnerabilities,
        )
        found: dict[tuple[Image, str], set[datetime | None]] = {}
        for repository, digest, identity, first_seen in rows:
            found.setdefault(((repository, digest), identity), set()).add(first_seen)
        return found


def _newest(place: Place) -> str | None:
    return place.context.memory.previous_run_id
