"""A repository of a few images, told night by night in a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.store.layout import Layout
from audit.store.reader import StoredRun, Warehouse
from audit.store.sboms import StoredSbom
from audit.store.staging import TaskStaging
from providers.loopback.story import FIRST_NIGHT
from tests.support.staging import commit_outcomes

REF = ScopeRef("aws", "aws/1/r", ScopeKind.INVENTORY)
WHERE = {"provider": "aws", "registry_id": "host", "repository": "team/app"}
AREA = {"scope_id": "aws/1/r", "account": "1", "region": "r"}


def digest(name: str) -> str:
    return "sha256:" + name * 64


@dataclass(frozen=True)
class Told:
    """One statement about an image of the repository."""

    vulnerability: str
    image: str = "a"
    package: str = "openssl"
    aliases: Sequence[str] = ()
    severity: str = "HIGH"
    source: str = "inspector"
    more: Mapping[str, Any] = field(default_factory=dict)


def night(
    root: Path,
    number: int,
    told: Sequence[Told],
    *,
    images: str = "a",
    states: Mapping[str, str] | None = None,
    sources: Sequence[str] = ("inspector",),
    outcome: Outcome = Outcome.COMPLETE,
    known: Sequence[Mapping[str, Any]] = (),
    registry: Mapping[str, Any] | None = None,
    scanned_days_ago: int = 0,
    second_look: bool | None = None,
    waivers: Sequence[Mapping[str, Any]] = (),
    judged: Outcome | None = None,
    listed: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    pushed_with: Mapping[str, str] | None = None,
    kept: Mapping[str, StoredSbom] | None = None,
) -> StoredRun:
    """Publish a night: which images are there, what each source said, how the scope ended.

    Args:
        states: Image, or image and source as ``a:trivy``, -> assessment state; ``assessed`` where
            it is not named.
        known: Rows of ``vulnerabilities``.
        second_look: Whether every source is one that forgets for a night.
        waivers: Rows of ``waivers``, told by the first source.
        judged: How the scopes of the sources ended, where not as the inventory did.
        listed: Image -> rows of ``packages``: what Trivy's SBOM of it lists, made in this night.
        pushed_with: Image -> the image at the moment of whose push it was pushed; else each later
            than those before it in the alphabet.
        kept: Image -> the SBOM of it that Trivy made in this night.
    """
    layout, moment = Layout(root), FIRST_NIGHT + timedelta(days=number)
    scanned = moment - timedelta(days=scanned_days_ago)
    looks = Columns("assessments", **WHERE, second_look=second_look)
    _look(looks, images, states or {}, sources, scanned)
    blocks = [*_inventory(images, registry, pushed_with or {}), looks]
    blocks += [_stated(told), *_contents(listed or {}, kept or {})]
    blocks.append(_rows("vulnerabilities", known))
    waived = {"scope_id": f"aws/1/r/{sources[0]}", "origin": sources[0], "provider": "aws"}
    blocks.append(_rows("waivers", waivers, **waived))
    with TaskStaging(layout.staged(f"{moment:%Y%m%dT%H%M%SZ}") / "raw", "task") as sink:
        for block in blocks:
            sink.write(block)
    errors = 0 if outcome is Outcome.COMPLETE else 1
    ends = [ScopeOutcome(REF, outcome, errors=errors)]
    for source in sources:
        scope = replace(REF, scope_id=f"aws/1/r/{source}", kind=ScopeKind.FINDINGS, source=source)
        ends.append(ScopeOutcome(scope, judged or outcome))
    commit_outcomes(layout, moment, ends)
    return Warehouse(layout).open_run()


def _rows(table: str, rows: Sequence[Mapping[str, Any]], **constants: str) -> Columns:
    block = Columns(table, **constants)
    for row in rows:
        block.append(**row)
    return block


def _stated(told: Sequence[Told]) -> Columns:
    findings = Columns("findings", **WHERE)
    for one in told:
        findings.append(
            digest=digest(one.image),
            vulnerability_id=one.vulnerability,
            package_name=one.package,
            aliases=list(one.aliases),
            severity=one.severity,
            source=one.source,
            fix_state="unknown",
            **one.more,
        )
    return findings


def _inventory(
    images: str, registry: Mapping[str, Any] | None, pushed_with: Mapping[str, str]
) -> list[Columns]:
    rows, placements = Columns("images"), Columns("placements", **WHERE, **AREA)
    for number, name in enumerate(images):
        minutes = ord(pushed_with.get(name, name))
        pushed = FIRST_NIGHT - timedelta(days=9) + timedelta(minutes=minutes)
        rows.append(digest=digest(name), kind="image", child_digests=[])
        placements.append(digest=digest(name), tags=[f"1.{number}"], pushed_at=pushed, in_use=True)
    registries = Columns("registries", provider="aws", registry_id="host", **AREA)
    registries.append(**(registry or {}))
    return [rows, placements, registries]


def _look(
    assessments: Columns,
    images: str,
    states: Mapping[str, str],
    sources: Sequence[str],
    scanned: datetime,
) -> None:
    for name in images:
        for source in sources:
            assessments.append(
                digest=digest(name),
                source=source,
                state=states.get(f"{name}:{source}", states.get(name, "assessed")),
                scanned_at=scanned,
            )


def _contents(
    listed: Mapping[str, Sequence[Mapping[str, Any]]], kept: Mapping[str, StoredSbom]
) -> list[Columns]:
    sboms, packages = Columns("sboms", tool="trivy"), Columns("packages", tool="trivy")
    for name, rows in listed.items():
        sboms.append(digest=digest(name), packages=len(rows), path=f"sboms/{name}")
        for row in rows:
            packages.append(digest=digest(name), **row)
    for name, sbom in kept.items():
        told = {name: getattr(sbom, name) for name in ("path", "sha256", "tool_version")}
        sboms.append(digest=digest(name), size_bytes=10, **told)
    return [sboms, packages]


def changes(run: StoredRun) -> list[tuple[str, str, str]]:
    """Return (vulnerability, event, reason) of the run's changes."""
    rows = run.rows(
        "SELECT vulnerability_id, event, reason FROM exposure_changes "
        "ORDER BY vulnerability_id, event"
    )
    return [tuple(row.values()) for row in rows]


def exposures(run: StoredRun, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of every exposure as it stands, merged ones left out."""
    rows = run.rows(
        f"SELECT {', '.join(columns)} FROM exposures_now WHERE merged_into IS NULL ORDER BY ALL"
    )
    return [tuple(row.values()) for row in rows]


def balances(run: StoredRun) -> bool:
    """Whether the flow of the run gives what is open."""
    (row,) = run.rows(
        "SELECT (SELECT count(*) FROM exposures_now WHERE state <> 'closed') AS now_open, "
        "(SELECT count(*) FROM exposures_before WHERE state <> 'closed') "
        "+ count(*) FILTER (event IN ('opened', 'reopened')) - count(*) FILTER (event = 'closed') "
        "- count(*) FILTER (event = 'merged' AND exposure_id IN "
        "(SELECT exposure_id FROM exposures_before WHERE state <> 'closed')) AS by_flow "
        "FROM exposure_changes"
    )
    return bool(row["now_open"] == row["by_flow"])
