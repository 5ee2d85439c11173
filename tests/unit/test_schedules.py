"""The schedules: their formats are right, and every command in them is one the tool takes."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from audit.app import App
from audit.cli.exits import Exit
from audit.clock import parse_moment
from audit.config import load_config
from tests.support.commands import accept, fenced, own_commands
from tests.support.cronjob_schema import CRON_JOB
from tests.support.crontab import read_crontab
from tests.support.project import ROOT, pyproject

SCHEDULES = ROOT / "schedules"
CRONTAB = SCHEDULES / "cron/registry-audit.crontab"
SERVICE = SCHEDULES / "systemd/registry-audit.service"
TIMER = SCHEDULES / "systemd/registry-audit.timer"
README = SCHEDULES / "README.md"
TOOL = "/opt/registry-audit/bin/registry-audit"


def manifests() -> dict[str, Any]:
    text = (SCHEDULES / "kubernetes/cronjob.yaml").read_text("utf-8")
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def container() -> dict[str, Any]:
    job = manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]
    (only,) = job["template"]["spec"]["containers"]
    return dict(only)


# --- crontab


@pytest.mark.parametrize(
    "line",
    [
        *("60 2 * * * x", "0 24 * * * x", "0 2 0 * * x", "0 2 * * 8 x", "a 2 * * * x"),
        *("0 2 * * x", "0 5-2 * * * x", "*/0 * * * * x", "0 2 1,,3 * * x", "0 2 * * * date +%F"),
    ],
)
def test_the_crontab_parser_refuses_what_cron_would(line):
    with pytest.raises(ValueError):  # noqa: PT011  any of its reasons, none of them its own class
        read_crontab(f"{line}\n")


def test_the_crontab_is_one_nightly_job_with_its_settings():
    settings, jobs = read_crontab(CRONTAB.read_text("utf-8"))
    ((fields, command),) = jobs
    assert fields == ["0", "2", "*", "*", "*"]
    assert settings["SHELL"] == "/bin/sh"
    assert all(folder.startswith("/") for folder in settings["PATH"].split(":"))
    assert settings["MAILTO"]
    assert settings["CRON_TZ"] == "UTC"
    assert len(command) < 900  # cron cuts at 998


@pytest.mark.skipif(not shutil.which("crontab"), reason="needs an installed cron")
def test_the_crontab_is_accepted_by_cron(tmp_path):
    """Only a cron that can check without installing is asked: cronie has -T, Debian's cron -n."""
    usage = crontab("-h").stderr
    check = "-T" if "-T" in usage else "-n" if "dry run" in usage else None
    if check is None:
        pytest.skip("this cron cannot check a file without installing it")
    taken = crontab(check, str(CRONTAB))
    assert taken.returncode == 0, taken.stderr
    (tmp_path / "bad").write_text("61 2 * * * x\n")
    assert crontab(check, str(tmp_path / "bad")).returncode != 0


