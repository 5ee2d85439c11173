"""What the commands do and say beyond their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from audit.cli.exits import Exit
from audit.dictionary import render_markdown
from audit.store.reader import Warehouse
from providers.loopback.gcp import GcpLoopback
from tests.support.command_line import registry_audit
from tests.unit.cli.support import DENIED, FOUND, GOOD, PENDING, Desk, estate, logged


def reasoned(done) -> str:
    assert done.code == Exit.USAGE, done.err
    told: str = logged(done)[-1]["event"]
    return told


def rows(desk, query: str) -> list[dict[str, Any]]:
    with Warehouse.at(str(desk.warehouse)).open_run() as run:
        return run.rows(query)


# --- run


def test_a_run_is_one_log_of_json_lines(desk):
    done = desk.night(estate(GOOD, FOUND, faults=[]))
    lines = logged(done)
    assert [line["event"] for line in lines if line["event"] == "planned"] == ["planned"]
    last = lines[-1]
    assert (last["outcome"], last["images_not_assessed"]) == ("complete", 0)
    assert last["run_id"] == "20261122T020000Z"
    assert last["scopes"] == {"complete": 4}
    assert last["reports"] == [str(desk.folder / f"reports/posture-{last['run_id']}.en.xlsx")]
    assert done.out == ""


def test_a_denied_scope_is_a_warning_with_its_permission(desk):
    done = desk.night(estate(GOOD, faults=[DENIED]))
    (line,) = [one for one in logged(done) if one.get("outcome") == "denied"]
    assert line["level"] == "warning"
    assert line["scope"] == "gcp/acme-prod/us-central1"
    assert line["missing_permission"] == "artifactregistry.repositories.list"


def test_quiet_leaves_out_what_went_well(desk):
    assert desk.night(estate(GOOD), "--quiet").err == ""
    lines = logged(desk.night(estate(GOOD, nights=1, faults=[DENIED]), "--quiet"))
    assert {line["level"] for line in lines} == {"warning"}


def test_plain_logs_are_not_json(desk):
    done = desk.night(estate(GOOD), "--plain-logs", "--quiet")
    assert done.err == ""
    refused = desk.do("run", "--plain-logs", "--run-at", "then")
    assert "'then' is not a moment" in refused.err
    assert not refused.err.startswith("{")


@pytest.mark.parametrize(
    "moment", ["2026-11-22T02:00:00Z", "2026-11-22T02:00:00.9Z", "2026-11-21", "1999-01-01"]
)
def test_a_run_must_be_later_than_the_newest(desk, moment):
    desk.night(estate(GOOD))
    before = sorted(path for path in desk.warehouse.rglob("*.parquet"))
    told = reasoned(desk.do("run", "--run-at", moment))
    assert told.startswith("--run-at: run ")
    assert "is not later than the newest run 20261122T020000Z" in told
    assert sorted(path for path in desk.warehouse.rglob("*.parquet")) == before


def test_a_run_says_when_it_was_published(desk):
    """Not when it began: a night is hours long, and the report prints both."""
    desk.write({})
    desk.do("run")
    (row,) = rows(desk, "SELECT started_at, finished_at FROM runs")
    assert row["started_at"] < row["finished_at"]


def test_a_run_at_a_moment_stands_still(desk):
    desk.write({})
    desk.do("run", "--run-at", "2026-11-22T02:00:00Z")
    (row,) = rows(desk, "SELECT started_at, finished_at FROM runs")
    assert row["started_at"] == row["finished_at"]


def test_a_wrong_name_of_a_report_is_told_before_anything_is_read(desk):
    with GcpLoopback(estate(GOOD)) as cloud:
        desk.write({"gcp": cloud.settings()}, reports=["posture-htm"])
        told = reasoned(desk.do("run"))
        assert cloud.calls.total() == 0
    assert told.startswith(f"{desk.path}: reports: unknown name 'posture-htm'")
    assert "did you mean 'posture-html'?" in told
    assert Warehouse.at(str(desk.warehouse)).run_ids() == []
    assert "unknown name" in reasoned(desk.do("import", desk.folder))


def test_a_wrong_name_of_a_provider_is_told_with_its_file(desk):
    desk.write({"azur": {}})
    told = reasoned(desk.do("run"))
    assert told.startswith(f"{desk.path}: providers: unknown name 'azur', did you mean 'azure'?")
    assert "known: aws, azure, gcp" in told


def test_a_missing_reference_stops_what_asks_a_cloud_and_nothing_else(desk, monkeypatch):
    monkeypatch.delenv("NO_SUCH_VARIABLE", raising=False)
    desk.write({"gcp": {"projects": ["${NO_SUCH_VARIABLE}"]}})
    for command in ("run", "scopes"):
        told = reasoned(desk.do(command))
        assert f"{desk.path}: providers.gcp.projects[0]: environment variable" in told
    assert desk.do("status").code == Exit.OK


def test_a_reference_is_read_from_the_environment(desk, monkeypatch):
    monkeypatch.setenv("PROJECT", "acme-prod")
    with GcpLoopback(estate(GOOD)) as cloud:
        desk.write({"gcp": {**cloud.settings(), "projects": ["${PROJECT}"]}})
        done = desk.do("run", "--run-at", "2026-11-22T02:00:00Z")
    assert done.code == Exit.OK


def test_a_key_given_twice_stops_the_run(desk):
    desk.path.write_text("version: 1\nout: a\nout: b\n")
    assert reasoned(desk.do("run")) == f"{desk.path}: line 3: key 'out' is given twice (keep one)"


def test_a_warehouse_of_another_kind_is_refused(desk):
    desk.write({})
    told = reasoned(desk.do("run", "--warehouse", "ftp://host/warehouse"))
    assert "warehouse: unknown name 'ftp'" in told


def test_the_configuration_is_found_by_the_environment(desk, monkeypatch):
    desk.write({})
    monkeypatch.setenv("REGISTRY_AUDIT_CONFIG", str(desk.path))
    done = registry_audit("status")
    assert (done.code, done.out) == (Exit.OK, f"{desk.warehouse}: 0 published runs\n")


def test_options_win_over_the_file(settled, tmp_path):
    elsewhere = settled.do("status", "--warehouse", tmp_path)
    assert elsewhere.out == f"{tmp_path}: 0 published runs\n"
    written = settled.do("report", "--out", tmp_path / "out")
    assert written.out == f"{tmp_path}/out/posture-20261122T020000Z.en.xlsx\n"


# --- the commands that look


def test_status_tells_how_far_the_newest_run_looked(desk):
    desk.night(estate(GOOD, GOOD))
    desk.night(estate(GOOD, PENDING, nights=1))
    assert desk.do("status").out.splitlines() == [
        f"{desk.warehouse}: 2 published runs",
        "newest: 20261123T020000Z complete",
        "scopes: 4 complete",
        "assessed: 1 of 2 images",
    ]


def test_the_gate_can_be_asked_about_an_older_run(desk):
    desk.night(estate(GOOD, GOOD))
    desk.night(estate(GOOD, PENDING, nights=1))
    assert desk.do("gate").code == Exit.INCOMPLETE
    assert desk.do("gate", "--run", "20261122T020000Z").code == Exit.OK


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--fail-on", "CRITICAL"], Exit.OK),
        (["--fail-on", "HIGH"], Exit.POLICY),
        (["--fail-on", "low"], Exit.POLICY),
        (["--fail-on", "UNKNOWN"], Exit.POLICY),
        (["--fail-on", "HIGH", "--fixable-only"], Exit.POLICY),
        (["--fixable-only"], Exit.OK),
    ],
)
def test_the_gate_asks_what_it_is_told_to(settled, words, code):
    assert settled.do("gate", *words).code == code


def test_scopes_lists_what_a_run_would_read(desk):
    with GcpLoopback(estate(GOOD)) as cloud:
        desk.write({"gcp": cloud.settings()})
        done = desk.do("scopes")
    assert done.code == Exit.OK
    assert done.out.splitlines() == [
        "gcp/acme-prod\tdiscovery\tplanned",
        "gcp/acme-prod/posture\tconfiguration\tplanned",
        "gcp/acme-prod/artifact-analysis\tfindings\tplanned",
    ]
    assert not desk.warehouse.exists(), "looking writes nothing"


def test_scopes_says_what_it_could_not_discover(desk):
    block = {
        "tenants": [{"tenant_id": "t", "client_id": "c", "client_secret": "s3cret"}],
        "endpoints": {
            "authority": "https://127.0.0.1:1",
            "resource_manager": "https://127.0.0.1:1",
        },
        "max_attempts": 1,
    }
    desk.write({"azure": block})
    done = desk.do("scopes")
    assert done.code == Exit.INCOMPLETE
    assert done.out.startswith("azure/t\tfailed\t")
    assert "s3cret" not in done.out + done.err


def test_report_writes_the_same_bytes_again(settled, tmp_path):
    paths = [settled.do("report", "--out", tmp_path / name).out.strip() for name in ("a", "b")]
    one, two = (Path(path).read_bytes() for path in paths)
    assert one == two


# --- the commands that need no warehouse


def test_init_writes_a_configuration_that_works_and_leaves_another_alone(tmp_path):
    target = tmp_path / "mine.yaml"
    assert registry_audit("init", target).code == Exit.OK
    first = target.read_text("utf-8")
    again = registry_audit("init", target)
    assert again.code == Exit.USAGE
    assert "exists already" in again.err
    assert target.read_text("utf-8") == first
    status = registry_audit("status", "--config", target, "--warehouse", tmp_path / "w")
    assert status.code == Exit.OK


def test_init_into_a_folder_that_is_not_there_is_the_users_mistake(tmp_path):
    done = registry_audit("init", tmp_path / "nowhere" / "mine.yaml")
    assert done.code == Exit.USAGE
    assert "nowhere" in done.err


def test_schema_prints_the_dictionary():
    assert registry_audit("schema").out == render_markdown()


def test_schema_of_the_configuration_takes_what_the_tool_takes(tmp_path):
    schema = json.loads(registry_audit("schema", "--config").out)
    validator = Draft202012Validator(schema)
    registry_audit("init", tmp_path / "c.yaml")
    example = yaml.safe_load((tmp_path / "c.yaml").read_text("utf-8"))
    assert list(validator.iter_errors(example)) == []
    wrong = {**example, "providers": {"gcp": {**example["providers"]["gcp"], "project": "x"}}}
    assert [list(error.path) for error in validator.iter_errors(wrong)] == [["providers", "gcp"]]


def test_the_demo_clears_only_what_it_made(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    done = registry_audit("demo", "--out", tmp_path)
    assert done.code == Exit.USAGE
    assert "is not empty" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_the_version_is_told():
    done = registry_audit("--version")
    assert (done.code, done.out.split(",")[0]) == (Exit.OK, "registry-audit")


def test_a_second_night_leaves_the_first_as_it_was(tmp_path):
    desk = Desk(tmp_path)
    desk.night(estate(GOOD))
    first = {p: p.read_bytes() for p in desk.warehouse.rglob("run_id=20261122*/*.parquet")}
    assert first
    desk.night(estate(FOUND, nights=1))
    assert {path: path.read_bytes() for path in first} == first
