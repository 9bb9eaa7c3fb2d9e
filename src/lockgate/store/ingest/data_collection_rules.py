"""Data collection rules of Azure Monitor: which rows a stream takes, through which KQL they go, and into which table.

A file holds one rule as Azure gives it (``az monitor data-collection rule show``), or a template with rules among its
resources: https://learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-rule-structure. Destinations
are this workspace, whatever they are called; data sources, which say what an agent collects, are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, LockgateError
from lockgate.kql import QueryError
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.transforming import Transformation
from lockgate.tables import Column, ColumnType

RESOURCE = "microsoft.insights/datacollectionrules"
_MOST = 4 << 20
_MOST_FILES = 1_000
_TYPES = {"boolean": "bool", "double": "real"} | {kind.value: kind.value for kind in ColumnType}
_IDENTITY = "source"


@dataclass(frozen=True, slots=True)
class Flow:
    """Where rows of a stream go."""

    origin: str
    """What the rows are told to come from; no two flows have the same."""
    table: str
    transformation: Transformation | None
    """None where they go in as they are."""


class Rules:
    """Rules by their immutable id, and by their name."""

    def __init__(self, flows: Mapping[str, Mapping[str, tuple[Flow, ...]]]) -> None:
        self._flows = flows
        self._by_origin = {
            flow.origin: flow for streams in flows.values() for several in streams.values() for flow in several
        }

    def __bool__(self) -> bool:
        return bool(self._flows)

    def streams(self, rule: str) -> Mapping[str, tuple[Flow, ...]] | None:
        """The streams of a rule and their flows; None where there is no such rule."""
        return self._flows.get(rule)

    def has(self, origin: str) -> bool:
        """Whether rows of that origin come from a flow of a rule."""
        return origin in self._by_origin

    def transformation(self, origin: str) -> Transformation | None:
        """What rows of that origin go through."""
        flow = self._by_origin.get(origin)
        return None if flow is None else flow.transformation


def read(paths: Sequence[Path]) -> Rules:
    """The rules of JSON files, and of those in folders. Raises :class:`ConfigurationError` with the place."""
    found: dict[str, Mapping[str, tuple[Flow, ...]]] = {}
    for path in files(paths):
        for where, rule in _rules(path):
            identities, flows = _flows(rule, where)
            for one in identities:
                if one in found:
                    raise ConfigurationError(f"there are two rules with the id {one!r}", where=where)
                found[one] = flows
    return Rules(found)


def files(paths: Sequence[Path]) -> list[Path]:
    """The files that rules are read from. Raises :class:`ConfigurationError` for too many."""
    found = [one for path in paths for one in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if len(found) > _MOST_FILES:
        raise ConfigurationError(f"more than {_MOST_FILES} files of rules", where=str(paths[0]))
    return found


def _rules(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST + 1)
        if len(content) > _MOST:
            raise ConfigurationError(f"is larger than {_MOST} bytes", where=str(path))
        document = orjson.loads(content)
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except orjson.JSONDecodeError as error:
        raise ConfigurationError(f"is no JSON: {error.msg}", where=f"{path}:{error.lineno}") from None
    resources = document.get("resources") if isinstance(document, dict) else None
    if isinstance(resources, dict):
        resources = list(resources.values())
    candidates = resources if isinstance(resources, list) else [document]
    chosen = [
        one for one in candidates
        if isinstance(one, dict) and (resources is None or str(one.get("type")).lower() == RESOURCE)
    ]  # fmt: skip
    if not chosen:
        raise ConfigurationError("there is no data collection rule in it", where=str(path))
    for number, one in enumerate(chosen):
        yield f"{path}" + (f": resource {number}" if resources else ""), one


def _flows(rule: Mapping[str, Any], where: str) -> tuple[list[str], Mapping[str, tuple[Flow, ...]]]:
    properties = rule.get("properties", rule)
    named = (properties.get("immutableId"), rule.get("name")) if isinstance(properties, dict) else ()
    names = list(dict.fromkeys(str(one) for one in named if isinstance(one, str) and one))
    if not names:
        raise ConfigurationError("the rule has neither an immutableId nor a name", where=where)
    declared = {
        name: _columns(one, f"{where}: streamDeclarations.{name}")
        for name, one in _mapping(properties.get("streamDeclarations"), f"{where}: streamDeclarations").items()
    }
    streams: dict[str, list[Flow]] = {}
    flows = properties.get("dataFlows")
    if not isinstance(flows, list) or not flows:
        raise ConfigurationError("the rule has no dataFlows", where=where)
    for number, flow in enumerate(flows):
        place = f"{where}: dataFlows[{number}]"
        for stream in _texts(_mapping(flow, place).get("streams"), f"{place}.streams"):
            several = streams.setdefault(stream, [])
            origin = f"{names[0]}/{stream}"[:190] + (f"#{len(several) + 1}" if several else "")
            several.append(_flow(flow, stream, declared, origin, place))
    return names, {stream: tuple(several) for stream, several in streams.items()}


def _flow(
    flow: Mapping[str, Any], stream: str, declared: Mapping[str, list[Column]], origin: str, place: str
) -> Flow:  # fmt: skip
    kind, _, table = str(flow.get("outputStream") or stream).partition("-")
    text = flow.get("transformKql") or _IDENTITY
    try:
        if kind not in ("Custom", "Microsoft") or (kind == "Custom") != table.endswith("_CL"):
            raise ConfigurationError("an outputStream is Custom-<Name>_CL, or Microsoft-<table>")
        shape = shape_of(table)
        if not isinstance(text, str) or text.startswith("["):
            raise ConfigurationError("transformKql is no text", hint="expressions of templates are not worked out here")
        if text.strip() == _IDENTITY:
            return Flow(origin, table, None)
        columns = declared.get(stream)
        if columns is None and stream.startswith("Custom-"):
            raise ConfigurationError(f"the stream {stream!r} is not declared")
        return Flow(origin, table, Transformation(text, columns or list(shape.columns)))
    except QueryError as error:
        raise ConfigurationError(f"transformKql: {error}", where=place) from None
    except LockgateError as error:
        raise ConfigurationError(error.message, where=place, hint=error.hint) from None


def _columns(stream: Any, where: str) -> list[Column]:
    columns = _mapping(stream, where).get("columns")
    if not isinstance(columns, list):
        raise ConfigurationError("columns is no list", where=where)
    found = []
    for one in columns:
        name, kind = (_mapping(one, where).get(key) for key in ("name", "type"))
        if not isinstance(name, str) or kind not in _TYPES:
            known = ", ".join(sorted(_TYPES))
            raise ConfigurationError(f"a column has a name and a type, one of {known}", where=where)
        found.append(Column(name, ColumnType(_TYPES[kind]), ""))
    return found


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None or isinstance(value, dict):
        return value or {}
    raise ConfigurationError("is no object", where=where)


def _texts(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise ConfigurationError("is no list of streams", where=where)
    return value