def crontab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["crontab", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", [int(code) for code in Exit])
def test_the_cron_job_logs_to_its_file_and_speaks_only_when_the_run_did_not_end_well(
    tmp_path, code
):
    tool = tmp_path / "registry-audit"
    tool.write_text(f'#!/bin/sh\necho "out $*"\necho "a line" >&2\ncat\nexit {code}\n')
    tool.chmod(0o755)
    ((_, command),) = read_crontab(CRONTAB.read_text("utf-8"))[1]
    here = command.replace(TOOL, str(tool)).replace("/var/log/registry-audit", str(tmp_path))
    (tmp_path / "run.log").write_text("an older line\n")
    done = subprocess.run(["/bin/sh", "-c", here], capture_output=True, text=True, check=True)
    log = (tmp_path / "run.log").read_text("utf-8").splitlines()
    assert log[0] == "an older line"
    assert log[1].startswith("out run --config /etc/registry-audit/registry-audit.yaml")
    assert log[2] == "a line"
    assert (f"exit code {code};" in done.stdout) == (code != 0)
    assert done.stdout.count("\n") == (code != 0)
    assert done.stderr == ""


def test_the_crontab_explains_every_exit_code():
    comments = "\n".join(re.findall(r"^#.*", CRONTAB.read_text("utf-8"), re.MULTILINE))
    for code in Exit:
        assert re.search(rf"\b{int(code)}\b", comments), code


# --- systemd


class Unit(configparser.RawConfigParser):
    """A unit file as INI; keys keep their case and may come twice."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(path: Path) -> Unit:
    parser = Unit(delimiters=("=",), comment_prefixes=("#",), strict=False)
    parser.read_string(path.read_text("utf-8"))
    return parser


def test_the_service_runs_once_as_its_own_user_and_may_write_to_one_folder():
    service = unit(SERVICE)["Service"]
    assert service["Type"] == "oneshot"
    assert service["User"] not in {"", "root", "nobody"}
    assert service["ProtectSystem"] == "strict"
    assert service["ReadWritePaths"] == f"/var/lib/{service['StateDirectory']}"
    assert service["WorkingDirectory"] == service["ReadWritePaths"]
    for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert service[key] == "true", key
    assert service["CapabilityBoundingSet"] == ""
    assert "Restart" not in service
    assert "SuccessExitStatus" not in service, "an incomplete run must not pass as a success"


def test_the_timer_fires_every_night_in_utc_and_makes_up_for_a_missed_one():
    timer = unit(TIMER)
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:00:00 UTC"
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Timer"]["RandomizedDelaySec"]
    assert timer["Timer"]["Unit"] == SERVICE.name
    assert timer["Install"]["WantedBy"] == "timers.target"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_both_units_and_finds_the_service_well_confined(tmp_path):
    tool = tmp_path / "registry-audit"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    (tmp_path / TIMER.name).write_text(TIMER.read_text("utf-8"))
    service = tmp_path / SERVICE.name
    service.write_text(SERVICE.read_text("utf-8").replace(TOOL, str(tool)))
    assert systemd_says("verify", service, tmp_path / TIMER.name) == ""
    systemd_says("security", "--offline=true", "--threshold=25", service)
    broken = service.read_text("utf-8").replace("Type=oneshot", "Type=oneshoot")
    service.write_text(broken.replace("ProtectHome", "ProtectHome_"))
    assert "oneshoot" in systemd_says("verify", service, fails=None)


def systemd_says(*words: object, fails: bool | None = False) -> str:
    done = subprocess.run(
        ["systemd-analyze", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_COLORS": "0"},
    )
    if fails is not None:
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stderr.strip()


# --- Kubernetes


def test_the_cronjob_has_the_form_of_one_and_is_confined():
    jsonschema.Draft202012Validator.check_schema(CRON_JOB)
    jsonschema.validate(manifests()["CronJob"], CRON_JOB)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("readOnlyRootFilesystem", "readOnlyRootFileSystem"),
        ('"Forbid"', '"Allow"'),
        ('"backoffLimit": 0', '"backoffLimit": 6'),
        ('"0 2 * * *"', '"0 2 * *"'),
        (":0.1.0", ":latest"),
        ('"runAsNonRoot": true', '"runAsNonRoot": false'),
    ],
)
def test_the_schema_notices_what_would_go_wrong(right, wrong):
    text = json.dumps(manifests()["CronJob"])
    assert right in text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text.replace(right, wrong, 1)), CRON_JOB)


def test_the_manifests_name_each_other_and_no_file_twice():
    found = manifests()
    assert set(found) == {"ServiceAccount", "ConfigMap", "PersistentVolumeClaim", "CronJob"}
    pod = found["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["name"]: mount for mount in container()["volumeMounts"]}
    assert volumes.keys() == mounts.keys()
    assert mounts["config"]["readOnly"] is True
    claim = volumes["warehouse"]["persistentVolumeClaim"]["claimName"]
    assert claim == found["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["config"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    assert pod["serviceAccountName"] == found["ServiceAccount"]["metadata"]["name"]
    assert container()["image"].endswith(f":{pyproject()['project']['version']}")


def test_the_config_map_is_a_configuration_that_the_tool_takes(tmp_path):
    path = tmp_path / "registry-audit.yaml"
    path.write_text(manifests()["ConfigMap"]["data"][path.name], encoding="utf-8")
    given = {entry["name"]: "a-value" for entry in container()["env"]}
    config = load_config(path, given)
    assert App(config, parse_moment("2026-11-24T02:00:00Z")).settings().keys() == {
        *("aws", "azure", "gcp")
    }
    writable = next(m["mountPath"] for m in container()["volumeMounts"] if m["name"] == "warehouse")
    assert Path(config.warehouse).is_relative_to(writable)
    assert Path(config.out).is_relative_to(writable)


# --- every command line


def commands() -> list[tuple[str, list[str]]]:
    job = container()
    found = [("cronjob.yaml", [*job["command"], *job["args"]][1:])]
    for path, shell in (
        (CRONTAB, read_crontab(CRONTAB.read_text("utf-8"))[1][0][1]),
        (SERVICE, unit(SERVICE)["Service"]["ExecStart"]),
        (README, fenced(README.read_text("utf-8"))),
    ):
        found += [(path.name, arguments) for arguments in own_commands(shell)]
    return found


def test_commands_are_found_in_every_schedule_and_in_their_guide():
    found = [file for file, _ in commands()]
    assert [found.count(name) for name in (CRONTAB.name, SERVICE.name, "cronjob.yaml")] == [1] * 3
    assert found.count(README.name) == len(
        re.findall(rf"^{TOOL} ", README.read_text("utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize(
    ("file", "arguments"), commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_is_one_that_the_tool_takes(file, arguments):
    assert accept(arguments).command.name == arguments[0], file


@pytest.mark.parametrize("file", [CRONTAB.name, SERVICE.name, "cronjob.yaml"])
def test_every_schedule_runs_the_same_command(file):
    ((_, arguments),) = [found for found in commands() if found[0] == file]
    assert arguments == [
        *("run", "--config", "/etc/registry-audit/registry-audit.yaml", "--json-logs")
    ]


@pytest.mark.parametrize(
    "wrong", [["rum"], ["run", "--jsonlogs"], ["run", "x"], ["init", "a", "b"]]
)
def test_a_wrong_command_line_is_not_taken(wrong):
    with pytest.raises(click.UsageError):
        accept(wrong)
