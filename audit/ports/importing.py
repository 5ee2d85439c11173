"""What an importer of scanner reports must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from audit.model.columns import Columns
from audit.ports.collecting import RunContext


@dataclass(frozen=True)
class Document:
    """A report's JSON, of which long lists may have been left in its file.

    Attributes:
        root: The parsed document; a list that was left out holds its first element alone.
        lists: Place of each list that was left out (keys and indices from the root) -> its
            elements, anew with each call, some at a time.
    """

    root: Any
    lists: Mapping[tuple[str | int, ...], Callable[[], Iterator[list[Any]]]] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class ImportOrder:
    """What an importer is asked for.

    Attributes:
        scope_id: The scope that stands for the file.
        whole: The user vouches that a list of findings names all that its source has found in the
            images it names; else what such a list leaves out still stands.
        any_target: Read reports about what is no container image too.
        region: AWS region of images whose report does not tell it; empty is not told.
    """

    context: RunContext
    scope_id: str
    whole: bool = False
    any_target: bool = False
    region: str = ""


@dataclass(frozen=True)
class ImportedReport:
    """Rows of one scanner report made elsewhere.

    Attributes:
        blocks: Rows of ``images``, ``placements``, ``assessments``, ``findings``, ...; read once,
            as they are made: a list of findings is never held whole. Reading them raises
            ``ReportFileError`` where the report turns out to break its promises.
        subject: The image it speaks of, as the report names it, or how many images there may be.
        keyed_by: ``digest``, ``image id`` or ``reference``: what identifies the image.
    """

    blocks: Iterable[Columns]
    subject: str
    keyed_by: str


class Importer(Protocol):
    """Reads one format of scanner report. Pure: JSON in, rows out.

    Attributes:
        lists: Places of the lists that may be long: keys from the root, ``*`` for any index.
    """

    name: ClassVar[str]
    lists: ClassVar[Sequence[tuple[str, ...]]]

    def recognises(self, document: object) -> bool:
        """Whether the parsed JSON document is of this format; long lists may be cut short."""

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn a document into rows.

        Raises:
            ReportFileError: It is of this format but lacks what the format promises.
        """
