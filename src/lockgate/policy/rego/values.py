"""Values of Rego as Python objects: how they are kept, compared, put in order, printed and turned into JSON.

null is None, booleans are bool, numbers are int or float, strings are str, arrays are list or tuple, objects are dict,
sets are :class:`Set`. Plain JSON is therefore a value as it stands and is never converted. Python takes ``True`` for
``1`` and cannot hash a list, so keys of objects and members of sets are kept under a *key form*: see :func:`key_of`.

A string may hold bytes that are not UTF-8 (Rego's strings are bytes): each such byte is a lone surrogate, as Python's
``surrogateescape`` makes it. Values nested deeper than ``MAX_DEPTH`` end the evaluation with an error, because every
function here follows the nesting.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cmp_to_key
from typing import Any, Final, TypeAlias

from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego.surrogates import valid, without_surrogates

Value: TypeAlias = Any
"""None, bool, int, float, str, list, tuple, dict with keys in key form, or :class:`Set`."""

Key: TypeAlias = Any
"""None, int, float, str, ``TRUE_KEY``, ``FALSE_KEY`` or :class:`Frozen`."""

FIVE_ESCAPES: Final = {60: "\\u003c", 62: "\\u003e", 38: "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""What Go's JSON writes for ``<``, ``>``, ``&`` and the two separators of lines."""

MAX_DEPTH: Final = 200
"""Levels of nesting that a value may have; Kubernetes objects have about a dozen."""

MAX_NUMBER_BITS: Final = 14_000
"""Size of the largest integer, within the 4,300 digits that Python is willing to print."""

_MAX_EXPONENT: Final = 4_200
_DOUBLE_DIGITS: Final = 16


class Undefined:
    """The type of ``UNDEFINED``: no value at all, which is not null. Its truth must be asked with ``is``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        raise TypeError("compare with `is UNDEFINED`; undefined is neither true nor false")

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


class WideFloat(float):
    """A number with more digits than a double holds, or larger than any: it came out of arithmetic, or was written with
    a fraction or an exponent.

    Rego computes with 64 bits of mantissa. The number in front is the nearest double, infinity among them; ``text`` has
    all its digits, is what Rego prints, and is what further arithmetic starts from.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> WideFloat:
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __reduce__(self) -> tuple[type[WideFloat], tuple[str]]:
        return WideFloat, (self.text,)

    def __int__(self) -> int:
        return int(Fraction(self.text))

    def is_integer(self) -> bool:
        return Fraction(self.text).denominator == 1

    # Numbers are compared by all their digits.

    def __hash__(self) -> int:
        exact = Fraction(self.text)
        return hash(exact.numerator) if exact.denominator == 1 else float.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self._order(other) == 0 if isinstance(other, (int, float)) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: float) -> bool:
        return self._order(other) < 0

    def __gt__(self, other: float) -> bool:
        return self._order(other) > 0

    def __le__(self, other: float) -> bool:
        return self._order(other) <= 0

    def __ge__(self, other: float) -> bool:
        return self._order(other) >= 0

    def _order(self, other: float) -> int:
        mine, theirs = Fraction(self.text), Fraction(number_text(other))
        return (mine > theirs) - (mine < theirs)


class BooleanKey:
    """The key form of a boolean; there are two, ``TRUE_KEY`` and ``FALSE_KEY``."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "TRUE_KEY" if self.value else "FALSE_KEY"

    def __reduce__(self) -> str:
        return repr(self)


TRUE_KEY: Final = BooleanKey(True)
FALSE_KEY: Final = BooleanKey(False)


class Frozen:
    """The key form of an array, object or set, which must not change from here on. Equal when the values are."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self._hash = _hash(value, 0)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return type(other) is Frozen and self._hash == other._hash and equal(self.value, other.value)

    def __repr__(self) -> str:
        return f"Frozen({self.value!r})"


