"""One task's failure is never another's, and every promised scope has an outcome."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from audit.collect.runner import plan_all, run_tasks
from audit.errors import AccessDeniedError, DisabledError, ThrottledError
from audit.model.columns import Columns
from audit.model.enums import Outcome, ScopeKind
from audit.model.scope import Plan, ScopeOutcome, ScopeRef, Task
from audit.ports import Capabilities, RunContext, Settings, Sink


class Scripted:
    """A provider whose tasks do what their names say."""

    name: ClassVar[str] = "any"
    settings_model: ClassVar[type[Settings]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities((), {})

    def __init__(self, settings: Any = None, context: RunContext | None = None) -> None:
        del settings, context
        self.running, self.most = 0, 0
        self.lock = threading.Lock()

    def plan(self) -> Plan:
        return Plan([task("good")])

    def collect(self, task: Task, sink: Sink) -> Sequence[ScopeOutcome]:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.01)
        with self.lock:
            self.running -= 1
        rows = Columns("images")
        rows.append(digest=f"sha256:{task.task_id}")
        sink.write(rows)
        errors = {
            "denied": AccessDeniedError("no", operation="x:List", permission="x:List"),
            "disabled": DisabledError("off", operation="x:List"),
            "throttled": ThrottledError("slow down", operation="x:List"),
            "bug": KeyError("surprise"),
        }
        if task.task_id in errors:
            raise errors[task.task_id]
        if task.task_id == "forgetful":
            return []
        return [ScopeOutcome(task.scopes[0], Outcome.COMPLETE)]


class Broken(Scripted):
    def plan(self) -> Plan:
        raise RuntimeError("no plan")


def task(name: str) -> Task:
    return Task("any", name, (ScopeRef("any", f"any/{name}", ScopeKind.INVENTORY),))


@pytest.fixture(autouse=True)
def quiet():
    logging.getLogger("registry_audit").propagate = False


def test_every_scope_has_an_outcome_whatever_happens(tmp_path):
    names = ["good", "denied", "disabled", "throttled", "bug", "forgetful"]
    provider = Scripted()
    told: list[str] = []
    tasks = [task(name) for name in names]
    done = run_tasks({"any": provider}, tasks, tmp_path, 2, lambda t, _: told.append(t.task_id))
    found = {outcome.ref.scope_id: outcome for outcome in done}
    assert {name: str(found[f"any/{name}"].outcome) for name in names} == {
        "good": "complete",
        "denied": "denied",
        "disabled": "disabled",
        "throttled": "failed",
        "bug": "failed",
        "forgetful": "failed",
    }
    assert found["any/denied"].missing_permission == "x:List"
    assert found["any/bug"].error_code == "KeyError"
    assert found["any/forgetful"].error_code == "NoOutcome"
    assert sorted(told) == sorted(names)


def test_what_a_broken_task_had_read_is_kept(tmp_path):
    run_tasks({"any": Scripted()}, [task("bug")], tmp_path, 1, lambda *_: None)
    assert len(list(tmp_path.glob("images/*.parquet"))) == 1


def test_no_more_tasks_run_at_once_than_allowed(tmp_path):
    provider = Scripted()
    tasks = [task(f"good {n}") for n in range(20)]
    run_tasks({"any": provider}, tasks, tmp_path, 3, lambda *_: None)
    assert 1 < provider.most <= 3


def test_a_provider_without_a_plan_is_a_failed_discovery():
    plans = plan_all({"good": Scripted(), "bad": Broken()})
    assert len(plans["good"].tasks) == 1
    assert plans["bad"].tasks == ()
    assert [str(o.outcome) for o in plans["bad"].outcomes] == ["failed"]
    assert plans["bad"].outcomes[0].error_code == "RuntimeError"
