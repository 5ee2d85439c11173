"""One structured log: a line of JSON an event, or plain lines for a person at a terminal."""

from __future__ import annotations

import json
import logging
import sys
import types
from datetime import UTC, datetime
from typing import TextIO

import orjson

LOGGER = "registry_audit"
_TOLD = ("path", "missing_permission", "error")
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON with the fields given in ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # a file name that is no text, a number of more than 64 bits
            return json.dumps(line, default=str)


class PlainFormatter(logging.Formatter):
    """Formats a record as a line for a person: the event, then which file, what is missing, why."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        event = record.getMessage()
        line = f"{record.levelname} {event}"
        for name in _TOLD:
            said = getattr(record, name, None)
            if said and str(said) not in event:
                line += f"; {name}: {_one_line(str(said))}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _one_line(said: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in said)


def configure(*, json_logs: bool, quiet: bool, stream: TextIO | None = None) -> logging.Logger:
    """Set up the log on standard error (or ``stream``) and return the tool's logger."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if json_logs else PlainFormatter())
    logger = logging.getLogger(LOGGER)
    logger.handlers[:] = [handler]
    logger.propagate = False
    # The clouds' libraries warn through loggers of their own: one form for all that is written.
    logging.getLogger().handlers[:] = [handler]
    logging.getLogger().setLevel(logging.WARNING)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    sys.excepthook = _log_uncaught
    return logger


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    logging.getLogger(LOGGER).critical("unexpected error", exc_info=(kind, error, trace))