class Set:
    """A set: its members by their key form, in the order in which they came. ``in`` takes a value, not a key.

    The set that a rule makes is mostly only walked through, so its members are told apart when somebody needs that.
    """

    __slots__ = ("_members", "_values")

    def __init__(self, values: Iterable[Value] = ()) -> None:
        members: dict[Key, Value] = {}
        for value in values:
            members.setdefault(value if type(value) is str else key_of(value), value)
        self._members: dict[Key, Value] | None = members
        self._values: list[Value] = []

    @classmethod
    def of_members(cls, members: dict[Key, Value]) -> Set:
        """The set of these members, which it owns from here on."""
        self = cls.__new__(cls)
        self._members = members
        return self

    @classmethod
    def of_values(cls, values: list[Value]) -> Set:
        """The set of these values, which may hold one more than once; it owns the list from here on."""
        self = cls.__new__(cls)
        self._members = None
        self._values = values
        return self

    @property
    def members(self) -> dict[Key, Value]:
        """The members by their key form."""
        members = self._members
        if members is None:
            # Two threads may both do this for a set that they share: they come to the same.
            members = {value if type(value) is str else key_of(value): value for value in self._values}
            self._members = members
        return members

    def some(self) -> Iterable[Value]:
        """The members, one perhaps more than once: for whoever asks each the same and does not count."""
        members = self._members
        return self._values if members is None else members.values()

    def add(self, value: Value) -> None:
        """Put one more value in; for whoever is building the set, since sets are values and do not change."""
        self.members.setdefault(value if type(value) is str else key_of(value), value)

    def __contains__(self, value: Value) -> bool:
        return (value if type(value) is str else key_of(value)) in self.members

    def __iter__(self) -> Iterator[Value]:
        return iter(self.members.values())

    def __len__(self) -> int:
        return len(self.members)

    def __or__(self, other: Set) -> Set:
        return Set.of_members({**other.members, **self.members})

    def __and__(self, other: Set) -> Set:
        theirs = other.members
        return Set.of_members({key: value for key, value in self.members.items() if key in theirs})

    def __sub__(self, other: Set) -> Set:
        theirs = other.members
        return Set.of_members({key: value for key, value in self.members.items() if key not in theirs})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Set) and self.members.keys() == other.members.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self.members))

    def __repr__(self) -> str:
        return f"Set({list(self.members.values())!r})"


_RANKS: Final[dict[type, int]] = {
    type(None): 0, bool: 1, int: 2, float: 2, WideFloat: 2, str: 3, list: 4, tuple: 4, dict: 5, Set: 6,
}  # fmt: skip
_NAMES: Final = ("null", "boolean", "number", "string", "array", "object", "set")
_NUMBERS: Final = frozenset({int, float, WideFloat})


def rank(value: Value) -> int:
    """The place of the value's type in the order of types, 0 to 6. Raises TypeError for what is no value."""
    known = _RANKS.get(type(value))
    if known is not None:
        return known
    for kind, place in _RANKS.items():
        if isinstance(value, kind):
            return place
    raise TypeError(f"{type(value).__name__} is not a Rego value")


def type_name(value: Value) -> str:
    """``null``, ``boolean``, ``number``, ``string``, ``array``, ``object`` or ``set``."""
    return _NAMES[rank(value)]


def key_of(value: Value) -> Key:
    """What the value is called as a key of a dict or as a member of a set."""
    kind = type(value)
    if kind is str or kind is int or kind is float or value is None:
        return value
    if kind is bool:
        return TRUE_KEY if value else FALSE_KEY
    return value if rank(value) < 4 else Frozen(value)


def value_of_key(key: Key) -> Value:
    """The value that :func:`key_of` was given."""
    kind = type(key)
    return key.value if kind is Frozen or kind is BooleanKey else key


