"""registry-audit import: bad files are errors, the others land, and the later look holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli.exits import Exit
from audit.store.reader import Warehouse
from tests.support.command_line import Done
from tests.unit.cli.support import GOOD, Desk, estate, logged

NAME = "registry.example.org/team/app"
DIGEST = "sha256:" + "d" * 64


def trivy(path: Path, *found: str, at: str = "2026-11-20T03:00:00Z", digest: str = DIGEST) -> Path:
    """Write a Trivy report that states these vulnerabilities."""
    flaws = [
        {"VulnerabilityID": one, "PkgName": "openssl", "InstalledVersion": "1", "Severity": "HIGH"}
        for one in found
    ]
    document = {
        "SchemaVersion": 2,
        "CreatedAt": at,
        "ArtifactName": NAME,
        "ArtifactType": "container_image",
        "Metadata": {"ImageID": "sha256:" + "c" * 64, "RepoDigests": [f"{NAME}@{digest}"]},
        "Results": [
            {"Target": "x", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": flaws}
        ],
    }
    path.write_text(json.dumps(document))
    return path


def imported(desk: Desk, *paths: Path) -> Done:
    """Import at a fixed moment: evidence ages."""
    return desk.do("import", *paths, "--run-at", "2026-11-22T02:00:00Z")


def rows(desk: Desk, query: str) -> list[dict[str, Any]]:
    with Warehouse.at(str(desk.warehouse)).open_run() as run:
        return run.rows(query)


@pytest.fixture
def desk(desk):
    desk.write({})
    return desk


def test_a_report_lands(desk):
    done = imported(desk, trivy(desk.folder / "a.json", "CVE-2026-0001"))
    assert done.code == Exit.OK, done.err
    (line,) = [one for one in logged(done) if one["event"] == "imported a report"]
    assert (line["statements"], line["keyed_by"]) == (1, "digest")
    found = rows(desk, "SELECT digest, source, vulnerability_id FROM findings")
    assert found == [{"digest": DIGEST, "source": "trivy", "vulnerability_id": "CVE-2026-0001"}]
    assert rows(desk, "SELECT command FROM runs") == [{"command": "import"}]


def test_a_bad_file_is_an_error_and_the_others_land(desk):
    folder = desk.folder / "in"
    folder.mkdir()
    trivy(folder / "a.json", "CVE-2026-0001")
    (folder / "b.json").write_text('{"SchemaVersion": 2')
    (folder / "c.json").write_text('{"what": "is this"}')
    done = imported(desk, folder)
    assert done.code == Exit.USAGE
    told = {Path(one["path"]).name: one["event"] for one in logged(done) if one["level"] == "error"}
    assert "truncated" in told["b.json"]
    assert "not recognised" in told["c.json"]
    assert len(told) == 2
    outcomes = rows(desk, "SELECT outcome, count(*) AS n FROM scopes GROUP BY ALL ORDER BY ALL")
    assert outcomes == [{"outcome": "complete", "n": 1}, {"outcome": "failed", "n": 2}]
    assert len(rows(desk, "FROM findings")) == 1


def test_nothing_but_bad_files_publishes_nothing(desk):
    done = imported(desk, desk.folder / "nowhere.json")
    assert done.code == Exit.USAGE
    assert logged(done)[-1]["event"] == "nothing was imported"
    assert Warehouse.at(str(desk.warehouse)).run_ids() == []


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_of_two_reports_of_one_image_the_later_look_holds(desk, order):
    """In whatever order they are named: a fix must not be undone by an older report."""
    paths = {
        "old": trivy(desk.folder / "old.json", "CVE-2026-0001", "CVE-2026-0002"),
        "new": trivy(desk.folder / "new.json", "CVE-2026-0003", at="2026-11-21T03:00:00Z"),
    }
    done = imported(desk, *(paths[name] for name in order))
    assert done.code == Exit.OK
    told = [line["path"] for line in logged(done) if line["event"].startswith("superseded")]
    assert told == [str(paths["old"])]
    assert rows(desk, "SELECT vulnerability_id FROM findings") == [
        {"vulnerability_id": "CVE-2026-0003"}
    ]


def test_an_older_report_does_not_undo_the_look_of_an_earlier_run(desk):
    """What it does not state was found after it was written: nothing is fixed by it."""
    new = trivy(desk.folder / "new.json", "CVE-2026-0003", at="2026-11-21T03:00:00Z")
    imported(desk, new)
    old = trivy(desk.folder / "old.json", "CVE-2026-0001", at="2026-11-20T03:00:00Z")
    done = desk.do("import", old, "--run-at", "2026-11-22T03:00:00Z")
    assert done.code == Exit.OK
    events = {line["event"] for line in logged(done)}
    assert "superseded by a later report of an earlier run" in events
    assert rows(desk, "SELECT vulnerability_id FROM findings") == [
        {"vulnerability_id": "CVE-2026-0003"}
    ]
    assert rows(desk, "SELECT state FROM exposures_now") == [{"state": "open"}]
    assert rows(desk, "FROM exposure_changes") == []


def test_a_look_that_lies_ahead_does_not_keep_out_the_next(desk):
    """A scanner whose clock is wrong must not decide for ever."""
    imported(desk, trivy(desk.folder / "a.json", "CVE-2026-0003", at="2027-11-21T03:00:00Z"))
    right = trivy(desk.folder / "b.json", "CVE-2026-0001", at="2026-11-22T02:30:00Z")
    desk.do("import", right, "--run-at", "2026-11-22T03:00:00Z")
    assert rows(desk, "SELECT vulnerability_id FROM findings") == [
        {"vulnerability_id": "CVE-2026-0001"}
    ]


def test_a_file_name_that_is_no_text_is_a_log_line_like_any_other(desk):
    """Names of files are others' data too."""
    path = trivy(desk.folder / "plain.json", "CVE-2026-0001")
    path = path.rename(desk.folder / "odd-\udcff\n.json")
    done = imported(desk, desk.folder / path.name)
    assert done.code == Exit.OK
    assert any(line.get("path", "").endswith(".json") for line in logged(done))


def test_an_import_at_a_moment_that_is_taken_is_refused(desk):
    desk.night(estate(GOOD))
    report = trivy(desk.folder / "a.json", "CVE-2026-0001")
    done = imported(desk, report)
    assert done.code == Exit.USAGE
    assert "is published already" in logged(done)[-1]["event"]
