"""Who has a package: what the SBOMs tell, now and then; what nobody looked into is unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from audit.notebook import open_warehouse
from providers.loopback.story import FIRST_NIGHT
from tests.unit.judge.nights import digest, night

NEXT = FIRST_NIGHT + timedelta(days=1)
LOG4J = {
    "package_name": "org.apache.logging.log4j:log4j-core",
    "package_version": "2.14.1",
    "package_type": "maven",
}
SSL = {
    "package_name": "libssl3",
    "package_version": "3.0.9-1",
    "package_type": "deb",
    "source_name": "openssl",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Night 0: a (log4j twice, libssl3), b, c; night 1: a, c and d, of which c was looked into."""
    root = tmp_path_factory.mktemp("holders")
    places = [{**LOG4J, "location": f"/app/{name}.jar"} for name in ("two", "one")]
    night(root, 0, [], images="abc", listed={"a": [*places, SSL], "b": [LOG4J]}).close()
    newer = {**LOG4J, "package_version": "2.17.1"}
    night(root, 1, [], images="acd", listed={"c": [newer]}).close()
    return open_warehouse(str(root))


def holders(told: pd.DataFrame) -> dict[str, Any]:
    """Image -> since when; ``unknown`` -> how many images nobody looked into."""
    rows = told[told["holds"] == "yes"].to_dict("records")
    found = {row["digest"]: row["known_since"] for row in rows}
    unknown = told.loc[told["holds"] == "unknown", "images"]
    return {**found, "unknown": int(unknown.sum())}


@pytest.mark.parametrize("name", ["log4j-core", "LOG4J-core", LOG4J["package_name"]])
def test_the_images_are_those_that_are_current_with_the_run_that_knew_first(warehouse, name):
    told = warehouse.question("package_holders", package=name)
    assert holders(told) == {digest("a"): FIRST_NIGHT, digest("c"): NEXT, "unknown": 1}
    (first,) = told[told["digest"] == digest("a")].to_dict("records")
    assert list(first["locations"]) == ["/app/one.jar", "/app/two.jar"]
    assert (first["package_version"], first["repository"]) == ("2.14.1", "team/app")


def test_as_of_the_past_it_is_what_was_known_then(warehouse):
    with warehouse.as_of(FIRST_NIGHT) as run:
        told = run.question("package_holders", package="log4j-core")
    assert holders(told) == {digest("a"): FIRST_NIGHT, digest("b"): FIRST_NIGHT, "unknown": 1}


def test_a_version_is_asked_for_by_its_beginning(warehouse):
    told = warehouse.question("package_holders", package="log4j-core", version="2.14")
    assert holders(told) == {digest("a"): FIRST_NIGHT, "unknown": 1}


def test_a_source_package_is_held_by_its_binaries(warehouse):
    told = warehouse.question("package_holders", package="openssl")
    assert holders(told) == {digest("a"): FIRST_NIGHT, "unknown": 1}
    assert told["package_name"].iloc[0] == "libssl3"


@pytest.mark.parametrize("name", ["log4j", "core", "%", "org.apache.logging.log4j"])
def test_a_part_of_a_name_is_another_name(warehouse, name):
    assert holders(warehouse.question("package_holders", package=name)) == {"unknown": 1}
