"""``yaml.marshal``, ``yaml.unmarshal``, ``yaml.is_valid``: YAML as Go's yaml.v3 understands it.

The events and their bounds are those of ``formats.yaml_safe``; only what a plain scalar means differs (``yes`` is a
string, ``0o17`` a number). The first document counts. Keys become strings, as the value becomes JSON.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Final

from lockgate.formats.yaml_safe import FormatError, Node, compose_all
from lockgate.policy.rego.builtins.contract import BuiltinError, Function, bounded, string
from lockgate.policy.rego.builtins.sprintf import sprintf
from lockgate.policy.rego.values import Value, WideFloat, bytes_of, number_text, plain

_PREFIX: Final = "tag:yaml.org,2002:"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_OLD_BOOLEANS: Final = frozenset(
    form for word in ("y", "yes", "on", "n", "no", "off") for form in (word, word.capitalize(), word.upper())
)
# Ours, and linear.
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)", re.ASCII)
_INFINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)
_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?", re.ASCII)
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")
_MAX_TEXT: Final = 64
_UINT64: Final = 1 << 64
_INT64: Final = 1 << 63
_MAX_DEPTH: Final = 100


def unmarshal(text: Value) -> Value:
    """The value of the first document, null when there is none."""
    return _read(string(text, 1))


def is_valid(text: Value) -> Value:
    if not isinstance(text, str):
        return False
    try:
        _read(text)
    except BuiltinError:
        return False
    return True


def marshal(value: Value) -> Value:
    """YAML in block style, keys sorted, lists below a key set in by two."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, False)

        def check_simple_key(self) -> bool:
            empty = isinstance(self.event, yaml.ScalarEvent) and not self.event.value
            return empty or super().check_simple_key()

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
        quoted = text in _OLD_BOOLEANS or _is_special(text) or bool(_BEYOND.search(text))
        style = '"' if quoted else "|" if "\n" in text else None
        return dumper.represent_scalar(f"{_PREFIX}str", text, style=style)

    def represent_number(_: yaml.SafeDumper, number: float) -> yaml.Node:
        text = number_text(number)
        if isinstance(number, float) or not -_INT64 <= number < _UINT64:
            near = float(text)
            text = text if math.isinf(near) else sprintf("%v", [near])
        return yaml.ScalarNode(f"{_PREFIX}{'int' if _INTEGER.fullmatch(text) else 'float'}", text)

    Dumper.add_representer(str, represent)
    for kind in (int, float, WideFloat):
        Dumper.add_representer(kind, represent_number)
    # A number is written as it is, whatever YAML 1.1 would make of it.
    Dumper.resolve = _resolve  # type: ignore[method-assign]
    text = yaml.dump(plain(value), Dumper=Dumper, default_flow_style=False, allow_unicode=True, width=2**30)
    # Go writes characters beyond U+FFFF as escapes; they stand in double quotes only.
    text = _BEYOND.sub(lambda found: f"\\U{ord(found.group()):08X}", text.removesuffix("...\n"))
    return bounded(text, "yaml.marshal")


def _resolve(self: Any, kind: Any, value: Any, implicit: tuple[bool, bool]) -> str:  # noqa: ARG001
    """Take every plain scalar for what it is; strings that could be read otherwise are quoted beforehand."""
    import yaml

    if kind is yaml.ScalarNode:
        return _tag(value) if implicit[0] else f"{_PREFIX}str"
    return f"{_PREFIX}{'seq' if kind is yaml.SequenceNode else 'map'}"


def _tag(text: str) -> str:
    if text in _NULLS:
        return f"{_PREFIX}null"
    if text in _BOOLEANS:
        return f"{_PREFIX}bool"
    if _INTEGER.fullmatch(text):
        return f"{_PREFIX}int"
    return f"{_PREFIX}{'float' if _FLOAT.fullmatch(text) else 'str'}"


