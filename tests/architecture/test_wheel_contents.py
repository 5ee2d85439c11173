"""The wheel holds every file of the three packages, and nothing else of the project."""

from __future__ import annotations

import configparser
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.project import PACKAGES, build_wheel, copy_project, project_files, pyproject


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    with zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as archive:
        yield archive


def packaged(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.split("/")[0] in PACKAGES)


def test_every_file_of_the_packages_is_in(wheel):
    assert packaged(wheel.namelist()) == packaged(project_files())


@pytest.mark.parametrize(
    ("folder", "suffix"),
    [
        *((package, ".py") for package in PACKAGES),
        *((package, "py.typed") for package in PACKAGES),
        ("audit/store/sql", ".sql"),
        ("audit/judge/sql", ".sql"),
        ("audit/judge/measures", ".sql"),
        ("audit/judge/opinions", ".sql"),
        ("audit/judge/deadlines", ".yaml"),
        ("audit/cli", ".example.yaml"),
        ("reports/queries", ".sql"),
        ("reports/templates", ""),
        ("reports/locale", ".toml"),
    ],
)
def test_each_kind_of_file_is_in(wheel, folder, suffix):
    names = wheel.namelist()
    assert [n for n in names if n.startswith(f"{folder}/") and n.endswith(suffix)]


def test_nothing_else_is_in(wheel):
    folders = {name.split("/")[0] for name in wheel.namelist()}
    (metadata,) = folders - set(PACKAGES)
    assert metadata == f"registry_audit-{pyproject()['project']['version']}.dist-info"


def test_the_metadata_names_commands_plugins_and_licence(wheel):
    def read(name: str) -> str:
        (path,) = (n for n in wheel.namelist() if n.endswith(f".dist-info/{name}"))
        return str(wheel.read(path), "utf-8")

    points = configparser.ConfigParser()
    points.read_string(read("entry_points.txt"))
    project = pyproject()["project"]
    wanted = {"console_scripts": project["scripts"], **project["entry-points"]}
    assert {group: dict(points[group]) for group in points.sections()} == wanted
    assert "Requires-Python: >=3.11" in read("METADATA")
    assert "Provides-Extra: demo" in read("METADATA")
    assert "Apache License" in read("licenses/LICENSE")


def test_an_unanchored_ignore_line_would_be_noticed(tmp_path, monkeypatch):
    """hatchling leaves out what .gitignore names, also deep in the tree: the comparison sees it."""

    def copy_with_a_bad_line(target: Path) -> Path:
        copy_project(target)
        with (target / ".gitignore").open("a", encoding="utf-8") as file:
            file.write("reports/\n")
        return target

    monkeypatch.setattr("tests.support.project.copy_project", copy_with_a_bad_line)
    with zipfile.ZipFile(build_wheel(tmp_path)) as archive:
        assert packaged(archive.namelist()) != packaged(project_files())
