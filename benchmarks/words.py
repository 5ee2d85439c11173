"""The words of a generated estate: vulnerabilities and packages as sources write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Numbers = NDArray[np.int64]

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE")
_SHARES = (0.04, 0.18, 0.43, 0.30, 0.05)
_SYLLABLES = "lib core net ssl xml zip py js go db io cert auth http yaml log mem tls"
_SAID = (
    "a remote attacker could use a crafted request to cause a denial of service when parsing "
    "untrusted input in the function that handles an out of bounds read use after free heap "
    "buffer overflow path traversal before certificate validation is complete memory leak"
)
_VECTOR = ("AV:NPAL", "AC:LH", "PR:NLH", "UI:NR", "S:UC", "C:NLH", "I:NLH", "A:NLH")


@dataclass(frozen=True)
class Words:
    """What can be stated, one entry a flaw (a vulnerability in one package).

    Attributes:
        texts: Column of ``findings`` -> its text for each flaw.
        scores: CVSS base score of each flaw.
        severity: Index into ``SEVERITIES`` of each flaw when it is published.
        published: When each flaw's vulnerability was published.
        descriptions: Description of each flaw's vulnerability.
    """

    texts: dict[str, Texts]
    aliases: Texts
    scores: NDArray[np.float64]
    severity: Numbers
    published: NDArray[np.datetime64]
    descriptions: Texts

    @property
    def count(self) -> int:
        """How many flaws there are."""
        return len(self.severity)


def make_words(rng: np.random.Generator, count: int, first_day: datetime) -> Words:
    """Make ``count`` flaws, three of four of them with a vulnerability of their own."""
    vulnerability = np.cumsum(rng.random(count) < 0.75)
    package = rng.integers(0, 2_500, count)
    severity = rng.choice(len(SEVERITIES), count, p=_SHARES)
    os_package = package % 3 > 0
    ids = _told(f"CVE-{2019 + v % 8}-{1_000 + v * 7 % 59_000}" for v in vulnerability)
    names = _told(_package_name(p) for p in package)
    versions = _told(
        f"{p % 9}.{p % 23}.{p % 7}{f'-{p % 5}+deb12u{p % 4}' * bool(p % 3)}" for p in package
    )
    kinds = np.where(os_package, "OS", "NODEPKG").astype(object)
    fixed = _told(f"{p % 9}.{p % 23}.{p % 7 + f % 3 + 1}" for p, f in enumerate(package))
    texts = {
        "vulnerability_id": ids,
        "package_name": names,
        "package_version": versions,
        "package_type": kinds,
        "purl": _told(
            f"pkg:{'deb/debian' if o else 'npm'}/{n}@{v}"
            for o, n, v in zip(os_package, names, versions, strict=True)
        ),
        "fixed_version": fixed,
        "cvss_vector": _told(_vector(rng) for _ in range(count)),
        "title": _told(f"{i} - {n}" for i, n in zip(ids, names, strict=True)),
        "url": _told(f"https://security.example/vulnerabilities/{i}" for i in ids),
        "location": _told(
            None if o else f"app/node_modules/{n}/package.json"
            for o, n in zip(os_package, names, strict=True)
        ),
    }
    days = rng.integers(1, 900, count)
    return Words(
        texts,
        _told(
            [f"GHSA-{i[-4:]}-{v:04x}-xxxx"] if v % 4 == 0 else []
            for i, v in zip(ids, vulnerability, strict=True)
        ),
        np.round(np.array([9.1, 7.2, 4.7, 2.3, 0.8])[severity] + rng.random(count) * 0.8, 1),
        severity,
        np.datetime64(first_day.replace(tzinfo=None), "us") - days * np.timedelta64(1, "D"),
        _told(_sentence(rng) for _ in range(count)),
    )


def _told(items: object) -> Texts:
    listed = list(items)  # type: ignore[call-overload]  # any iterable of cells
    told = np.empty(len(listed), dtype=object)
    told[:] = listed
    return told


def _package_name(number: int) -> str:
    syllables = _SYLLABLES.split()
    one, two = syllables[number % 18], syllables[number // 18 % 18]
    return f"{one}{two}-{number}"


def _vector(rng: np.random.Generator) -> str:
    chosen = (
        f"{part.partition(':')[0]}:{rng.choice(list(part.partition(':')[2]))}" for part in _VECTOR
    )
    return "CVSS:3.1/" + "/".join(chosen)


def _sentence(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(_SAID.split(), 30))
