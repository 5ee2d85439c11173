"""The compliance page against the words, the rules and the gaps of the code."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from audit import plugins
from audit.model.enums import Outcome, State
from audit.notebook import open_warehouse
from audit.tables import TABLES
from reports import queries
from tests.support.project import ROOT
from tests.unit.docs.conftest import Nights
from tests.unit.docs.pages import blocks, column, section, table, table_lines

PAGE = "docs/compliance.md"
JUDGE = ROOT / "audit/judge/sql"
CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud", "oci": "OCI registry"}
BECAUSE = {"notimpl": "not built yet", "notyet": "the cloud does not tell", "never": "by design"}
# duckdb hands moments over by a way of pandas that pandas 3.1 deprecates; not ours to change.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop")


def rules(name: str) -> str:
    """Return a judgement step without its comments."""
    return re.sub(r"--.*", "", (JUDGE / f"{name}.sql").read_text("utf-8"))


def test_every_state_and_outcome_is_explained():
    assert sorted(column(PAGE, "What the state of an image proves")) == sorted(State)
    assert sorted(column(PAGE, "How a scope ended")) == sorted(Outcome)


def test_every_figure_names_a_query_of_the_reports():
    named = column(PAGE, "The figures", 3)
    assert len(named) > 10
    assert set(named) <= set(queries.names())


# --- events and reasons


def documented_reasons() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for events, reason, _ in table(PAGE, "Reasons"):
        for event in re.findall(r"\w+", events):
            found.setdefault(event, set()).add(reason.rstrip("*"))
    return found


def test_the_events_are_those_of_the_rules():
    changes = rules("exposures_4_changes")
    rule = changes[changes.index("seen AS") : changes.index("AS event")]
    given = set(re.findall(r"THEN '(\w+)'", rule))
    given |= set(re.findall(r"'(\w+)' ELSE '(\w+)' END AS event", changes)[0])
    given |= set(re.findall(r"'(\w+)' AS event", rules("exposures_2_prior")))
    told = set(column(PAGE, "Events"))
    assert told == given == set(documented_reasons())
    (event,) = [c for c in TABLES["exposures"].columns if c.name == "event"]
    assert told == set(re.findall(r"\w+ed", event.description))


def test_the_reasons_are_those_of_the_rules():
    context, changes = rules("exposures_3_context"), rules("exposures_4_changes")
    appearance = context[: context.index("END AS reason")]
    opening = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", appearance))
    told = documented_reasons()
    assert told["opened"] == told["reopened"] == opening
    assert told["confirmed"] == set(re.findall(r"WHEN 'confirmed' THEN '(\w+)'", changes))
    changed = changes[changes.index("WHEN 'changed' THEN CASE") :]
    changed = changed[: changed.index("END")]
    kept = changes[changes.index("kept_rows AS") :]
    kept = kept[: kept.index("AS reason")]
    marked = set(re.findall(r"(?:THEN|ELSE) '(\w+)'", kept))
    once = set(re.findall(r"THEN '(\w+_once)'", changes))
    hidden = set(re.findall(r"THEN '(\w+_at_source)'", changes))
    assert told["changed"] == set(re.findall(r"(?:THEN|ELSE) '(\w+)'", changed)) | marked | once
    merged = re.findall(r"'merged' AS event, '(\w+)' AS reason", rules("exposures_2_prior"))
    assert told["merged"] == set(merged)
    verdicts = changes[changes.index("judged AS") : changes.index("AS verdict")]
    dismissed = rules("exposures_1_stated").partition("SELECT exposure_key")[2]
    given = re.findall(r"(?:THEN|ELSE) '(\w+)'", verdicts + dismissed)
    assert told["closed"] == set(given) - {"unconfirmed"}
    blind = set(re.findall(r"'(\w+_)' \|\|", changes))
    blind |= set(re.findall(r"THEN '(\w+_unlisted)'", changes))
    assert told["unconfirmed"] == blind | once | hidden


def test_the_first_reason_for_opening_is_the_first_rule():
    context = rules("exposures_3_context")
    given = re.findall(r"(?:THEN|ELSE) '(\w+)'", context[: context.index("END AS reason")])
    listed = [reason for events, reason, _ in table(PAGE, "Reasons") if "opened" in events]
    assert listed == given


def test_a_real_night_gives_no_event_or_reason_that_is_not_explained(nights: Nights):
    changes = pd.read_parquet(nights.warehouse / "exposures", columns=["event", "reason"])
    told = documented_reasons()
    assert len(changes) > 0
    for event, reason in set(zip(changes["event"], changes["reason"], strict=True)):
        assert any(
            reason == known or (known.endswith("_") and reason.startswith(known))
            for known in told[event]
        ), (event, reason)


def test_the_closing_rules_end_as_the_code_says_and_in_its_order():
    changes = rules("exposures_4_changes")
    verdicts = changes[changes.index("judged AS") : changes.index("AS verdict")]
    given = [
        word or "unchanged" for word in re.findall(r"(?:THEN|ELSE) (?:'(\w+)'|NULL)", verdicts)
    ]
    told = [re.findall(r"\w+", verdict)[-1] for verdict in column(PAGE, "Closing rules", 1)]
    assert told == given


def test_a_control_is_never_excepted_or_left_to_hand():
    everything = "".join(path.read_text("utf-8") for path in JUDGE.glob("*.sql"))
    for word in ("EXCEPTED", "MANUAL"):
        assert word in section(PAGE, "Controls of this version")
        assert not re.search(rf"(?:THEN|ELSE) '{word}'", everything)


# --- controls


def test_the_controls_are_those_of_the_rules():
    told = {row[0] for row in table(PAGE, "Controls of this version")}
    assert told == set(re.findall(r"'([A-Z]{3}-\d\d)'", rules("controls")))


def test_the_results_of_a_real_night_are_ones_that_the_page_allows(nights: Nights):
    title = "Controls of this version"
    header = section(PAGE, title).split("\n| ---")[0].splitlines()[-1]
    statuses = [cell.strip() for cell in header.split("|")[4:-1]]
    told: dict[tuple[str, str], set[str]] = {}
    for control, _, field, *cells in table(PAGE, title):
        allowed = {status for status, cell in zip(statuses, cells, strict=True) if cell != "never"}
        told[control, field] = allowed
    results = pd.read_parquet(nights.warehouse / "control_results")
    seen = set(zip(results["control_id"], results["field"], results["status"], strict=True))
    assert {(control, field) for control, field, _ in seen} == set(told)
    assert [row for row in seen if row[2] not in told[row[0], row[1]]] == []


@pytest.mark.parametrize(("control", "clouds"), [("SCN-02", "azure gcp")])
def test_what_is_called_always_unknown_is(nights: Nights, control: str, clouds: str):
    results = pd.read_parquet(nights.warehouse / "control_results")
    results = results[(results["control_id"] == control) & results["provider"].isin(clouds.split())]
    assert set(results["provider"]) == set(clouds.split())
    assert set(results["status"]) == {"UNKNOWN"}


# --- gaps


def test_the_gaps_are_those_of_the_adapters():
    wanted = []
    for name in plugins.names(plugins.PROVIDERS):
        for fact, reason in plugins.provider(name).capabilities.gaps.items():
            kind, _, words = reason.partition(": ")
            wanted.append(f"| {CLOUDS[name]} | {fact} | {BECAUSE[kind]} | {words} |")
    assert table_lines(PAGE, "Limits of this version") == wanted


# --- working a figure out again


@pytest.mark.usefixtures("inside")
def test_the_share_worked_out_again_is_the_reports():
    (block,) = blocks(PAGE, "python")
    names: dict[str, pd.DataFrame] = {}
    exec(block.text, names)  # noqa: S102  our own page
    report = open_warehouse("out/warehouse").sql(queries.load("share").sql)
    report = report[report["provider"].notna()]
    assert names["share"]["assessed"].tolist() == report["assessed"].tolist()
    assert names["share"]["assessable"].tolist() == report["assessable"].tolist()


def test_the_balance_is_the_reports_and_holds(nights: Nights):
    (block,) = [block for block in blocks(PAGE, "sql") if "balances" in block.text]
    warehouse = open_warehouse(str(nights.warehouse))
    for run in warehouse.runs:
        ours = warehouse.sql(block.text, run).iloc[0]
        report = warehouse.sql(queries.load("flow").sql, run)
        flow = report[report["provider"].isna()].iloc[0]
        assert bool(ours["balances"])
        assert ours["before"] == flow["open_before"]
        assert ours["now"] == flow["open_now"]
        for move in ("opened", "reopened", "fixed", "removed", "withdrawn", "not_affected"):
            assert ours[move] == flow[move]


def test_the_chain_holds_by_the_pages_query(nights: Nights):
    (block,) = [block for block in blocks(PAGE, "sql") if "AS holds" in block.text]
    assert open_warehouse(str(nights.warehouse)).sql(block.text)["holds"].tolist() == [True, True]


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    (shell,) = [block.text for block in blocks(PAGE, "sh") if "sha256sum" in block.text]
    return subprocess.run(
        ["/bin/sh", "-eu", "-c", shell], cwd=folder, capture_output=True, text=True, check=False
    )


needs_sha256sum = pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum here")


@needs_sha256sum
def test_the_check_of_the_files_passes_and_prints_the_hash_on_record(nights: Nights):
    done = check(nights.warehouse)
    assert done.returncode == 0, done.stderr
    with open_warehouse(str(nights.warehouse)).run() as run:
        assert done.stdout.split()[0] == run.sql("FROM runs")["manifest_sha256"].iloc[0]


@needs_sha256sum
def test_the_check_of_the_files_finds_one_that_was_altered(nights: Nights, tmp_path: Path):
    copy = shutil.copytree(nights.warehouse, tmp_path / "warehouse")
    newest = open_warehouse(str(copy)).runs[-1]
    (part,) = (copy / f"findings/run_id={newest}").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    done = check(copy)
    assert done.returncode != 0
    assert "FAILED" in done.stdout
