"""Label and field selectors, in the text form of queries and in the object form of webhooks and network policies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .status import bad_request

_SET = re.compile(r"^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_COMPARE = re.compile(r"^\s*([^\s!=,()<>]+)\s*(==|=|!=|<|>)\s*([^\s,()]*)\s*$")
_BARE = re.compile(r"^\s*(!?)\s*([^\s!=,()]+)\s*$")

Test = Callable[[Mapping[str, Any]], bool]


def label_selector(text: str) -> Test:
    """A test over labels for ``a=b,c!=d,e in (f,g),!h``; 400 for anything else."""
    tests = [_requirement(part) for part in _split(text) if part.strip()]
    return lambda labels: all(test(labels) for test in tests)


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _requirement(part: str) -> Test:
    if found := _SET.match(part):
        key, operator, values = found[1], found[2], {one.strip() for one in found[3].split(",")}
        if operator == "in":
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: labels.get(key) not in values
    if found := _COMPARE.match(part):
        key, operator, value = found.groups()
        if operator in ("=", "=="):
            return lambda labels: labels.get(key) == value
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        sign = 1 if operator == ">" else -1
        return lambda labels: _integer(labels.get(key), 0) * sign > int(value) * sign if key in labels else False
    if found := _BARE.match(part):
        key = found[2]
        return (lambda labels: key not in labels) if found[1] else (lambda labels: key in labels)
    raise bad_request(f"unable to parse requirement: found '{part}', expected: ',' or 'end of string'")


def _integer(text: Any, default: int) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        return default


def object_selector(selector: Mapping[str, Any] | None) -> Test:
    """A test over labels for ``{matchLabels, matchExpressions}``; nothing set matches everything."""
    tests: list[Test] = []
    for key, value in ((selector or {}).get("matchLabels") or {}).items():
        tests.append(lambda labels, key=key, value=value: labels.get(key) == value)
    for one in (selector or {}).get("matchExpressions") or []:
        tests.append(_expression(one["key"], one["operator"], set(one.get("values") or [])))
    return lambda labels: all(test(labels) for test in tests)


def _expression(key: str, operator: str, values: set[str]) -> Test:
    match operator:
        case "In":
            return lambda labels: key in labels and labels[key] in values
        case "NotIn":
            return lambda labels: labels.get(key) not in values
        case "Exists":
            return lambda labels: key in labels
        case "DoesNotExist":
            return lambda labels: key not in labels
    raise bad_request(f'"{operator}" is not a valid label selector operator')


_FIELDS = {
    "/pods": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
              "status.podIP", "status.nominatedNodeName", "spec.hostNetwork"),
    "/secrets": ("type",), "/namespaces": ("status.phase",), "/nodes": ("spec.unschedulable",),
    "/events": ("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
                "reason", "type", "source"),
    "batch/jobs": ("status.successful",),
}  # fmt: skip


def field_selector(text: str, kind: Any) -> Test:
    """A test over a whole object for ``metadata.name=a,status.phase!=b``; 400 for a field the kind does not index."""
    known = ("metadata.name", *(("metadata.namespace",) if kind.namespaced else ()), *_FIELDS.get(kind.key, ()))
    tests: list[Test] = []
    for part in filter(str.strip, text.split(",")):
        found = re.match(r"^\s*([^=!]+?)\s*(==|=|!=)\s*(.*?)\s*$", part)
        if not found:
            raise bad_request(f'invalid field selector: "{part}"')
        field, operator, value = found.groups()
        if field not in known:
            raise bad_request(f'field label not supported: "{field}"')
        tests.append(lambda body, f=field, v=value, same=operator != "!=": (_at(body, f) == v) is same)
    return lambda body: all(test(body) for test in tests)


def _at(body: Any, path: str) -> str:
    for part in path.split("."):
        body = body.get(part) if isinstance(body, Mapping) else None
    return "" if body is None else str(body).lower() if isinstance(body, bool) else str(body)
