"""Reads SARIF 2.1.0 of image scanners: Trivy, Grype and others that write as they do.

SARIF has no member for packages: scanners write them as lines ``Name: value`` into the texts of
results and rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from audit.errors import ReportFileError
from audit.model.columns import Columns
from audit.model.enums import FixState, State
from audit.normalise.severity import normalise_severity
from audit.ports import Document, ImportedReport, ImportOrder
from providers.files.fields import Record
from providers.files.listed import NO_IMAGE
from providers.files.rows import Cvss, Image, Rows, Verdict
from providers.files.subject import BY_DIGEST, Subject, Told, subject_of

_LINE = re.compile(r"^\s*([A-Z][A-Za-z ]{2,20}?):[ \t]*(\S[^\n]*)$", re.MULTILINE)
_FLAW = re.compile(r"\b(CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|[A-Z]+SA-\d[\w:-]*)", re.ASCII)
_AT = re.compile(r"(?P<name>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64}):(?P<path>/.*)", re.DOTALL)
_FOUND = re.compile(r"reports (?P<name>\S+) at version (?P<version>\S+)")
_LEVELS = ("none", "note", "warning", "error")


class Sarif:
    """Importer of SARIF."""

    name: ClassVar[str] = "sarif"
    lists: ClassVar[Sequence[tuple[str, ...]]] = (("runs", "*", "results"),)

    def recognises(self, document: object) -> bool:
        """Whether it holds runs of a version."""
        return isinstance(document, dict) and {"runs", "version"} <= document.keys()

    def read(self, document: Document, order: ImportOrder) -> ImportedReport:
        """Turn results about vulnerabilities into rows; others are left out and counted.

        Raises:
            ReportFileError: A run does not say which image it is about.
        """
        report = Record(document.root)
        runs = report.records("runs")
        if not runs:
            raise ReportFileError("holds no run", where="runs", cure="run the scanner again")
        subjects = [_subject(run, document) for run in runs]
        blocks = _blocks(document, list(zip(runs, subjects, strict=True)), order)
        said = subjects[0].said if len(subjects) == 1 else f"{len(subjects)} runs"
        return ImportedReport(
            blocks, said, subjects[0].keyed_by if len(subjects) == 1 else BY_DIGEST
        )


def _subject(run: Record, document: Document) -> Subject:
    told = run.record("properties")
    names = [name for name in (told.text("imageName"),) if name]
    tags, digests = told.texts("repoTags"), told.texts("repoDigests")
    if not names and not tags and not digests:
        first = next(run.each("results", document), None)
        found = _AT.fullmatch(_logical(first) or "") if first else None
        if found is None:
            raise ReportFileError(
                "does not say which image was scanned", where=run.where("properties"), cure=NO_IMAGE
            )
        digests = [f"{found['name']}@{found['digest']}"]
    return subject_of(Told(names, tags, digests, told.text("imageID")))


def _blocks(
    document: Document, runs: Sequence[tuple[Record, Subject]], order: ImportOrder
) -> Iterator[Columns]:
    rows = Rows(order)
    for run, subject in runs:
        driver = run.record("tool").record("driver")
        image = rows.image(subject, driver.needed_text("name").lower())
        rules, left_out = driver.records("rules"), 0
        by_id = {rule.text("id"): rule for rule in rules}
        for result in run.each("results", document):
            at = result.raw("ruleIndex")
            known = isinstance(at, int) and not isinstance(at, bool) and 0 <= at < len(rules)
            rule = rules[at] if known else by_id.get(result.text("ruleId"), Record({}))
            left_out += not _state(rows, image, result, rule)
            if rows.full:
                yield from rows.flushed()
        version = driver.text("version") or driver.text("semanticVersion")
        image.verdict = _verdict(run, image, version, left_out)
    yield from rows.rest()


def _state(rows: Rows, image: Image, result: Record, rule: Record) -> bool:
    """State a result; False when it is about no vulnerability."""
    message = result.record("message").text("text") or ""
    told = {**_lines(rule.record("help").text("text") or ""), **_lines(message)}
    rule_id = result.text("ruleId") or rule.text("id") or ""
    found = _FLAW.search(told.get("Vulnerability", "")) or _FLAW.match(rule_id)
    tags = rule.record("properties").texts("tags")
    if found is None and "vulnerability" not in tags:
        return False
    name = found[1] if found else rule_id
    scores = _scores(rule)
    rows.state(
        image, {**_row(result, rule, told, message), "vulnerability_id": name, **_lead(scores)}
    )
    known = rows.about(name)
    known.title = known.title or rule.record("shortDescription").text("text")
    known.description = known.description or rule.record("fullDescription").text("text")
    known.references.update([url] if (url := rule.text("helpUri")) else [])
    known.cvss.update(scores)
    return True


def _row(result: Record, rule: Record, told: Mapping[str, str], message: str) -> dict[str, Any]:
    level = result.text("level") or rule.record("defaultConfiguration").text("level")
    tags = [one for one in rule.record("properties").texts("tags") if one.isupper()]
    severity = told.get("Severity") or next(iter(tags), None) or level
    found = _FOUND.search(message)
    fixed = told.get("Fixed Version") or told.get("Fix Version")
    fixed = None if fixed in (None, "none", "None") else fixed
    return {
        "package_name": told.get("Package") or (found["name"] if found else None),
        "package_version": told.get("Installed Version")
        or told.get("Version")
        or (found["version"] if found else None),
        "package_type": told.get("Type"),
        "fixed_version": fixed,
        "fix_state": (FixState.AVAILABLE if fixed else FixState.UNKNOWN).value,
        "severity": normalise_severity(severity).value,
        "severity_source": "level" if severity in _LEVELS else None,
        "native_severity": severity,
        "title": rule.record("shortDescription").text("text"),
        "url": rule.text("helpUri"),
        "location": _path(result),
        "native_id": result.record("partialFingerprints").text("primaryLocationLineHash")
        or result.text("guid"),
    }


def _lines(text: str) -> dict[str, str]:
    found = {name: value.strip() for name, value in _LINE.findall(text)}
    flaw = re.search(r"^\s*Vulnerability (\S+)", text, re.MULTILINE)
    return {**found, **({"Vulnerability": flaw[1]} if flaw else {})}


def _path(result: Record) -> str | None:
    found = _AT.fullmatch(_logical(result) or "")
    if found:
        return found["path"]
    for place in result.records("locations"):
        said = place.record("message").text("text")
        uri = place.record("physicalLocation").record("artifactLocation").text("uri")
        # Of OS packages the place is the image itself.
        return uri if said and uri and not said.startswith(f"{uri}: ") else None
    return None


def _logical(result: Record) -> str | None:
    for place in result.records("locations"):
        for one in place.records("logicalLocations"):
            return one.text("fullyQualifiedName")
    return None


def _scores(rule: Record) -> list[Cvss]:
    told = rule.record("properties")
    found = []
    for key, version in (("cvssv4", "4.0"), ("cvssv3", "3.1"), ("cvssv2", "2.0")):
        score = told.number(f"{key}_baseScore")
        score = told.number(f"{key}_score") if score is None else score
        vector = told.text(f"{key}_vector")
        if score is not None:
            known = re.match(r"CVSS:(\d\.\d)/", vector or "")
            found.append(Cvss(None, known[1] if known else version, vector, score))
    return found


def _lead(scores: Sequence[Cvss]) -> dict[str, Any]:
    return scores[0].lead() if scores else {}


def _verdict(run: Record, image: Image, version: str | None, left_out: int) -> Verdict:
    notes = ["imported SARIF"]
    if left_out:
        notes.append(f"{left_out} results about other things than vulnerabilities are left out")
    failed = [one for one in run.records("invocations") if one.raw("executionSuccessful") is False]
    ended = [one.moment("endTimeUtc") for one in run.records("invocations")]
    scanned_at = max((one for one in ended if one), default=None)
    if scanned_at is None:
        notes.append("it does not tell when the scan was made")
    state = State.ASSESSED
    if failed:
        state = State.FAILED
        notes.append("the scan did not end well")
    elif not image.statements:
        # SARIF lists results, not packages: this may be a clean image or one nobody could read.
        state = State.UNKNOWN
        notes.append("it states no vulnerability, so nothing shows a look at packages")
    return Verdict(image.source, state, "; ".join(notes), None, scanned_at, version)
