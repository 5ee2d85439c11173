"""A list of findings that was cut mends nothing of what it leaves out."""

from __future__ import annotations

from pathlib import Path

import orjson

from tests.integration.test_import_vex import Nights
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
