"""Logs of servers: a line a record, for people or as JSON, in which nobody else's text begins a line of its own.

What a request, a forge or a repository can set stands in messages; a line break in it must not look like a record.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from lockgate.formats.printable import printable

TEXT, JSON = "text", "json"
KINDS = (TEXT, JSON)
_BEHIND = "    | "
"""Before each line of a traceback."""


def begin(kind: str = TEXT) -> None:
    """Have the process log to its standard error. ``kind``: of :data:`KINDS`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if kind == JSON else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class TextLines(logging.Formatter):
    """For people: time, level, message; a traceback below it, set in."""

    def format(self, record: logging.LogRecord) -> str:
        """As :class:`logging.Formatter`."""
        told = f"{self.formatTime(record)} {record.levelname} {printable(record.getMessage())}"
        behind = [f"{_BEHIND}{printable(line)}" for line in _traceback(self, record).splitlines()]
        return "\n".join((told, *behind))


class JsonLines(logging.Formatter):
    """For programs: an object a line with ``time`` (UTC, RFC 3339), ``level``, ``logger``, ``message``, and ``error``
    where there is a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """As :class:`logging.Formatter`."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "message": _whole(record.getMessage()),
        }  # fmt: skip
        error = _traceback(self, record)
        return json.dumps(told | ({"error": _whole(error)} if error else {}))  # ASCII alone: other signs end lines too


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""


def _whole(text: str) -> str:
    """Without halves of signs, which JSON cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()
