"""Parsers of texts: addresses, paths, versions, XML, CSV."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus

from lockgate.kql.functions import Maker, strict
from lockgate.kql.functions.agents import parse_user_agent
from lockgate.kql.functions.xml import parse_xml
from lockgate.kql.text import MAX_TEXT, clean, dynamic_text
from lockgate.lazy_pattern import lazy_pattern

_URL = lazy_pattern(
    r"(?s)(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?://(?:(?P<user>[^/?#@:]*:[^/?#@]*)@)?(?P<host>\[[^\]/?#]*\]|[^:/?#]*)"
    r"(?::(?P<port>[0-9]*))?)?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?"
)
_MOST_PARTS = 1 << 16


def parse_url(text: str) -> dict[str, Any]:
    """The parts of an absolute address, all of them texts; what is none has no parts."""
    found = _URL.fullmatch(text) if len(text) <= MAX_TEXT else None
    parts = found.groupdict(default="") if found else dict.fromkeys(_URL_PARTS, "")
    user, _, password = parts["user"].partition(":")
    return {
        "Scheme": parts["scheme"],
        "Host": parts["host"],
        "Port": parts["port"],
        "Path": "" if text.endswith(f"{parts['host']}/") and parts["path"] == "/" else parts["path"],
        "Username": user,
        "Password": password,
        "Query Parameters": _query(parts["query"]),
        "Fragment": parts["fragment"],
    }


_URL_PARTS = ("scheme", "user", "host", "port", "path", "query", "fragment")


def _query(text: str) -> dict[str, Any]:
    """Parameters in the order of their names, several of one name as an array; without name or value there is none."""
    found: dict[str, list[str]] = {}
    for one in text.split("&", _MOST_PARTS)[:_MOST_PARTS]:
        name, _, value = one.partition("=")
        if name and value:
            found.setdefault(_decoded(name), []).append(_decoded(value))
    return {name: found[name][0] if len(found[name]) == 1 else found[name] for name in sorted(found)}


def _decoded(text: str) -> str:
    return unquote_plus(clean(text), errors="replace") if "%" in text or "+" in text else text


def parse_urlquery(text: str) -> dict[str, Any]:
    """The parameters of what follows the question mark of an address."""
    return {"Query Parameters": _query(text[:MAX_TEXT].removeprefix("?"))}


# --- paths

_SCHEME = lazy_pattern(r"(?i)([a-z][a-z0-9+.-]+)://")
_DRIVE = lazy_pattern(r"[A-Za-z]:")


def parse_path(text: str) -> dict[str, str]:
    """The parts of a path of Windows, Linux or a ``file://`` address."""
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    drive = _DRIVE.match(rest)
    body, _, stream = rest[2:].rpartition(":") if drive and ":" in rest[2:] else (rest[2:] if drive else rest, "", "")
    whole = rest[:2] + body if drive else body
    at = max(whole.rfind("/"), whole.rfind("\\"))
    directory, name = (whole[:at], whole[at + 1 :]) if at >= 0 else ("", whole)
    if at == 0:
        directory = whole[:1]
    last = max(directory.rfind("/"), directory.rfind("\\"))
    stem, dot, extension = name.rpartition(".")
    return {
        "Scheme": scheme.group(1) if scheme else "",
        "RootPath": drive.group() if drive else "",
        "DirectoryPath": directory,
        "DirectoryName": directory[last + 1 :],
        "Filename": name,
        "Extension": extension if dot and (stem or extension) else "",
        "AlternateDataStreamName": stream,
    }


# --- versions

_VERSION = lazy_pattern(r"[0-9]{1,8}(?:\.[0-9]{1,8}){0,3}")


def version(text: str) -> Decimal | None:
    """Up to four numbers of up to eight digits as one number that orders as the versions do."""
    if len(text) > 40 or not _VERSION.fullmatch(text):
        return None
    parts = [int(one) for one in text.split(".")]
    total = 0
    for one in parts + [0] * (4 - len(parts)):
        total = total * 100_000_000 + one
    return Decimal(total)


# --- csv


def parse_csv(value: Any) -> list[str]:
    """The fields of the first record."""
    text = dynamic_text(value)[:MAX_TEXT]
    if not text:
        return [""]
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [f"{one}\n" for one in lines[:-1]] + lines[-1:]
    try:
        found = next(csv.reader(lines, strict=False), [""])
    except csv.Error:
        # A field longer than the reader takes: nothing in it can be a separator that it would have seen.
        return text.partition("\n")[0].split(",")
    return found or [""]


FUNCTIONS: dict[str, Maker] = {
    "parse_csv": strict(parse_csv),
    "parse_xml": strict(parse_xml),
    **dict.fromkeys(("parseurl", "parse_url"), strict(parse_url)),
    **dict.fromkeys(("parseurlquery", "parse_urlquery"), strict(parse_urlquery)),
    "parse_path": strict(parse_path),
    "parse_user_agent": strict(parse_user_agent),
}
