"""What Trivy states of a package, as all its report formats write it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.model.enums import FixState, State
from audit.normalise.severity import normalise_severity
from providers.files.fields import Record
from providers.files.rows import Cvss, Facts, Image, Rows
from providers.files.trivy_cvss import leading, scores

SOURCE = "trivy"

# Trivy's pkg/types status words. not_affected and unknown tell nothing about a fix.
_FIX_STATES = {
    "fixed": FixState.AVAILABLE.value,
    "affected": FixState.NOT_AVAILABLE.value,
    "fix_deferred": FixState.NOT_AVAILABLE.value,
    "under_investigation": FixState.NOT_AVAILABLE.value,
    "will_not_fix": FixState.WONT_FIX.value,
    "end_of_life": FixState.WONT_FIX.value,
}
_AVAILABLE, _UNKNOWN = FixState.AVAILABLE.value, FixState.UNKNOWN.value
_VEX = ("not_affected", "under_investigation")
"""The status words that are VEX's; "affected" and "fixed" tell of fixes here."""
_TEXTS = (
    *("VulnerabilityID", "PkgName"),
    *("SeveritySource", "Severity", "Title", "Status", "FixedVersion", "PkgPath"),
    *("InstalledVersion", "PrimaryURL", "Fingerprint"),
)
_PACKAGES = ("os-pkgs", "lang-pkgs")
_NO_DATA = frozenset({"fedora"})
"""Operating systems whose packages Trivy lists and knows no vulnerability of."""
_UNJUDGED = frozenset({"conda-pkg", "conda-environment"})
"""Packages that Trivy lists, and of which it says in its log alone that it has no data."""


class TrivyStatements:
    """Turns entries of ``Vulnerabilities`` into findings.

    The same vulnerability is stated of many packages in the same words: they are read once.
    """

    def __init__(self, rows: Rows, *, fingerprints: bool = True) -> None:
        """Write to ``rows``.

        Args:
            rows: Where the findings go.
            fingerprints: Whether Trivy's own ids are kept: they depend on how its input is called.
        """
        self._rows, self._fingerprints = rows, fingerprints
        self._read: dict[str, tuple[Any, Any, list[Cvss]]] = {}
        self._leads: dict[tuple[str, str | None], dict[str, Any]] = {}
        self._result: Record | None = None
        self._type: str | None = None
        self._target: str | None = None

    def add(self, image: Image, result: Record, finding: Record) -> None:
        """Add one entry of a result."""
        if result is not self._result:
            self._enter(result)
        name, package, *told = finding.several(_TEXTS)
        source, severity, title, status, version, place, installed, url, fingerprint = told
        vulnerability_id = name or finding.needed_text(
            "VulnerabilityID"
        )  # which says it is missing
        row = {
            "vulnerability_id": vulnerability_id,
            "package_name": package or finding.needed_text("PkgName"),
            "package_version": installed,
            "package_type": self._type,
            "purl": finding.inner_text("PkgIdentifier", "PURL"),
            "location": place or self._target,
            "layer_digest": finding.inner_text("Layer", "Digest")
            or finding.inner_text("Layer", "DiffID"),
            "fixed_version": version,
            "fix_state": _fix_state(status, version),
            "native_state": status,
            "vex_status": status if status in _VEX else None,
            "severity": normalise_severity(severity).value,
            "severity_source": source,
            "native_severity": severity,
            "title": title,
            "url": url,
            "native_id": fingerprint if self._fingerprints else None,
            **self._lead(vulnerability_id, finding, title, source),
        }
        self._rows.state(image, row)

    def flushed(self) -> None:
        """Forget what was read: the rows were handed on."""
        self._read.clear()
        self._leads.clear()

    def _enter(self, result: Record) -> None:
        """Take what a result tells of all its entries."""
        self._type = result.text("Type")
        # The target of OS packages is the image's name, which is no place in the image.
        of_language = result.text("Class") == "lang-pkgs"
        self._target = result.text("Target") if of_language else None
        self._result = result

    def _lead(
        self, name: str, finding: Record, title: str | None, source: str | None
    ) -> dict[str, Any]:
        """Keep what an entry tells of its vulnerability, and return the score to lead with."""
        told, links = finding.raw("CVSS"), finding.raw("References")
        read = self._read.get(name)
        if read is None or read[0] != told or read[1] != links:
            self._read[name] = told, links, self._learned(name, finding, title)
        elif (name, source) in self._leads:
            return self._leads[name, source]
        lead = leading(self._read[name][2], source)
        found = self._leads[name, source] = lead.lead() if lead else {}
        return found

    def _learned(self, name: str, finding: Record, title: str | None) -> list[Cvss]:
        cvss = scores(finding.named("CVSS"))
        known = self._rows.about(name)
        known.title = known.title or title
        known.description = known.description or finding.text("Description")
        known.references.update(finding.texts("References"))
        known.cvss.update(cvss)
        known.published_at = known.published_at or finding.moment("PublishedDate")
        return cvss


