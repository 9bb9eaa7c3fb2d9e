"""Logs: what others set in a message begins no record of its own, for people and as JSON."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from lockgate.server.logs import JsonLines, TextLines

FORGED = "x\n2026-01-01 00:00:00,000 INFO root signed in\r\x1b[2K\u2028\ud800"


def record(message: str, *given: object, error: bool = False) -> logging.LogRecord:
    """Of a logger; with the traceback of an error whose text is hostile."""
    raised = None
    if error:
        try:
            raise ValueError(FORGED)
        except ValueError:
            raised = sys.exc_info()
    return logging.LogRecord("lockgate.console", logging.ERROR, __file__, 1, message, given, raised)


@pytest.mark.parametrize("error", [False, True])
def test_a_line_for_people_is_one_and_tracebacks_are_set_in(error: bool) -> None:
    first, *behind = TextLines().format(record("%s could not be read", FORGED, error=error)).splitlines()
    assert first.endswith("\\ud800 could not be read")
    assert "\\n2026-01-01" in first or "\\x0a2026-01-01" in first
    assert bool(behind) is error
    assert all(line.startswith("    | ") for line in behind)
    assert "\x1b" not in first + "".join(behind)


def test_a_line_of_json_is_one_object_with_all_that_was_told() -> None:
    line = JsonLines().format(record("%s could not be read", FORGED, error=True))
    assert len(line.splitlines()) == 1
    told = json.loads(line)
    assert (told["level"], told["logger"]) == ("error", "lockgate.console")
    assert told["message"].startswith("x\n2026")
    assert "Traceback" in told["error"]
    assert told["time"].endswith("+00:00")
