"""The command line run in this process: its exit code and what it wrote."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from audit.cli import execute
from audit.log import LOGGER


@dataclass(frozen=True)
class Done:
    """How a command ended; ``code`` is the process's exit code."""

    code: int
    out: str
    err: str


def registry_audit(*arguments: object) -> Done:
    """Run ``registry-audit`` with these arguments and leave this process as it was."""
    out, err = io.StringIO(), io.StringIO()
    logger, hook = logging.getLogger(LOGGER), sys.excepthook
    before = logger.handlers[:], logger.propagate, logger.level
    logger.handlers[:] = []
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = execute([str(argument) for argument in arguments])
    finally:
        (logger.handlers[:], logger.propagate, level), sys.excepthook = before, hook
        logger.setLevel(level)
    return Done(int(code), out.getvalue(), err.getvalue())
