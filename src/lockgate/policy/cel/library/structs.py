"""What Kubernetes constructs for mutation: ``Object{...}`` (a map) and ``JSONPatch{...}``, and pointer escapes."""

from __future__ import annotations

from lockgate.policy.cel.functions import function
from lockgate.policy.cel.values import CelError, Opaque, Optional, type_name

_FIELDS = ("op", "path", "from", "value")
_OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")


class Patch(Opaque):
    """One operation of a JSON patch, as ``JSONPatch{op: ..., path: ..., value: ...}`` makes it."""

    __slots__ = ("fields",)
    TYPE = "JSONPatch"

    def __init__(self, fields: dict[str, object]) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        from lockgate.policy.cel.operators import equal

        return isinstance(other, Patch) and equal(self.fields, other.fields)

    def __hash__(self) -> int:
        return hash(str(self.fields.get("path")))

    def __getitem__(self, name: object) -> object:
        if name in self.fields:
            return self.fields[str(name)]
        raise CelError(f"no such key: {name}")


def make_struct(name: str, *fields: tuple[str, object, bool]) -> object:
    """The value of ``name{...}``; a field whose optional is empty is left out."""
    made: dict[str, object] = {}
    for field, value, optional in fields:
        if field in made:
            raise CelError(f"{name}: the field {field!r} is set twice")
        if optional:
            if not isinstance(value, Optional):
                raise CelError(f"an optional was expected, not {type_name(value)}")
            if not value.present:
                continue
            value = value.value
        made[field] = value
    return _patch(made) if name.removeprefix(".") == "JSONPatch" else made


def _patch(fields: dict[str, object]) -> Patch:
    for name, value in fields.items():
        if name not in _FIELDS:
            raise CelError(f"JSONPatch has no field {name!r}")
        if name != "value" and type(value) is not str:
            raise CelError(f"JSONPatch: {name} must be a string, not {type_name(value)}")
    if fields.get("op") not in _OPERATIONS:
        raise CelError(f"JSONPatch: op must be one of {', '.join(_OPERATIONS)}")
    return Patch(fields)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


LIBRARY = [function("jsonpatch.escapeKey", "string", do=_escape, result="string")]
