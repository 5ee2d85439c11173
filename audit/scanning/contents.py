"""What is in an image: its SBOM, found in the warehouse or made by the scanner, once an image."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from audit.errors import AccessDeniedError, SourceError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports import Look, Pull, PullLogin, Pulls, ScanError, Scanner, Sink
from audit.scanning.plan import Wanted
from audit.store.ahead import Place
from audit.store.sboms import SbomStore, StoredSbom
from audit.store.sync import write_synced

_ELSEWHERE = frozenset({"Missing", "Unauthorised"})
"""What may be otherwise where the same image lies in another repository."""


@dataclass(frozen=True)
class Made:
    """An SBOM that this run made: enough to write its rows again."""

    path: str
    sha256: str
    tool_version: str
    size_bytes: int
    pulled_from: str
    traced: bool | None
    asked_for: list[str]
    looked_for: list[str]
    weaknesses: list[dict[str, Any]]

    @property
    def stored(self) -> StoredSbom:
        """Where it lies."""
        return StoredSbom(self.path, self.sha256, self.tool_version, frozenset(self.asked_for))


@dataclass(frozen=True)
class Contents:
    """Finds or makes the SBOM of an image.

    Attributes:
        version: Version of what writes the SBOMs.
        pulls: Provider -> how its images are pulled.
        notes: Folder that tells a run that goes on what it had made.
    """

    scanner: Scanner
    version: str
    pulls: Mapping[str, Pulls]
    sboms: SbomStore
    notes: Path

    def made(self, wanted: Wanted, sink: Sink) -> StoredSbom:
        """Pull an image, unless this run has, keep its SBOM and write down what is in it.

        Raises:
            ScanError: It could not be pulled or understood.
        """
        told = self._noted(wanted) or self._make(wanted)
        self._write(wanted, told, sink)
        return told.stored

    def _noted(self, wanted: Wanted) -> Made | None:
        try:
            told = Made(**orjson.loads(self._note(wanted).read_bytes()))
        except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
            return None
        return told if self.sboms.sound(told.stored) else None

    def _note(self, wanted: Wanted) -> Path:
        return self.notes / f"{wanted.digest.replace(':', '-')}.json"

    def _make(self, wanted: Wanted) -> Made:
        self.notes.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.notes) as folder:
            sbom = Path(folder) / "sbom.json"
            place, login, look = self._described(wanted, sbom)
            path, sha256 = self.sboms.keep(sbom)
            size, whence = sbom.stat().st_size, f"{place.registry_id}/{place.repository}"
        traced = None if login.traceless is None else not login.traceless
        made = Made(
            *(path, sha256, self.version, size, whence, traced),
            *(sorted(look.asked_for), sorted(look.looked_for)),
            [dict(one) for one in look.weaknesses],
        )
        write_synced(self._note(wanted), orjson.dumps(asdict(made)))
        return made

    def _described(self, wanted: Wanted, sbom: Path) -> tuple[Place, PullLogin, Look]:
        """Have the image described from the first place that gives it; the first error stands."""
        first: ScanError | None = None
        for place in wanted.places:
            try:
                login = self._login(place)
                look = self.scanner.describe(Pull(place.repository, wanted.digest, login), sbom)
            except ScanError as error:
                first = first or error
                if error.code not in _ELSEWHERE:
                    break
            else:
                return place, login, look
        raise first or ScanError("it lies nowhere", code="Missing")

    def _login(self, place: Place) -> PullLogin:
        pulls = self.pulls.get(place.provider)
        if pulls is None:
            raise ScanError(
                f"images of {place.provider} cannot be pulled: it is not configured, or cannot",
                code="Unauthorised",
                state=State.UNSUPPORTED,
            )
        try:
            return pulls.pull_login(place.registry_id, place.repository)
        except SourceError as error:
            denied = isinstance(error, AccessDeniedError)
            raise ScanError(
                f"no login to {place.registry_id} could be had",
                code="Unauthorised" if denied else error.code,
                state=State.DENIED if denied else State.FAILED,
                told=str(error),
            ) from error

    def _write(self, wanted: Wanted, made: Made, sink: Sink) -> None:
        blocks, packages, form = [], 0, ""
        with self.sboms.opened(made.stored) as file:
            form = self.scanner.form(file)
            for block in self.scanner.packages(file):
                packages += block.rows
                blocks.append(block)
        tool = {"digest": wanted.digest, "tool": self.scanner.name}
        for block in blocks:
            sink.write(block.anew(**tool))
        row = Columns("sboms", **tool)
        row.append(
            tool_version=made.tool_version,
            format=form,
            path=made.path,
            sha256=made.sha256,
            size_bytes=made.size_bytes,
            packages=packages,
            asked_for=made.asked_for,
            looked_for=made.looked_for,
            pulled_from=made.pulled_from,
            pull_traced=made.traced,
        )
        sink.write(row)
        weaknesses = Columns("weaknesses", **tool)
        for weakness in made.weaknesses:
            weaknesses.append(**weakness)
        sink.write(weaknesses)
