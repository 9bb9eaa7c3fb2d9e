"""Resources as Azure answers them: one (``az resource show``), a list (``az resource list``, ``{"value": [...]}``), or
rows of Resource Graph (``{"data": [...]}``).

Values are what they are: text in brackets is no expression. ``az acr show`` and its like print a resource without
``properties``, whose fields stand beside ``id`` and ``name``; they are put back where Azure Resource Manager has them.
Which parents a child has is read from its id, since its name holds its own alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.azure._resources import MAX_OBJECTS
from lockgate.formats.objects import Reading, Skips, parts_of
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Object, SkipKind

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 60
_ID = lazy_pattern(rb'"id"\s*+:\s*+"/subscriptions/[^"]{1,400}/providers/[A-Za-z]', re.IGNORECASE)
_LISTS = ("value", "data")
_HEAD = frozenset((
    "id", "name", "type", "location", "tags", "sku", "kind", "identity", "zones", "plan", "managedBy", "systemData",
    "resourceGroup", "etag", "extendedLocation", "scope", "properties", "apiVersion", "subscriptionId", "tenantId",
))  # fmt: skip
"""Of any resource; what else stands beside them are properties."""


def is_export(content: bytes) -> bool:
    """Whether a JSON file may hold such resources; cheap."""
    return _ID.search(content) is not None and b'"type"' in content


def read(path: str, content: bytes) -> Reading:
    """Every resource. Raises :class:`FormatError`."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    value = json_safe.load(text, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    skips, document = Skips(path), _Document(text)
    objects: list[Object] = []
    for found, pointer in _resources(value):
        if len(objects) >= MAX_OBJECTS:
            skips.add(SkipKind.LIMIT, f"more than {MAX_OBJECTS} resources")
            break
        objects.append(_object(found, pointer, path, document))
    return Reading(tuple(objects), skips.settled())


def _resources(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(value, dict) and _is_resource(value):
        yield value, ""
        return
    several: Any = value
    where = ""
    if isinstance(value, dict):
        where = next((name for name in _LISTS if isinstance(value.get(name), list)), "")
        several = value.get(where)
    for at, one in enumerate(several if isinstance(several, list) else ()):
        if isinstance(one, dict) and _is_resource(one):
            yield one, f"{f'/{where}' if where else ''}/{at}"


def _is_resource(value: dict[str, Any]) -> bool:
    id, kind = value.get("id"), value.get("type")
    return isinstance(id, str) and id.lower().startswith("/subscriptions/") and isinstance(kind, str) and "/" in kind


def _object(found: dict[str, Any], pointer: str, path: str, document: _Document) -> Object:
    flat = not isinstance(found.get("properties"), dict)
    given = {key: _given(item) for key, item in found.items() if item is not None}
    body = {key: item for key, item in given.items() if key in _HEAD}
    if flat:
        body["properties"] = {key: item for key, item in given.items() if key not in _HEAD}
    body["name"] = _full_name(str(found["id"]), found.get("name"))
    return Object("azure", body, path, _Lines(document, pointer, flat))


def _given(value: Any) -> Any:
    """Without what is null: Azure answers so what nobody set."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _full_name(id: str, name: Any) -> str:
    """The names of the parents and its own, as templates have it."""
    at = id.lower().rfind("/providers/")
    names = id[at + len("/providers/") :].split("/")[2::2] if at >= 0 else []
    return "/".join(names) if names else str(name or "")


@dataclass(slots=True)
class _Document:
    """Lines of a JSON text, worked out when the first is asked for."""

    text: bytes
    _lines: dict[tuple[str, ...], int] | None = None

    def line(self, parts: tuple[str, ...]) -> int:
        """The line of a field, or of its nearest ancestor that has one."""
        if self._lines is None:
            self._lines = {tuple(map(str, at)): line for at, line in json_safe.key_lines(self.text).items()}
        while parts and parts not in self._lines:
            parts = parts[:-1]
        return self._lines.get(parts, 1)


@dataclass(frozen=True, slots=True)
class _Lines:
    """``line_of`` of one resource."""

    document: _Document
    where: str
    flat: bool
    """Whether its properties stand beside its name."""

    def __call__(self, pointer: str) -> int:
        """The line, from 1."""
        parts = list(parts_of(pointer))
        if self.flat and parts[:1] == ["properties"]:
            parts = parts[1:]
        return self.document.line((*parts_of(self.where), *parts))