def equal(a: Value, b: Value) -> bool:
    """Whether two values are the same value; 1 and 1.0 are, 1 and true are not. Never raises but for depth."""
    kind = type(a)
    if kind is str:
        return bool(a == b)
    if a is b:
        return True
    return _equal(a, b, 0)


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1: null < booleans < numbers < strings < arrays < objects < sets, and within a type by content."""
    return _compare(a, b, 0)


sort_key: Final = cmp_to_key(compare)
"""A key for :func:`sorted`. :func:`in_order` is faster where it can be."""


def in_order(values: Iterable[Value]) -> list[Value]:
    """The values, sorted."""
    items = list(values)
    kinds = set(map(type, items))
    if kinds == {str} or kinds <= _NUMBERS:
        items.sort()
    else:
        items.sort(key=sort_key)
    return items


def keys_in_order(value: dict[Key, Value]) -> list[Key]:
    """The keys of an object, in key form, sorted as values."""
    if all(type(key) is str for key in value):
        return sorted(value)
    return sorted(value, key=lambda key: sort_key(value_of_key(key)))


def too_deep() -> EvaluationError:
    """The error for a value that is nested past ``MAX_DEPTH``."""
    return EvaluationError(f"a value is nested more than {MAX_DEPTH} levels deep")


def check_depth(value: Value) -> None:
    """Raises :class:`EvaluationError` when the value is nested past ``MAX_DEPTH``."""
    level: list[Value] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [item for item in level if isinstance(item, (dict, list, tuple, Set))]
        if not level:
            return
        below: list[Value] = []
        for item in level:
            below.extend(item.values() if isinstance(item, dict) else item)
            if isinstance(item, dict):
                below.extend(key.value for key in item if type(key) is Frozen)
        level = below
    raise too_deep()


def number_text(value: float) -> str:
    """A number as Rego prints it inside a value."""
    kind = type(value)
    if kind is int:
        return str(value)
    return value.text if isinstance(value, WideFloat) else repr(value)


def is_whole(value: float) -> bool:
    """Whether a number has no fraction."""
    return isinstance(value, int) or value.is_integer()


def literal(value: Value) -> str:
    """The value as Rego writes it in source: strings quoted, sets and objects sorted, ``set()`` when empty."""
    parts: list[str] = []
    _write(value, parts, 0)
    return "".join(parts)


def render(value: Value) -> str:
    """The value as ``print`` and ``%v`` show it: a string bare, anything else as :func:`literal` does.

    (``%v`` shows a number that stands alone as Go does; see the builtin ``sprintf``.)
    """
    return value if isinstance(value, str) else literal(value)


def quote(text: str) -> str:
    """The text in double quotes with Go's escapes, as Rego prints strings inside other values."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else _escaped(c) for c in text) + '"'


def plain(value: Value) -> Any:
    """The value as plain JSON: sets as sorted lists, keys that are not strings as the JSON text of the key."""
    return _plain(value, 0)


def json_text(value: Value) -> str:
    """The value as compact JSON text, keys sorted, as Rego's ``json.marshal`` writes it, but for HTML's escapes."""
    parts: list[str] = []
    _write_json(plain(value), parts)
    return "".join(parts)


def from_json_text(text: str | bytes) -> Value:
    """The value that a JSON document holds. Raises ValueError when it is not JSON, or a number is out of bounds.

    Integers are exact at any size up to 4,300 digits. A lone surrogate escape becomes U+FFFD, as in Go.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    try:
        value = json.loads(text, parse_float=number_of, parse_constant=_no_constant)
    except RecursionError:
        raise too_deep() from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        check_depth(value)
    return without_surrogates(value) if "\\ud" in text.lower() or not text.isprintable() else value


def bytes_of(text: str) -> bytes:
    """The bytes of a string. A lone surrogate that stands for no byte becomes U+FFFD."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b"".join(
            c.encode("utf-8", "surrogateescape")
            if not "\ud800" <= c <= "\udfff" or "\udc80" <= c <= "\udcff"
            else b"\xef\xbf\xbd"
            for c in text
        )


def text_of(data: bytes) -> str:
    """The string that has these bytes; bytes that are not UTF-8 are kept."""
    return data.decode("utf-8", "surrogateescape")


def _equal(a: Value, b: Value, depth: int) -> bool:
    place = rank(a)
    if place != rank(b):
        return False
    if place < 4:
        return bool(a == b)
    if len(a) != len(b):
        return False
    if place == 6:
        return bool(a.members.keys() == b.members.keys())
    if depth >= MAX_DEPTH:
        raise too_deep()
    depth += 1
    if place == 4:
        return all(_equal(x, y, depth) for x, y in zip(a, b, strict=True))
    for key, x in a.items():
        y = b.get(key, UNDEFINED)
        if y is UNDEFINED or not _equal(x, y, depth):
            return False
    return True


def _compare(a: Value, b: Value, depth: int) -> int:
    place, other = rank(a), rank(b)
    if place != other:
        return -1 if place < other else 1
    if place < 4:
        return 0 if a is b or a == b else -1 if a < b else 1
    if depth >= MAX_DEPTH:
        raise too_deep()
    if place == 5:
        return _compare_objects(a, b, depth + 1)
    xs, ys = (a, b) if place == 4 else (in_order(a), in_order(b))
    for x, y in zip(xs, ys, strict=False):
        found = _compare(x, y, depth + 1)
        if found:
            return found
    return (len(xs) > len(ys)) - (len(xs) < len(ys))


