"""The JSON schema of ``lockgate.yaml`` (draft 2020-12), from the shapes: what it accepts, the loader reads."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any

from lockgate.settings._shapes import Settings
from lockgate.settings._types import SettingType, settings_of, words_of

_SCALARS: list[dict[str, Any]] = [{"type": ["string", "number", "boolean"]}]


def schema() -> dict[str, Any]:
    """The schema as plain values, ready for ``json.dump``."""
    return schema_of(Settings, "lockgate.yaml")


def schema_of(shape: type, title: str) -> dict[str, Any]:
    """The schema of the file ``title``, of another shape."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_shape(shape)}


def _shape(shape: type, min_keys: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "object",
        "description": " ".join((shape.__doc__ or "").split()),
        "additionalProperties": False,
        "properties": {setting.name: _setting(setting) for setting in settings_of(shape)},
    }
    return {**made, "minProperties": min_keys} if min_keys else made


def _setting(setting: SettingType) -> dict[str, Any]:
    made = _open_mapping(setting) if setting.kind is dict else _one(setting)
    if setting.many:
        made = {"type": "array", "items": made}
        if setting.bounds.get("min_items"):
            made["minItems"] = setting.bounds["min_items"]
    if setting.nullable:
        made = {"anyOf": [made, {"type": "null"}]}
    made["description"] = setting.about
    if isinstance(setting.default, bool | int | float | str):
        made["default"] = setting.default
    return made


def _one(setting: SettingType) -> dict[str, Any]:
    kind, bounds = setting.kind, setting.bounds
    if dataclasses.is_dataclass(kind):
        return _shape(setting.shape, bounds.get("min_keys", 0))
    if issubclass(kind, Enum):
        return {"enum": words_of(kind)}
    if kind is bool:
        return {"type": "boolean"}
    if kind is str:
        return {"type": "string", "minLength": 1, "maxLength": 1000}
    made: dict[str, Any] = {"type": "integer" if kind is int else "number"}
    if "one_of" in bounds:
        made["enum"] = list(bounds["one_of"])
    return made | {key: bounds[key] for key in ("minimum", "maximum") if key in bounds}


def _open_mapping(setting: SettingType) -> dict[str, Any]:
    if "values" in setting.bounds:
        return {
            "type": "object", "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": _shape(setting.bounds["values"]),
        }  # fmt: skip
    options = {
        "type": "object",
        "additionalProperties": {"anyOf": [*_SCALARS, {"type": "array", "items": {"anyOf": _SCALARS}}]},
    }
    words = words_of(setting.bounds["keys"])
    return {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(words, options)}
