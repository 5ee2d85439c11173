"""Secrets and misconfigurations in Trivy's report about an image. Pure.

The report is held in memory alone. Trivy hides a secret in the lines that it shows of a file, but
not in those of an image's configuration and history: no such line is read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from audit.errors import ReportFileError
from audit.model.enums import Weakness
from audit.normalise.severity import normalise_severity
from audit.ports import Look
from providers.files.fields import Record
from providers.scanners.written import reading_report

SCANNERS: Mapping[str, str] = {Weakness.SECRET: "secret", Weakness.MISCONFIGURATION: "misconfig"}
"""What Trivy calls the kinds."""
_NO_WEAKNESS = frozenset({"PASS", "EXCEPTION"})
_LINES = 2**31
_OF_PACKAGES = ("Target", "Class", "Type", "Packages")
_OF_CONFIGURATION = ("architecture", "created", "os", "rootfs", "variant")


def read(content: bytes, kinds: frozenset[str]) -> Look:
    """Return the weaknesses that a report tells of; the same one at the same place is told once.

    Args:
        content: Trivy JSON, schema 2.
        kinds: What was looked for.

    Raises:
        ScanError: It is no such report.
    """
    with reading_report("Trivy"):
        report = Record(orjson.loads(content))
        found = {tuple(row.values()): row for row in _rows(report)}
        return Look(kinds, kinds - _untold(report), tuple(found.values()))


def _untold(report: Record) -> frozenset[str]:
    """Return the kinds that nothing can be said of.

    Trivy judges an image's configuration by the instructions in its history. Where it knows none of
    them, as builders other than Docker write them, it judges nothing and does not say so.
    """
    image = report.needed_text("ArtifactName")
    judged = any(
        result.text("Class") == "config" and result.text("Target") == image
        for result in report.records("Results")
    )
    return frozenset() if judged else frozenset({Weakness.MISCONFIGURATION.value})


def packages_only(content: bytes) -> bytes:
    """Return a report with what an SBOM is made of: packages, system, and nothing secret.

    Raises:
        ScanError: It is no report of Trivy's.
    """
    with reading_report("Trivy"):
        document = orjson.loads(content)
        report = Record(document)
        results = [_kept(one, _OF_PACKAGES) for one in report.records("Results")]
        metadata = report.record("Metadata")
        told = _kept(metadata.record("ImageConfig"), _OF_CONFIGURATION)
        kept = {name: metadata.raw(name) for name in metadata.members()} | {"ImageConfig": told}
        return orjson.dumps(document | {"Metadata": kept, "Results": results})


def _kept(record: Record, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: record.raw(name) for name in names if record.has(name)}


def _rows(report: Record) -> Iterator[dict[str, Any]]:
    image = report.needed_text("ArtifactName")
    for result in report.records("Results"):
        target = result.text("Target")
        # Findings about the image's own configuration and history bear the image's name.
        place = None if target in (None, image) else str(target).removeprefix("/")
        for secret in result.records("Secrets"):
            rule = secret.needed_text("RuleID")
            yield _row(Weakness.SECRET, rule, secret, place, secret)
        for one in result.records("Misconfigurations"):
            if one.text("Status") not in _NO_WEAKNESS:
                rule, cause = one.needed_text("ID"), one.record("CauseMetadata")
                yield _row(Weakness.MISCONFIGURATION, rule, one, place, cause)


def _row(
    kind: Weakness, rule: str, told: Record, place: str | None, lines: Record
) -> dict[str, Any]:
    layer, severity = told.record("Layer"), told.text("Severity")
    return {
        "kind": kind.value,
        "rule_id": rule,
        "title": told.text("Title"),
        "severity": normalise_severity(severity).value,
        "native_severity": severity,
        "location": place,
        "start_line": _line(lines, "StartLine"),
        "end_line": _line(lines, "EndLine"),
        "layer_digest": layer.text("Digest") or layer.text("DiffID"),
        "remedy": told.text("Resolution"),
        "url": told.text("PrimaryURL"),
    }


def _line(told: Record, name: str) -> int | None:
    """Return the number of a line; Trivy writes 0 for none."""
    number = told.number(name)
    if number is not None and not (0 <= number < _LINES and number.is_integer()):
        raise ReportFileError("is no number of a line", where=told.where(name))
    return int(number) if number else None
