"""registry-audit demo: two nights of a made-up estate in three clouds, on this machine alone."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from audit import plugins
from audit.cli.exits import Exit
from audit.cli.run import run
from audit.errors import UsageError
from audit.ports import Demo

_SECRETS = frozenset({"client_secret", "password", "secret_access_key"})
_MARK = ".registry-audit-demo"


@click.command()
@click.option(
    "--out",
    default="./out/demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the warehouse and the reports; what an earlier demo left there is removed.",
)
def demo(out: Path) -> Exit:
    """Start loopback clouds and run two nightly audits against them."""
    started = time.monotonic()
    out = out.absolute()
    _clear(out)
    with _story() as clouds:
        config = _write_config(out, clouds)
        for night in clouds.nights():
            click.echo(f"\n== {night.title}: registry-audit run --run-at {night.moment}")
            code = _run(config, night.moment)
            click.echo(f"   exit code {int(code)}: {_MEANING[code]}")
    click.echo(f"\nwarehouse: {out / 'warehouse'}")
    for path in sorted((out / "reports").glob("*")):
        click.echo(f"report:    {path}")
    click.echo(f"done in {time.monotonic() - started:.0f} s")
    return Exit.OK


def _story() -> Demo:
    try:
        story: Demo = plugins.load(plugins.DEMO, "loopback")()
    except ModuleNotFoundError as error:
        raise UsageError(
            f"needs the package {error.name}", where="demo", cure="install registry-audit[demo]"
        ) from error
    return story


_MEANING = {
    Exit.OK: "everything was looked at",
    Exit.INCOMPLETE: "the run is published, and something could not be looked at: the report "
    "says what",
}


def _run(config: Path, moment: str) -> Exit:
    arguments = ["--config", str(config), "--run-at", moment, "--plain-logs", "--quiet"]
    code = run.main(arguments, prog_name="registry-audit run", standalone_mode=False)
    return Exit(code or Exit.OK)


def _clear(out: Path) -> None:
    """Remove what an earlier demo left, and nothing else."""
    if out.exists() and any(out.iterdir()):
        if not (out / _MARK).exists():
            raise UsageError("is not empty", where=str(out), cure="name an empty folder")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()


def _write_config(out: Path, clouds: Demo) -> Path:
    document = {
        "version": 1,
        "warehouse": str(out / "warehouse"),
        "out": str(out / "reports"),
        "providers": _without_secrets(clouds.providers(), "REGISTRY_AUDIT_DEMO"),
        **clouds.scanning(),
    }
    path = out / "registry-audit.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def _without_secrets(value: Any, name: str) -> Any:  # noqa: ANN401  a YAML document
    """Move secrets into the environment and leave references to them."""
    if isinstance(value, list):
        return [_without_secrets(item, f"{name}_{n}") for n, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    plain = {}
    for key, item in value.items():
        inner = f"{name}_{key}".upper()
        if key in _SECRETS:
            os.environ[inner] = str(item)
            plain[key] = f"${{{inner}}}"
        else:
            plain[key] = _without_secrets(item, inner)
    return plain
