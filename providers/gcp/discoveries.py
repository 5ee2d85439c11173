"""What DISCOVERY occurrences tell of the images of a project, and who is judged through whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit.errors import BrokenPageError
from audit.model.enums import ImageKind
from audit.model.scope import ScopeTally
from providers.gcp.inventory import Placed
from providers.gcp.names import Where, place_of
from providers.gcp.parse_discovery import Discovery, discovery_of, newer
from providers.gcp.values import Message


class Discoveries:
    """The newest DISCOVERY occurrence of each manifest that is placed.

    Attributes:
        images: The occurrence by which each image is judged.
        about: Every manifest that statements may be about -> the image that they count for. An
            image counts for itself. An index counts for its first linux/amd64 manifest, the only
            one that Google scans, where Google speaks of the index and not of the manifest.
    """

    def __init__(self, placed: Mapping[Where, Placed]) -> None:
        self._placed = placed
        self._found: dict[Where, Discovery] = {}
        self.images: dict[Where, Discovery] = {}
        self.about: dict[Where, Where] = {}

    def read(self, pages: Iterable[Message], tally: ScopeTally) -> None:
        """Read all pages; what cannot be read is recorded in the tally."""
        for page in pages:
            for message in page.occurrences:
                try:
                    self._take(message)
                except BrokenPageError as error:
                    tally.fail(error)
        self._settle()

    def judged(self) -> list[Where]:
        """Return the images placed, in the order of their listing."""
        return [where for where, image in self.about.items() if where == image]

    def _take(self, message: Message) -> None:
        discovery = discovery_of(message)
        where = place_of(discovery.resource_uri) if discovery else None
        if discovery and where and where in self._placed:
            self._found[where] = newer(self._found.get(where), discovery)

    def _settle(self) -> None:
        for where, placed in self._placed.items():
            if placed.kind is ImageKind.IMAGE:
                self.about[where] = where
                if where in self._found:
                    self.images[where] = self._found[where]
        # Of several indexes that hold an image the newest speaks for it: what the others state is
        # the same, told twice, and no filter would ask for it.
        speaks: dict[Where, Where] = {}
        for where in self._found:
            child = self._placed[where].scanned_child
            if child is not None and child in self.about and child not in self._found:
                self.images[child] = newer(self.images.get(child), self._found[where])
                if self.images[child] is self._found[where]:
                    speaks[child] = where
        self.about |= {where: child for child, where in speaks.items()}
