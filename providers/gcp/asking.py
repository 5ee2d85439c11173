"""Asks for a project's statements: all of them, or those about images that moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from audit.errors import SourceError, TerminalError, UnavailableError
from audit.model.scope import ScopeTally
from providers.gcp.names import Where
from providers.gcp.reading import batches
from providers.gcp.scopes import tallied
from providers.gcp.statements import StatementWriter
from providers.gcp.values import Message

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

_OPERATION = "containeranalysis:ListOccurrences"
_MOST_FAILURES = 3
"""Filters that may fail, each with its retries, before no other is tried."""


class FilterRefusedError(Exception):
    """Google does not take the filter for one image: only everything can be asked for."""


def reached(
    pages: Iterator[Message], tally: ScopeTally, unreachable: set[str]
) -> Iterator[Message]:
    """Yield pages; a region that did not answer makes the scope incomplete, once."""
    for page in tallied(pages, tally):
        for region in sorted(set(page.unreachable) - unreachable):
            unreachable.add(region)
            tally.fail(
                UnavailableError(
                    f"no answer from {region}", operation=_OPERATION, code="unreachable"
                )
            )
        yield page


class Asking:
    """Asks for the statements of one project.

    Args:
        about: Every manifest that statements may be about -> the image that they count for.

    Attributes:
        spoiled: Images about which something could not be read, and why.
    """

    def __init__(
        self,
        clients: GcpClients,
        project: str,
        tally: ScopeTally,
        writer: StatementWriter,
        about: Mapping[Where, Where],
    ) -> None:
        self._clients, self._project = clients, project
        self._tally, self._writer, self._about = tally, writer, about
        self._names: dict[Where, list[Where]] = {}
        for manifest, image in about.items():
            self._names.setdefault(image, []).append(manifest)
        self._together = False
        self._failures = 0
        self._done: set[Where] = set()
        self.spoiled: dict[Where, SourceError] = {}

    def everything(self, unreachable: set[str]) -> None:
        """Read all statements; an error in the tally may then concern any image.

        Args:
            unreachable: Regions that are known not to answer; others are added.
        """
        about = {one: image for one, image in self._about.items() if image not in self._done}
        pages = self._clients.vulnerability_pages(self._project)
        for page in reached(pages, self._tally, unreachable):
            self._writer.write(page, about, self._tally)

    def about(self, images: Mapping[Where, str]) -> None:
        """Read the statements about some images, by the URIs that Google knows them by.

        Raises:
            FilterRefusedError: They cannot be asked for.
        """
        for some in batches(images):
            if self._failures < _MOST_FAILURES:
                self._some(some)
            elif self._tally.first_error is not None:
                self.spoiled |= dict.fromkeys(some, self._tally.first_error)

    def _some(self, images: Mapping[Where, str]) -> None:
        """Ask about some images in one filter.

        Nothing about most of several may also mean that the filter does not mean what it says, so
        the silent ones are asked about one by one, until an answer spoke of two.
        """
        error = self._listed(images)
        if type(error) is TerminalError:
            self._halved(images)
            return
        if error is not None:
            self._failures += 1
            self._tally.fail(error)
            self.spoiled |= dict.fromkeys(images, error)
        elif len(images) > 1 and not self._together:
            silent = [where for where in images if not self._writer.counts[where]]
            self._together = len(images) - len(silent) > 1
            for where in [] if self._together else silent:
                self._some({where: images[where]})
        self._done |= images.keys()

    def _halved(self, images: Mapping[Where, str]) -> None:
        if len(images) == 1:
            raise FilterRefusedError
        listed = list(images.items())
        middle = len(listed) // 2
        self._some(dict(listed[:middle]))
        self._some(dict(listed[middle:]))

    def _listed(self, images: Mapping[Where, str]) -> SourceError | None:
        """Read what is stated about some images; return what went wrong.

        What cannot be read, or does not say which image it is about, may be about any of them.
        """
        about = {manifest: image for image in images for manifest in self._names[image]}
        part = ScopeTally(self._tally.ref)
        pages = self._clients.vulnerability_pages(self._project, list(images.values()))
        for page in reached(pages, part, set()):
            self._writer.write(page, about, part)
        self._tally.api_calls += part.api_calls
        self._tally.listed += part.listed
        return part.first_error
