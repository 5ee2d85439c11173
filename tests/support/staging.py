"""Stages an estate's rows without any adapter, and runs the store and the judgement over them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from audit.clock import FixedClock
from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import ScopeOutcome, ScopeRef
from audit.store.commit import Commit, Committed, commit_run
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.staging import TaskStaging
from providers.loopback.answers import answered, inventory_outcome, listed, scope_of, worst
from providers.loopback.estate import Estate, Image, Place, Registry, Statement
from providers.loopback.scans import FORGETFUL, source_of

POLICY = {"newest_tagged": 10, "used_within_days": 30, "evidence_window_days": 30}


def run_id(estate: Estate) -> str:
    return estate.moment.strftime("%Y%m%dT%H%M%SZ")


def commit_estate(root: Path | Layout, estate: Estate) -> Committed:
    """Publish a run in which everything that can be read of the estate was read."""
    layout = Layout(root) if isinstance(root, Path) else root
    folder = layout.staged(run_id(estate)) / "raw"
    outcomes: dict[str, ScopeOutcome] = {}
    for place in estate.places:
        with TaskStaging(folder, f"{place.provider} {place.account} {place.region}") as sink:
            for registry in place.registries:
                for block in blocks(estate, place, registry):
                    sink.write(block)
                outcome = inventory(estate, place, registry)
                known = outcomes.get(outcome.ref.scope_id)
                joined = worst(known.outcome if known else None, outcome.outcome)
                count = outcome.listed + (known.listed if known else 0)
                told = ScopeOutcome(outcome.ref, Outcome(joined), listed=count)
                outcomes[outcome.ref.scope_id] = told
    return commit_outcomes(layout, estate.moment, list(outcomes.values()))


def commit_outcomes(
    layout: Layout,
    moment: datetime,
    outcomes: list[ScopeOutcome],
    retired: tuple[str, ...] = (),
) -> Committed:
    """Publish what is staged for the run at ``moment``."""
    commit = Commit(
        run_id=f"{moment:%Y%m%dT%H%M%SZ}",
        moment=moment,
        clock=FixedClock(moment),
        command="run",
        outcomes=outcomes,
        ledger=Warehouse(layout).ledger(),
        policy=POLICY,
        retired=retired,
        config_sha256="0" * 64,
        memory="512MB",
    )
    return commit_run(layout, commit)


def inventory(estate: Estate, place: Place, registry: Registry) -> ScopeOutcome:
    ref = ScopeRef(
        place.provider,
        scope_of(place, registry),
        ScopeKind.INVENTORY,
        account=place.account,
        region=place.region,
    )
    outcome = Outcome(inventory_outcome(estate, place, registry))
    return ScopeOutcome(ref, outcome, listed=len(list(listed(estate, place, registry))))


def blocks(estate: Estate, place: Place, registry: Registry) -> list[Columns]:
    where = {"provider": place.provider, "registry_id": registry.registry_id}
    area = {
        "scope_id": scope_of(place, registry),
        "account": place.account,
        "region": place.region,
    }
    images = Columns("images")
    placements = Columns("placements", **where, **area)
    source = source_of(place)
    assessments = Columns(
        "assessments", **where, source=source, second_look=source in FORGETFUL or None
    )
    findings = Columns("findings", **where, source=source_of(place))
    answers = answered(estate, place)
    for repository, image in listed(estate, place, registry):
        _place(images, placements, repository, image)
        if image.kind == "image" and image.scan:
            assessments.append(
                repository=repository,
                digest=image.digest,
                state=answers.state(image),
                scanned_at=image.scan.scanned_at,
            )
            for told in answers.statements(image):
                findings.append(
                    repository=repository,
                    digest=image.digest,
                    vulnerability_id=told.vulnerability_id,
                    package_name=told.package,
                    package_version=told.version,
                    severity=told.severity,
                    fix_state=_fix_state(source_of(place), told),
                )
    return [images, placements, assessments, findings]


def _fix_state(source: str, told: Statement) -> str:
    if source == "ecr-basic":
        return "unknown"
    return "available" if told.fixed_version else "not_available"


def _place(images: Columns, placements: Columns, repository: str, image: Image) -> None:
    images.append(
        digest=image.digest,
        kind=image.kind,
        media_type=image.media_type,
        child_digests=list(image.children),
    )
    placements.append(
        repository=repository,
        digest=image.digest,
        tags=sorted(image.tags),
        pushed_at=image.pushed_at,
        last_pulled_at=image.last_pulled_at,
        in_use=bool(image.in_use_count),
        archived=image.archived,
    )
