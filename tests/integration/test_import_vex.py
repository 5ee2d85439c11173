"""What publishers state of images reaches the scanners' findings, and outlives the scanners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit import plugins
from audit.app import App
from audit.config import Config
from audit.importing import Asked, import_reports
from audit.store.reader import StoredRun, Warehouse
from tests.unit.files.documents import ONE, TWO, grype, match, trivy
from tests.unit.files.formats import inspector_finding, openvex

MOMENT = datetime(2026, 11, 23, 2, tzinfo=UTC)


def scanned(day: int, *packages: str, image: str = f"ghcr.io/team/app@{ONE}") -> dict[str, Any]:
    entry = {"VulnerabilityID": "CVE-2026-0001", "InstalledVersion": "3.0", "Severity": "HIGH"}
    result = {
        "Class": "os-pkgs",
        "Type": "debian",
        "Vulnerabilities": [{**entry, "PkgName": name} for name in packages],
    }
    return trivy(
        CreatedAt=(MOMENT + timedelta(days=day)).isoformat(),
        ArtifactName=image,
        Metadata={"OS": {"Family": "debian"}, "RepoDigests": [image]},
        Results=[result],
    )


class Nights:
    """A warehouse that is imported into, a day later each time."""

    def __init__(self, root: Path) -> None:
        self.root, self.day = root, 0

    def take(self, *documents: Any, **asked: Any) -> None:
        paths = []
        for number, document in enumerate(documents):
            paths.append(self.root / f"{self.day}-{number}.json")
            paths[-1].write_bytes(orjson.dumps(document))
        config = Config(version=1, warehouse=str(self.root / "warehouse"))
        app = App(config, MOMENT + timedelta(days=self.day))
        imported = import_reports(app, paths, plugins.importers(), Asked(**asked))
        assert imported.errors == []
        self.day += 1

    def open(self) -> StoredRun:
        return Warehouse.at(str(self.root / "warehouse")).open_run()

    def ask(self, sql: str) -> list[dict[str, Any]]:
        with self.open() as run:
            return run.rows(sql)

    def statuses(self) -> list[str | None]:
        found = self.ask("SELECT vex_status FROM findings ORDER BY package_name, source")
        return [one["vex_status"] for one in found]

    def states(self) -> list[str]:
        return [one["state"] for one in self.ask("SELECT state FROM exposures_now ORDER BY ALL")]


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def stated(status: str, *, day: int = 0, document: str = "d", **more: Any) -> dict[str, Any]:
    statement = openvex()["statements"][0] | {"status": status} | more
    issued = (MOMENT + timedelta(days=day)).isoformat()
    return openvex(statement, timestamp=issued, **{"@id": document})


def test_not_affected_closes_the_exposure_of_that_package_once_the_image_is_looked_at(nights):
    nights.take(scanned(0, "openssl", "zlib"), stated("under_investigation"))
    nights.take(stated("not_affected", day=1))
    assert nights.statuses() == ["not_affected", None]
    assert nights.states() == ["open", "open"], "a document is no look at the image"
    nights.take(scanned(2, "openssl", "zlib"))
    closed = nights.ask("SELECT package_name, reason FROM exposure_changes WHERE event = 'closed'")
    assert closed == [{"package_name": "openssl", "reason": "not_affected"}]


def test_a_statement_holds_for_scans_that_come_later(nights):
    nights.take(stated("not_affected"), scanned(0, "openssl"))
    assert nights.statuses() == ["not_affected"]
    nights.take(scanned(1, "openssl"))
    assert nights.statuses() == ["not_affected"], "the scanner has never heard of the statement"
    assert "open" not in nights.states()


def test_a_later_issue_of_the_document_takes_the_statement_back(nights):
    nights.take(stated("not_affected"), scanned(0, "openssl"))
    nights.take(stated("under_investigation", day=1))
    assert nights.statuses() == ["under_investigation"]
    nights.take(stated("not_affected", day=0))
    assert nights.statuses() == ["under_investigation"], "an older issue moves nothing"
    nights.take(stated("not_affected", day=2, vulnerability={"name": "CVE-2026-9"}))
    assert nights.statuses() == [None], "the newest issue no longer speaks of it"


def test_who_says_the_contrary_keeps_it_open(nights):
    nights.take(scanned(0, "openssl"), stated("not_affected"), stated("affected", document="e"))
    assert nights.statuses() == ["affected"]
    assert nights.states() == ["open"]


def test_a_document_about_an_image_that_is_not_known_is_kept_and_said_so(nights, caplog):
    with caplog.at_level("WARNING"):
        nights.take(stated("not_affected"))
    assert "1 of 1 VEX statements name no image that is known" in caplog.text
    assert nights.ask("SELECT image_known FROM vex_statements") == [{"image_known": False}]
    nights.take(scanned(1, "openssl"))
    assert nights.ask("SELECT image_known FROM vex_statements") == [{"image_known": True}]
    assert nights.statuses() == ["not_affected"]


def test_the_same_document_twice_changes_nothing(nights):
    nights.take(scanned(0, "openssl"), stated("not_affected"))
    nights.take(scanned(0, "openssl"), stated("not_affected"))
    assert nights.ask("SELECT count(*) AS n FROM vex_statements") == [{"n": 1}]
    assert nights.ask("SELECT * FROM exposure_changes") == []


def test_what_is_stated_of_one_version_dismisses_no_other(nights):
    scan = scanned(0, "openssl", "openssl")
    scan["Results"][0]["Vulnerabilities"][1]["InstalledVersion"] = "3.1"
    nights.take(scan, stated("not_affected"))
    assert sorted(map(str, nights.statuses())) == ["None", "not_affected"]
    assert nights.states() == ["open"]


def test_of_one_documents_statements_about_the_same_thing_the_last_holds(nights):
    document = stated("not_affected", timestamp="2026-01-01T00:00:00Z")
    later = document["statements"][0] | {"status": "affected", "timestamp": "2026-02-01T00:00:00Z"}
    document["statements"].append(later)
    nights.take(scanned(0, "openssl"), document)
    assert nights.statuses() == ["affected"]
    assert nights.ask("SELECT count(*) AS n FROM vex_statements") == [{"n": 1}]


def test_images_of_one_product_are_told_apart_by_their_digests(nights):
    document, other = stated("not_affected"), f"ghcr.io/team/other@{TWO}"
    images = [{"@id": "urn:app", "hashes": {"sha-256": one[7:]}} for one in (ONE, TWO)]
    document["statements"][0]["products"] = images
    nights.take(scanned(0, "openssl"), scanned(0, "openssl", image=other), document)
    assert nights.statuses() == ["not_affected", "not_affected"]


def test_a_statement_is_taken_back_whatever_a_scanner_says_of_another_image(nights):
    other = f"ghcr.io/team/other@{TWO}"
    nights.take(scanned(0, "openssl"), stated("not_affected"))
    scan = scanned(1, "openssl", image=other)
    scan["Results"][0]["Vulnerabilities"][0]["Status"] = "not_affected"
    nights.take(scan, stated("not_affected", day=1, vulnerability={"name": "CVE-2026-9"}))
    told = "SELECT vex_status FROM findings WHERE repository = 'team/app'"
    assert nights.ask(told) == [{"vex_status": None}]


def test_a_statement_about_one_cve_dismisses_no_advisory_of_several(nights):
    several, one = match(id="ELSA-2026-1"), match()
    several["relatedVulnerabilities"].append({"id": "CVE-2026-0003", "namespace": "nvd:cpe"})
    nights.take(grype(matches=[several, one]))
    (image,) = nights.ask("SELECT DISTINCT registry_id, repository, digest FROM findings")
    product = {"@id": "{registry_id}/{repository}@{digest}".format(**image)}
    nights.take(stated("not_affected", products=[product], vulnerability={"name": "CVE-2026-0002"}))
    assert nights.ask("SELECT vulnerability_id, vex_status FROM findings ORDER BY ALL") == [
        {"vulnerability_id": "ELSA-2026-1", "vex_status": None},
        {"vulnerability_id": "GHSA-xxxx-yyyy-zzzz", "vex_status": "not_affected"},
    ]


def listed(*names: str, **changes: Any) -> dict[str, Any]:
    findings = []
    for name in names:
        finding = inspector_finding(**changes)
        finding["packageVulnerabilityDetails"]["vulnerabilityId"] = name
        findings.append(finding)
    return {"findings": findings}


def test_a_list_with_less_in_it_mends_nothing_unless_it_is_whole(nights):
    nights.take(listed("CVE-2026-1", "CVE-2026-2"), whole=True)
    assert nights.ask("SELECT count(*) AS n FROM findings") == [{"n": 4}]
    nights.take(listed("CVE-2026-1"))
    assert nights.ask("SELECT count(*) AS n FROM findings") == [{"n": 4}]
    assert set(nights.states()) == {"open"}
    nights.take(listed("CVE-2026-2", status="CLOSED"))
    assert nights.ask("SELECT count(*) AS n FROM findings") == [{"n": 2}]
    nights.take(listed("CVE-2026-2"), whole=True)
    assert nights.ask("SELECT DISTINCT vulnerability_id AS v FROM findings") == [
        {"v": "CVE-2026-2"}
    ]


def test_a_list_alone_leaves_an_image_that_nobody_read_unassessed(nights):
    nights.take(listed("CVE-2026-1"))
    assert nights.ask("SELECT state FROM assessments") == [{"state": "unknown"}]
    assert nights.ask("SELECT count(*) AS n FROM findings") == [{"n": 2}]


def test_of_two_files_about_many_images_each_image_keeps_its_later_look(nights):
    first, second = inspector_finding(), inspector_finding()
    other = first["resources"][0]["id"].replace("1" * 64, "2" * 64)
    second["resources"][0]["id"] = other
    second["lastObservedAt"] = "2026-11-10T00:00:00Z"
    newer = inspector_finding(severity="HIGH", lastObservedAt="2026-11-15T00:00:00Z")
    newer["resources"][0]["id"] = other
    nights.take({"findings": [first, second]}, {"findings": [newer]}, whole=True)
    found = nights.ask("SELECT digest, severity FROM findings ORDER BY ALL")
    assert [(one["digest"][7], one["severity"]) for one in found] == [
        *[("1", "MEDIUM")] * 2,
        *[("2", "HIGH")] * 2,
    ]
