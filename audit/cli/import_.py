"""registry-audit import: read scanner reports made elsewhere."""

from __future__ import annotations

import logging

import click

from audit import plugins
from audit.cli.exits import Exit, gravest
from audit.cli.options import Common, common
from audit.cli.run import tell
from audit.importing import Asked, import_reports
from audit.log import LOGGER


@click.command("import")
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--whole",
    is_flag=True,
    help="Lists of findings name all that their source found in the images they name.",
)
@click.option("--any-target", is_flag=True, help="Read reports about what is no image too.")
@click.option("--region", default="", metavar="NAME", help="AWS region of answers of ECR.")
@common
def import_(
    options: Common, paths: tuple[str, ...], *, whole: bool, any_target: bool, region: str
) -> Exit:
    """Read scanner reports into the warehouse as a run of its own.

    PATHS are files, folders, archives, and addresses of object stores (s3://, gs://, az://). A
    file that cannot be read is one error (exit code 2); the others still land.
    """
    app = options.app()
    asked = Asked(whole=whole, any_target=any_target, region=region)
    imported = import_reports(app, paths, plugins.importers(), asked)
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
