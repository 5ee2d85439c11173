"""Who may import whom: the contracts hold, and each of them is able to fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.support.project import PACKAGES, ROOT, project_files, pyproject

# What a pure function of text, numbers and columns needs, directly or through its own imports.
PURE = frozenset(
    {
        *("__future__", "base64", "binascii", "collections", "dataclasses", "datetime", "decimal"),
        *("enum", "functools", "hashlib", "itertools", "json", "math", "operator", "re", "string"),
        *("types", "typing", "urllib", "orjson", "pyarrow"),
    }
)

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
VIOLATIONS = [
    ("audit/errors.py", "import audit.tables", "audit reads from the top down"),
    ("audit/newcomer.py", "import os", "audit reads from the top down"),
    ("audit/app.py", "import providers.aws.provider", "the core imports no provider"),
    ("audit/collect/runner.py", "import boto3", "the core imports no provider"),
    ("providers/gcp/provider.py", "import audit.store.layout", "providers see the core's ports"),
    ("providers/azure/provider.py", "import reports", "providers see the core's ports"),
    ("providers/aws/provider.py", "import providers.gcp.provider", "no provider knows another"),
    ("providers/loopback/estate.py", "import providers.aws.provider", "no provider knows another"),
    ("providers/stores/s3.py", "import providers.aws.client", "no provider knows another"),
    ("providers/oci/wire.py", "import providers.azure.provider", "no provider knows another"),
    ("providers/loopback/oci/server.py", "import providers.oci.wire", "no provider knows another"),
    ("providers/scanners/__init__.py", "import providers.oci.wire", "a scanner knows no provider"),
    ("providers/scanners/__init__.py", "import providers.loopback", "a scanner knows no provider"),
    ("providers/oci/wire.py", "import providers.scanners", "no provider knows a scanner"),
    ("providers/stores/s3.py", "import audit.store.files", "providers see the core's ports"),
    ("audit/opening.py", "import boto3", "the core imports no provider"),
    ("reports/__init__.py", "import providers", "reports read the store"),
    ("reports/__init__.py", "import audit.app", "reports read the store"),
    ("reports/__init__.py", "import grpc", "reports read the store"),
    ("reports/__init__.py", "import audit.judge", "reports judge, fetch and date nothing"),
    ("audit/model/enums.py", "import audit.model.scope", "no cycles among siblings"),
]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A copy of the packages alone, in which a violation can be planted."""
    root = tmp_path_factory.mktemp("imports")
    for name in project_files():
        if name == "pyproject.toml" or (name.startswith(PACKAGES) and name.endswith(".py")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    return root


def test_every_contract_is_kept(sources):
    done = lint(sources)
    contracts = len(pyproject()["tool"]["importlinter"]["contracts"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {contracts} kept, 0 broken." in done.stdout


@pytest.mark.parametrize(("file", "line", "contract"), VIOLATIONS)
def test_a_planted_violation_is_caught(sources, file, line, contract):
    path = sources / file
    before = path.read_text("utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        done = lint(sources)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [text for text in done.stdout.splitlines() if text.rstrip().endswith("BROKEN")]
    assert any(text.startswith(contract) for text in broken), broken


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(
        *PACKAGES,
        include_external_packages=True,
        exclude_type_checking_imports=True,
        cache_dir=None,
    )


def test_parsers_do_no_io_and_know_no_sdk(graph):
    parsers = {name for name in graph.modules if re.match(r"providers\.\w+\.parse", name)}
    assert {name.split(".")[1] for name in parsers} >= {"aws", "azure", "gcp"}
    external = {name for name in graph.modules if name.split(".")[0] not in PACKAGES}
    impure = {
        name: found
        for name in sorted(parsers)
        if (found := sorted((graph.find_upstream_modules(name) & external) - PURE))
    }
    assert impure == {}


def test_of_urllib_parsers_take_the_parser_only(graph):
    lines = [
        detail["line_contents"]
        for name in sorted(graph.find_modules_that_directly_import("urllib"))
        if re.match(r"providers\.\w+\.parse", name)
        for detail in graph.get_import_details(importer=name, imported="urllib")
    ]
    assert [line for line in lines if "urllib.parse" not in line] == []
