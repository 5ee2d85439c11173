"""The analyst's questions, on the history and on the snapshots, each in a process of its own.

``python -m benchmarks.asking WAREHOUSE QUESTION FORM VULNERABILITY`` prints one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from audit import questions
from audit.notebook import open_warehouse
from benchmarks.memory import peak_memory
from benchmarks.nights import child

ALL = 10_000_000
REPEATS = 3
MEMORY = "400MB"
"""Bound of the engine; the process itself, pandas and the answer come on top."""


def ask(root: str, name: str, form: str, vulnerability: str, spill: str) -> dict[str, Any]:
    """Answer a question in one form; seconds of wall and CPU, peak MB, and a hash of the rows."""
    question = questions.load(name)
    given: dict[str, Any] = {"vulnerability": vulnerability, "rows": ALL, "since": None}
    values = {p.name: given.get(p.name, p.default) for p in question.parameters}
    wall, cpu = time.monotonic(), time.process_time()
    with open_warehouse(root, memory=MEMORY, spill=spill).run() as run:
        sql = question.check.sql if form == "snapshots" and question.check else question.sql
        answer = run.sql(sql, **values)
        spent = {"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu}
        peak = peak_memory()
    return {**spent, "peak": peak, "rows": len(answer), "hash": _hash(question, form, answer)}


def _hash(question: questions.Question, form: str, answer: pd.DataFrame) -> str:
    """Return a hash of the sorted rows, of those that both forms can tell."""
    if question.check and form == "history":
        answer = questions.comparable(question.check, answer)
    rows = sorted(map(repr, answer.itertuples(index=False, name=None)))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def report(root: Path) -> Iterator[str]:
    """Yield a line a question: the median of several interleaved askings."""
    with open_warehouse(str(root)).run() as run:
        widest = run.sql(
            "SELECT vulnerability_id FROM exposures_now WHERE state <> 'closed' "
            "GROUP BY vulnerability_id ORDER BY count(*) DESC, vulnerability_id LIMIT 1"
        )
    wanted = str(widest["vulnerability_id"].iloc[0])
    for name in questions.NAMES:
        forms = ["history", "snapshots"] if questions.load(name).check else ["history"]
        told: dict[str, list[dict[str, Any]]] = {form: [] for form in forms}
        for _ in range(REPEATS):
            for form in forms:
                told[form].append(child("benchmarks.asking", str(root), name, form, wanted))
        yield _line(name, told)


def _line(name: str, told: dict[str, list[dict[str, Any]]]) -> str:
    def cost(form: str) -> str:
        runs = told[form]
        wall, cpu = (median(run[what] for run in runs) for what in ("wall", "cpu"))
        peak = max(run["peak"] for run in runs)
        return f"{form} {wall:6.2f} s wall {cpu:6.2f} s CPU {peak:5,.0f} MB"

    line = f"{name:19} {told['history'][0]['rows']:7,} rows  {cost('history')}"
    if "snapshots" not in told:
        return line
    hashes = {run["hash"] for runs in told.values() for run in runs}
    fast, slow = (median(run["wall"] for run in told[form]) for form in ("history", "snapshots"))
    equal = "equal" if len(hashes) == 1 else "DIFFERENT"
    return f"{line}  {cost('snapshots')}  {slow / fast:5.1f} x  {equal}"


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        warehouse, asked_for, way, about = sys.argv[1:]
        sys.stdout.write(json.dumps(ask(warehouse, asked_for, way, about, folder)))
