"""Messages of syslog as rows of the table Syslog: RFC 5424, RFC 3164, and what goes by its name. Pure.

https://www.rfc-editor.org/rfc/rfc5424, https://www.rfc-editor.org/rfc/rfc3164. Whatever comes is a row: what has no
priority is of user.notice, as RFC 3164 says, and what cannot be read as a header is part of the message.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from lockgate.store.ingest.sent._documents import moment_of

TABLE = "Syslog"
_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
_SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}  # fmt: skip
_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_NEW = re.compile(r"1 (\S{1,64}) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) ?(?=-|\[)")
_OLD = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d)(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?:? ", re.ASCII)
_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\S{8,32}) ", re.ASCII)
_HOST = re.compile(r"([A-Za-z0-9][A-Za-z0-9._:%-]{0,254}) ", re.ASCII)
_TAG = re.compile(r"([^\s\[\]:]{1,64})(?:\[(\d{1,10})\])?: ?", re.ASCII)
_ELEMENT = re.compile(r'\[([^\s=\]"]{1,255})((?: [^\s=\]"]{1,255}="(?:[^"\\]|\\.)*")*)\]')
_PARAMETER = re.compile(r' ([^\s=\]"]{1,255})="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r'\\(["\\\]])')
_MOST_ELEMENTS = 1000


def row_of(message: bytes, *, peer: str, collector: str, received: datetime) -> dict[str, Any]:
    """The row of a message. ``peer``: the address it came from; ``received``: with the zone of times that say none."""
    text = message.rstrip(b"\r\n\0").decode("utf-8", "backslashreplace").removeprefix("\ufeff")
    found = _PRIORITY.match(text)
    priority = int(found[1]) if found and int(found[1]) < 192 else None
    rest = text[found.end() :] if found and priority is not None else text
    priority = 13 if priority is None else priority
    row: dict[str, Any] = {
        "Facility": _FACILITIES[priority >> 3], "SeverityLevel": _SEVERITIES[priority & 7], "HostIP": peer,
        "CollectorHostName": collector, "SourceSystem": "Linux",
    }  # fmt: skip
    new = _NEW.match(rest)
    row |= _new(rest, new) if new else _old(rest, received)
    row["Computer"] = row.get("HostName") or peer
    row["EventTime"] = row["TimeGenerated"] = row.get("EventTime") or received.isoformat()
    return row


def _new(rest: str, found: re.Match[str]) -> dict[str, Any]:
    moment, host, app, process, message_id = ("" if one == "-" else one for one in found.groups())
    data, message = _structured(rest[found.end() :])
    return {
        "EventTime": moment_of(moment), "HostName": host, "ProcessName": app, "ProcessID": _number(process),
        "MessageId_CF": message_id, "StructuredData_CF": data, "SyslogMessage": message.removeprefix("\ufeff"),
    }  # fmt: skip


def _structured(text: str) -> tuple[dict[str, Any] | None, str]:
    """Elements by their ids, and what comes after them; what is none of them is of the message."""
    if text.startswith("-"):
        return None, text[1:].removeprefix(" ")
    found: dict[str, Any] = {}
    at = 0
    while len(found) < _MOST_ELEMENTS and (one := _ELEMENT.match(text, at)):
        values = {name: _ESCAPED.sub(r"\1", value) for name, value in _PARAMETER.findall(one[2])}
        found[one[1]] = found.get(one[1], {}) | values
        at = one.end()
    return found or None, text[at:].removeprefix(" ")


def _old(rest: str, received: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {"HostName": "", "ProcessName": ""}
    stamped = _OLD.match(rest) or _ISO.match(rest)
    if stamped:
        moment = moment_of(stamped[1]) if stamped.re is _ISO else _moment(stamped, received)
        if not moment:
            return row | {"SyslogMessage": rest}
        row["EventTime"] = moment
        rest = rest[stamped.end() :]
        host = _HOST.match(rest)
        if host and not host[1].endswith(":"):  # else the tag comes at once, as logger has it for this machine
            row["HostName"] = host[1]
            rest = rest[host.end() :]
    tag = _TAG.match(rest)
    if tag:
        row |= {"ProcessName": tag[1], "ProcessID": _number(tag[2] or "")}
        rest = rest[tag.end() :]
    return row | {"SyslogMessage": rest}


def _moment(found: re.Match[str], received: datetime) -> str:
    """A time without a year, and mostly without a zone: of the year in which it is not a day ahead."""
    month, day, year, hour, minute, second, fraction = found.groups()
    micro = int(f"{fraction or '':0<6}")
    for guess in (int(year),) if year else (received.year + 1, received.year, received.year - 1):
        try:
            moment = datetime(guess, _MONTHS.get(month, 0), int(day), int(hour), int(minute), int(second), micro,
                              received.tzinfo)  # fmt: skip
        except ValueError:
            continue
        if year or moment - received < timedelta(days=1):
            return moment.isoformat()
    return ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and int(text) < 1 << 31 else None
