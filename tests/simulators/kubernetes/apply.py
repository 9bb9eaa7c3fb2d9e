"""Server-side apply and ``managedFields``: who owns which field, conflicts that name the manager, removal of what an
owner no longer states.

A set of fields is a frozenset of paths; a path is a tuple of ``f:name``, ``k:{"key":"value"}`` and ``v:"value"`` as
``fieldsV1`` writes them (structured-merge-diff v4). Maps and keyed lists merge; any other list is one field. For custom
kinds the schema says which lists are keyed; for built-in ones ``kinds.list_keys`` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .kinds import Kind, list_keys
from .status import ApiError

Path = tuple[str, ...]
Fields = frozenset[Path]
_NEVER_OWNED = {("f:apiVersion",), ("f:kind",), ("f:metadata",)} | {
    ("f:metadata", f"f:{name}") for name in ("name", "namespace", "uid", "creationTimestamp", "resourceVersion",
                                             "generation", "managedFields", "selfLink", "deletionTimestamp")
}  # fmt: skip


def _keys(kind: Kind, path: Path, parent: str, name: str, items: list[Any]) -> tuple[str, ...] | None:
    if kind.schema is not None and path[:1] != ("f:metadata",):
        schema: Any = kind.schema
        for part in (*path, f"f:{name}"):
            schema = (schema.get("properties") or {}).get(part[2:], {}) if part[0] == "f" else schema.get("items") or {}
        keyed = {"map": tuple(schema.get("x-kubernetes-list-map-keys") or ()), "set": ()}
        return keyed.get(schema.get("x-kubernetes-list-type"))
    sample = next((one for one in items if isinstance(one, dict)), None)
    return list_keys(parent, name, sample)


def _item_step(item: Any, keys: tuple[str, ...]) -> str:
    if keys == ():
        return "v:" + json.dumps(item, separators=(",", ":"))
    chosen = {key: item.get(key, "TCP" if key == "protocol" else None) for key in keys}
    return "k:" + json.dumps(chosen, separators=(",", ":"), sort_keys=True)


def walk(kind: Kind, body: Any, *, path: Path = (), name: str = "") -> Iterator[tuple[Path, Any]]:
    """(path, value) of every field that can be owned; containers have no value of their own (None)."""
    for key, value in body.items():
        step = (*path, f"f:{key}")
        if step in _NEVER_OWNED and step != ("f:metadata",):
            continue
        yield from _walk_value(kind, value, path=path, step=step, parent=name, name=key)


def _walk_value(kind: Kind, value: Any, *, path: Path, step: Path, parent: str, name: str,
                ) -> Iterator[tuple[Path, Any]]:  # fmt: skip
    if isinstance(value, dict) and value:
        if step != ("f:metadata",):
            yield step, None
        yield from walk(kind, value, path=step, name=name)
        return
    keys = _keys(kind, path, parent, name, value) if isinstance(value, list) and value else None
    if keys is None or (keys and not all(isinstance(one, dict) for one in value)):
        yield step, value
        return
    yield step, None
    for one in value:
        at = (*step, _item_step(one, keys))
        yield at, None if keys else one
        if keys:
            yield from walk(kind, one, path=at, name=name)


def fields_of(kind: Kind, body: dict[str, Any]) -> dict[Path, Any]:
    """Every field by path; for containers the value is None."""
    return dict(walk(kind, body))


def encode(fields: Fields, containers: Fields) -> dict[str, Any]:
    """``fieldsV1``; a container that is itself owned and has owned children is marked by ``.``."""
    tree: dict[str, Any] = {}
    for path in sorted(fields):
        at = tree
        for part in path:
            at = at.setdefault(part, {})
        if path in containers:
            at["."] = {}
    return _without_lonely_dots(tree)


def _without_lonely_dots(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: ({} if value == {".": {}} else _without_lonely_dots(value)) for key, value in tree.items()}


def decode(tree: dict[str, Any], path: Path = ()) -> Iterator[Path]:
    """Paths of a ``fieldsV1``."""
    for key, below in tree.items():
        if key == ".":
            yield path
        elif not below:
            yield (*path, key)
        else:
            yield from decode(below, (*path, key))


def told(path: Path) -> str:
    """``.spec.containers[name="a"].image``, as conflicts print a path."""
    text = ""
    for part in path:
        if part[0] == "f":
            text += f".{part[2:]}"
        elif part[0] == "v":
            text += f"[={part[2:]}]"
        else:
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(part[2:]).items()) + "]"
    return text


class Managers:
    """The managers of one object."""

    def __init__(self, body: dict[str, Any] | None) -> None:
        entries = ((body or {}).get("metadata") or {}).get("managedFields") or []
        self._held = {_identity(one): (frozenset(decode(one.get("fieldsV1") or {})), dict(one)) for one in entries}

    def write(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """``body`` with these managers, less what no longer exists."""
        present = fields_of(kind, body)
        containers = frozenset(path for path, value in present.items() if value is None)
        entries = []
        for fields, entry in self._held.values():
            if kept := fields & present.keys():
                entries.append({**entry, "fieldsType": "FieldsV1", "fieldsV1": encode(frozenset(kept), containers)})
        entries.sort(key=lambda one: (one["operation"], one.get("time", ""), one["manager"]))
        metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
        return {**body, "metadata": {**metadata, "managedFields": entries} if entries else metadata}

    def update(self, kind: Kind, before: dict[str, Any] | None, after: dict[str, Any], manager: dict[str, Any]) -> None:
        """What a plain write changed belongs to ``manager`` alone."""
        old, new = fields_of(kind, before) if before else {}, fields_of(kind, after)
        changed = frozenset(path for path, value in new.items() if path not in old or old[path] != value)
        if not changed:
            return
        mine = _identity(manager)
        kept = self._held[mine][0] if mine in self._held else frozenset()
        for one, (fields, entry) in list(self._held.items()):
            self._held[one] = (fields - changed, entry)
        self._held[mine] = (kept | changed, manager)

    def apply(self, kind: Kind, live: dict[str, Any] | None, config: dict[str, Any], manager: dict[str, Any], *,
              force: bool) -> dict[str, Any]:  # fmt: skip
        """The live object with ``config`` merged into it; 409 when others own a field that would change."""
        mine = _identity(manager)
        wanted = fields_of(kind, config)
        present = fields_of(kind, live) if live else {}
        changing = {path for path, value in wanted.items() if value is not None and present.get(path, value) != value}
        conflicts = [
            (entry, path) for one, (fields, entry) in self._held.items() if one != mine
            for path in sorted(fields & changing)
        ]  # fmt: skip
        if conflicts and not force:
            raise _conflict(kind, config["metadata"]["name"], conflicts)
        for one, (fields, entry) in list(self._held.items()):
            if one != mine:
                self._held[one] = (fields - changing, entry)
        before = self._held[mine][0] if mine in self._held else frozenset()
        self._held[mine] = (frozenset(wanted), manager)
        others = frozenset().union(*(fields for one, (fields, _) in self._held.items() if one != mine))
        dropped = {path for path in before - wanted.keys() - others
                   if not any(owned[: len(path)] == path for owned in others)}  # fmt: skip
        merged = _merge(kind, live or {}, config)
        return _without(kind, merged, dropped)


def _identity(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    return entry["manager"], entry["operation"], entry.get("apiVersion", ""), entry.get("subresource", "")


def _named(entry: dict[str, Any]) -> str:
    text = json.dumps(entry["manager"])
    if entry.get("subresource"):
        text += f" with subresource {json.dumps(entry['subresource'])}"
    if entry["operation"] == "Update":
        text += f" using {entry['apiVersion']}" + (f" at {entry['time']}" if entry.get("time") else "")
    return text


def _conflict(kind: Kind, name: str, conflicts: list[tuple[dict[str, Any], Path]]) -> ApiError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_named(entry)}", "field": told(path)}
        for entry, path in conflicts
    ]
    if len(conflicts) == 1:
        message = f"Apply failed with 1 conflict: conflict with {_named(conflicts[0][0])}: {told(conflicts[0][1])}"
    else:
        lines: list[str] = []
        for manager in dict.fromkeys(_named(entry) for entry, _ in conflicts):
            lines.append(f"conflicts with {manager}:")
            lines += [f"- {told(path)}" for entry, path in conflicts if _named(entry) == manager]
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, details={"name": name, "kind": kind.plural, "causes": causes})


def _merge(kind: Kind, live: Any, config: Any, *, path: Path = (), name: str = "") -> Any:
    merged = dict(live) if isinstance(live, dict) else {}
    for key, value in config.items():
        held, step = merged.get(key), (*path, f"f:{key}")
        if isinstance(value, dict):
            merged[key] = _merge(kind, held, value, path=step, name=key)
        elif isinstance(value, list) and isinstance(held, list):
            keys = _keys(kind, path, name, key, [*value, *held])
            merged[key] = value if keys is None else _merge_items(kind, held, value, keys, path=step, name=key)
        else:
            merged[key] = value
    return merged


def _merge_items(kind: Kind, held: list[Any], wanted: list[Any], keys: tuple[str, ...], *, path: Path, name: str,
                 ) -> list[Any]:  # fmt: skip
    by_step = {_item_step(one, keys): one for one in held}
    for one in wanted:
        step = _item_step(one, keys)
        old = by_step.get(step)
        by_step[step] = _merge(kind, old, one, path=(*path, step), name=name) if keys and old else one
    return list(by_step.values())


def _without(kind: Kind, value: Any, dropped: set[Path], *, path: Path = (), name: str = "") -> Any:
    kept: dict[str, Any] = {}
    for key, below in value.items():
        step = (*path, f"f:{key}")
        if step in dropped:
            continue
        if isinstance(below, dict):
            below = _without(kind, below, dropped, path=step, name=key)
        elif isinstance(below, list) and (keys := _keys(kind, path, name, key, below)) is not None:
            items = [(one, (*step, _item_step(one, keys))) for one in below]
            below = [
                _without(kind, one, dropped, path=at, name=key) if keys else one
                for one, at in items if at not in dropped
            ]  # fmt: skip
        kept[key] = below
    return kept
