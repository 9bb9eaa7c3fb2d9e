"""The schema of a template's parameters: read, default, and check values.

Structural OpenAPI v3 as a CustomResourceDefinition has it (``JSONSchemaProps`` of ``apiextensions.k8s.io/v1``). Rules
in CEL (``x-kubernetes-validations``) are the API server's to check and are read over, like every format besides
``int32`` and ``int64``. Patterns are RE2 and match anywhere, as in Go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.gatekeeper.fields import Field
from lockgate.policy.gatekeeper.values import copied, same

TYPES = ("object", "array", "string", "integer", "number", "boolean")
_ABSENT = object()
_BOUNDS = {"int32": 2**31, "int64": 2**63}
_SIZES = {
    "string": ("minLength", "maxLength", "characters"),
    "array": ("minItems", "maxItems", "items"),
    "object": ("minProperties", "maxProperties", "properties"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a value does not fit its schema."""

    path: str
    """``spec.parameters.labels[0].key``"""
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One node of a schema."""

    type: str = ""
    """One of ``TYPES``; empty for any type."""
    properties: Mapping[str, Schema] | None = None
    additional: Schema | None = None
    """Schema of properties that are not named; None when they are unknown fields."""
    items: Schema | None = None
    preserve: bool = False
    """Whether unknown fields are kept (``x-kubernetes-preserve-unknown-fields``)."""
    int_or_string: bool = False
    nullable: bool = False
    default: Any = _ABSENT
    required: tuple[str, ...] = ()
    enum: tuple[Any, ...] | None = None
    limits: Mapping[str, Any] | None = None
    """The numeric keywords: minimum, maxLength, multipleOf, ..."""
    pattern: Any = None
    """A compiled RE2 expression."""
    format: str = ""
    all_of: tuple[Schema, ...] = ()
    any_of: tuple[Schema, ...] = ()
    one_of: tuple[Schema, ...] = ()
    not_: Schema | None = None

    def defaulted(self, value: Any) -> Any:
        """``value`` with the defaults of what is absent or null below it. The value itself is not changed."""
        if isinstance(value, dict):
            return self._defaulted_mapping(value)
        if isinstance(value, list) and self.items is not None:
            return [self.items._defaulted_item(item) for item in value]
        return value

    def _defaulted_mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(value)
        known = self.properties or {}
        for name, schema in known.items():
            if schema.default is not _ABSENT and (name not in made or schema._stands_for(made[name])):
                made[name] = copied(schema.default)
        for name, item in made.items():
            schema_of = known.get(name, self.additional)
            if schema_of is not None:
                made[name] = schema_of._defaulted_item(item)
        return made

    def _defaulted_item(self, item: Any) -> Any:
        return self.defaulted(copied(self.default) if self._stands_for(item) else item)

    def _stands_for(self, value: Any) -> bool:
        """Whether the default replaces a null that may not stand there."""
        return value is None and not self.nullable and self.default is not _ABSENT

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Every way in which ``value`` at ``path`` does not fit."""
        if value is None and self.nullable:
            return
        wrong = self._type_problem(value)
        if wrong:
            yield Problem(path, wrong)
            return
        yield from self._value_problems(value, path)
        if isinstance(value, dict):
            yield from self._mapping_problems(value, path)
        elif isinstance(value, list) and self.items is not None:
            for index, item in enumerate(value):
                yield from self.items.problems(item, f"{path}[{index}]")
        yield from self._joined_problems(value, path)

    def _type_problem(self, value: Any) -> str:
        if self.int_or_string:
            fits = isinstance(value, str) or _type_of(value) == "integer"
            return "" if fits else f"must be an integer or a string, not {_type_of(value)}"
        actual = _type_of(value)
        if not self.type or actual == self.type or (self.type == "number" and actual == "integer"):
            return ""
        return f"must be of type {self.type}, not {actual}"

    def _value_problems(self, value: Any, path: str) -> Iterator[Problem]:
        if self.enum is not None and not any(same(value, option) for option in self.enum):
            yield Problem(path, f"must be one of {_shown(self.enum)}, not {_shown(value)}")
        if isinstance(value, str) and self.pattern is not None and self.pattern.search(value) is None:
            yield Problem(path, f"must match {self.pattern.pattern!r}")
        bound = _BOUNDS.get(self.format)
        if bound and _type_of(value) == "integer" and not -bound <= value < bound:
            yield Problem(path, f"does not fit {self.format}")
        for message in _limit_problems(self.limits or {}, value):
            yield Problem(path, message)

    def _mapping_problems(self, value: Mapping[str, Any], path: str) -> Iterator[Problem]:
        known = self.properties or {}
        for name in self.required:
            if name not in value:
                yield Problem(f"{path}.{name}", "is required")
        for name, item in value.items():
            schema = known.get(name, self.additional)
            if schema is not None:
                yield from schema.problems(item, f"{path}.{name}")
            elif not self.preserve and self.type == "object":
                yield Problem(f"{path}.{name}", "is an unknown field")

    def _joined_problems(self, value: Any, path: str) -> Iterator[Problem]:
        for schema in self.all_of:
            yield from schema.problems(value, path)
        if self.any_of and not any(schema._fits(value, path) for schema in self.any_of):
            yield Problem(path, "fits none of anyOf")
        if self.one_of and sum(schema._fits(value, path) for schema in self.one_of) != 1:
            yield Problem(path, "must fit exactly one of oneOf")
        if self.not_ is not None and self.not_._fits(value, path):
            yield Problem(path, "must not fit what `not` says")

    def _fits(self, value: Any, path: str) -> bool:
        return next(self.problems(value, path), None) is None


