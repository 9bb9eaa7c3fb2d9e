"""JSON Schema, drafts 4, 6 and 7: ``json.match_schema`` and ``json.verify_schema``, with the errors that OPA words.

References are followed inside the schema only (``#``, ``#/definitions/x``, ``#name`` by ``$id``); another document is
an error, since nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

from lockgate.policy.rego.builtins.contract import BuiltinError, Context, Function
from lockgate.policy.rego.builtins.identifiers import uri_is_valid
from lockgate.policy.rego.builtins.regex import compiled
from lockgate.policy.rego.values import (
    MAX_DEPTH,
    Value,
    check_depth,
    equal,
    from_json_text,
    is_whole,
    json_text,
    number_text,
    plain,
    type_name,
)

_TYPES: Final = ("array", "boolean", "integer", "number", "null", "object", "string")
_SCHEMAS: Final = frozenset(
    {"additionalItems", "additionalProperties", "contains", "propertyNames", "if", "then", "else", "not"}
)
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf"})
_MAPS: Final = frozenset({"properties", "patternProperties", "definitions"})
_SIZES: Final = frozenset({"maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"})
_LIMITS: Final = frozenset({"maximum", "minimum"})
_TEXTS: Final = frozenset({"$ref", "pattern", "format"})
_MAX_ERRORS: Final = 1_000

# Ours, and linear.
_DATE: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_LABEL: Final = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
_MAIL: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}", re.ASCII)
_POINTER: Final = re.compile(r"(/([^~/]|~[01])*)*")


class _SchemaError(Exception):
    """A schema that is none; the message is OPA's."""


def match_schema(context: Context, document: Value, schema: Value) -> Value:
    """``[valid, errors]``; an error has ``error``, ``type``, ``field`` and ``desc``."""
    value = _json(document)
    try:
        checked = _Schema(_json(schema))
    except _SchemaError as error:
        raise BuiltinError(str(error)) from None
    found = _Match(context, checked).errors(checked.root, value, (), 0)
    errors = [{"error": f"{field}: {text}", "type": kind, "field": field, "desc": text} for field, kind, text in found]
    return [not errors, errors[:_MAX_ERRORS]]


def verify_schema(schema: Value) -> Value:
    """``[true, null]``, or ``[false, what is wrong]``."""
    try:
        _Schema(_json(schema))
    except (_SchemaError, BuiltinError) as error:
        return [False, f"jsonschema: {error}"]
    return [True, None]


def _json(value: Value) -> Any:
    if isinstance(value, str):
        try:
            return from_json_text(value)
        except ValueError:
            raise BuiltinError("invalid JSON string") from None
    if isinstance(value, (dict, list, tuple)):
        return plain(value)
    raise BuiltinError("wrong type, expected string or object")


