"""Terraform state: attributes and outputs that are marked sensitive or named as secrets (https://developer.hashicorp.com/terraform/language/state)."""

from __future__ import annotations

from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves, json_value

_PATHS_PER_FILE = 20_000


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    value, clean = json_value(content)
    if not isinstance(value, dict) or not ({"resources", "modules", "outputs"} & value.keys()):
        return ()
    collector = Collector("terraform-state", text_of(clean))
    sensitive = _sensitive_paths(value)
    for leaf in json_leaves(clean):
        if "attributes" in leaf.path or "outputs" in leaf.path or "primary" in leaf.path:
            if _is_within(leaf.path, sensitive):
                collector.add(leaf.key, leaf.value, leaf.line, written=leaf.value.split("\n", 1)[0])
            elif "sensitive_attributes" not in leaf.path:
                collector.add_named(leaf.key, leaf.value, leaf.line)
    return collector.done()


def _is_within(path: json_safe.JsonPath, sensitive: frozenset[json_safe.JsonPath]) -> bool:
    return any(path[:length] in sensitive for length in range(2, min(len(path), 30) + 1))


def _sensitive_paths(state: dict[str, Any]) -> frozenset[json_safe.JsonPath]:
    """Paths of sensitive outputs (``sensitive: true``) and attributes (``sensitive_attributes`` of version 4)."""
    paths: set[json_safe.JsonPath] = set()
    for name, output in _pairs(state.get("outputs")):
        if isinstance(output, dict) and output.get("sensitive") is True:
            paths.add(("outputs", name, "value"))
    for number, resource in enumerate(_items(state.get("resources"))):
        if not isinstance(resource, dict):
            continue
        for place, instance in enumerate(_items(resource.get("instances"))):
            marked = _items(instance.get("sensitive_attributes")) if isinstance(instance, dict) else []
            for steps in marked[:_PATHS_PER_FILE]:
                inner = _steps(steps)
                if inner:
                    paths.add(("resources", number, "instances", place, "attributes", *inner))
    return frozenset(paths)


def _steps(steps: Any) -> json_safe.JsonPath:
    """``[{"type": "get_attr", "value": "password"}, ...]`` as keys; an index is an object with its own value."""
    inner: list[str | int] = []
    for step in _items(steps)[:20]:
        value = step.get("value") if isinstance(step, dict) else step
        if isinstance(value, dict):
            value = value.get("value")
        if not isinstance(value, str | int):
            break
        inner.append(value)
    return tuple(inner)


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


READER = CredentialReader(
    paths(endings=(".tfstate",), tails=(".tfstate.backup", ".tfstate.json", "/tfstate.json")), _read
)
