"""Operators and conversions in Spark. ``None``: this has no form of its own there and goes through Python.

Its arithmetic raises where Kusto's is null or infinite (ANSI), its patterns are Java's, and its JSON functions give
texts without quotes and numbers written anew: only what none of this can change is left to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from lockgate.kql import bound
from lockgate.kql.emit.standard import (
    COMPARED,
    MOST_OF_LIST,
    NO_NUMBERS,
    NUMBERS,
    WHOLE,
    between,
    dynamic_within,
    items_of,
    joined,
    stored_timestamp,
    time_within,
)
from lockgate.kql.literals import EPOCH
from lockgate.kql.spark import patterns
from lockgate.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    GUID,
    INT,
    INTEGERS,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    Type,
    single,
)  # fmt: skip

if TYPE_CHECKING:
    from lockgate.kql.emit.values import Expressions

_WIDE = {"+": "try_add", "-": "try_subtract", "*": "try_multiply"}


def write(to: Expressions, value: bound.Operation) -> str | None:
    """An operator in a place where null and false differ."""
    sign = value.operator
    if sign in ("and", "or"):
        return joined(value, to.sql)
    types = tuple(single(one.type) for one in value.arguments)
    if sign in ("+", "-", "*", "/", "%"):
        return _arithmetic(to, value, types)
    if sign in COMPARED or sign in ("!=", "<>"):
        return _comparison(to, value, types, exact=True)
    if sign in ("between", "!between"):
        return between(value, partial(_comparison, to, exact=False))
    if sign in ("in", "!in", "in~", "!in~"):
        return _among(to, value, types, exact=True)
    return _textual(to, value, types, exact=True)


def condition(to: Expressions, value: bound.Operation) -> str | None:
    """An operator where null is as good as false."""
    sign = value.operator
    if sign in ("and", "or"):
        return joined(value, to.condition)
    types = tuple(single(one.type) for one in value.arguments)
    if sign in COMPARED or sign in ("!=", "<>"):
        return _comparison(to, value, types, exact=False)
    if sign in ("in", "in~"):
        return _among(to, value, types, exact=False)
    if sign in ("+", "-", "*", "/", "%", "between", "!between", "!in", "!in~"):
        return None
    return _textual(to, value, types, exact=False)


# --- numbers and times


def _arithmetic(to: Expressions, value: bound.Operation, types: tuple[Type, ...]) -> str | None:
    result, sign = single(value.type), value.operator
    if any(one not in WHOLE | {REAL} for one in (*types, result)):
        return None
    if len(types) == 1:
        text = to.sql(value.arguments[0])
        return None if sign != "-" else f"(-{text})" if result is REAL else f"try_subtract({_zero(result)}, {text})"
    if result is REAL and sign in "+-*":
        left, right = (_real(to, one) for one in value.arguments)
        return f"({left} {sign} {right})"
    if result is REAL and sign == "/":
        return _quotient(to, value)
    if REAL in types or result is INT:
        return None
    left, right = (_long(to, one) for one in value.arguments)
    if sign in _WIDE:
        text = f"{_WIDE[sign]}({left}, {right})"
        return time_within(text) if result is DATETIME else text
    known = to.known(value.arguments[1])
    if sign == "/":
        safe = right if known is not None and known[0] else f"nullif({right}, 0L)"
        return f"({left} div {safe})" if not {DATETIME, TIMESPAN} & {*types} else None
    if known is not None and isinstance(known[0], int) and known[0] > 0:
        return f"pmod({left}, {right})"
    return None


def _zero(type_: Type) -> str:
    return "CAST(0 AS INT)" if type_ is INT else "0L"


def _quotient(to: Expressions, value: bound.Operation) -> str | None:
    """Spark raises where a real is divided by nothing; only a divisor that is known is surely something."""
    known = to.known(value.arguments[1])
    if known is None or not isinstance(known[0], int | float) or not known[0]:
        return None
    left, right = (_real(to, one) for one in value.arguments)
    return f"({left} / {right})"


def _real(to: Expressions, value: bound.Value) -> str:
    text = to.sql(value)
    return text if single(value.type) is REAL else f"CAST({text} AS DOUBLE)"


def _long(to: Expressions, value: bound.Value) -> str:
    text = to.sql(value)
    return f"CAST({text} AS BIGINT)" if single(value.type) is INT else text


# --- comparisons


def _comparison(to: Expressions, value: bound.Operation, types: tuple[Type, ...], *, exact: bool) -> str | None:
    left, right = value.arguments
    sign = "!=" if value.operator == "<>" else value.operator
    if isinstance(right, bound.Columns):
        return None
    if (stamped := _on_timestamps(to, sign, left, right, exact=exact)) is not None:
        return stamped
    if sign == "==" and not exact and (found := _equal_member(to, left, right)) is not None:
        return found
    some_known = [to.known(left), to.known(right)]
    if any(one is not None and one[0] is None for one in some_known) or not _comparable(*types):
        return None
    first, second = to.sql(left), to.sql(right)
    if sign in ("<", "<=", ">", ">="):
        return f"({first} {sign} {second})"
    if STRING in types:
        return f"({first} {'=' if sign == '==' else '<>'} {second})"
    equal = f"({first} <=> {second})" if exact or sign == "!=" else f"({first} = {second})"
    if sign == "!=":
        equal = f"(NOT {equal})"
    if not exact or any(one is not None for one in some_known):
        return equal
    return f"CASE WHEN {first} IS NOT NULL OR {second} IS NOT NULL THEN {equal} END"


def _comparable(one: Type, other: Type) -> bool:
    """Whether Spark compares values of these types as Kusto does."""
    if one in NUMBERS and other in NUMBERS:
        return True
    return one is other and one in (STRING, BOOL, GUID, DATETIME, TIMESPAN)


def _member_text(to: Expressions, value: bound.Value, texts: Sequence[str]) -> str | None:
    """A member as a text that may be null, to be compared with ``texts``: none of them can be a number, bag or array,
    which Spark writes in its own way."""
    inner = dynamic_within(value)
    if not isinstance(inner, bound.Member):
        return None
    if any(not one.isalpha() or one.lower() in NO_NUMBERS for one in texts):
        return None
    keys: list[str] = []
    one: bound.Value = inner
    while isinstance(one, bound.Member):
        known = to.known(one.key) if isinstance(one.key, bound.Value) else (one.key,)
        if known is None or not isinstance(known[0], str) or not known[0].isidentifier() or not known[0].isascii():
            return None
        keys.append(known[0])
        one = one.value
    if not isinstance(one, bound.Use) or not one.type.dynamic:
        return None
    path = to.constant("$." + ".".join(reversed(keys)), STRING)
    return f"get_json_object({to.sql(one)}, {path})"


def _equal_member(to: Expressions, left: bound.Value, right: bound.Value) -> str | None:
    if isinstance(left, bound.Constant):
        left, right = right, left
    known = to.known(right)
    if known is None or not isinstance(known[0], str) or not known[0] or single(right.type) is not STRING:
        return None
    text = _member_text(to, left, [known[0]])
    return None if text is None else f"({text} = {to.sql(right)})"


def _on_timestamps(to: Expressions, sign: str, left: bound.Value, right: bound.Value, *, exact: bool) -> str | None:
    """A stored timestamp against a constant: compared as it lies there, so that files can be passed over."""
    if stored_timestamp(right) is not None and stored_timestamp(left) is None:
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)
        return _on_timestamps(to, turned, right, left, exact=exact)
    field = stored_timestamp(left)
    known = to.known(right) if field is not None else None
    if field is None or known is None or not isinstance(known[0], int) or single(right.type) is not DATETIME:
        return None
    micro, rest = divmod(known[0] - EPOCH, 10)
    if rest:
        # No stored timestamp has a seventh digit: the next one below decides.
        if sign in ("==", "!="):
            return None
        sign = "<=" if sign in ("<", "<=") else ">"
    moment = f"timestamp_micros({micro}L)"
    if sign in ("==", "!="):
        equal = f"({to.columns[field]} {'<=>' if exact or sign == '!=' else '='} {moment})"
        return equal if sign == "==" else f"(NOT {equal})"
    return f"({to.columns[field]} {sign} {moment})"


def _among(to: Expressions, value: bound.Operation, types: tuple[Type, ...], *, exact: bool) -> str | None:
    items = items_of(to, value.arguments[1:])
    negated, folded, own = value.operator.startswith("!"), value.operator.endswith("~"), types[0]
    if not items or len(items) > MOST_OF_LIST:
        return None
    if own is STRING or own.dynamic:
        texts = [str(one) for one in items if isinstance(one, str)]
        left = None if negated or exact or folded or not all(texts) else _member_text(to, value.arguments[0], texts)
        if len(texts) < len(items) or (left is None and own.dynamic):
            return None
        left = to.sql(value.arguments[0]) if left is None else left
        left = f"lower({left})" if folded else left
        listed = [to.constant(one.lower() if folded else one, STRING) for one in dict.fromkeys(texts)]
    elif own in INTEGERS and all(isinstance(one, int) and not isinstance(one, bool) for one in items):
        left, listed = to.sql(value.arguments[0]), [to.constant(one, LONG) for one in items]
    else:
        return None
    plain = f"({left} IN ({', '.join(listed)}))"
    if own in INTEGERS and (exact or negated):
        plain = f"coalesce({plain}, false)"
    return f"(NOT {plain})" if negated else plain


# --- texts

_OPPOSITE = {"!~": "=~", "notlike": "like", "notlikecs": "likecs", "notcontains": "contains",
             "notcontainscs": "contains_cs", "containscs": "contains_cs", ":": "has"}  # fmt: skip
_FUNCTIONS = {"contains": "contains", "startswith": "startswith", "endswith": "endswith"}


def _textual(to: Expressions, value: bound.Operation, types: tuple[Type, ...], *, exact: bool) -> str | None:
    sign = value.operator
    negated = sign.startswith(("!", "not"))
    sign = _OPPOSITE.get(sign, sign.removeprefix("!"))
    items = items_of(to, value.arguments[1:])
    if items is None:
        found = _of_columns(to, sign, value, types) if len(types) == 2 else None
    elif not items or not all(isinstance(one, str) for one in items):
        return None
    else:
        texts = [str(one) for one in items]
        member = None if exact or negated or not all(texts) else _member_text(to, value.arguments[0], texts)
        if member is None and types[0] is not STRING:
            return None
        left = to.sql(value.arguments[0]) if member is None else member
        found = _of_texts(to, sign, left, texts, types)
    return None if found is None else f"(NOT {found})" if negated else found


def _of_texts(to: Expressions, sign: str, left: str, texts: Sequence[str], types: tuple[Type, ...]) -> str | None:
    if sign in ("has_any", "has_all"):
        found = [_test(to, "has", left, one) for one in texts]
        return "(" + (" OR " if sign == "has_any" else " AND ").join(str(one) for one in found) + ")"
    return _test(to, sign, left, texts[0]) if len(texts) == 1 and types[1] is STRING else None


def _of_columns(to: Expressions, sign: str, value: bound.Operation, types: tuple[Type, ...]) -> str | None:
    if types != (STRING, STRING) or isinstance(value.arguments[1], bound.Columns):
        return None
    left, right = (to.sql(one) for one in value.arguments)
    if sign == "=~":
        return f"(lower({left}) = lower({right}))"
    function = _FUNCTIONS.get(sign.removesuffix("_cs"))
    if function is None:
        return None
    return f"{function}({left}, {right})" if sign.endswith("_cs") else f"{function}(lower({left}), lower({right}))"


def _test(to: Expressions, sign: str, left: str, text: str) -> str | None:
    """A test of a text for a known one."""
    if sign == "matches regex":
        pattern = patterns.same(text)
        return None if pattern is None else f"({left} RLIKE {to.constant(pattern, STRING)})"
    cased, base = sign.endswith("_cs"), sign.removesuffix("_cs")
    if not cased:
        text, left = text.lower(), f"lower({left})"
    if base == "=~":
        return f"({left} = {to.constant(text, STRING)})"
    if base in _FUNCTIONS:
        return f"{_FUNCTIONS[base]}({left}, {to.constant(text, STRING)})" if text else "true"
    if base in ("has", "hasprefix", "hassuffix"):
        return _term(to, base, left, text) if text else "true"
    return None


def _term(to: Expressions, base: str, left: str, text: str) -> str:
    """A whole term: the cheap search for its letters goes before that for where it ends."""
    found = f"contains({left}, {to.constant(text, STRING)})"
    before = r"(?:^|[^\p{L}\p{N}])" if base != "hassuffix" and text[0].isalnum() else ""
    after = r"(?:$|[^\p{L}\p{N}])" if base != "hasprefix" and text[-1].isalnum() else ""
    if not before and not after:
        return found
    pattern = to.constant(f"{before}{patterns.quoted(text)}{after}", STRING)
    return f"({found} AND {left} RLIKE {pattern})"


# --- conversions


def low_bits(text: str) -> str:
    """The low 32 bits of a long, which is what ``toint`` makes of it."""
    return f"CAST((({text} & 4294967295L) ^ 2147483648L) - 2147483648L AS INT)"


def quoted_json(text: str) -> str:
    """A text as JSON: what stands between the brackets of an array of it."""
    inside = f"to_json(array({text}))"
    return f"substring({inside}, 2, length({inside}) - 2)"


def convert(to: Expressions, value: bound.Value, source: Type, target: Type) -> str | None:
    """The value of one type as one of another, as Kusto's conversions have it; ``None`` where Python does it."""
    if source is target or (source.dynamic and target.dynamic):
        return to.sql(value)
    if DECIMAL in (source, target):
        return None
    if target is STRING and source is BOOL:
        return f"CASE {to.sql(value)} WHEN true THEN 'True' WHEN false THEN 'False' ELSE '' END"
    if target is STRING and (source in INTEGERS or source is GUID):
        return f"coalesce(CAST({to.sql(value)} AS STRING), '')"
    if (source, target) == (LONG, INT):
        return low_bits(to.sql(value))
    if target in (INT, LONG, REAL) and source in (INT, LONG, BOOL):
        return f"CAST({to.sql(value)} AS {to.type_of(target)})"
    if target.dynamic and source is STRING:
        return quoted_json(to.sql(value))
    if target.dynamic and (source in INTEGERS or source is BOOL):
        return f"CAST({to.sql(value)} AS STRING)"
    return None