def _read(text: str) -> Value:
    try:
        nodes = compose_all(bytes_of(text), max_depth=_MAX_DEPTH)
        return _value(nodes[0]) if nodes else None
    except FormatError as error:
        raise BuiltinError(f"yaml: {_fault(error)}") from None


def _fault(error: FormatError) -> str:
    """What is wrong as Go's yaml says it: the context's line unless that is the first, counted from 0 by its parser."""
    import yaml

    cause = error.__context__
    if not isinstance(cause, yaml.MarkedYAMLError) or not cause.problem:
        return str(error)
    marks = (mark.line for mark in (cause.context_mark, cause.problem_mark) if mark is not None and mark.line)
    line = next(marks, 0)
    line += bool(line) and isinstance(cause, yaml.scanner.ScannerError)
    return f"line {line}: {cause.problem}" if line else str(cause.problem)


def _value(node: Node) -> Value:
    if node.is_sequence:
        return [_value(item) for item in node.items]
    if node.is_mapping:
        return _mapping(node)
    return _scalar(node)


def _mapping(node: Node) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    own: dict[str, Value] = {}
    for key, item in node.pairs:
        if key.tag == f"{_PREFIX}merge":
            for source in item.items if item.is_sequence else [item]:
                if not source.is_mapping:
                    raise BuiltinError("yaml: map merge requires map or sequence of maps as the value")
                merged = {**_mapping(source), **merged}
        else:
            own[_key(key)] = _value(item)
    return {**merged, **own}


def _key(node: Node) -> str:
    if node.is_sequence or node.is_mapping:
        raise BuiltinError("yaml: a key that is itself a collection")
    value = _scalar(node)
    if isinstance(value, str):
        return value
    if value is None:
        raise BuiltinError("yaml: a key that is null")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _scalar(node: Node) -> Value:
    text, kind = node.text, node.tag.removeprefix(_PREFIX)
    if node.plain:
        return _resolved(text)
    if kind == "str" or kind == "timestamp":
        return text
    if kind == "binary":
        from lockgate.policy.rego.builtins.encoding import base64_decode

        return base64_decode(text)
    value = _resolved(text)
    fits = {"null": value is None, "bool": isinstance(value, bool), "float": isinstance(value, (int, float))}
    if not fits.get(kind, isinstance(value, int) and not isinstance(value, bool)):
        raise BuiltinError(f"yaml: cannot decode {text[:80]} as a {kind}")
    return value


def _resolved(text: str) -> Value:
    """What a plain scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) > _MAX_TEXT or not text or text[0] not in "+-.0123456789":
        return text
    if _INFINITE.fullmatch(text):
        raise BuiltinError(f"yaml: {text} has no JSON")
    digits = text.replace("_", "")
    if _INTEGER.fullmatch(digits):
        number = _integer(digits)
        if -_INT64 <= number < _UINT64:
            return number
    if _FLOAT.fullmatch(digits):
        value = float(digits)
        if value not in (float("inf"), float("-inf")):
            # A float becomes JSON by its shortest digits, and with an exponent from 1e21 on.
            return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value
    return text


def _integer(digits: str) -> int:
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-").lower()
    if digits.startswith("0") and len(digits) > 1 and digits[1].isdigit():
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _is_special(text: str) -> bool:
    """Whether a string must be quoted so that it is not read as something else."""
    if text in _NULLS or text in _BOOLEANS or text == "<<" or _INFINITE.fullmatch(text):
        return True
    if text[:1] not in "+-.0123456789":
        return False
    digits = text.replace("_", "")
    return bool(
        _INTEGER.fullmatch(digits) or _FLOAT.fullmatch(digits) or _SEXAGESIMAL.fullmatch(text) or _DATE.fullmatch(text)
    )


FUNCTIONS: Final[dict[str, Function]] = {
    "yaml.marshal": marshal,
    "yaml.unmarshal": unmarshal,
    "yaml.is_valid": is_valid,
}
