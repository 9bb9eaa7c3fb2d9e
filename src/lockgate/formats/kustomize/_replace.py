"""``replacements``: a value of one resource copied into fields of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.kustomize._resource import Resource, selected

_STEP = re.compile(r"((?:[^.\\\[]|\\.)+)|\[([^\]]*)\]|\.")


Copied = Callable[[Any], Any]
"""Copies a value and counts it: replacements can double a resource again and again."""


def replace_values(resources: list[Resource], replacement: dict[str, Any], copied: Copied) -> None:
    """Apply one replacement. Raises :class:`FormatError` when its source is not exactly one value."""
    value = _source(resources, replacement)
    for target in _dicts(replacement.get("targets")):
        select = target.get("select")
        rejected = [one for reject in _dicts(target.get("reject")) for one in selected(resources, reject)]
        for one in selected(resources, select):
            if any(one is other for other in rejected):
                continue
            options = _mapping(target.get("options"))
            for path in target.get("fieldPaths") or ["metadata.name"]:
                _write(one, str(path), value, options, copied)


def _source(resources: list[Resource], replacement: dict[str, Any]) -> Any:
    if "sourceValue" in replacement:
        return replacement["sourceValue"]
    source = replacement.get("source")
    found = selected(resources, source)
    if len(found) != 1 or not isinstance(source, dict):
        raise FormatError("a replacement whose source is not exactly one resource")
    values = [holder[key] for holder, key in _places(found[0].body, str(source.get("fieldPath") or "metadata.name"))]
    if len(values) != 1:
        raise FormatError("a replacement whose source has no such field")
    options = _mapping(source.get("options"))
    if options.get("delimiter") and isinstance(values[0], str):
        parts, at = values[0].split(str(options["delimiter"])), options.get("index", 0)
        if not isinstance(at, int) or not 0 <= at < len(parts):
            raise FormatError("a replacement whose index is outside its source")
        return parts[at]
    return values[0]


def _write(one: Resource, path: str, value: Any, options: dict[str, Any], copied: Copied) -> None:
    create = options.get("create") is True
    found = list(_places(one.body, path, create=create))
    if not found and not create:
        raise FormatError("a replacement whose target has no such field")
    for holder, key in found:
        fresh = copied(value)
        if options.get("delimiter") and isinstance(holder[key], str):
            fresh = _joined(holder[key], str(options["delimiter"]), options.get("index", 0), str(value))
        if holder is one.body.get("metadata") and key == "name":
            one.rename(str(fresh))
        else:
            holder[key] = _typed(holder[key], fresh) if not options.get("create") else fresh


def _typed(held: Any, fresh: Any) -> Any:
    """A scalar keeps the type it has: a port becomes text where text stands."""
    if isinstance(held, str) and isinstance(fresh, int | float):
        return str(fresh).lower() if isinstance(fresh, bool) else str(fresh)
    if isinstance(held, int) and not isinstance(held, bool) and isinstance(fresh, str) and fresh[:18].isdigit():
        return int(fresh[:18])
    return fresh


def _joined(held: str, delimiter: str, at: Any, value: str) -> str:
    parts = held.split(delimiter)
    if not isinstance(at, int) or at < 0:
        parts.insert(0, value)
    elif at >= len(parts):
        parts.append(value)
    else:
        parts[at] = value
    return delimiter.join(parts)


def _places(body: dict[str, Any], path: str, *, create: bool = False) -> Iterator[tuple[Any, Any]]:
    """Every place that ``spec.template.spec.containers.[name=web].image`` names."""
    steps = [match.group(1) or f"[{match.group(2)}]" for match in _STEP.finditer(path) if match.group() != "."]
    waiting: list[tuple[Any, int]] = [(body, 0)]
    while waiting:
        here, at = waiting.pop()
        if at >= len(steps):
            continue
        for key in _keys(here, steps[at]):
            missing = isinstance(here, dict) and here.get(key) is None
            if missing and not create:
                continue
            if missing:
                here[key] = "" if at == len(steps) - 1 else {}
            if at == len(steps) - 1:
                yield here, key
            else:
                waiting.append((here[key], at + 1))


def _keys(here: Any, step: str) -> list[Any]:
    if isinstance(here, dict):
        return list(here) if step == "*" else [re.sub(r"\\(.)", r"\1", step)]
    if not isinstance(here, list):
        return []
    if step in ("*", "[*]"):
        return list(range(len(here)))
    if step.isdigit() and len(step) < 8:
        return [int(step)] if int(step) < len(here) else []
    name, sign, value = step.strip("[]").partition("=")
    return [at for at, item in enumerate(here) if sign and isinstance(item, dict) and str(item.get(name)) == value]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
