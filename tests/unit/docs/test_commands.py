"""Every command and option that the pages name is one that the tool has."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from audit.cli import cli
from tests.support.commands import accept, fenced, own_commands
from tests.support.project import project_files
from tests.unit.docs.pages import spans, text_of

PAGES = [
    name
    for name in project_files()
    if name == "README.md" or re.fullmatch(r"docs/\w[\w-]*\.md", name)
]
OPTION = re.compile(r"--[a-z][a-z-]+")
OTHER_TOOLS = {"--format", "--list-all-pkgs", "--scanners"}  # trivy's


def command_lines(page: str) -> list[list[str]]:
    inline = [shlex.split(span)[1:] for span in spans(page) if span.startswith("registry-audit ")]
    return [*own_commands(fenced(text_of(page))), *inline]


LINES = [(page, line) for page in PAGES for line in command_lines(page)]


def options_of_the_tool() -> set[str]:
    return {
        name
        for command in (cli, *cli.commands.values())
        for parameter in command.get_params(click.Context(command))
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def test_the_pages_are_found_and_name_commands():
    assert set(PAGES) >= {
        *("README.md", "docs/analysts.md", "docs/compliance.md", "docs/operators.md"),
    }
    assert {line[0] for _, line in LINES} >= {"run", "report", "gate", "status", "schema", "init"}


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_command_is_one_that_the_tool_takes(page: str, line: list[str]):
    assert accept(line).command.name == line[0], page


@pytest.mark.parametrize("line", [["runs"], ["run", "--fast"], ["gate", "--fail-on", "dreadful"]])
def test_a_command_that_is_none_is_refused(line: list[str]):
    with pytest.raises(click.UsageError):
        accept(line)


@pytest.mark.parametrize("page", PAGES)
def test_every_option_named_exists(page: str):
    named = {option for span in spans(page) for option in OPTION.findall(span)}
    assert named - OTHER_TOOLS <= options_of_the_tool()
