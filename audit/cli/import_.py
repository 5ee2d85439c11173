"""registry-audit import: read scanner reports made elsewhere."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from audit import plugins
from audit.cli.exits import Exit, gravest
from audit.cli.options import Common, common
from audit.cli.run import tell
from audit.importing import import_reports
from audit.log import LOGGER


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@common
def import_(options: Common, paths: tuple[Path, ...]) -> Exit:
    """Read scanner reports (files or folders) into the warehouse as a run of its own.

    A file that cannot be read is one error (exit code 2); the others still land.
    """
    app = options.app()
    imported = import_reports(app, paths, plugins.importers())
    log = logging.getLogger(LOGGER)
    for error in imported.errors:
        log.error("%s", error, extra={"path": error.where})
    if imported.result is None:
        log.error("nothing was imported")
        return Exit.USAGE
    tell(app, imported.result)
    codes = [Exit.USAGE] if imported.errors else []
    if imported.result.incomplete:
        codes.append(Exit.INCOMPLETE)
    return gravest(codes)
