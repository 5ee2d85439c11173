"""Made-up advisories, as Trivy's database holds them. None of them is about real software."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TEST_DATA = "test data, not an advisory"
LANGUAGES = ("npm", "pip")
SCORES = {"CRITICAL": 9.8, "HIGH": 8.1, "MEDIUM": 5.9, "LOW": 3.1}
_SEVERITIES = ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_URL = "https://example.invalid/test-data"
_VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
_AFFECTED = 2  # of trivy-db's numbers for a state without a fix


@dataclass(frozen=True)
class Advisory:
    """A vulnerability in a package.

    Attributes:
        vulnerability_id: Its id, a CVE.
        ecosystem: Whose packages it is about: ``pip``, ``npm``, or a distribution with its release
            as Trivy names its bucket (``debian 12``, ``alpine 3.18``).
        package: Name of the package; of a distribution that of the *source* package.
        severity: CRITICAL, HIGH, MEDIUM, LOW or UNKNOWN; stated as the NVD's.
        fixed_version: First version without it; None where there is none.
    """

    vulnerability_id: str
    ecosystem: str
    package: str
    severity: str
    fixed_version: str | None = None

    @property
    def bucket(self) -> str:
        """Name of the bucket it lies in."""
        language = self.ecosystem in LANGUAGES
        return f"{self.ecosystem}::{TEST_DATA}" if language else self.ecosystem

    @property
    def title(self) -> str:
        """The vulnerability's title, which says what it is."""
        return f"{self.vulnerability_id}: {TEST_DATA}"


def data_source(advisory: Advisory) -> dict[str, str]:
    """Return what the database says of where a bucket's advisories come from."""
    language = advisory.ecosystem in LANGUAGES
    vendor = "ghsa" if language else advisory.ecosystem.partition(" ")[0]
    return {"ID": vendor, "Name": TEST_DATA, "URL": _URL}


def affected(advisory: Advisory) -> dict[str, Any]:
    """Return the entry of a package: which versions are affected."""
    fixed = advisory.fixed_version
    if advisory.ecosystem not in LANGUAGES:
        return {"FixedVersion": fixed} if fixed else {"Status": _AFFECTED}
    if fixed is None:
        return {"VulnerableVersions": [">=0"]}
    return {"PatchedVersions": [fixed], "VulnerableVersions": [f"<{fixed}"]}


def detail(advisories: Sequence[Advisory]) -> dict[str, Any]:
    """Return what is said of one vulnerability, whatever the package.

    Raises:
        ValueError: The advisories do not agree on its severity.
    """
    first = advisories[0]
    if {one.severity for one in advisories} != {first.severity}:
        raise ValueError(f"{first.vulnerability_id} has several severities")
    score = SCORES.get(first.severity)
    told: dict[str, Any] = {
        "Title": first.title,
        "Description": f"Made up for the loopback stand: {TEST_DATA}.",
        "Severity": first.severity,
        "VendorSeverity": {"nvd": _SEVERITIES.index(first.severity)},
        "References": [f"{_URL}/{first.vulnerability_id}"],
    }
    if score is not None:
        told["CVSS"] = {"nvd": {"V3Score": score, "V3Vector": _VECTOR}}
    return told
