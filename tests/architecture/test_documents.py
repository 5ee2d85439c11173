"""The documents and the make targets speak of what is there."""

from __future__ import annotations

import re
import subprocess

import pytest

from audit.cli.exits import Exit
from tests.support.commands import accept, fenced, own_commands
from tests.support.project import ROOT, project_files, pyproject

MARKDOWN = [name for name in project_files() if name.endswith(".md")]
LINK = re.compile(r"(?<!\\)\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMANDS = [
    (name, arguments)
    for name in MARKDOWN
    for arguments in own_commands(fenced((ROOT / name).read_text("utf-8")))
]


def test_every_link_leads_to_a_file():
    lost = [
        f"{name}: {target}"
        for name in MARKDOWN
        for target in LINK.findall((ROOT / name).read_text("utf-8"))
        if "://" not in target and not ((ROOT / name).parent / target).exists()
    ]
    assert lost == []


def test_the_readme_shows_commands():
    assert {arguments[0] for name, arguments in COMMANDS if name == "README.md"} >= {"run", "init"}


@pytest.mark.parametrize(("name", "arguments"), COMMANDS)
def test_every_command_shown_is_one_that_the_tool_takes(name, arguments):
    assert accept(arguments).command.name == arguments[0], name


@pytest.mark.parametrize("name", ["README.md", "schedules/README.md"])
def test_the_exit_codes_are_all_explained(name):
    rows = re.findall(r"^\| (\d) \| \S.* \|$", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(map(int, Exit))


def test_every_make_target_shown_exists():
    shown = {
        target
        for name in MARKDOWN
        for target in re.findall(
            r"^make ([a-z]+)$", fenced((ROOT / name).read_text("utf-8")), re.MULTILINE
        )
    }
    assert shown >= {"demo", "test", "wheel"}
    assert shown <= make_targets()


def test_make_offers_the_targets_and_says_what_they_do():
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    wanted = {"demo", "test", "check", "bench", "wheel", "lock", "dictionary", "clean", "help"}
    assert wanted <= make_targets()
    assert {line.split()[1] for line in listed.splitlines() if len(line.split()) > 2} == wanted


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text("utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    return set(targets.split())


def test_the_changelog_has_a_place_for_this_version():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version = pyproject()["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\] - \S", text, re.MULTILINE)
