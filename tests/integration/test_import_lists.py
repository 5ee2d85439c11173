"""A list of findings that was cut mends nothing of what it leaves out."""

from __future__ import annotations

from pathlib import Path

import orjson

from tests.integration.test_import_vex import Nights, listed
from tests.unit.files.formats import defender_new


def test_a_vulnerability_that_a_list_names_in_one_package_stands_in_the_others(tmp_path: Path):
    nights, openssl = Nights(tmp_path), defender_new()
    libssl = orjson.loads(orjson.dumps(openssl).replace(b"openssl", b"libssl"))
    nights.take([openssl, libssl], whole=True)
    found = "SELECT vulnerability_id, package_name FROM findings ORDER BY ALL"
    before = nights.ask(found)
    assert len(before) == 4
    nights.take([openssl])
    assert nights.ask(found) == before
    assert nights.states() == ["open"] * 4
    nights.take([openssl], whole=True)
    assert nights.states().count("closed") == 2


def test_pages_of_one_list_that_are_imported_together_are_one_list(tmp_path: Path):
    nights = Nights(tmp_path)
    nights.take(listed("CVE-2026-1", "CVE-2026-2"), whole=True)
    first = {**listed("CVE-2026-1", "CVE-2026-3"), "nextToken": "more"}
    nights.take(first, listed("CVE-2026-3", "CVE-2026-4"), whole=True)
    found = nights.ask("SELECT vulnerability_id AS v, count(*) AS n FROM findings GROUP BY v")
    assert {one["v"]: one["n"] for one in found} == {f"CVE-2026-{n}": 2 for n in (1, 2, 3, 4)}
    assert set(nights.states()) == {"open"}, "the last page alone says nothing of the others"
