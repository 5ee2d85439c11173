"""The source tree: sizes, test packages, and nothing that belongs to one machine."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.project import PACKAGES, ROOT, project_files

PYTHON = [name for name in project_files() if name.endswith(".py")]
SHIPPED = [name for name in PYTHON if name.split("/")[0] in PACKAGES]
FILE_LINES, FUNCTION_LINES = 400, 60

# Put together from halves, so that this file does not hold what it looks for.
HOSTS = [("pypi", ".org"), ("pytho", "nhosted"), ("registry.np", "mjs"), ("deb.deb", "ian")]
PLACES = [("/wo", "rk/"), ("/opt/wh", "eels"), ("/opt/py", "pi"), ("/ro", "ot/"), ("/Us", "ers/")]
FOREIGN = re.compile(
    "|".join(
        [re.escape(a + b) for a, b in HOSTS]
        + [rf"(?<![\w.~}}-]){re.escape(a + b)}" for a, b in PLACES]
    )
)


@pytest.mark.parametrize("halves", HOSTS + PLACES, ids="".join)
def test_what_is_foreign_is_recognised(halves):
    assert FOREIGN.search("see " + "".join(halves))


def test_no_file_names_a_package_host_or_a_place_on_one_machine():
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name in project_files()
        for number, line in enumerate(text_of(name).splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


def text_of(name: str) -> str:
    content = (ROOT / name).read_bytes()
    return "" if b"\0" in content else content.decode("utf-8")


def test_no_shipped_file_is_too_long():
    long = {
        name: lines for name in SHIPPED if (lines := len(text_of(name).splitlines())) > FILE_LINES
    }
    assert long == {}, f"split where there is a seam: at most {FILE_LINES} lines"


def test_no_shipped_function_is_too_long():
    long = {
        f"{name}:{node.lineno} {node.name}": lines
        for name in SHIPPED
        for node in ast.walk(ast.parse(text_of(name)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}, f"split where there is a seam: at most {FUNCTION_LINES} lines"


def test_every_folder_of_python_files_is_a_package():
    folders = {name.rpartition("/")[0] for name in PYTHON}
    missing = [f for f in sorted(folders - {""}) if not (ROOT / f / "__init__.py").is_file()]
    assert missing == [], "a test folder without __init__.py can hide a package of the same name"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_marked_as_typed(package):
    assert (ROOT / package / "py.typed").is_file()
