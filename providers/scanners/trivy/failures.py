"""What Trivy's last words mean. All its failures share one exit code (1; a crash has 2)."""

from __future__ import annotations

from audit.ports import ScanError
from providers.scanners.failures import BROKEN, OF_REGISTRIES, Meaning, described, explained

TOOL = "Trivy"
_CRASH = 2
MEANINGS = (
    BROKEN,
    Meaning(
        "JavaDatabaseAbsent",
        "the image holds Java archives, and Trivy has no Java database to tell them by",
        ("Unable to initialize the Java DB", "Java DB update failed"),
    ),
    Meaning(
        "DatabaseAbsent",
        "Trivy has no database that it can use",
        (
            *("cannot be specified on the first run", "database not found", "database error"),
            *("failed to open DB", "failed to initialize DB", "db corrupted", "invalid database"),
        ),
    ),
    Meaning(
        "DatabaseSchema",
        "Trivy's database is of a form that this Trivy does not read",
        ("old DB schema", "DB schema version"),
    ),
    *OF_REGISTRIES,
)


def failure(code: int, words: str) -> ScanError:
    """Return what an exit with ``code`` (not 0) and these words on standard error means."""
    if code == _CRASH:
        return described(TOOL, words, BROKEN)
    return explained(TOOL, words, MEANINGS)
