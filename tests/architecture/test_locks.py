"""The lock files: they answer pyproject.toml, every line has its hashes, and they agree."""

from __future__ import annotations

import re
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.project import ROOT, pyproject

PROJECT = pyproject()["project"]
GROUPS = pyproject()["dependency-groups"]
RUN = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["demo"], *GROUPS["build"]]
DEV = [*RUN, *(line for line in GROUPS["dev"] if isinstance(line, str))]


def locked(name: str) -> dict[str, list[Requirement]]:
    """Return name -> pinned requirements; a name may be pinned once for each of several markers."""
    pins: dict[str, list[Requirement]] = {}
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        pin, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
        requirement = Requirement(pin)
        assert hashes, f"{pin} has no hash"
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes), pin
        pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


def version_of(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "==", requirement
    return pin.version


@pytest.mark.parametrize(
    ("file", "wanted"), [("requirements.lock", RUN), ("requirements-dev.lock", DEV)]
)
def test_a_lock_answers_what_the_project_asks(file, wanted):
    pins = locked(file)
    for line in wanted:
        requirement = Requirement(line)
        found = pins.get(canonicalize_name(requirement.name), [])
        assert found, f"{line}: make lock"
        for pin in found:
            assert requirement.specifier.contains(version_of(pin), prereleases=True), line


def test_the_dev_lock_holds_the_run_lock():
    run, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_the_build_needs_nothing_that_is_not_locked():
    assert pyproject()["build-system"]["requires"] == GROUPS["build"]


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_no_source(file):
    assert not re.search(
        r"://|^-|--index|--find-links|\s@\s", (ROOT / file).read_text("utf-8"), re.MULTILINE
    )


def test_a_lock_holds_all_that_its_packages_ask_for():
    """It is installed with ``--no-deps``: what it lacks would be missing on a new machine."""
    pins = locked("requirements.lock")
    for name, found in pins.items():
        if not any(pin.marker is None or pin.marker.evaluate() for pin in found):
            continue
        for line in distribution(name).requires or ():
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                assert canonicalize_name(asked.name) in pins, f"{name} asks for {line}: make lock"
