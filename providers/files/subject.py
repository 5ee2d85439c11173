"""Which image a report speaks of: what identifies it, and in which repository it lies. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.errors import ReportFileError
from providers.files.reference import Reference, is_digest, parse_reference

BY_DIGEST = "digest"
BY_IMAGE_ID = "image id"
BY_REFERENCE = "reference"

NO_REGISTRY = "(unknown)"
NO_NAME = "(unnamed)"
"""Stand where a report tells no usable name; neither can be a host or a repository."""

_ARCHIVE = re.compile(r"^[./~\\]|\.(tar|tgz|tar\.gz)$", re.IGNORECASE)
_SCHEME = re.compile(r"^(docker|podman|containerd|registry):")


@dataclass(frozen=True)
class Told:
    """What a report tells about its image, in the report's words.

    Attributes:
        names: What was asked to be scanned, the most exact first; may be paths of archives.
        tags: References by tag that the image has.
        digests: References by manifest digest that the image has.
        image_id: Digest of the image's configuration.
        manifest_digest: Digest of the scanned manifest, where the report proves it.
    """

    names: Sequence[str]
    tags: Sequence[str]
    digests: Sequence[str]
    image_id: str | None
    manifest_digest: str | None = None


@dataclass(frozen=True)
class Subject:
    """An image as the tables know it.

    Attributes:
        digest: Manifest digest, else image id, else ``ref:`` and the reference.
        keyed_by: Which of the three it is.
        tags: Tags of the image in this repository, sorted.
        said: The image in the report's own words.
    """

    registry_id: str
    repository: str
    digest: str
    keyed_by: str
    tags: tuple[str, ...]
    said: str


def subject_of(told: Told) -> Subject:
    """Return the image that a report speaks of.

    The repository is that of the name asked for when the image is known by it, else the first the
    image is known by (the name asked for may be the path of an archive). The key is the manifest
    digest in that repository; an image with one digest, in another repository only, is placed
    there, where it can be pulled.

    Raises:
        ReportFileError: The report tells neither name nor digest nor image id.
    """
    names = [name for name in told.names if name]
    name = next(iter([*names, *told.tags, *told.digests]), "")
    said = name or told.image_id or ""
    reference = _reference(names, told)
    digest = told.manifest_digest or (reference.digest if reference else "")
    if not digest:
        reference, digest = _by_repository_digest(reference, _parsed(told.digests))
    if digest:
        return _subject(reference, digest, BY_DIGEST, told, name)
    if is_digest(told.image_id):
        return _subject(reference, told.image_id or "", BY_IMAGE_ID, told, name)
    if not said:
        message = "does not say which image was scanned: no name, no digest, no image id"
        raise ReportFileError(message, where="the document", cure="scan the image by its name")
    key = f"ref:{reference.name if reference else said}"
    return _subject(reference, key, BY_REFERENCE, told, name)


def _reference(names: Sequence[str], told: Told) -> Reference | None:
    """Return the reference the report is about, or None when it tells no usable one."""
    asked = [found for name in names if (found := _named(name))]
    known = _parsed([*told.tags, *told.digests])
    places = {one.place for one in known}
    matching = [one for one in asked if one.place in places]
    return next(iter([*matching, *known, *asked]), None)


def _named(name: str) -> Reference | None:
    """Parse a name asked for; a path is none, and a scheme such as ``registry:`` is left out."""
    if _ARCHIVE.search(name):
        return None
    return parse_reference(name) or parse_reference(_SCHEME.sub("", name))


def _parsed(names: Sequence[str]) -> list[Reference]:
    return [found for name in names if (found := parse_reference(name))]


def _by_repository_digest(
    reference: Reference | None, known: Sequence[Reference]
) -> tuple[Reference | None, str]:
    held = sorted({one for one in known if one.digest}, key=lambda one: one.name)
    same = [one for one in held if reference and one.place == reference.place]
    if same:
        return reference, same[0].digest
    if len(held) == 1:
        return held[0], held[0].digest
    return reference, ""


def _subject(
    reference: Reference | None, digest: str, keyed_by: str, told: Told, name: str
) -> Subject:
    said = name or told.image_id or digest
    if reference is None:
        return Subject(NO_REGISTRY, name or NO_NAME, digest, keyed_by, (), said)
    known = [*_parsed(told.tags), reference]
    tags = {one.tag for one in known if one.tag and one.place == reference.place}
    return Subject(*reference.place, digest, keyed_by, tuple(sorted(tags)), said)


def not_an_image(name: str) -> Subject:
    """Return the subject that stands for a thing that is no container image."""
    return Subject(NO_REGISTRY, name or NO_NAME, f"ref:{name or NO_NAME}", BY_REFERENCE, (), name)
