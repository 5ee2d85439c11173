"""Imported reports beside clouds: adopted by the image they speak of; nothing else moves."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from audit import plugins
from audit.app import App
from audit.config import Config
from audit.importing import import_reports
from audit.store.reader import StoredRun, Warehouse
from providers.loopback.estate import Estate, Image
from providers.loopback.story import first_night, next_night, places
from tests.support.staging import commit_estate
from tests.support.strategies import SMALL


def one_night() -> Estate:
    return first_night(5, SMALL, places()[:1])


def current_image(estate: Estate) -> tuple[str, Image]:
    registry = estate.places[0].registries[0]
    return next(
        (f"{registry.registry_id}/{repository.name}", image)
        for repository in registry.repositories
        for image in repository.images
        if image.kind == "image" and "latest" in image.tags
    )


def trivy_report(path: Path, name: str, digest: str, *ids: str) -> Path:
    document = {
        "SchemaVersion": 2,
        "CreatedAt": "2026-11-22T03:00:00Z",
        "ArtifactName": f"{name}@{digest}",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.1"},
            "ImageID": "sha256:" + "c" * 64,
            "RepoDigests": [f"{name}@{digest}"],
        },
        "Results": [
            {
                "Target": "debian",
                "Class": "os-pkgs",
                "Type": "debian",
                "Vulnerabilities": [
                    {
                        "VulnerabilityID": known,
                        "PkgName": "imported-package",
                        "InstalledVersion": "1.0",
                        "Severity": "CRITICAL",
                        "Status": "affected",
                    }
                    for known in ids
                ],
            }
        ],
    }
    path.write_bytes(orjson.dumps(document))
    return path


def run_import(root: Path, days: float, *paths: Path) -> StoredRun:
    moment = one_night().moment + timedelta(days=days)
    app = App(Config(version=1, warehouse=str(root)), moment)
    imported = import_reports(app, paths, plugins.importers())
    assert imported.errors == []
    return Warehouse.at(str(root)).open_run()


def events(run: StoredRun) -> list[dict[str, object]]:
    return run.rows(
        "SELECT event, reason, provider, package_name, count(*) AS n FROM exposure_changes "
        "GROUP BY ALL ORDER BY ALL"
    )


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    commit_estate(tmp_path / "warehouse", one_night())
    return tmp_path / "warehouse"


def test_a_report_joins_the_image_it_speaks_of(warehouse: Path, tmp_path: Path):
    name, image = current_image(one_night())
    report = trivy_report(tmp_path / "report.json", name, image.digest, "CVE-2026-7777")
    with run_import(warehouse, 0.5, report) as run:
        assert run.rows("SELECT count(*) AS n FROM placements WHERE provider = 'files'") == [
            {"n": 0}
        ]
        sources = run.rows(
            "SELECT provider, source, state FROM assessments WHERE digest = $digest ORDER BY ALL",
            {"digest": image.digest},
        )
        assert {row["provider"] for row in sources} == {"aws"}
        assert {row["source"] for row in sources} >= {"trivy"}
        assert events(run) == [
            {
                "event": "opened",
                "reason": "first_assessed",
                "provider": "aws",
                "package_name": "imported-package",
                "n": 1,
            }
        ]


def test_the_same_file_twice_changes_nothing(warehouse: Path, tmp_path: Path):
    name, image = current_image(one_night())
    report = trivy_report(tmp_path / "report.json", name, image.digest, "CVE-2026-7777")
    with run_import(warehouse, 0.5, report) as run:
        before = run.rows("SELECT * EXCLUDE (run_id, observed_run_id) FROM findings ORDER BY ALL")
    with run_import(warehouse, 0.6, report) as run:
        after = run.rows("SELECT * EXCLUDE (run_id, observed_run_id) FROM findings ORDER BY ALL")
        assert events(run) == []
    assert before == after


def test_a_nightly_run_keeps_what_was_imported(warehouse: Path, tmp_path: Path):
    name, image = current_image(one_night())
    report = trivy_report(tmp_path / "report.json", name, image.digest, "CVE-2026-7777")
    run_import(warehouse, 0.5, report).close()
    tomorrow = next_night(one_night(), 99, SMALL)
    commit_estate(warehouse, tomorrow)
    with Warehouse.at(str(warehouse)).open_run() as run:
        found = run.rows("SELECT state FROM exposures_now WHERE package_name = 'imported-package'")
        assert found == [{"state": "unconfirmed"}], "nobody asked Trivy again"


def test_an_image_that_no_cloud_lists_is_a_placement_of_its_own(warehouse: Path, tmp_path: Path):
    digest = "sha256:" + "d" * 64
    report = trivy_report(
        tmp_path / "report.json", "quay.io/team/tool", digest, "CVE-2026-7777", "CVE-2026-7778"
    )
    with run_import(warehouse, 0.5, report) as run:
        placed = run.rows(
            "SELECT registry_id, repository, digest FROM placements WHERE provider = 'files'"
        )
        assert placed == [{"registry_id": "quay.io", "repository": "team/tool", "digest": digest}]
        assert run.rows("SELECT count(*) AS n FROM findings WHERE source = 'trivy'") == [{"n": 2}]
    fixed = trivy_report(tmp_path / "fixed.json", "quay.io/team/tool", digest, "CVE-2026-7778")
    with run_import(warehouse, 0.7, fixed) as run:
        assert [(e["event"], e["reason"]) for e in events(run)] == [("closed", "fixed")]