def _compare_objects(a: dict[Key, Value], b: dict[Key, Value], depth: int) -> int:
    for x, y in zip(keys_in_order(a), keys_in_order(b), strict=False):
        found = _compare(value_of_key(x), value_of_key(y), depth) or _compare(a[x], b[y], depth)
        if found:
            return found
    return (len(a) > len(b)) - (len(a) < len(b))


def _hash(value: Value, depth: int) -> int:
    kind = type(value)
    if kind is str:
        return hash(value)
    if kind is dict and depth < MAX_DEPTH:
        # The order of keys must not show, so the parts are combined by exclusive or.
        total = 5
        for key, item in value.items():
            total ^= hash((key, hash(item) if type(item) is str else _hash(item, depth + 1)))
        return hash(total)
    place = rank(value)
    if place == 1:
        return hash(("boolean", value))
    if place < 4:
        return hash(value)
    if depth >= MAX_DEPTH:
        raise too_deep()
    if place == 4:
        return hash((4, *(_hash(item, depth + 1) for item in value)))
    if place == 6:
        return hash((6, frozenset(value.members)))
    # Only an object of a subclass of dict comes here, and it must hash as a dict does.
    return _hash(dict(value), depth)


_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


def _escaped(c: str) -> str:
    known = _ESCAPES.get(c)
    if known:
        return known
    code = ord(c)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _write(value: Value, parts: list[str], depth: int) -> None:
    place = rank(value)
    if place < 4:
        parts.append(_atom(value, place))
        return
    if depth >= MAX_DEPTH:
        raise too_deep()
    if place == 6 and not value:
        parts.append("set()")
        return
    parts.append("[" if place == 4 else "{")
    items = keys_in_order(value) if place == 5 else value if place == 4 else in_order(value)
    for number, item in enumerate(items):
        if number:
            parts.append(", ")
        _write(value_of_key(item) if place == 5 else item, parts, depth + 1)
        if place == 5:
            parts.append(": ")
            _write(value[item], parts, depth + 1)
    parts.append("]" if place == 4 else "}")


def _atom(value: Value, place: int) -> str:
    if place == 3:
        return quote(value)
    if place == 2:
        return number_text(value)
    return "null" if place == 0 else "true" if value else "false"


def _plain(value: Value, depth: int) -> Any:
    place = rank(value)
    if place < 4:
        return value
    if depth >= MAX_DEPTH:
        raise too_deep()
    if place == 5:
        return {key if type(key) is str else _key_text(key): _plain(item, depth + 1) for key, item in value.items()}
    return [_plain(item, depth + 1) for item in (value if place == 4 else in_order(value))]


def _key_text(key: Key) -> str:
    value = value_of_key(key)
    return value if isinstance(value, str) else json_text(value).translate(FIVE_ESCAPES)


def _write_json(value: Any, parts: list[str]) -> None:
    if isinstance(value, dict):
        parts.append("{")
        for number, key in enumerate(sorted(value)):
            parts.append(f",{json_string(key)}:" if number else f"{json_string(key)}:")
            _write_json(value[key], parts)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for number, item in enumerate(value):
            if number:
                parts.append(",")
            _write_json(item, parts)
        parts.append("]")
    elif isinstance(value, str):
        parts.append(json_string(value))
    else:
        parts.append(_atom(value, rank(value)))


def json_string(text: str) -> str:
    """The text as a JSON string; bytes that are not UTF-8 are written as the escape of U+FFFD."""
    written = json.dumps(text, ensure_ascii=False)
    return written if written.isascii() else valid(written, "\\ufffd")


def number_of(text: str) -> int | float:
    """The number of a decimal text: whole where it has neither fraction nor exponent; as it is written where a double
    is not enough.

    Raises ValueError past 4,300 digits.
    """
    if "." not in text and "e" not in text and "E" not in text:
        return int(text)
    number = float(text)
    if len(text) < _DOUBLE_DIGITS and number != 0 and math.isfinite(number):
        return number
    return _long_number(text, number)


def _long_number(text: str, number: float) -> int | float:
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the number {text[:40]} is not valid") from None
    if abs(exact.adjusted()) > _MAX_EXPONENT and exact:
        raise ValueError(f"the number {text[:40]} is out of bounds")
    if exact == exact.to_integral_value():
        return number if number == exact else WideFloat(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == exact else WideFloat(text)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
