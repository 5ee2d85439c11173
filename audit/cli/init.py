"""registry-audit init: a commented configuration to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from audit.cli.exits import Exit
from audit.cli.options import DEFAULT_CONFIG
from audit.errors import UsageError


@click.command()
@click.argument("target", default=DEFAULT_CONFIG, type=click.Path(path_type=Path))
def init(target: Path) -> Exit:
    """Write a commented configuration to TARGET; an existing file is left alone."""
    text = files("audit.cli").joinpath("registry-audit.example.yaml").read_text("utf-8")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError("exists already", where=str(target), cure="name another file") from error
    except OSError as error:
        message = f"cannot be written: {error.strerror}"
        raise UsageError(message, where=str(target), cure="check the folder") from error
    click.echo(f"wrote {target}")
    return Exit.OK
