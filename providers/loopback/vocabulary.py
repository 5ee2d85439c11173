"""Made-up packages and flaws, deterministic by seed. None of it is about real software."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from providers.loopback.estate import Statement

_OS = (
    "zlib1g",
    "libssl3",
    "libc6",
    "libxml2",
    "perl-base",
    "curl",
    "tar",
    "systemd",
    "krb5",
    "gnupg",
)
_LANGUAGES = (
    "log4j-core",
    "lodash",
    "minimist",
    "requests",
    "urllib3",
    "django",
    "jackson-databind",
)
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN")
_WEIGHTS = (4, 18, 38, 28, 7, 5)
_SCORES = {"CRITICAL": 9.8, "HIGH": 8.1, "MEDIUM": 5.9, "LOW": 3.1, "NEGLIGIBLE": 0.9}
_WORDS = {
    "inspector": {"NEGLIGIBLE": "INFORMATIONAL", "UNKNOWN": "UNTRIAGED"},
    "ecr-basic": {"NEGLIGIBLE": "INFORMATIONAL", "UNKNOWN": "UNDEFINED"},
    "artifact-analysis": {"NEGLIGIBLE": "MINIMAL", "UNKNOWN": "SEVERITY_UNSPECIFIED"},
}
_OS_TYPE = {"inspector": "OS", "ecr-basic": "OS", "defender": "OS", "artifact-analysis": "OS"}
_LANGUAGE_TYPE = {"inspector": "JAR", "defender": "Language", "artifact-analysis": "MAVEN"}


@dataclass(frozen=True)
class Flaw:
    """A vulnerability in a package, before any scanner words it."""

    vulnerability_id: str
    package: str
    version: str
    language: bool
    severity: str
    fixed_version: str | None


def flaws(random: Random, count: int) -> list[Flaw]:
    """Return ``count`` flaws; some vulnerabilities are stated for two packages."""
    found: list[Flaw] = []
    for number in range(count):
        language = random.random() < 0.3
        package = random.choice(_LANGUAGES if language else _OS) + f"-{random.randrange(6)}"
        severity = random.choices(_SEVERITIES, _WEIGHTS)[0]
        version = f"{random.randrange(1, 9)}.{random.randrange(20)}.{random.randrange(9)}"
        fixed = f"{version}-fix{random.randrange(1, 4)}" if random.random() < 0.6 else None
        flaw = Flaw(
            f"CVE-{2019 + number % 8}-{10_000 + number}",
            package,
            version,
            language,
            severity,
            fixed,
        )
        found.append(flaw)
        if random.random() < 0.05:
            found.append(
                Flaw(flaw.vulnerability_id, f"{package}-dev", version, language, severity, fixed)
            )
    return found


def statement(flaw: Flaw, source: str) -> Statement:
    """Word a flaw as ``source`` would state it."""
    words = _WORDS.get(source, {})
    word = words.get(flaw.severity, flaw.severity)
    types = _LANGUAGE_TYPE if flaw.language else _OS_TYPE
    return Statement(
        vulnerability_id=flaw.vulnerability_id,
        package=flaw.package,
        version=flaw.version,
        package_type=types.get(source, "OS"),
        native_severity=word.capitalize() if source == "defender" else word,
        severity=flaw.severity,
        fixed_version=flaw.fixed_version,
        cvss_score=_SCORES.get(flaw.severity),
        cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
        if flaw.severity in _SCORES
        else None,
        title=f"{flaw.vulnerability_id} in {flaw.package}",
    )