def facts_of(config: Record) -> Facts:
    """Return the facts that an image's configuration (``ImageConfig``) tells."""
    return Facts(
        os=config.text("os"),
        architecture=config.text("architecture"),
        variant=config.text("variant"),
        created_at=config.moment("created"),
        labels=config.record("config").labels("Labels"),
    )


def judged(results: Sequence[Record], *, family: str | None, stated: bool) -> tuple[State, str]:
    """Say whether packages were looked at, and what is to be noted of that.

    A report without any result about packages is no look: Trivy writes one for the OS packages
    and for each place with language packages, also when it finds nothing in them.

    Args:
        results: Members of ``Results``.
        family: The operating system that was detected, as Trivy calls it; None where none was.
        stated: Whether any vulnerability is stated.
    """
    if family in _NO_DATA:
        # A result is there, and empty, as if nothing were known of the packages.
        return State.UNSUPPORTED, f"Trivy has no data for its operating system, {family}"
    detected = family is not None
    kinds = {result.text("Type") or "" for result in results if _is_about_packages(result)}
    unjudged = ", ".join(sorted(kinds & _UNJUDGED))
    blind = f"Trivy has no data for its packages of the type {unjudged}" if unjudged else ""
    if kinds - _UNJUDGED or stated:
        system = "" if detected else "no operating system was detected in the image"
        return State.ASSESSED, "; ".join(filter(None, (system, blind)))
    if blind:
        return State.UNSUPPORTED, blind
    if not results and not detected:
        return State.UNSUPPORTED, "no operating system and no package was detected"
    return State.UNKNOWN, "it holds no result about packages"


def imported(results: Sequence[Record], system: Record, *, stated: bool) -> tuple[State, str]:
    """Do what ``judged`` does for a report of which it is not known how it was made.

    Args:
        results: Members of ``Results``.
        system: What it tells of the operating system (``Metadata.OS``).
        stated: Whether any vulnerability is stated.
    """
    family = system.text("Family")
    state, note = judged(results, family=family, stated=stated)
    if state is not State.ASSESSED or not family:
        return state, note
    state, doubt = _unread(results, " ".join(filter(None, (family, system.text("Name")))))
    return state, "; ".join(filter(None, (note, doubt)))


def _unread(results: Sequence[Record], system: str) -> tuple[State, str]:
    """Say whether an operating system was looked at of which nothing is stated, and what is noted.

    Trivy reports on a system whose package list was removed or is broken as on a clean one: a
    result without vulnerabilities. It lists no package in it, and neither does a report that was
    written without any (``--list-all-pkgs=false``, which was the default once).

    Args:
        results: Members of ``Results``.
        system: The operating system that was detected, for the words.
    """
    # Early reports of schema 2 name no class; a report of --pkg-types library holds no such result.
    if not any(result.text("Class") in (None, "os-pkgs") for result in results):
        return State.UNKNOWN, f"it holds no result about its operating system, {system}"
    silent = [
        result
        for result in results
        if result.text("Class") == "os-pkgs"
        and not result.raw("Vulnerabilities")
        and not result.raw("Packages")
    ]
    if not silent:
        return State.ASSESSED, ""
    if any(result.raw("Packages") for result in results):
        return State.UNSUPPORTED, f"no package of its operating system, {system}, was read"
    return State.ASSESSED, (
        f"nothing is stated of its operating system, {system}, and no package is listed: "
        "that any was read is not told"
    )


def suppressed(results: Sequence[Record]) -> int:
    """Count the statements that the scanner itself suppressed."""
    changed = (one for result in results for one in result.records("ExperimentalModifiedFindings"))
    return sum(one.text("Type") in (None, "vulnerability") for one in changed)


def _is_about_packages(result: Record) -> bool:
    kind = result.text("Class")
    if kind is None:  # early reports of schema 2 name no class
        return result.text("Type") is not None
    return kind in _PACKAGES


def _fix_state(status: str | None, version: str | None) -> str:
    if status is None:
        return _AVAILABLE if version else _UNKNOWN
    return _FIX_STATES.get(status, _UNKNOWN)
