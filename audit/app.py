"""Puts configuration, plug-ins and stages together: one run from plan to report."""

from __future__ import annotations

import logging
import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from audit.chosen import Chosen
from audit.clock import Clock, FixedClock
from audit.collect.runner import Planned, plan_all, run_tasks
from audit.errors import UsageError
from audit.log import LOGGER
from audit.model.scope import Plan, ScopeOutcome
from audit.opening import open_warehouse
from audit.owners import load_owners
from audit.ports import Pulls, RegistryProvider, RunContext
from audit.scanning.plan import Wanted, plan
from audit.scanning.run import Scans, describer_of
from audit.store.ahead import candidates
from audit.store.assembly import ScopeEnd
from audit.store.commit import Commit, commit_run, looked_at
from audit.store.journal import BrokenRun, Shape, begin, resumable
from audit.store.layout import Layout
from audit.store.ledger import Ledger
from audit.store.lock import writer_lock
from audit.store.memory import StoredMemory
from audit.store.publish import recover
from audit.store.reader import Warehouse
from audit.store.verify import check_published
from audit.store.versions import refuse_newer
from audit.tables import TABLES


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        incomplete: Some scope or assessment is missing: exit code 4.
    """

    run_id: str
    outcome: str
    incomplete: bool
    scopes: Counter[str]
    unassessed: int


def _told(scope: ScopeEnd) -> dict[str, str | None]:
    return {"scope": scope.scope_id, "error_code": scope.error_code, "error": scope.error}


def run_id_of(moment: datetime) -> str:
    """Return the id of the run at a moment; ids sort by time."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


