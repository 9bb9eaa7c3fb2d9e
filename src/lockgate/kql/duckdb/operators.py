"""Operators, members and conversions in DuckDB. ``None``: this has no form of its own there and goes through Python."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from lockgate.kql import bound, relation
from lockgate.kql.emit.narrowing import source_of
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
from lockgate.kql.emit.values import PARSES
from lockgate.kql.literals import EPOCH
from lockgate.kql.patterns import with_plain_names
from lockgate.kql.relation import Field
from lockgate.kql.terms import never_within
from lockgate.kql.text import lowered
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
    from lockgate.kql.emit.shredded import Parts
    from lockgate.kql.emit.values import Expressions

_MAX_OF_SEARCHED = 8
_SEVERAL, _AT_ONCE = 4, 64
"""From so many terms on they are one pattern, and so many are in one: of more, RE2 would run out of its memory."""


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
    return _textual(to, value, types)


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
    return _textual(to, value, types, exact=False)


# --- numbers and times


def _arithmetic(to: Expressions, value: bound.Operation, types: tuple[Type, ...]) -> str | None:
    result = single(value.type)
    sign = value.operator
    if len(types) == 1:
        if sign != "-" or result not in WHOLE | {REAL}:
            return None
        text, kind = to.sql(value.arguments[0]), "INTEGER" if result is INT else "BIGINT"
        return f"(-{text})" if result is REAL else f"try_cast(-({text}::HUGEINT) AS {kind})"
    if any(one not in WHOLE | {REAL} for one in (*types, result)):
        return None
    if result is REAL and sign in "+-*/":
        left, right = (_real(to, one) for one in value.arguments)
        return f"({left} {sign} {right})"
    if REAL in types or result is INT:
        return None
    left, right = (_long(to, one) for one in value.arguments)
    if sign in "+-*":
        text = _in_64_bits(value, left, right)
        return time_within(text) if result is DATETIME else text
    known = to.known(value.arguments[1])
    safe = right if known is not None and known[0] else f"nullif({right}, 0)"
    if sign == "/":
        return f"try({left} // {safe})" if not {DATETIME, TIMESPAN} & {*types} and _still(value.arguments[0]) else None
    if known is not None and isinstance(known[0], int) and known[0] > 0:
        return f"((({left} % {right}) + {right}) % {right})"
    return None


def _in_64_bits(value: bound.Operation, left: str, right: str) -> str:
    """A whole number, null where it is beyond 64 bits: a row with such numbers does not end the query."""
    if all(map(_still, value.arguments)):
        return f"try({left} {value.operator} {right})"
    # Errors of what is called in it are not to be lost.
    return f"try_cast({left}::HUGEINT {value.operator} {right}::HUGEINT AS BIGINT)"


def _still(value: bound.Value) -> bool:
    """Whether nothing is called to know it."""
    if isinstance(value, relation.Converted):
        return _still(value.value)
    if isinstance(value, bound.Operation):
        return value.operator in ("+", "-", "*") and all(map(_still, value.arguments))
    return isinstance(value, bound.Use | bound.Constant)


def _real(to: Expressions, value: bound.Value) -> str:
    text = to.sql(value)
    return text if single(value.type) is REAL else f"({text})::DOUBLE"


def _long(to: Expressions, value: bound.Value) -> str:
    text = to.sql(value)
    return f"({text})::BIGINT" if single(value.type) is INT else text


# --- comparisons


def _comparison(to: Expressions, value: bound.Operation, types: tuple[Type, ...], *, exact: bool) -> str | None:
    left, right = value.arguments
    sign = "!=" if value.operator == "<>" else value.operator
    if isinstance(right, bound.Columns):
        return None
    stamped = _on_timestamps(to, sign, left, right, exact=exact)
    if stamped is not None:
        return stamped
    if sign == "==" and not exact and (found := _equal_texts(to, left, right, types)) is not None:
        return found
    sides = _comparable(to, sign, left, right, types)
    if sides is None:
        return None if exact else _against_number(to, value, sign, types)
    first, second, _ = sides
    if sign in ("<", "<=", ">", ">="):
        place = 1 if sign[0] == "<" else 0  # the side that is the greater one where it is
        number = _a_number(to, (left, right)[place], types[place], (first, second)[place])
        return f"({first} {sign} {second}{number})"
    if types == (REAL, REAL) and to.known(left) is None and to.known(right) is None:
        text = _equality(to, sign, (left, right), sides, exact=exact)
        return f"CASE WHEN isnan({first}) THEN {'false' if sign == '==' else 'true'} ELSE {text} END"
    return _equality(to, sign, (left, right), sides, exact=exact)


def _equality(
    to: Expressions, sign: str, values: tuple[bound.Value, bound.Value], sides: tuple[str, str, bool], *, exact: bool
) -> str:  # fmt: skip
    left, right = values
    first, second, nullable = sides
    if sign == "==":
        if not exact or not nullable:
            return f"({first} = {second})"
        if to.known(right) is not None or to.known(left) is not None:
            return f"coalesce({first} = {second}, false)"
        return f"CASE WHEN {first} IS NULL AND {second} IS NULL THEN NULL ELSE coalesce({first} = {second}, false) END"
    if not nullable:
        return f"({first} <> {second})"
    if not exact or to.known(right) is not None or to.known(left) is not None:
        return f"({first} IS DISTINCT FROM {second})"
    return f"CASE WHEN {first} IS NULL AND {second} IS NULL THEN NULL ELSE {first} IS DISTINCT FROM {second} END"


def _a_number(to: Expressions, value: bound.Value, type_: Type, text: str) -> str:
    """What keeps out that it is none: DuckDB has that greater than every number, and equal to itself.

    Written so that ranges which files tell of still count.
    """
    return f" AND {text} <= 'infinity'::DOUBLE" if type_ is REAL and to.known(value) is None else ""


def _comparable(
    to: Expressions, sign: str, left: bound.Value, right: bound.Value, types: tuple[Type, ...]
) -> tuple[str, str, bool] | None:
    """The two sides as values that DuckDB compares as Kusto does, and whether they may be null."""
    one, other = types
    if any((known := to.known(side)) is not None and known[0] is None for side in (left, right)):
        return None
    if one is other and one in (STRING, BOOL, GUID, DATETIME, TIMESPAN, LONG, INT, REAL):
        return to.sql(left), to.sql(right), one is not STRING
    if one in NUMBERS and other in NUMBERS:
        return to.sql(left), to.sql(right), True
    if sign in ("==", "!=") and one.dynamic and other is STRING:
        return dynamic_text(to, left), to.sql(right), False
    if sign in ("==", "!=") and one is STRING and other.dynamic:
        return to.sql(left), dynamic_text(to, right), False
    return None


def _equal_texts(to: Expressions, left: bound.Value, right: bound.Value, types: tuple[Type, ...]) -> str | None:
    """A text, or a member that is one, against a constant, where null is as good as false."""
    if isinstance(left, bound.Constant):
        left, right, types = right, left, types[::-1]
    known = to.known(right)
    if known is None or not isinstance(known[0], str) or not known[0] or types[1] is not STRING:
        return None
    inner = dynamic_within(left)
    if inner is not None:
        return f"({_holding(to, inner, [known[0]])}{_nullable_text(to, inner)} = {to.sql(right)})"
    return f"({_bare(to, left)} = {to.sql(right)})" if types[0] is STRING else None


def _bare(to: Expressions, value: bound.Value) -> str:
    """A text or a dynamic value as a text that may be null: for a test that an empty text fails, put on the file."""
    inner = dynamic_within(value)
    if inner is not None:
        return _nullable_text(to, inner)
    field = value.column if isinstance(value, bound.Use) and isinstance(value.column, Field) else None
    return to.columns[field] if field is not None and field.stored == relation.NULLABLE_TEXT else to.sql(value)


def _holding(to: Expressions, value: bound.Value, texts: Sequence[str]) -> str:
    """What is true of every JSON text with one of ``texts`` in it, so that the others need not be read as JSON.

    A text may be written with escapes: with a reversed stroke anywhere nothing is ruled out. What could also be a
    number, a bag or an array is written in more than one way.
    """
    path = member_path(to, value) if isinstance(value, bound.Member) and kept(to, value) is None else None
    if path is None or not path[0].isidentifier() or len(texts) > _MAX_OF_SEARCHED:
        return ""
    if any(not one[:1].isalpha() or one.lower() in NO_NUMBERS for one in texts):
        return ""
    tests = [f"contains({path[0]}, {_text(to, one)})" for one in texts]
    return f"({' OR '.join(tests)} OR contains({path[0]}, '\\')) AND "


def _on_timestamps(to: Expressions, sign: str, left: bound.Value, right: bound.Value, *, exact: bool) -> str | None:
    """A stored timestamp against a constant: compared as it lies there, so that files can be passed over."""
    if (field := stored_timestamp(right)) is not None and stored_timestamp(left) is None:
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)
        return _on_timestamps(to, turned, right, left, exact=exact)
    field = stored_timestamp(left)
    known = to.known(right) if field is not None else None
    if field is None or known is None or not isinstance(known[0], int) or single(right.type) is not DATETIME:
        return None
    ticks, column = known[0], to.columns[field]
    micro, rest = divmod(ticks - EPOCH, 10)
    if rest:
        # No stored timestamp has a seventh digit: the next one above or below decides.
        if sign in ("==", "!="):
            return None
        micro, sign = (micro, "<=") if sign in ("<", "<=") else (micro, ">")
    moment = f"make_timestamp({micro})"
    if sign == "!=":
        return f"({column} IS DISTINCT FROM {moment})"
    plain = f"({column} {COMPARED[sign]} {moment})"
    return f"coalesce({plain}, false)" if sign == "==" and exact else plain


def _among(to: Expressions, value: bound.Operation, types: tuple[Type, ...], *, exact: bool) -> str | None:
    items = items_of(to, value.arguments[1:])
    folded = value.operator.endswith("~")
    own = types[0]
    if items is None or len(items) > MOST_OF_LIST:
        return None
    if own is STRING or own.dynamic:
        texts = [one for one in items if isinstance(one, str)]
        if len(texts) < len(items) or (own.dynamic and folded is False and not texts):
            return None
        plainly = not exact and all(texts) and not value.operator.startswith("!")
        left = (_bare if plainly else _text_of)(to, value.arguments[0])
        inner = dynamic_within(value.arguments[0])
        before = _holding(to, inner, texts) if plainly and inner is not None and not folded else ""
        listed = [_text(to, lowered(one) if folded else one) for one in dict.fromkeys(texts)]
        left = f"{before}lower({left})" if folded else f"{before}{left}"
        nullable = False
    elif own in INTEGERS and all(isinstance(one, int) and not isinstance(one, bool) for one in items):
        left, listed, nullable = to.sql(value.arguments[0]), [str(one) for one in items], True
    else:
        return None
    if not listed:
        return "false" if not value.operator.startswith("!") else "true"
    plain = f"({left} IN ({', '.join(listed)}))"
    if nullable and (exact or value.operator.startswith("!")):
        plain = f"coalesce({plain}, false)"
    return f"(NOT {plain})" if value.operator.startswith("!") else plain


def _text(to: Expressions, text: str) -> str:
    return to.constant(text, STRING)


# --- texts


def dynamic_text(to: Expressions, value: bound.Value) -> str:
    """A dynamic value as a text: texts without their quotes, what is missing empty."""
    return f"coalesce({_nullable_text(to, value)}, '')"


def _nullable_text(to: Expressions, value: bound.Value) -> str:
    if (own := kept(to, value)) is not None:
        return own.text
    path = member_path(to, value) if isinstance(value, bound.Member) else None
    owner, steps = path if path is not None else (to.sql(value), "'$'")
    return f"json_extract_string({owner}, {steps})"


_OPPOSITE = {"!~": "=~", "notlike": "like", "notlikecs": "likecs", "notcontains": "contains",
             "notcontainscs": "contains_cs", "containscs": "contains_cs", ":": "has"}  # fmt: skip


_OF_SOME_TEXT = frozenset(("has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "has_any",
                           "has_all", "contains", "contains_cs", "startswith", "startswith_cs", "endswith",
                           "endswith_cs", "=~"))  # fmt: skip
"""What an empty text fails, looked for in it a text that is not empty."""


def _text_of(to: Expressions, value: bound.Value) -> str:
    return to.sql(value) if single(value.type) is STRING else dynamic_text(to, value)


def _textual(
    to: Expressions, value: bound.Operation, types: tuple[Type, ...], *, exact: bool = True
) -> str | None:
    sign = value.operator
    negated = sign.startswith(("!", "not"))
    sign = _OPPOSITE.get(sign, sign.removeprefix("!"))
    if types[0] is not STRING and not types[0].dynamic:
        return None
    items = items_of(to, value.arguments[1:])
    plainly = not exact and not negated and items is not None and all(items) and sign in _OF_SOME_TEXT
    left = (_bare if plainly else _text_of)(to, value.arguments[0])
    if items is None or not items or not all(isinstance(one, str) for one in items):
        return _of_columns(to, sign, left, value, types, negated=negated) if len(types) == 2 else None
    texts = [str(one) for one in items]
    source = source_of(value.arguments[0])
    if source is not None and sign in _OF_SOME_TEXT and all(never_within(source.name, one) for one in texts):
        return "true" if negated else "false"
    if sign in ("has_any", "has_all"):
        found = _of_terms(to, left, texts, joint=" OR " if sign == "has_any" else " AND ")
    elif len(texts) == 1 and types[1] is STRING:
        written = _test(to, sign, left, texts[0])
        if written is None:
            return None
        found = written
    else:
        return None
    return f"(NOT {found})" if negated else found


def _of_columns(
    to: Expressions, sign: str, left: str, value: bound.Operation, types: tuple[Type, ...], *, negated: bool
) -> str | None:
    if types[1] is not STRING or isinstance(value.arguments[1], bound.Columns):
        return None
    right = to.sql(value.arguments[1])
    forms = {
        "=~": f"(lower({left}) = lower({right}))",
        "contains": f"contains(lower({left}), lower({right}))",
        "contains_cs": f"contains({left}, {right})",
        "startswith": f"starts_with(lower({left}), lower({right}))",
        "startswith_cs": f"starts_with({left}, {right})",
        "endswith": f"ends_with(lower({left}), lower({right}))",
        "endswith_cs": f"ends_with({left}, {right})",
    }
    found = forms.get(sign)
    return None if found is None else f"(NOT {found})" if negated else found


def _test(to: Expressions, sign: str, left: str, text: str) -> str | None:
    """A test of a text for a known one."""
    base = sign.removesuffix("_cs")
    if sign == "matches regex":
        return f"regexp_matches({left}, {_text(to, with_plain_names(text))})"
    if base == sign:
        text, left = _folded(left, text)
    if base == "=~":
        return f"({left} = {_text(to, text)})"
    if not text:
        return "true" if base != "like" else None
    functions = {"contains": "contains", "startswith": "starts_with", "endswith": "ends_with"}
    if base in functions:
        return f"{functions[base]}({left}, {_text(to, text)})"
    if base in ("has", "hasprefix", "hassuffix"):
        return _term(to, base, left, text)
    return None


def _folded(left: str, text: str) -> tuple[str, str]:
    """The text in lower case, and so what it is looked for in, unless it holds nothing that has a case."""
    plain = text.isascii() and text.lower() == text.upper()
    return (text, left) if plain else (lowered(text), f"lower({left})")


def _term(to: Expressions, base: str, left: str, text: str) -> str:
    """A whole term: the cheap search for its letters goes before that for where it begins and ends."""
    found = f"contains({left}, {_text(to, text)})"
    pattern = _bounded([text], base)
    return f"({found} AND regexp_matches({left}, {to.constant(pattern, STRING)}))" if pattern else found


def _bounded(texts: Sequence[str], base: str) -> str:
    """The pattern of any of the texts, none empty, as terms; empty when one alone needs no pattern."""
    from lockgate.kql.lower.reading import quoted

    groups: dict[tuple[str, str], list[str]] = {}
    for one in texts:
        before = r"(?:^|[^\p{L}\p{N}])" if base != "hassuffix" and one[0].isalnum() else ""
        after = r"(?:$|[^\p{L}\p{N}])" if base != "hasprefix" and one[-1].isalnum() else ""
        groups.setdefault((before, after), []).append(quoted(one))
    if len(texts) == 1 and ("", "") in groups:
        return ""
    return "|".join(f"{before}(?:{'|'.join(some)}){after}" for (before, after), some in groups.items())


def _of_terms(to: Expressions, left: str, texts: Sequence[str], *, joint: str) -> str:
    """Any or all of the terms. Many are looked for at once: each search by itself reads the text anew."""
    if joint == " OR " and len(texts) >= _SEVERAL and all(texts):
        folded = f"lower({left})"
        words = list(dict.fromkeys(map(lowered, texts)))
        parts = [words[i : i + _AT_ONCE] for i in range(0, len(words), _AT_ONCE)]
        found = [f"regexp_matches({folded}, {to.constant(_bounded(one, 'has'), STRING)})" for one in parts]
        return f"({joint.join(found)})"
    return "(" + joint.join(_test(to, "has", left, one) or "" for one in texts) + ")"


# --- dynamic values and conversions


def member_path(to: Expressions, value: bound.Member) -> tuple[str, str] | None:
    """The owner of a chain of members, and the path of JSON that it is."""
    found = _path(to, value)
    return None if found is None else (_valid(to, found[0]), to.constant(found[1], STRING))


def kept(to: Expressions, value: bound.Value) -> Parts | None:
    """The columns that a member is kept in by itself."""
    found = _path(to, value) if to.paths and isinstance(value, bound.Member) else None
    if found is None:
        return None
    owner, path = found
    if isinstance(owner, bound.Call) and owner.function.name in PARSES:
        owner = owner.arguments[0]
    if not isinstance(owner, bound.Use) or not isinstance(owner.column, Field):
        return None
    return to.paths.get(owner.column, {}).get(path)


def _path(to: Expressions, value: bound.Member) -> tuple[bound.Value, str] | None:
    parts: list[str] = []
    one: bound.Value = value
    while isinstance(one, bound.Member):
        key: object = one.key
        if isinstance(key, bound.Value):
            known = to.known(key)
            key = known[0] if known is not None else None
        if isinstance(key, bool) or not isinstance(key, str | int):
            return None
        if isinstance(key, str) and ('"' in key or "\\" in key or not key):
            return None
        parts.append(f'."{key}"' if isinstance(key, str) else f"[{key}]" if key >= 0 else f"[#{key}]")
        one = one.value
    if not one.type.dynamic:
        return None
    return one, "$" + "".join(reversed(parts))


def _valid(to: Expressions, value: bound.Value) -> str:
    """A dynamic value that surely is JSON."""
    if isinstance(value, bound.Call) and value.function.name in PARSES:
        argument = value.arguments[0]
        if single(argument.type) is STRING:
            text = to.sql(argument)
            return f"CASE WHEN json_valid({text}) THEN {text} END"
    return to.sql(value)


def member(to: Expressions, value: bound.Member) -> str | None:
    """A member of a dynamic value, as JSON."""
    if (own := kept(to, value)) is not None:
        return own.whole
    path = member_path(to, value)
    if path is None:
        return None
    return f"nullif(json_extract({path[0]}, {path[1]})::VARCHAR, 'null')"


def number(to: Expressions, value: bound.Value, source: bound.Value, target: Type) -> str:
    """``value``: the number that is written in ``source``, a text or a dynamic value.

    Python reads only what is written otherwise than DuckDB writes that number.
    """
    inside = single(source.type) is STRING or isinstance(source, bound.Member)
    text = _bare(to, source) if inside else to.sql(source)
    name = {INT: "INTEGER", LONG: "BIGINT", REAL: "DOUBLE"}[target]
    names = ("BIGINT", name) if target is REAL else (name,)
    cases = " ".join(f"WHEN try_cast(x AS {one})::VARCHAR = x THEN try_cast(x AS {one})::{name}" for one in names)
    own = kept(to, source)
    plain = f"try_cast({own.long} AS {name})" if own is not None else ""
    some = to.sql(source) + (" <> ''" if single(source.type) is STRING else " IS NOT NULL")
    read = f"{plain}, {_once(text, cases)}" if plain else _once(text, cases)
    return f"coalesce({read}, CASE WHEN {some} THEN {to.foreign(value)} END)"


def _once(text: str, cases: str) -> str:
    """Cases over ``x``, which is taken out of its JSON once: a list of one holds it."""
    return f"list_transform([{text}], lambda x: CASE {cases} END)[1]"


def _against_number(to: Expressions, value: bound.Operation, sign: str, types: tuple[Type, ...]) -> str | None:
    """A member against a constant whole number, where null is as good as false: Python compares what is no such one."""
    member_, right = value.arguments
    known = to.known(right)
    if sign not in COMPARED or not types[0].dynamic or types[1] not in INTEGERS or known is None or known[0] is None:
        return None
    text = to.sql(member_)
    if (own := kept(to, member_)) is not None:
        # Where it is no such number, what it is has to be read.
        other = f"{own.text} IS NOT NULL OR {own.json} IS NOT NULL"
        return f"coalesce({own.long} {COMPARED[sign]} {known[0]}, CASE WHEN {other} THEN {to.foreign(value)} END)"
    test = f"try_cast(x AS BIGINT) {COMPARED[sign]} {known[0]}"
    plain = _once(text, f"WHEN try_cast(x AS BIGINT)::VARCHAR = x THEN {test}")
    return f"coalesce({plain}, CASE WHEN {text} IS NOT NULL THEN {to.foreign(value)} END)"


def low_bits(text: str) -> str:
    """The low 32 bits of a long, which is what ``toint`` makes of it."""
    return f"(xor({text} & 4294967295, 2147483648) - 2147483648)::INTEGER"


def convert(to: Expressions, value: bound.Value, source: Type, target: Type) -> str | None:
    """The value of one type as one of another, as Kusto's conversions have it; ``None`` where Python does it."""
    if source is target or (source.dynamic and target.dynamic):
        return to.sql(value)
    if DECIMAL in (source, target):
        return None
    if target is STRING:
        if source.dynamic:
            return dynamic_text(to, value)
        if source is BOOL:
            return f"CASE {to.sql(value)} WHEN true THEN 'True' WHEN false THEN 'False' ELSE '' END"
        if source in INTEGERS or source is GUID:
            return f"coalesce(({to.sql(value)})::VARCHAR, '')"
        return None
    if (source, target) == (LONG, INT):
        return low_bits(to.sql(value))
    if target in (INT, LONG, REAL) and source in (INT, LONG, BOOL):
        wide = {INT: "INTEGER", LONG: "BIGINT", REAL: "DOUBLE"}[target]
        return f"try_cast({to.sql(value)} AS {wide})"
    if target in (INT, LONG, REAL) and (source is STRING or source.dynamic) and not value.constant:
        return number(to, relation.Converted(value, target), value, target)
    if target.dynamic and source is STRING:
        return f"to_json({to.sql(value)})::VARCHAR"
    if target.dynamic and (source in INTEGERS or source is BOOL):
        return f"({to.sql(value)})::VARCHAR"
    return None
