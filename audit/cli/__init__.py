"""The command line. Each command is one module; this one joins them and sets the exit code."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version

import click

from audit.cli.compact import compact
from audit.cli.demo import demo
from audit.cli.doctor import doctor
from audit.cli.exits import Exit
from audit.cli.gate import gate
from audit.cli.import_ import import_
from audit.cli.init import init
from audit.cli.judge import judge
from audit.cli.prune import prune
from audit.cli.rebuild import rebuild
from audit.cli.report import report
from audit.cli.run import run
from audit.cli.scan import scan
from audit.cli.schema import schema
from audit.cli.scopes import scopes
from audit.cli.status import status
from audit.cli.verify import verify
from audit.errors import AuditError, LockHeldError, UsageError
from audit.log import LOGGER


@click.group()
@click.version_option(version("registry-audit"), prog_name="registry-audit")
def cli() -> None:
    """Audit container registries across clouds: what is there, what was looked at, what is open."""


for _command in (
    *(run, scan, import_, judge, report, gate, status, scopes, doctor),
    *(verify, prune, compact, rebuild),
    *(init, schema, demo),
):
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(execute(arguments))


def execute(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        return int(cli.main(arguments, prog_name="registry-audit", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        return Exit.UNEXPECTED
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except UsageError as error:
        return _refuse(error, Exit.USAGE)
    except LockHeldError as error:
        return _refuse(error, Exit.LOCKED)
    except (AuditError, OSError) as error:
        return _refuse(error, Exit.UNEXPECTED)


def _refuse(error: Exception, code: Exit) -> int:
    log = logging.getLogger(LOGGER)
    if log.handlers:
        log.error("%s", error, extra={"exit_code": int(code)})
    else:
        click.echo(f"registry-audit: {error}", err=True)
    return code