@dataclass(frozen=True)
class App(Chosen):
    """One invocation: configuration, clock moment, and what follows from them.

    Attributes:
        clock: Tells when a run is published; without one, the moment stands still.
    """

    moment: datetime
    clock: Clock | None = None

    @property
    def warehouse(self) -> Warehouse:
        """The configured warehouse."""
        config = self.config
        return open_warehouse(config.warehouse, config.store, config.source)

    def context(self) -> RunContext:
        """Return the context of a run at this moment."""
        log = logging.getLogger(LOGGER)
        return RunContext(run_id_of(self.moment), self.moment, log)

    def run(self, planned: Planned, *, fresh: bool = False) -> RunResult:
        """Collect, publish and judge; go on with a broken run where there is one.

        Args:
            planned: Told the tasks once they are known; returns the callback for each task's end.
            fresh: Read everything anew, whatever a broken run had read.
        """
        self.reports()  # a wrong name must not wait for the end of the night
        self.settings()
        self.scanner_settings()
        load_owners(self.config.owners)
        self.check_out()
        with writer_lock(self.warehouse.layout, run_id_of(self.moment)):
            broken = None if fresh else self._broken("run")
            app = replace(self, moment=broken.moment) if broken else self
            return app._run(planned, resumed=broken is not None)  # noqa: SLF001  itself, earlier

    def _run(self, planned: Planned, *, resumed: bool) -> RunResult:
        context, layout = self.context(), self.warehouse.layout
        ledger = self.ready(context.run_id, keep=context.run_id if resumed else None)
        memory = StoredMemory(layout, ledger.before(context.run_id))
        providers = self.providers(replace(context, memory=memory))
        if not providers:
            context.log.warning("no provider is configured: nothing will be read")
        begin(layout, BrokenRun(context.run_id, context.moment), self._shape("run"))
        outcomes = self._collect(context, providers, plan_all(providers), planned)
        outcomes += self._scan(
            self._scans(context, providers, planned),
            self._commit(context, "run", outcomes, ledger),
        )
        return self.commit(context, "run", outcomes, ledger)

    def scan(self, planned: Planned) -> RunResult:
        """Have the configured scanners look at what the newest run knows; publish a run of its own.

        Raises:
            UsageError: No scanner is configured, or nothing is published yet.
        """
        self.reports()
        self.must_scan()
        self.check_out()
        with writer_lock(self.warehouse.layout, run_id_of(self.moment)):
            broken = self._broken("scan")
            app = replace(self, moment=broken.moment) if broken else self
            return app._rescan(planned, resumed=broken is not None)  # noqa: SLF001  itself, earlier

    def _rescan(self, planned: Planned, *, resumed: bool) -> RunResult:
        context, layout = self.context(), self.warehouse.layout
        ledger = self.ready(context.run_id, keep=context.run_id if resumed else None)
        if ledger.newest is None:
            raise self.warehouse.unpublished()
        begin(layout, BrokenRun(context.run_id, context.moment), self._shape("scan"))
        scans = self._scans(context, self.providers(context), planned)
        outcomes = self._scan(scans, self._commit(context, "scan", [], ledger))
        return self.commit(context, "scan", outcomes, ledger)

    def scan_plan(self) -> dict[str, list[Wanted]]:
        """Return what each configured scanner would do about what the newest run knows.

        Raises:
            UsageError: No scanner is configured, or nothing is published yet.
        """
        self.must_scan()
        context, ledger = self.context(), self.warehouse.ledger()
        if ledger.newest is None:
            raise self.warehouse.unpublished()
        commit = self._commit(context, "scan", [], ledger)
        with tempfile.TemporaryDirectory() as folder:
            aside = Layout(self.warehouse.layout.files, Path(folder))
            return {
                scanner.name: plan(
                    candidates(aside, commit, scanner.name, self.config.scanners),
                    self.config.scan,
                    describer_of(scanner),
                )
                for scanner in self.scanners(context, Path(folder))
            }

    def _scans(
        self, context: RunContext, providers: Mapping[str, RegistryProvider], planned: Planned
    ) -> Scans:
        return Scans(
            layout=self.warehouse.layout,
            context=context,
            rules=self.config.scan,
            pulls={name: one for name, one in providers.items() if isinstance(one, Pulls)},
            clock=self.clock or FixedClock(self.moment),
            planned=planned,
        )

    def _scan(self, scans: Scans, commit: Commit) -> list[ScopeOutcome]:
        """Have the configured scanners look at the images that a run is going to publish."""
        outcomes: list[ScopeOutcome] = []
        work = scans.layout.staged(commit.run_id) / "scanner"
        for scanner in self.scanners(scans.context, work):
            found = candidates(scans.layout, commit, scanner.name, self.config.scanners)
            outcomes += scans.run(scanner, found)
        return outcomes

    def _broken(self, command: str) -> BrokenRun | None:
        """Return the run that died while collecting and that this one goes on with."""
        warehouse, within = self.warehouse, timedelta(hours=self.config.collect.resume_within_hours)
        broken = resumable(
            warehouse.layout, warehouse.run_ids(), self._shape(command), self.moment, within
        )
        if broken:
            logging.getLogger(LOGGER).warning(
                "going on with the broken run %s: everything is dated by its moment, %s",
                broken.run_id,
                broken.moment.isoformat(),
                extra={"run_id": broken.run_id},
            )
        return broken

    def _shape(self, command: str) -> Shape:
        versions = {name: table.version for name, table in TABLES.items()}
        return Shape(command, self.sha256(), version("registry-audit"), versions)

    def ready(self, run_id: str, *, fill_in: bool = False, keep: str | None = None) -> Ledger:
        """Finish or clear what a crashed run left and return the published runs.

        Args:
            run_id: The run to come.
            fill_in: Whether it may be of an earlier moment than runs that are published.
            keep: The broken run that it goes on with, if any.

        Raises:
            UsageError: There is a run of that moment, or the new run would not be the newest.
            WarehouseError: A published file that the run would build on is missing or altered, or
                a later version of the tool has written to the warehouse.
        """
        refuse_newer(self.warehouse.layout, self.warehouse.run_ids())
        finished = recover(self.warehouse.layout, keep)
        if finished:
            logging.getLogger(LOGGER).warning("finished a broken run", extra={"runs": finished})
        check_published(self.warehouse.layout, self.warehouse.run_ids())
        ledger = self.warehouse.ledger()
        newest = ledger.newest
        if newest is None or run_id > newest:
            return ledger
        if fill_in and run_id in ledger.sequences:
            raise UsageError(
                f"run {run_id} is published already",
                where="--run-at",
                cure="two runs cannot be of one second; name another moment",
            )
        if not fill_in:
            raise UsageError(
                f"run {run_id} is not later than the newest run {newest}",
                where="--run-at",
                cure="a run is of a later moment than all before it; check the clock",
            )
        check_published(self.warehouse.layout, ledger.before(run_id).run_ids)
        return ledger

    def _commit(
        self,
        context: RunContext,
        command: str,
        outcomes: Sequence[ScopeOutcome],
        ledger: Ledger,
    ) -> Commit:
        return Commit(
            run_id=context.run_id,
            moment=context.moment,
            clock=self.clock or FixedClock(context.moment),
            command=command,
            outcomes=outcomes,
            ledger=ledger,
            policy=self.config.policy.model_dump(),
            retired=self.config.retired_scopes,
            config_sha256=self.sha256(),
            memory=self.config.collect.memory,
            owners=load_owners(self.config.owners),
        )

    def commit(
        self,
        context: RunContext,
        command: str,
        outcomes: Sequence[ScopeOutcome],
        ledger: Ledger,
    ) -> RunResult:
        """Assemble, judge and publish what is staged."""
        made_from = self._commit(context, command, outcomes, ledger)
        done = commit_run(self.warehouse.layout, made_from)
        planned = {outcome.ref.scope_id for outcome in outcomes}
        for scope in done.scopes:
            if scope.scope_id not in planned:
                context.log.warning(
                    "scope %s: %s", scope.scope_id, scope.outcome, extra=_told(scope)
                )
        counted = Counter(scope.outcome for scope in done.scopes)
        incomplete = not looked_at(counted) or done.unassessed > 0
        return RunResult(context.run_id, done.outcome, incomplete, counted, done.unassessed)

    def check_out(self) -> None:
        """Find out before the night's work whether its reports can be written.

        Raises:
            UsageError: The report folder cannot be made or written to.
        """
        out = Path(self.config.out)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot be made: {error}", where="out", cure="--out DIR") from error
        if not os.access(out, os.W_OK):
            raise UsageError(f"{out} cannot be written to", where="out", cure="--out DIR")

    def report(
        self, out: Path, run_id: str | None = None, warehouse: Warehouse | None = None
    ) -> list[Path]:
        """Write the configured reports of a run, by default the newest.

        Raises:
            PrunedError: The snapshot of the run was thinned out.
        """
        reports = self.reports()
        out.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        with (warehouse or self.warehouse).open_run(run_id) as run:
            run.must_be_whole()
            for report in reports:
                for language in self.config.languages:
                    written += report.render(run, out, language)
        return written

    def _collect(
        self,
        context: RunContext,
        providers: Mapping[str, RegistryProvider],
        plans: Mapping[str, Plan],
        planned: Planned,
    ) -> list[ScopeOutcome]:
        tasks = [task for plan in plans.values() for task in plan.tasks]
        outcomes = [outcome for plan in plans.values() for outcome in plan.outcomes]
        raw = self.warehouse.layout.staged(context.run_id) / "raw"
        workers = self.config.collect.workers
        return outcomes + run_tasks(providers, tasks, raw, workers, planned(tasks))
