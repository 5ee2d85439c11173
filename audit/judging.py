"""Past runs judged again: under another policy, or under their own to prove the history."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from audit.app import App
from audit.config import Policy, read_yaml, validate
from audit.owners import load_owners
from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.replay import Replay, rebuild_differences


@dataclass(frozen=True)
class JudgedAgain:
    """What came of judging a run again.

    Attributes:
        folder: Holds a warehouse of its own and the reports, all marked as judged again.
    """

    run_id: str
    folder: Path
    reports: list[Path]


@dataclass(frozen=True)
class Rebuilt:
    """Whether the history comes out of the snapshots again.

    Attributes:
        runs: Runs that were judged again.
        differences: History table -> rows that only one of the two holds.
    """

    runs: list[str]
    differences: Mapping[str, int]


def load_policy(path: Path) -> Policy:
    """Read a policy from a file of its own: the keys of the configuration's ``policy`` block.

    Raises:
        ConfigError: The file is missing, not YAML, or holds an unknown or ill-typed key.
    """
    return validate(Policy, read_yaml(path), "", str(path))


def judge_again(app: App, run_id: str | None, policy: Policy) -> JudgedAgain:
    """Judge a published run, and all that it knows, by another policy; no cloud is asked.

    The warehouse stays as it is: what comes out has a folder of its own below the report folder.

    Raises:
        UsageError: There is no such run, or a snapshot that it takes was thinned out.
    """
    with app.warehouse.open_run(run_id) as run:
        chosen = run.run_id
    rules = policy.model_dump()
    digest = hashlib.sha256(orjson.dumps(rules, option=orjson.OPT_SORT_KEYS)).hexdigest()
    folder = Path(app.config.out) / "judged" / f"{chosen}-policy-{digest[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as fresh:
        target = Layout(Path(fresh) / "warehouse")
        owners, memory = load_owners(app.config.owners), app.config.collect.memory
        list(Replay(app.warehouse.layout, target, rules, owners, memory).run(chosen))
        app.report(Path(fresh), chosen, Warehouse(target))
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(fresh, folder)
    reports = sorted(path for path in folder.iterdir() if path.is_file())
    return JudgedAgain(chosen, folder, reports)


def rebuild(app: App) -> Rebuilt:
    """Make the history again from the snapshots, beside the warehouse, and compare the two.

    Raises:
        PrunedError: Too many snapshots were thinned out to start anywhere.
    """
    source = app.warehouse.layout
    with TemporaryDirectory() as folder:
        target = Layout(Path(folder) / "warehouse")
        runs = list(Replay(source, target, memory=app.config.collect.memory).run())
        return Rebuilt(runs, rebuild_differences(source, target, runs))
