"""What a scanner must be, and how it gets at an image.

A scanner looks at an image once and writes down what is in it (an SBOM); what is known of those
packages is asked of its database anew in every run, without a pull.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from audit.errors import AuditError
from audit.model.columns import Columns
from audit.model.enums import State
from audit.ports.collecting import RunContext
from audit.ports.settings import Settings


class ScanError(AuditError):
    """A scanner could not look. It is no statement about the image.

    Args:
        message: What happened, in words that are the same for every image it happens to: reports
            count by them.
        code: One word for it, such as ``Unauthorised``.
        state: The state that it leaves the image in; never ``assessed``.
        told: The scanner's or the registry's own words, without a secret.
    """

    def __init__(
        self, message: str, *, code: str, state: State = State.FAILED, told: str = ""
    ) -> None:
        self.message, self.code, self.state, self.told = message, code, state, told
        super().__init__(f"{message}: {told}" if told else message)


@dataclass(frozen=True)
class PullLogin:
    """Where a registry's images are pulled from, and as whom; the secret is never printed.

    Attributes:
        host: Host and port to pull from; what the scanner is told instead of the registry's id.
        prefix: What precedes a repository's name in a pull from that host, with its slash.
        username: Empty for an anonymous pull.
        plain_http: No TLS: loopback only.
        ca_file: Certificates (PEM) to trust instead of the system's.
        traceless: Whether our pulls leave the registry's last-pull times alone; None is not known.
    """

    host: str
    prefix: str = ""
    username: str = ""
    secret: str = field(default="", repr=False)
    plain_http: bool = False
    ca_file: Path | None = None
    traceless: bool | None = None


@runtime_checkable
class Pulls(Protocol):
    """A provider whose images can be pulled (optional)."""

    def pull_login(self, registry_id: str, repository: str) -> PullLogin:
        """Return how an image of a repository is pulled now; called again for every pull.

        Thread-safe. What can be kept until it ends is kept.

        Raises:
            SourceError: The registry, or what gives out its tokens, refused.
        """


@dataclass(frozen=True)
class Pull:
    """One image to look at: a manifest of a platform, by its digest."""

    repository: str
    digest: str
    login: PullLogin

    @property
    def reference(self) -> str:
        """What a client pulls."""
        return f"{self.login.host}/{self.login.prefix}{self.repository}@{self.digest}"


@dataclass(frozen=True)
class Describer:
    """What looks into images for a scanner; what another one looked into is looked into anew.

    Attributes:
        version: Of the program that writes the SBOMs.
        looks_for: Kinds of weaknesses (``secret``, ``misconfiguration``) it looks for beside them.
    """

    version: str
    looks_for: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ScannerFacts:
    """What a scanner is at this moment.

    Attributes:
        version: Its own version.
        db_updated_at: Date of what it knows; None where it does not tell.
    """

    version: str
    db_updated_at: datetime | None
    describer: Describer


@dataclass(frozen=True)
class Look:
    """What looking into an image told beside its SBOM.

    Attributes:
        asked_for: Kinds of weaknesses that it was asked about: it need not be asked again.
        looked_for: Those of them that it could tell of.
        weaknesses: Those found: columns of ``weaknesses`` but for digest and tool. Never a secret.
    """

    asked_for: frozenset[str] = frozenset()
    looked_for: frozenset[str] = frozenset()
    weaknesses: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Judgement:
    """Whether a match was a look at the image.

    Attributes:
        content_hash: SHA-256 over the statements, in any order; None where it was no look.
    """

    state: State
    reason: str
    native_status: str | None
    content_hash: str | None


class Scanner(Protocol):
    """Looks into images (entry point group ``scanners``). Thread-safe.

    Attributes:
        name: Also the ``source`` of what it states.
    """

    name: ClassVar[str]
    settings_model: ClassVar[type[Settings]]

    def __init__(self, settings: Any, context: RunContext, work: Path) -> None:  # noqa: ANN401  own model
        """Take validated settings and a folder for what need not outlive the run; runs nothing."""

    def refresh(self) -> None:
        """Bring what it knows up to date where that is configured; called once a run.

        Where that fails it goes on with what it knew, which grows older, and says so in the log.
        """

    def facts(self) -> ScannerFacts:
        """Say what it is, without changing anything.

        Raises:
            ScanError: It is missing, altered, or has no database that it can use.
        """

    def describe(self, pull: Pull, sbom: Path) -> Look:
        """Pull an image and write down what is in it.

        Raises:
            ScanError: It could not; ``sbom`` is not there then. That weaknesses could not be looked
                for is no such error: the look does not name them.
        """

    def match(self, sbom: Path, take: Callable[[Columns], None]) -> Judgement:
        """Ask the database about an SBOM of its own making.

        Hands over rows of ``findings`` and ``vulnerabilities``; those of ``findings`` tell nothing
        yet of the place of the image.

        Raises:
            ScanError: It could not. What was handed over by then must not be used.
        """

    def form(self, sbom: Path) -> str:
        """Return the format and version of an SBOM of its own making, such as CycloneDX 1.7.

        Raises:
            ScanError: It is no such SBOM.
        """

    def packages(self, sbom: Path) -> Iterable[Columns]:
        """Return the rows of ``packages`` that an SBOM of its own making holds, but for the digest.

        Raises:
            ScanError: It is no such SBOM.
        """
