"""What a program tells of itself when it is scraped, as rows of InsightsMetrics: the text formats of Prometheus. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/ (0.0.4) and OpenMetrics 1.0: a sample a line, comments
before it. Names in quotes within the braces are read too. Kinds, units and help of families are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from lockgate.store.ingest.fitting import MOST_TEXT, MisfitError
from lockgate.store.ingest.sent._documents import moment_of
from lockgate.store.ingest.sent._otlp import number_of
from lockgate.store.ingest.sent._prometheus import TABLE
from lockgate.tables._collected import COMPANION

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_LABEL = re.compile(
    r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*|"(?:[^"\\]|\\.)*")[ \t]*(=[ \t]*"((?:[^"\\]|\\.)*)")?[ \t]*', re.ASCII
)
_REST = re.compile(r"[ \t]*(\S{1,64})(?:[ \t]+(-?[0-9.eE+]{1,32}))?[ \t]*(?:#.*)?\Z", re.ASCII)
_ESCAPED = re.compile(r'\\([\\"n])')
_MOST_LABELS = 1000


def rows_of(
    content: bytes, *, origin: str, instance: str, open_metrics: bool, labels: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows by table; a line that cannot be read is one of the companion. ``labels``: what every sample has beside its
    own, which keep their name with ``exported_`` before it where both have one."""
    for number, line in enumerate(content.split(b"\n"), 1):
        text = line.decode("utf-8", "backslashreplace").strip(" \t\r")
        if not text or text[0] == "#":
            continue
        try:
            name, own, value, stamp = _sample(text)
            moment = _moment(stamp, open_metrics)
        except MisfitError as error:
            row = {"Reason": str(error), "Field": "", "Kept": False, "Text": text[:MOST_TEXT], "Origin": origin,
                   "Line": number}  # fmt: skip
            yield f"{TABLE}{COMPANION}", row
            continue
        given = {f"exported_{key}" if key in labels else key: one for key, one in own.items()}
        row = {
            "Name": name, "Namespace": "prometheus", "Origin": "scrape", "Computer": instance,
            "Tags": orjson.dumps({**labels, **given}).decode(), **number_of(value),
        }  # fmt: skip
        yield TABLE, row | ({"TimeGenerated": moment} if moment else {})


def _sample(text: str) -> tuple[str, dict[str, str], str, str]:
    """Name, labels, value and time of a line. Raises :class:`MisfitError`."""
    found = _NAME.match(text)
    name, at = (found[0], found.end()) if found else ("", 0)
    labels: dict[str, str] = {}
    at += len(text[at:]) - len(text[at:].lstrip(" \t"))
    if text[at : at + 1] == "{":
        at += 1
        while text[at : at + 1] != "}":
            label = _LABEL.match(text, at)
            if label is None or len(labels) >= _MOST_LABELS:
                raise MisfitError("the labels of the sample cannot be read")
            key = _plain(label[1][1:-1]) if label[1][0] == '"' else label[1]
            if label[2] is not None:
                labels[key] = _plain(label[3])
            elif not name and label[1][0] == '"':
                name = key
            else:
                raise MisfitError("a label has no value")
            at = label.end()
            if text[at : at + 1] == ",":
                at += 1
            elif text[at : at + 1] != "}":
                raise MisfitError("the labels of the sample have no end")
        at += 1
    rest = _REST.match(text, at)
    if not name or rest is None:
        raise MisfitError("the line is no sample")
    try:
        float(rest[1])
    except ValueError:
        raise MisfitError("the value of the sample is no number") from None
    return name, labels, rest[1], rest[2] or ""


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text)


def _moment(stamp: str, open_metrics: bool) -> str:
    """When it was, of thousandths of a second, of seconds in OpenMetrics; empty for now."""
    if not stamp:
        return ""
    try:
        moment = moment_of(round(float(stamp) * (1_000_000_000 if open_metrics else 1_000_000)))
    except (ValueError, OverflowError):
        moment = ""
    if not moment:
        raise MisfitError("the time of the sample is none")
    return moment