class _Schema:
    """A schema whose keywords have been checked."""

    def __init__(self, root: Any) -> None:
        check_depth(root)
        self.root = root
        self.names: dict[str, Any] = {}
        if not isinstance(root, (dict, bool)):
            raise _SchemaError("schema is invalid")
        self._references: list[str] = []
        self._check(root)
        for reference in self._references:
            self.resolved(reference)

    def resolved(self, reference: str) -> Any:
        """The schema that a reference inside the document means."""
        place = reference.removeprefix("#")
        if reference.startswith("#") and (not place or place.startswith("/")):
            return self._at(place)
        if reference in self.names:
            return self.names[reference]
        raise _SchemaError(f"remote reference loading disabled: {reference[:200]}")

    def _at(self, pointer: str) -> Any:
        node = self.root
        for part in pointer.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and name in node:
                node = node[name]
            elif isinstance(node, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(node):
                node = node[int(name[:9])]
            else:
                raise _SchemaError(f"Object has no key '{name[:80]}'")
        return node

    def _check(self, schema: Any) -> None:
        if isinstance(schema, bool):
            return
        if not isinstance(schema, dict):
            raise _SchemaError("Invalid type. Expected: valid schema, given: " + type_name(schema))
        name = schema.get("$id", schema.get("id"))
        if isinstance(name, str):
            self.names[name] = schema
        for keyword, value in schema.items():
            self._check_keyword(keyword, value)

    def _check_keyword(self, keyword: str, value: Any) -> None:
        if keyword in _SCHEMAS:
            self._check(value)
        elif keyword in _LISTS:
            if not isinstance(value, list):
                raise _SchemaError(f"{keyword} must be of an array")
            for item in value:
                self._check(item)
        elif keyword in _MAPS or keyword == "dependencies":
            self._check_map(keyword, value)
        elif keyword == "items":
            if not isinstance(value, (dict, list, bool)):
                raise _SchemaError("Invalid type. Expected: Valid Schema/Array Of Schemas, given: items")
            for item in value if isinstance(value, list) else [value]:
                self._check(item)
        else:
            self._check_plain(keyword, value)

    def _check_map(self, keyword: str, value: Any) -> None:
        if not isinstance(value, dict):
            name = "Properties" if keyword == "properties" else keyword
            raise _SchemaError(f"{name} must be of type object")
        for name, item in value.items():
            if keyword == "patternProperties":
                self._check_pattern(name, f"Invalid regex pattern '{name[:200]}'")
            if keyword == "dependencies" and isinstance(item, list):
                _texts(keyword, item)
            else:
                self._check(item)

    def _check_plain(self, keyword: str, value: Any) -> None:
        if keyword == "type":
            _check_types(value)
        elif keyword in _SIZES:
            if not _is_number(value) or not is_whole(value):
                raise _SchemaError(f"{keyword} must be of an integer")
            if value < 0:
                raise _SchemaError(f"{keyword} must be greater than or equal to 0")
        elif keyword in _LIMITS and not _is_number(value):
            raise _SchemaError(f"{keyword} must be of a Number")
        elif keyword == "multipleOf" and not (_is_number(value) and value > 0):
            raise _SchemaError("multipleOf must be strictly greater than 0")
        elif keyword in ("exclusiveMaximum", "exclusiveMinimum") and not isinstance(value, (bool, int, float)):
            raise _SchemaError(f"{keyword} must be of a Number")
        elif keyword == "uniqueItems" and not isinstance(value, bool):
            raise _SchemaError("uniqueItems must be of a boolean")
        elif keyword == "enum" and not isinstance(value, list):
            raise _SchemaError("enum must be of an array")
        elif keyword == "required":
            _texts(keyword, value)
        elif keyword in _TEXTS and not isinstance(value, str):
            raise _SchemaError(f"Invalid type. Expected: string, given: {keyword}")
        elif keyword == "$ref":
            self._references.append(value)
        elif keyword == "pattern":
            self._check_pattern(value, "pattern must be a valid regex")

    @staticmethod
    def _check_pattern(pattern: str, message: str) -> None:
        try:
            compiled(pattern)
        except BuiltinError:
            raise _SchemaError(message) from None


def _check_types(value: Any) -> None:
    for name in value if isinstance(value, list) else [value]:
        if not isinstance(name, str):
            raise _SchemaError("Invalid type. Expected: type, given: string/Array Of Strings")
        if name not in _TYPES:
            expected = " ".join(_TYPES)
            given = f"/{name[:80]}/"
            raise _SchemaError(
                f"has a primitive type that is NOT VALID -- given: {given} Expected valid values are:[{expected}]"
            )


def _texts(keyword: str, value: Any) -> None:
    if not isinstance(value, list):
        raise _SchemaError(f"{keyword} must be of an array")
    if not all(isinstance(item, str) for item in value):
        raise _SchemaError(f"Invalid type. Expected: string, given: {keyword}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_Error = tuple[str, str, str]
_Path = tuple[str, ...]


class _Match:
    """One document against one schema."""

    def __init__(self, context: Context, schema: _Schema) -> None:
        self.context = context
        self.schema = schema

    def errors(self, schema: Any, value: Any, path: _Path, depth: int) -> list[_Error]:
        """What is wrong with the value, by (field, kind, text)."""
        self.context.budget.spend()
        if depth > 2 * MAX_DEPTH:
            raise BuiltinError("the schema refers to itself without end")
        field = ".".join(path) or "(Root)"
        if isinstance(schema, bool):
            return [] if schema else [(field, "false", "False always fails validation")]
        if "$ref" in schema:
            try:
                return self.errors(self.schema.resolved(schema["$ref"]), value, path, depth + 1)
            except _SchemaError as error:
                raise BuiltinError(str(error)) from None
        wrong = _type_error(schema, value)
        if wrong:
            return [(field, "invalid_type", wrong)]
        found = self._combined(schema, value, path, depth + 1)
        if isinstance(value, list):
            found += self._array(schema, value, path, depth + 1)
        elif isinstance(value, dict):
            found += self._object(schema, value, path, depth + 1)
        found += [(field, kind, text) for kind, text in _plain_errors(schema, value, field)]
        if isinstance(value, dict):
            for name, inner in schema.get("properties", {}).items():
                if name in value:
                    found += self.errors(inner, value[name], (*path, name), depth + 1)
        return found

    def _combined(self, schema: dict[str, Any], value: Any, path: _Path, depth: int) -> list[_Error]:
        field = ".".join(path) or "(Root)"
        found: list[_Error] = []

        def tried(keyword: str) -> list[list[_Error]]:
            return [self.errors(inner, value, path, depth) for inner in schema.get(keyword, ())]

        for keyword, kind, text in (
            ("anyOf", "number_any_of", "Must validate at least one schema (anyOf)"),
            ("oneOf", "number_one_of", "Must validate one and only one schema (oneOf)"),
        ):
            answers = tried(keyword)
            holding = sum(not answer for answer in answers)
            if answers and (holding == 0 or (keyword == "oneOf" and holding != 1)):
                found.append((field, kind, text))
                found += min(answers, key=_number_of) if holding == 0 else []
        all_of = tried("allOf")
        found += [error for answer in all_of for error in answer]
        if any(all_of):
            found.append((field, "number_all_of", "Must validate all the schemas (allOf)"))
        if "not" in schema and not self.errors(schema["not"], value, path, depth):
            found.append((field, "number_not", "Must not validate the schema (not)"))
        if isinstance(value, dict):
            found += self._dependencies(schema, value, path, depth)
        if "if" in schema:
            holds = not self.errors(schema["if"], value, path, depth)
            branch = "then" if holds else "else"
            answer = self.errors(schema.get(branch, True), value, path, depth)
            if answer:
                was = "was valid" if holds else "was not valid"
                found += [(field, f"condition_{branch}", f'Must validate "{branch}" as "if" {was}'), *answer]
        return found

    def _dependencies(self, schema: dict[str, Any], value: dict[str, Any], path: _Path, depth: int) -> list[_Error]:
        found: list[_Error] = []
        field = ".".join(path) or "(Root)"
        for name, needed in schema.get("dependencies", {}).items():
            if name not in value:
                continue
            if isinstance(needed, list):
                missing = (other for other in needed if other not in value)
                found += [(field, "missing_dependency", f"Has a dependency on {other}") for other in missing]
            else:
                found += self.errors(needed, value, path, depth)
        return found

    def _array(self, schema: dict[str, Any], value: list[Any], path: _Path, depth: int) -> list[_Error]:
        field = ".".join(path) or "(Root)"
        found: list[_Error] = []
        items = schema.get("items", True)
        positional = items if isinstance(items, list) else []
        for index, item in enumerate(value):
            inner = items
            if isinstance(items, list):
                inner = positional[index] if index < len(positional) else schema.get("additionalItems", True)
                if inner is False and index >= len(positional):
                    found.append((field, "array_no_additional_items", "No additional items allowed on array"))
                    break
            found += self.errors(inner, item, (*path, str(index)), depth)
        for name, holds, kind, text in (
            ("minItems", len(value).__ge__, "array_min_items", "Array must have at least {} items"),
            ("maxItems", len(value).__le__, "array_max_items", "Array must have at most {} items"),
        ):
            found += _sized(schema, name, holds, (field, kind, text))
        if schema.get("uniqueItems"):
            found += [(field, "unique", f"array items[{i},{j}] must be unique") for i, j in _repeated(value)]
        if "contains" in schema:
            answers = [self.errors(schema["contains"], item, (*path, str(at)), depth) for at, item in enumerate(value)]
            if all(answers):
                found.append((field, "contains", "At least one of the items must match"))
                found += min(answers, key=_number_of, default=[])
        return found

    def _object(self, schema: dict[str, Any], value: dict[str, Any], path: _Path, depth: int) -> list[_Error]:
        field = ".".join(path) or "(Root)"
        found: list[_Error] = []
        for name, holds, kind, text in (
            ("minProperties", len(value).__ge__, "array_min_properties", "Must have at least {} properties"),
            ("maxProperties", len(value).__le__, "array_max_properties", "Must have at most {} properties"),
        ):
            found += _sized(schema, name, holds, (field, kind, text))
        missing = (name for name in schema.get("required", ()) if name not in value)
        found += [(field, "required", f"{name} is required") for name in missing]
        patterns = schema.get("patternProperties", {})
        for name in sorted(value):
            fitting = [inner for pattern, inner in patterns.items() if compiled(pattern).search(name) is not None]
            for inner in fitting:
                found += self.errors(inner, value[name], (*path, name), depth)
            rest = schema.get("additionalProperties", True)
            if fitting or name in schema.get("properties", {}):
                continue
            if rest is False:
                text = f"Additional property {name} is not allowed"
                found.append((field, "additional_property_not_allowed", text))
            else:
                found += self.errors(rest, value[name], (*path, name), depth)
        if "propertyNames" in schema:
            for name in sorted(value):
                if answer := self.errors(schema["propertyNames"], name, path, depth):
                    found += [(field, "invalid_property_name", f'Property name of "{name}" does not match'), *answer]
        return found


def _number_of(errors: Iterable[_Error]) -> int:
    return sum(1 for _ in errors)


def _type_error(schema: dict[str, Any], value: Any) -> str:
    if "type" not in schema:
        return ""
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    given = type_name(value)
    whole = given == "number" and is_whole(value)
    if given in wanted or (whole and "integer" in wanted) or not wanted:
        return ""
    # One type stands bare in the message, several in brackets.
    expected = wanted[0] if len(wanted) == 1 else f"[{','.join(wanted)}]"
    return f"Invalid type. Expected: {expected}, given: {'integer' if whole else given}"


def _sized(
    schema: dict[str, Any], name: str, holds: Callable[[int], bool], error: tuple[str, str, str]
) -> Iterator[_Error]:
    if name in schema and not holds(int(schema[name])):
        yield error[0], error[1], error[2].format(int(schema[name]))


def _repeated(value: list[Any]) -> Iterator[tuple[int, int]]:
    seen: dict[str, int] = {}
    for place, item in enumerate(value):
        text = _canonical(item)
        if text in seen:
            yield seen[text], place
        seen[text] = place


def _canonical(value: Any) -> str:
    """JSON text in which 1 and 1.0 are the same."""
    return json_text(_normal(value))


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    return int(Fraction(number_text(value))) if _is_number(value) and is_whole(value) else value


def _plain_errors(schema: dict[str, Any], value: Any, field: str) -> Iterator[tuple[str, str]]:
    if _is_number(value):
        yield from _number_errors(schema, value)
    if "const" in schema and not equal(schema["const"], value):
        yield "const", f"{field} does not match: {json_text(schema['const'])}"
    if "enum" in schema and not any(equal(option, value) for option in schema["enum"]):
        yield "enum", f"{field} must be one of the following: {', '.join(map(json_text, schema['enum']))}"
    if isinstance(value, str):
        yield from _string_errors(schema, value)


def _number_errors(schema: dict[str, Any], value: float) -> Iterator[tuple[str, str]]:
    exact = Fraction(number_text(value))
    step = schema.get("multipleOf")
    if step is not None and (exact / Fraction(number_text(step))).denominator != 1:
        yield "multiple_of", f"Must be a multiple of {number_text(step)}"
    for name, sign in (("maximum", 1), ("minimum", -1)):
        limit, exclusive = schema.get(name), schema.get(f"exclusive{name.capitalize()}")
        # Draft 4 makes the limit itself exclusive; later drafts have a second limit.
        if limit is not None:
            yield from _beyond(exact, limit, sign, strict=exclusive is True)
        if exclusive is not None and not isinstance(exclusive, bool):
            yield from _beyond(exact, exclusive, sign, strict=True)


def _beyond(exact: Fraction, limit: float, sign: int, *, strict: bool) -> Iterator[tuple[str, str]]:
    over = (exact - Fraction(number_text(limit))) * sign
    if over > 0 or (strict and over == 0):
        kind = ("lt" if sign > 0 else "gt") + ("" if strict else "e")
        words = f"{'less' if sign > 0 else 'greater'} than {'' if strict else 'or equal to '}"
        yield f"number_{kind}", f"Must be {words}{number_text(limit)}"


def _string_errors(schema: dict[str, Any], value: str) -> Iterator[tuple[str, str]]:
    if len(value) < schema.get("minLength", 0):
        yield "string_gte", f"String length must be greater than or equal to {int(schema['minLength'])}"
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield "string_lte", f"String length must be less than or equal to {int(schema['maxLength'])}"
    if "pattern" in schema and compiled(schema["pattern"]).search(value) is None:
        yield "pattern", f"Does not match pattern '{schema['pattern']}'"
    check = _FORMATS.get(schema.get("format", ""))
    if check is not None and not check(value):
        yield "format", f"Does not match format '{schema['format']}'"


def _is_pattern(text: str) -> bool:
    try:
        compiled(text)
    except BuiltinError:
        return False
    return True


def _is_address(text: str, mark: str) -> bool:
    from lockgate.policy.rego.builtins.addresses import cidr_is_valid

    return mark in text and "/" not in text and bool(cidr_is_valid(f"{text}/0"))


def _is_moment(text: str) -> bool:
    day, time = text[:10], text[11:]
    return len(text) > 11 and text[10] in "Tt" and bool(_DATE.fullmatch(day) and _TIME.fullmatch(time))


_FORMATS: Final[dict[str, Callable[[str], Any]]] = {
    "date": _DATE.fullmatch,
    "time": _TIME.fullmatch,
    "date-time": _is_moment,
    "hostname": lambda text: len(text) < 256 and _HOST.fullmatch(text),
    "email": _MAIL.fullmatch,
    "idn-email": _MAIL.fullmatch,
    "ipv4": lambda text: _is_address(text, ".") and ":" not in text,
    "ipv6": lambda text: _is_address(text, ":"),
    "uri": lambda text: uri_is_valid(text) and ":" in text and "\\" not in text,
    "uri-reference": lambda text: not text or (uri_is_valid(text) and "\\" not in text),
    "iri": lambda text: uri_is_valid(text) and ":" in text and "\\" not in text,
    "iri-reference": lambda text: not text or (uri_is_valid(text) and "\\" not in text),
    "uuid": _UUID.fullmatch,
    "regex": _is_pattern,
    "json-pointer": _POINTER.fullmatch,
}

FUNCTIONS: Final[dict[str, Function]] = {"json.verify_schema": verify_schema}
WITH_CONTEXT: Final[dict[str, Function]] = {"json.match_schema": match_schema}
