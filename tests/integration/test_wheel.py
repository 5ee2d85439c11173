"""The built wheel, installed into an environment of its own, works from any folder.

The new environment has no package but the wheel. Its dependencies are read from the present
environment's packages, which a path file adds behind its own; the present editable install of the
project is cut off there, so that a file missing from the wheel is missing for good.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from audit.dictionary import render_markdown
from tests.support.project import PACKAGES, ROOT, build_wheel, pyproject

PATH_FILE = """\
import sys; sys.path.append({site!r})
"""


class Installed:
    """An environment that holds the wheel, and a folder far from the sources to work in."""

    def __init__(self, folder: Path) -> None:
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.home = folder / "venv"
        self.python = self.home / "bin" / "python"
        self._make(build_wheel(folder))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.home / "bin" / words[0]), *words[1:]],
            cwd=self.elsewhere,
            env={"HOME": str(self.elsewhere), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _make(self, wheel: Path) -> None:
        call(sys.executable, "-m", "venv", "--without-pip", str(self.home))
        call(
            *(sys.executable, "-m", "pip", "--python", str(self.python), "--isolated", "install"),
            *("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)),
        )
        # A line of code in a path file is run; a line with a folder would also run the path files
        # in that folder, and with them the editable install.
        site = sysconfig.get_path("purelib")
        own = sysconfig.get_path("purelib", vars={"base": str(self.home)})
        Path(own, "zz_dependencies.pth").write_text(PATH_FILE.format(site=site), encoding="utf-8")


def call(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"))


def test_the_packages_come_from_the_wheel_alone(installed):
    code = (
        "import json, sys, audit, providers, reports\n"
        "files = [package.__file__ for package in (audit, providers, reports)]\n"
        "print(json.dumps([files, sys.path]))"
    )
    done = installed.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    files, path = json.loads(done.stdout)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(installed.home)}))
    assert [Path(file) for file in files] == [own / name / "__init__.py" for name in PACKAGES]
    assert path.index(str(own)) < path.index(sysconfig.get_path("purelib"))
    assert str(ROOT) not in path


def test_it_knows_its_version(installed):
    done = installed.run("registry-audit", "--version")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"\b{re.escape(pyproject()['project']['version'])}$", done.stdout.strip())


def test_it_prints_the_data_dictionary(installed):
    done = installed.run("registry-audit", "schema")
    assert done.returncode == 0, done.stderr
    assert done.stdout == render_markdown()


def test_every_plugin_loads_from_the_wheel(installed):
    code = (
        "from audit import plugins as p\n"
        "kinds = p.PROVIDERS, p.IMPORTERS, p.SCANNERS, p.REPORTS, p.STORES, p.DEMO\n"
        "for group in kinds:\n"
        "    for name in p.names(group):\n"
        "        p.load(group, name); print(group, name)\n"
    )
    done = installed.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    wanted = {
        f"{group} {name}"
        for group, names in pyproject()["project"]["entry-points"].items()
        for name in names
    }
    assert set(done.stdout.splitlines()) == wanted


def test_it_writes_a_configuration_and_refuses_a_missing_one(installed):
    missing = installed.run("registry-audit", "status", "--config", "nowhere.yaml")
    assert missing.returncode == 2
    assert "nowhere.yaml" in missing.stderr
    assert installed.run("registry-audit", "init").returncode == 0
    assert (installed.elsewhere / "registry-audit.yaml").is_file()