def parse_schema(field: Field, *, legacy: bool = False) -> Schema:
    """The schema that a template spells. Raises :class:`PolicyError` with the place.

    ``legacy`` is ``legacySchema: true``: types may be missing, and unknown fields are kept everywhere.
    """
    return _parse(field, legacy=legacy, value_only=False)


def _parse(field: Field, *, legacy: bool, value_only: bool) -> Schema:
    """``value_only``: below allOf, anyOf, oneOf and not, where a structural schema names no types."""
    type_ = field.get("type").choice(TYPES)
    int_or_string = field.get("x-kubernetes-int-or-string").flag()
    preserve = field.get("x-kubernetes-preserve-unknown-fields").flag() or (legacy and type_ in ("", "object"))
    if not (type_ or int_or_string or preserve or legacy or value_only):
        raise field.get("type").error(
            "is missing", hint="a structural schema has a type everywhere, or legacySchema: true beside openAPIV3Schema"
        )
    if field.get("uniqueItems").flag():
        raise field.get("uniqueItems").error("does not exist in a structural schema", hint="use x-kubernetes-list-type")
    items = field.get("items")
    if type_ == "array" and not items and not legacy and not value_only:
        raise items.error("is missing")
    made = Schema(
        type=type_,
        properties=_properties(field.get("properties"), legacy=legacy, value_only=value_only),
        additional=_additional(field.get("additionalProperties"), legacy=legacy, value_only=value_only),
        items=_parse(items, legacy=legacy, value_only=value_only) if items else None,
        preserve=preserve or value_only,
        int_or_string=int_or_string,
        nullable=field.get("nullable").flag(),
        default=field.value["default"] if "default" in field.mapping() else _ABSENT,
        required=field.get("required").texts(),
        enum=tuple(field.get("enum").sequence()) if field.get("enum") else None,
        limits=_limits(field),
        pattern=_pattern(field.get("pattern")),
        format=field.get("format").text(),
        all_of=_parts(field.get("allOf")),
        any_of=_parts(field.get("anyOf")),
        one_of=_parts(field.get("oneOf")),
        not_=_parse(field.get("not"), legacy=False, value_only=True) if field.get("not") else None,
    )
    if made.default is not _ABSENT:
        wrong = next(made.problems(made.defaulted(made.default), field.path), None)
        if wrong is not None:
            raise field.get("default").error(f"does not fit its own schema: {wrong.path} {wrong.message}")
    return made


def _properties(field: Field, *, legacy: bool, value_only: bool) -> dict[str, Schema] | None:
    if not field:
        return None
    return {name: _parse(field.get(name), legacy=legacy, value_only=value_only) for name in field.mapping()}


def _additional(field: Field, *, legacy: bool, value_only: bool) -> Schema | None:
    if not field or field.value is False:
        return None
    if field.value is True:
        return Schema(preserve=True)
    return _parse(field, legacy=legacy, value_only=value_only)


def _parts(field: Field) -> tuple[Schema, ...]:
    return tuple(_parse(part, legacy=False, value_only=True) for part in field.items())


def _pattern(field: Field) -> Any:
    if not field:
        return None
    import re2

    try:
        return re2.compile(field.text())  # type: ignore[no-untyped-call]
    except re2.error:
        raise field.error("is not an RE2 expression", hint="look-around and back-references do not exist") from None


def _limits(field: Field) -> dict[str, Any] | None:
    names = {"minimum", "maximum", "multipleOf", *(name for pair in _SIZES.values() for name in pair[:2])}
    found: dict[str, Any] = {}
    for name in names & field.mapping().keys():
        value = field.get(name)
        if _type_of(value.value) not in ("integer", "number") or (name == "multipleOf" and value.value <= 0):
            raise value.error("must be a number")
        found[name] = value.value
    for name in ("exclusiveMinimum", "exclusiveMaximum"):
        if field.get(name).flag():
            found[name] = True
    return found or None


def _limit_problems(limits: Mapping[str, Any], value: Any) -> Iterator[str]:
    if not limits:
        return
    kind = _type_of(value)
    if kind in ("integer", "number"):
        low, high = limits.get("minimum"), limits.get("maximum")
        if low is not None and (value < low or (value == low and "exclusiveMinimum" in limits)):
            yield f"must be {'more than' if 'exclusiveMinimum' in limits else 'at least'} {low}"
        if high is not None and (value > high or (value == high and "exclusiveMaximum" in limits)):
            yield f"must be {'less than' if 'exclusiveMaximum' in limits else 'at most'} {high}"
        step = limits.get("multipleOf")
        if step is not None and value % step != 0:
            yield f"must be a multiple of {step}"
    elif kind in _SIZES:
        least, most, unit = _SIZES[kind]
        if len(value) < limits.get(least, 0):
            yield f"must have at least {limits[least]} {unit}"
        if len(value) > limits.get(most, len(value)):
            yield f"must have at most {limits[most]} {unit}"


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    for python, name in ((str, "string"), (int, "integer"), (dict, "object"), (list, "array")):
        if isinstance(value, python):
            return name
    return type(value).__name__


def _shown(value: object) -> str:
    text = ", ".join(map(repr, value)) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= 200 else text[:200] + "..."
