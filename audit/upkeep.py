"""Looking after a warehouse: thin it out, check it, put its many small files together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from audit.config import Config
from audit.store.compact import Compacted, compact
from audit.store.faults import Findings
from audit.store.layout import Layout
from audit.store.lock import writer_lock
from audit.store.prune import Keep, PrunePlan, plan_prune, prune
from audit.store.reader import Warehouse
from audit.store.sound import check_all, check_one
from audit.store.verify import check_published
from audit.store.versions import refuse_newer


@dataclass(frozen=True)
class Upkeep:
    """One warehouse and how it is to be looked after."""

    config: Config
    warehouse: Warehouse
    moment: datetime

    @property
    def _layout(self) -> Layout:
        return self.warehouse.layout

    def prune(self, *, delete: bool) -> PrunePlan:
        """Work out which snapshots and SBOMs are thinned out and, if told to, delete them.

        Raises:
            WarehouseError: The warehouse is damaged, or of a later version; nothing is deleted.
            LockHeldError: A run is going on.
        """
        keep = Keep(self.config.retention.daily, self.config.retention.weekly)
        if not delete:
            return plan_prune(self._layout, self.warehouse.run_ids(), keep)
        with self._writing("prune") as run_ids:
            plan = plan_prune(self._layout, run_ids, keep)
            prune(self._layout, plan, keep, self.moment)
            return plan

    def compact(self) -> list[Compacted]:
        """Merge the files of every history table into one copy each; the files stay.

        Raises:
            WarehouseError: The warehouse is damaged, or of a later version; nothing is merged.
            LockHeldError: A run is going on.
        """
        with self._writing("compact") as run_ids:
            return compact(self._layout, run_ids)

    def verify(self, run_id: str | None, *, quick: bool) -> Findings:
        """Check the whole warehouse, one run of it, or (``quick``) the newest run.

        Raises:
            UsageError: There is no such run, or nothing at all: nothing is not sound.
        """
        run_ids, memory = self.warehouse.run_ids(), self.config.collect.memory
        chosen = max(run_ids, default=None) if quick else run_id
        if chosen is None:
            found = check_all(self._layout, run_ids, memory)
            if not run_ids and not found.faults:
                raise self.warehouse.unpublished()
            return found
        return check_one(self._layout, run_ids, chosen, memory)

    @contextmanager
    def _writing(self, what: str) -> Iterator[list[str]]:
        """Hold the warehouse, sound and of this version, and yield its published runs."""
        with writer_lock(self._layout, what):
            run_ids = self.warehouse.run_ids()
            refuse_newer(self._layout, run_ids)
            check_published(self._layout, run_ids)
            yield run_ids
