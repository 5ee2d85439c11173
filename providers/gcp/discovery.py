"""Plans a run over projects that are not all named in the configuration.

gcp/organizations/N names the projects, gcp/<project> its locations, gcp/<project>/<location> is
read. Whatever of this cannot be told is an outcome.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from audit.errors import SourceError
from audit.model.enums import Outcome
from audit.model.scope import Plan, ScopeOutcome, ScopeRef, ScopeTally, Task
from providers.gcp.listing import Listed, managed, searched
from providers.gcp.projects import LEFT_OUT, LeftOut, Project, verdict
from providers.gcp.recall import Recall
from providers.gcp.rest import RestClient
from providers.gcp.scopes import discovery_scope, inventory_scope, root_scope
from providers.gcp.settings import VISIBLE, DiscoverySettings, GcpSettings
from providers.gcp.tasks import project_task


class Discovery:
    """Asks for projects, root by root; every project has a task or an outcome."""

    def __init__(
        self,
        settings: GcpSettings,
        wanted: DiscoverySettings,
        recall: Recall,
        log: logging.Logger,
    ) -> None:
        self._settings, self._wanted, self._log = settings, wanted, log
        self._remembered = recall.places()
        self._outcomes: list[ScopeOutcome] = []
        self._tasks: list[Task] = []
        self._met: set[str] = set()

    def plan(self) -> Plan:
        """Return a task for each project to read, and how all else ended."""
        with RestClient(self._settings) as rest:
            found = [(root, *self._listed(rest, root)) for root in self._wanted.scopes]
            named = {one.project for _, listed, _ in found for one in listed.projects}
            missed = set(self._remembered) - named
            for root, listed, tally in found:
                if missed and listed.lagging:
                    listed = self._confirmed(rest, root, listed, tally)  # noqa: PLW2901  the better one
                self._take(root, listed, tally)
        return Plan(self._tasks, self._outcomes)

    def _listed(self, rest: RestClient, root: str) -> tuple[Listed, ScopeTally]:
        tally = ScopeTally(root_scope(root))
        if root == VISIBLE or self._wanted.by == "resource-manager":
            return managed(rest, root, tally), tally
        try:
            listed = searched(rest, root, tally)
        except SourceError as error:
            if self._wanted.by == "cloud-asset":
                tally.fail(error)
                return Listed([], exhaustive=False), tally
            self._log.warning(
                "%s: Cloud Asset does not answer, Resource Manager is asked: %s", root, error
            )
            second = ScopeTally(tally.ref, api_calls=tally.api_calls)
            return managed(rest, root, second), second
        return listed, tally

    def _confirmed(self, rest: RestClient, root: str, listed: Listed, tally: ScopeTally) -> Listed:
        """Ask Resource Manager too where a project is missed; it lists what is there now."""
        second = ScopeTally(tally.ref)
        truth = managed(rest, root, second)
        tally.api_calls += second.api_calls
        if not second.complete:
            self._log.warning(
                "%s: which projects are gone cannot be confirmed: %s", root, second.first_error
            )
        known = {one.project for one in listed.projects}
        more = [one for one in truth.projects if one.project not in known]
        return Listed([*listed.projects, *more], second.complete and truth.exhaustive)

    def _take(self, root: str, listed: Listed, tally: ScopeTally) -> None:
        tally.listed = len(listed.projects)
        outcome = tally.finish()
        # A listing without any project would make all of them gone: nobody audits an empty one.
        whole = listed.exhaustive and outcome.outcome is Outcome.COMPLETE and tally.listed > 0
        self._outcomes.append(replace(outcome, exhaustive=whole))
        self._log.info("%s: %d projects", tally.ref.scope_id, tally.listed)
        for one in listed.projects:
            if one.project not in self._met:
                self._met.add(one.project)
                self._sort_out(one, root)

    def _sort_out(self, one: Project, root: str) -> None:
        why = verdict(one, self._wanted)
        ref = discovery_scope(one.project, root)
        if isinstance(why, LeftOut):
            self._outcomes.append(left_out(ref, why.reason))
        elif why is not None:
            tally = ScopeTally(ref)
            tally.fail(why)
            self._outcomes.append(tally.finish())
        else:
            self._read(one, root)

    def _read(self, one: Project, root: str) -> None:
        locations = known = self._known(one)
        if self._settings.locations:
            wanted = frozenset(self._settings.locations)
            locations = wanted if known is None else known & wanted
            seen = self._remembered.get(one.project, frozenset()) if known is None else known
            for location in sorted(seen - wanted):
                ref = inventory_scope(one.project, location, discovered=True)
                self._outcomes.append(left_out(ref, "locations does not name it"))
        task = project_task(self._settings, one.project, root=root, locations=locations)
        self._tasks.append(task)

    def _known(self, one: Project) -> frozenset[str] | None:
        """Return where repositories lie or lay; None where nobody but the project knows.

        Where they lay is read again: that Cloud Asset no longer names a place is no proof.
        """
        if one.locations is None:
            return None
        return one.locations | self._remembered.get(one.project, frozenset())


def left_out(ref: ScopeRef, reason: str) -> ScopeOutcome:
    """Return the outcome of what the configuration leaves out."""
    return ScopeOutcome(ref, Outcome.LEFT_OUT, error_code=LEFT_OUT, error=f"left out: {reason}")
