"""The log: a line of JSON an event, whatever is in it."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from audit.log import LOGGER, JsonFormatter, configure


@pytest.fixture
def lines():
    """Set the log up for JSON, and read back what was written."""
    stream, logger = io.StringIO(), logging.getLogger(LOGGER)
    before, hook = (logger.handlers[:], logger.propagate, logger.level), sys.excepthook
    configure(json_logs=True, quiet=False, stream=stream)

    def read():
        return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]

    yield read
    (logger.handlers[:], logger.propagate, level), sys.excepthook = before, hook
    logger.setLevel(level)


def test_a_line_holds_the_event_and_its_fields(lines):
    logging.getLogger(f"{LOGGER}.collect").warning(
        "scope %s", "aws/1", extra={"listed": 5, "at_moment": datetime(2026, 1, 1, tzinfo=UTC)}
    )
    (line,) = lines()
    assert (line["level"], line["logger"], line["event"]) == (
        "warning",
        "registry_audit.collect",
        "scope aws/1",
    )
    assert line["listed"] == 5
    assert line["at_moment"].startswith("2026-01-01T00:00:00")
    assert datetime.fromisoformat(line["at"]).tzinfo is not None
    assert set(line) == {"at", "level", "logger", "event", "listed", "at_moment"}


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\r\n",
        'quote " and \\',
        "\x1b[31mred\x00",
        "日本語 \U0001f433",
        "\u2028",
        "\udc80",
    ],
)
def test_any_text_is_one_line(text):
    """Names of images, tags and files are written by others; a file's may not even be text."""
    record = {"name": LOGGER, "levelname": "INFO", "msg": "%s", "args": (text,), "path": text}
    line = JsonFormatter().format(logging.makeLogRecord(record))
    assert "\n" not in line
    line.encode("utf-8")
    told = json.loads(line)
    assert told["event"] == told["path"] == text


@pytest.mark.parametrize("value", [2**70, {"a": {1, 2}}, object(), b"bytes", float("inf")])
def test_any_value_is_told_somehow(lines, value):
    logging.getLogger(LOGGER).info("event", extra={"value": value})
    (line,) = lines()
    assert line["event"] == "event"
    assert "value" in line


def test_an_error_has_its_traceback(lines):
    try:
        dict[str, int]()["lost"]
    except KeyError:
        logging.getLogger(LOGGER).exception("broken")
    (line,) = lines()
    assert "KeyError: 'lost'" in line["traceback"]
    assert line["level"] == "error"


@pytest.mark.parametrize(("quiet", "told"), [(True, ["warning"]), (False, ["info", "warning"])])
def test_quiet_leaves_out_what_is_no_trouble(lines, quiet, told):
    stream = io.StringIO()
    logger = configure(json_logs=True, quiet=quiet, stream=stream)
    logger.debug("debug")
    logger.info("info")
    logger.warning("warning")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == told
    assert lines() == []


def test_plain_lines_are_for_people(lines):
    stream = io.StringIO()
    configure(json_logs=False, quiet=False, stream=stream).warning("scope %s", "x")
    assert stream.getvalue() == "WARNING scope x\n"
    assert lines() == []


def test_plain_lines_say_which_and_why_on_one_line(lines):
    """A person at a terminal must not need the warehouse to know what was denied."""
    stream = io.StringIO()
    logger = configure(json_logs=False, quiet=False, stream=stream)
    logger.warning("scope x: denied", extra={"missing_permission": "a:B", "error": "no\nway\x1b["})
    logger.error("a.json: broken", extra={"path": "a.json", "listed": 3})
    assert stream.getvalue() == (
        "WARNING scope x: denied; missing_permission: a:B; error: no\\nway\\x1b[\n"
        "ERROR a.json: broken\n"
    )
    assert lines() == []


def test_an_error_that_nobody_caught_is_a_line_too(tmp_path):
    code = (
        "from audit.log import configure\n"
        "configure(json_logs=True, quiet=True)\n"
        "raise RuntimeError('boom')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    (line,) = [json.loads(text) for text in done.stderr.splitlines()]
    assert (done.returncode, line["level"], line["event"]) == (1, "critical", "unexpected error")
    assert "RuntimeError: boom" in line["traceback"]
