"""Reads index manifests: which manifests belong together, and for which platform each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from audit.errors import BrokenPageError, NotFoundError, SourceError, TerminalError
from audit.model.scope import ScopeTally
from audit.normalise.kinds import INDEX_MEDIA_TYPES
from providers.aws.api import ECR_MANIFESTS
from providers.aws.holdings import Holdings
from providers.aws.parse_inventory import Listed, index_children
from providers.aws.place import Place
from providers.aws.remembered import KnownIndexes, known_indexes
from providers.aws.scrub import scrubbed

_A_CALL = 100
_DELETED = "ImageNotFound"
_PLAIN_MEDIA_TYPES = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
"""Accepted as well: only its manifest shows that what is listed as an index is none."""


@dataclass(frozen=True)
class IndexReader:
    """Reads each index digest once, over all runs: a digest never changes what it stands for."""

    place: Place
    tally: ScopeTally
    holdings: Holdings

    @cached_property
    def _remembered(self) -> KnownIndexes:
        """Asked for when the first index is met: most registries have none."""
        return known_indexes(self.place)

    def read(self, repository: str, images: Iterable[Listed]) -> None:
        """Read the indexes of a repository that are not known yet.

        An archived one cannot be pulled and is left out.
        """
        indexes = [image for image in images if image.is_index]
        for image in indexes:
            self._recall(image.digest)
        known = self.holdings.indexes.keys() | self.holdings.plain
        wanted = (one.digest for one in indexes if not one.archived and one.digest not in known)
        while batch := list(islice(wanted, _A_CALL)):
            try:
                self._read_batch(repository, batch)
            except NotFoundError:
                return  # the repository was deleted meanwhile
            except SourceError as error:
                self.tally.fail(error)

    def _recall(self, digest: str) -> None:
        if digest in self._remembered.plain:
            self.holdings.read_index(digest, None)
            return
        names = self._remembered.of(digest, self.holdings.manifests)
        if names is not None:
            known = self._remembered.children
            self.holdings.recall_index(digest, names, (known[n] for n in names if n in known))

    def _read_batch(self, repository: str, digests: Sequence[str]) -> None:
        answer = self.place.api.call(
            self.tally,
            ECR_MANIFESTS,
            "images",
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in digests],
            acceptedMediaTypes=sorted(INDEX_MEDIA_TYPES | _PLAIN_MEDIA_TYPES),
        )
        images, failures = self._rows(answer, "images"), self._rows(answer, "failures")
        for row in images:
            self._read_manifest(row)
        for row in failures:
            self._note_failure(row)
        told = {_digest_of(row) for row in (*images, *failures)}
        for digest in digests:
            if digest not in told:
                self._fail(f"{digest} was neither given nor refused")

    def _rows(self, answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """Return a list's rows; an empty row is an error, and stands as a row of no digest."""
        rows = answer.get(key) or []
        for row in rows:
            if not isinstance(row, dict):
                self._fail("a row is empty")
        return [row if isinstance(row, dict) else {} for row in rows]

    def _read_manifest(self, row: dict[str, Any]) -> None:
        if digest := _digest_of(row):
            try:
                self.holdings.read_index(digest, index_children(row.get("imageManifest", "")))
            except BrokenPageError as error:
                self.tally.fail(error)

    def _note_failure(self, row: dict[str, Any]) -> None:
        code = row.get("failureCode", "")
        if row and code != _DELETED:
            self.tally.fail(
                TerminalError(
                    scrubbed(row.get("failureReason", "no reason given")),
                    operation=ECR_MANIFESTS,
                    code=code,
                )
            )

    def _fail(self, words: str) -> None:
        self.tally.fail(BrokenPageError(words, operation=ECR_MANIFESTS))


def _digest_of(row: dict[str, Any]) -> str:
    return str((row.get("imageId") or {}).get("imageDigest") or "")
