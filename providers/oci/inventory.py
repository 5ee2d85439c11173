"""Reads one registry: repositories, tags, and every manifest that a tag or an index leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from audit.errors import NotFoundError, SourceError
from audit.model.scope import ScopeTally
from providers.oci.client import RegistryClient
from providers.oci.failures import CATALOG, MANIFEST, REFERRERS
from providers.oci.memory import Known
from providers.oci.parse import Facts, facts_of, referrer, subject_of_tag, with_child, with_config
from providers.oci.rows import Held, Rows
from providers.oci.settings import OciRegistry, OciSettings

_DEPTH = 3
_NO_SUCH_NAME = "NAME_UNKNOWN"


@dataclass
class Inventory:
    """Collector of one registry's inventory scope; what cannot be read is in the tally."""

    settings: OciSettings
    registry: OciRegistry
    client: RegistryClient
    tally: ScopeTally
    known: Known
    rows: Rows
    _no_referrers: bool = field(default=False, init=False)
    _named_all: bool = field(default=True, init=False)

    def read(self) -> None:
        """Read every wanted repository and write its rows."""
        self.rows.write_registry()
        named: set[str] = set()
        for name in self._names():
            named.add(name)
            if self.settings.wants(name):
                self._repository(name)
            else:
                self.rows.write_left_out(name)
        if self._named_all:
            for name in self.known.repositories:
                if name not in named:
                    self._unnamed(name)
        self.tally.api_calls = self.client.calls

    def _names(self) -> Iterator[str]:
        if self.registry.repositories is not None:
            yield from sorted(set(self.registry.repositories))
            return
        seen: set[str] = set()
        try:
            for page in self.client.repositories():
                for name in page:
                    if name not in seen:
                        seen.add(name)
                        yield name
        except SourceError as error:
            self._named_all = False
            self.tally.fail(_without_catalogue(error) if not seen else error)

    def _unnamed(self, name: str) -> None:
        """Look for a repository on record that is named no more.

        Many registries leave out of the catalogue what its reader may not see, and a configured
        list can be shortened: it is gone only if the registry says that there is no such name.
        """
        try:
            next(self.client.tags(name), None)
        except NotFoundError as error:
            if error.code == _NO_SUCH_NAME:
                return
        except SourceError:
            pass  # reading it, if it is to be read, says so
        if self.registry.repositories is None and self.settings.wants(name):
            self._repository(name)
        else:
            self.rows.write_left_out(name)

    def _repository(self, name: str) -> None:
        reading, tags = _Reading(self, name), set[str]()
        try:
            for page in self.client.tags(name):
                tags.update(page)
        except SourceError as error:
            # Distribution goes on listing a repository whose last tag was deleted.
            unknown = isinstance(error, NotFoundError) and error.code == _NO_SUCH_NAME
            if tags or not unknown or self.registry.repositories is not None:
                reading.fail(error)
        reading.run(sorted(tags))
        self.rows.write_repository(name, reading.held, complete=reading.complete)
        self.tally.listed += len(reading.held)

    def referrers(self, name: str, digest: str) -> list[Facts]:
        """Return what the referrers API tells of a manifest; nothing where there is none.

        Raises:
            SourceError: It has the API and did not answer.
        """
        if self.registry.referrers != "api" or self._no_referrers:
            return []
        rows = self.client.referrers(name, digest)
        if rows is None:
            self._no_referrers = True
            return []
        return [referrer(row, digest, REFERRERS) for row in rows]

    def facts(self, name: str, digest: str) -> Facts:
        """Return what a manifest is: remembered, or read once.

        Raises:
            SourceError: It could not be read.
        """
        if remembered := self.known.facts(digest):
            return remembered
        facts = facts_of(digest, self.client.manifest(name, digest), MANIFEST)
        if facts.config_digest and self.settings.config_blobs:
            facts = with_config(facts, self.client.config(name, facts.config_digest))
        self.known.learn(facts)
        return facts


@dataclass
class _Reading:
    """One repository as far as it could be read."""

    inventory: Inventory
    name: str
    held: dict[str, Held] = field(default_factory=dict)
    complete: bool = True

    def fail(self, error: SourceError) -> None:
        """Note that the repository was not read to its end."""
        self.inventory.tally.fail(error)
        self.complete = False

    def run(self, tags: Iterable[str]) -> None:
        """Resolve the tags and follow them."""
        tagged: dict[str, list[str]] = {}
        for tag in tags:
            try:
                digest = self.inventory.client.resolve(self.name, tag)
            except NotFoundError:
                continue  # deleted while the run was reading
            except SourceError as error:
                self.fail(error)
                continue
            tagged.setdefault(digest, []).append(tag)
        for digest, names in tagged.items():
            self._follow(digest, tuple(names))
        self._refer()

    def _follow(self, digest: str, tags: tuple[str, ...], depth: int = _DEPTH) -> Facts | None:
        if digest in self.held:
            known = self.held[digest]
            self.held[digest] = known.with_tags(tags)
            return known.facts
        try:
            facts = self.inventory.facts(self.name, digest)
        except NotFoundError as error:
            if tags:
                self.fail(error)
            return None  # an index may name platforms that nobody pushed
        except SourceError as error:
            self.fail(error)
            facts = Facts(digest, children=None)
        self.held[digest] = Held(facts, tags)
        for child in facts.children or () if depth else ():
            found = self._follow(child.digest, (), depth - 1)
            if found is not None:
                here = self.held[child.digest]
                self.held[child.digest] = Held(with_child(here.facts, child), here.tags)
        return facts

    def _refer(self) -> None:
        """Add what refers to what was found."""
        for digest, held in list(self.held.items()):
            for tag in held.tags:
                if subject := subject_of_tag(tag):
                    self._subject(digest, subject)
            try:
                found = self.inventory.referrers(self.name, digest)
            except SourceError as error:
                self.fail(error)
                continue
            for facts in found:
                self.held.setdefault(facts.digest, Held(facts, ()))

    def _subject(self, digest: str, subject: str) -> None:
        """Note whom a manifest speaks of; of an index under a fallback tag, all that it lists."""
        held = self.held[digest]
        for one in (digest, *(child.digest for child in held.facts.children or ())):
            if one in self.held:
                self.held[one] = self.held[one].about(subject)


def _without_catalogue(error: SourceError) -> SourceError:
    """Return an error that says what to do where a registry shows no catalogue."""
    message = f"{error.message}; name what to read under repositories"
    return type(error)(message, operation=CATALOG, code=error.code, permission=error.permission)
