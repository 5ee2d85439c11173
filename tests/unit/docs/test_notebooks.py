"""The example notebook runs from top to bottom, and its plots tell no zero that nobody counted.

Its cells run in this process: a kernel of its own would need a dozen packages and a port, and would
hide warnings that are errors here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from audit.notebook import open_warehouse
from providers.loopback.story import first_night, next_night
from tests.support.project import ROOT, project_files
from tests.support.staging import commit_estate
from tests.support.strategies import SMALL

NOTEBOOKS = [name for name in project_files() if name.endswith(".ipynb")]
POSTURE = "docs/notebooks/posture.ipynb"


def cells(name: str) -> list[dict[str, Any]]:
    return list(json.loads((ROOT / name).read_text("utf-8"))["cells"])


def run(name: str) -> dict[str, Any]:
    """Run every code cell in one namespace and return the namespace."""
    mpl.use("Agg")
    names: dict[str, Any] = {}
    for cell in cells(name):
        if cell["cell_type"] == "code":
            code = compile("".join(cell["source"]), f"{name}#{cell['id']}", "exec")
            exec(code, names)  # noqa: S102  our own notebook
    return names


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of four nights with a night without a run between them."""
    root: Path = tmp_path_factory.mktemp("notebooks")
    estate = first_night(3, SMALL)
    for night, day in enumerate((0, 1, 3, 4)):
        moment = first_night(3, SMALL).moment + timedelta(days=day)
        if night:
            estate = next_night(estate, 3 + night, SMALL)
        commit_estate(root / "out/warehouse", replace(estate, moment=moment))
    return root


@pytest.fixture
def shown(folder, monkeypatch):
    monkeypatch.chdir(folder)
    yield run(POSTURE)
    plt.close("all")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_without_outputs(name):
    told = json.loads((ROOT / name).read_text("utf-8"))
    assert (told["nbformat"], told["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in told["cells"]}) == len(told["cells"])
    for cell in told["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None), cell["id"]


def test_a_night_without_a_run_is_a_gap_and_never_a_zero(shown):
    above, below = shown["trends"].axes
    for line in [*above.get_lines()[:4], below.get_lines()[0]]:
        drawn = np.asarray(line.get_ydata(), dtype=float)
        assert list(np.isnan(drawn)) == [False, False, True, False, False]


def test_the_points_are_the_questions_figures(shown):
    told = open_warehouse("out/warehouse").question("open_over_time")
    per_run = told[told["severity"] == "HIGH"].groupby("run_id")["open"].sum().tolist()
    (line,) = [line for line in shown["trends"].axes[0].get_lines() if line.get_label() == "high"]
    drawn = [value for value in line.get_ydata() if not np.isnan(value)]
    assert drawn == per_run
    coverage = [v for v in shown["trends"].axes[1].get_lines()[0].get_ydata() if not np.isnan(v)]
    assert all(0 < share <= 100 for share in coverage)


def test_the_survival_curve_censors_what_is_not_over(shown):
    lives = pd.DataFrame({"days": [1, 2, 2, 5], "fixed": [True, True, False, False]})
    curve = shown["survival"](lives)
    assert curve.to_dict() == pytest.approx({0: 1.0, 1: 0.75, 2: 0.5, 5: 0.5})
    assert shown["survival"](lives.assign(days=0))[0] == pytest.approx(0.5)
    assert shown["curves"].axes[0].get_lines()


def test_the_bars_are_the_packages_to_mend_first(shown):
    told = open_warehouse("out/warehouse").question("fix_first", rows=10)
    labels = [label.get_text() for label in shown["bars"].axes[0].get_yticklabels()]
    assert labels[::-1] == told["package_name"].tolist()
    widths = [bar.get_width() for bar in shown["bars"].axes[0].patches]
    assert sum(widths) == told["exposures"].sum()
