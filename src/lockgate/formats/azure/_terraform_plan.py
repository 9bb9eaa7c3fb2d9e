"""What ``terraform show -json`` prints of a plan or a state: resources with every value that is known.

Format: https://developer.hashicorp.com/terraform/internals/json-format. Values known only after applying are named by
``resource_changes[].change.after_unknown``; null stands for what was left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.azure._convert import Resource
from lockgate.formats.azure._evaluate import Unknown
from lockgate.formats.azure._plan_references import References
from lockgate.formats.azure._terraform_joins import Member, joined, members_of
from lockgate.formats.objects import Reading, Skips, parts_of
from lockgate.model import SkipKind

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 60
MAX_OBJECTS = 20_000
LATER = "(known after apply)"


def is_plan(content: bytes) -> bool:
    """Whether a JSON file is such an output; cheap."""
    return b'"terraform_version"' in content and b'"format_version"' in content and b'"root_module"' in content


def read(path: str, content: bytes) -> Reading:
    """Every Azure resource of a plan. Raises :class:`FormatError`."""
    value = json_safe.load(content, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    skips = Skips(path)
    if not isinstance(value, dict):
        return Reading()
    document = _Document(content.removeprefix(b"\xef\xbb\xbf"))
    unknown = _unknown(value.get("resource_changes"))
    references = References(value.get("configuration"))
    members: list[Member] = []
    missing: dict[str, int] = {}
    for found, pointer in _resources(value):
        kind, address = str(found.get("type", "")), str(found.get("address", ""))
        if found.get("mode") != "managed" or not kind.startswith(("azurerm_", "azapi_")):
            continue
        later = unknown.get(address)
        arguments = _arguments(found.get("values"), later if isinstance(later, dict) else {})
        references.put(address, arguments)
        lines = _Lines(document, f"{pointer}/values")
        made = members_of(Resource(kind, address, arguments, path, lines, f"terraform plan {path}"))
        if not made:
            missing.setdefault(kind, lines(""))
        elif len(members) + len(made) > MAX_OBJECTS:
            skips.add(SkipKind.LIMIT, f"more than {MAX_OBJECTS} resources")
            break
        else:
            members += made
    for kind, line in missing.items():
        skips.add(SkipKind.UNSUPPORTED, f"no mapping for {kind[:80]}", line=line)
    return Reading(tuple(joined(members, {})), skips.settled())


def _resources(value: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Resources of the root module and of those below it, and where they stand."""
    key = "planned_values" if isinstance(value.get("planned_values"), dict) else "values"
    top = value.get(key)
    waiting = [(top.get("root_module"), f"/{key}/root_module")] if isinstance(top, dict) else []
    while waiting:
        module, pointer = waiting.pop()
        if not isinstance(module, dict):
            continue
        for at, found in enumerate(_list(module.get("resources"))):
            if isinstance(found, dict):
                yield found, f"{pointer}/resources/{at}"
        inner = enumerate(_list(module.get("child_modules")))
        waiting += [(one, f"{pointer}/child_modules/{at}") for at, one in reversed(list(inner))]


def _unknown(changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for change in _list(changes):
        if isinstance(change, dict) and isinstance(change.get("change"), dict):
            found[str(change.get("address"))] = change["change"].get("after_unknown")
    return found


def _arguments(values: Any, later: dict[str, Any]) -> dict[str, Any]:
    made = _known(values) if isinstance(values, dict) else {}
    _mark(made, later)
    return made


def _known(value: Any) -> Any:
    """Without null, which stands for what was left out; depth is bounded by the reader of JSON."""
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return value


def _mark(value: dict[str, Any], later: dict[str, Any]) -> None:
    for key, item in later.items():
        if item is True:
            value[key] = Unknown(LATER)
        elif isinstance(item, dict) and isinstance(value.get(key), dict):
            _mark(value[key], item)
        elif isinstance(item, list) and isinstance(value.get(key), list):
            held = value[key]
            for at, one in enumerate(item[: len(held)]):
                if one is True:
                    held[at] = Unknown(LATER)
                elif isinstance(one, dict) and isinstance(held[at], dict):
                    _mark(held[at], one)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@dataclass(slots=True)
class _Document:
    text: bytes
    lines: dict[tuple[str, ...], int] | None = None

    def line(self, pointer: str) -> int:
        """The line of a pointer, or of its nearest ancestor."""
        if self.lines is None:
            self.lines = {tuple(map(str, path)): line for path, line in json_safe.key_lines(self.text).items()}
        parts = tuple(parts_of(pointer))
        while parts and parts not in self.lines:
            parts = parts[:-1]
        return self.lines.get(parts, 1)


@dataclass(frozen=True, slots=True)
class _Lines:
    document: _Document
    prefix: str

    def __call__(self, pointer: str) -> int:
        """The line of an argument."""
        return self.document.line(self.prefix + pointer)
