"""Which signature of a function fits its arguments best, and what each argument must be.

A match has a rank; the signature whose worst match is best wins, then the one whose best match is. Ranks follow the
order that the service's own resolution gives in effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockgate.kql import bound
from lockgate.kql.catalogue import Parameter, Signature, named_type
from lockgate.kql.types import (
    ARRAY,
    ARRAY_KIND,
    BAG_KIND,
    BOOL,
    DYNAMIC,
    ERROR,
    INTEGERS,
    LONG,
    NONE,
    NUMBERS,
    ORDERABLE,
    PROMOTE,
    REAL,
    SCALAR,
    STRING,
    SUMMABLE,
    TO_DYNAMIC,
    UNKNOWN,
    Group,
    Table,
    Type,
    assignable,
    common,
    single,
)

(
    NO_MATCH, MAYBE, AS_DYNAMIC, CONVERTED, PROMOTED, NOT_EXCLUDED, ONE_OF, ANY_SCALAR, ANY_SUMMABLE, ANY_ORDERABLE,
    ANY_NUMBER, ANY_INTEGER, ANY_TABLE, EXACT,
) = range(14)  # fmt: skip


def _integer_or_array(one: Type) -> bool:
    inner = one.element if one.kind in ("single", ARRAY_KIND) else None
    return one in INTEGERS or one is DYNAMIC or one is ARRAY or inner is LONG


def _string_or_array(one: Type) -> bool:
    inner = one.element if one.kind in ("single", ARRAY_KIND) else None
    return one is STRING or one is DYNAMIC or one is ARRAY or inner is STRING


_CLASSES: dict[tuple[str, ...], tuple[Callable[[Type], bool], int, str, str]] = {
    ("scalar",): (lambda one: one.scalar, ANY_SCALAR, "KS108", "A single value is expected."),
    ("integer",): (INTEGERS.__contains__, ANY_INTEGER, "KS134", "An integer is expected."),
    ("number",): (NUMBERS.__contains__, ANY_NUMBER, "KS137", "A number is expected."),
    ("number", "bool"): (
        lambda one: one in NUMBERS or one is BOOL, ANY_NUMBER, "KS137", "A number or boolean is expected.",
    ),
    ("summable",): (SUMMABLE.__contains__, ANY_SUMMABLE, "KS138", "A number, datetime or timespan is expected."),
    ("orderable",): (ORDERABLE.__contains__, ANY_ORDERABLE, "KS206", "A value that can be put in order is expected."),
    ("static",): (lambda one: one.kind == SCALAR, NOT_EXCLUDED, "KS116", "A dynamic value is not allowed here."),
    ("notbool",): (lambda one: one is not BOOL, NOT_EXCLUDED, "KS116", "A boolean is not allowed here."),
    ("countable",): (
        lambda one: one not in (BOOL, REAL), NOT_EXCLUDED, "KS116", "A real or boolean is not allowed here.",
    ),
    ("array",): (
        lambda one: one.kind == ARRAY_KIND or one is DYNAMIC, ONE_OF, "KS234", "A dynamic array is expected.",
    ),
    ("bag",): (lambda one: one.kind == BAG_KIND or one is DYNAMIC, ONE_OF, "KS235", "A dynamic bag is expected."),
    ("table",): (lambda one: isinstance(one, Table | Group), ANY_TABLE, "KS111", "A table is expected."),
    ("string", "array"): (_string_or_array, ONE_OF, "KS233", "A text or an array of texts is expected."),
    ("integer", "array"): (_integer_or_array, ONE_OF, "KS136", "An integer or an array of integers is expected."),
    ("string", "dynamic"): (
        lambda one: one is STRING or one.dynamic, ONE_OF, "KS107", "A text or a dynamic value is expected.",
    ),
}  # fmt: skip
"""Classes of types: the test, the rank of a match, and what is said of an argument that fails it."""
_COMMON = frozenset(("common", "common-scalar", "common-orderable"))


def laid_out(signature: Signature, count: int) -> list[Parameter | None]:
    """The parameter of each of ``count`` arguments. What repeats takes what the parameters after it leave."""
    parameters = signature.parameters
    repeated = [i for i, one in enumerate(parameters) if one.most > 1]
    if not repeated:
        return [parameters[i] if i < len(parameters) else None for i in range(count)]
    first, last = repeated[0], repeated[-1]
    block = parameters[first : last + 1]
    after = parameters[last + 1 :]
    tail = min(len(after), max(0, count - first - sum(one.least for one in block)))
    middle = max(0, count - first - tail)
    found: list[Parameter | None] = list(parameters[: min(first, count)])
    found += [block[i % len(block)] for i in range(middle)]
    found += after[: count - len(found)]
    return found + [None] * (count - len(found))


def counts(signature: Signature, count: int) -> bool:
    """Whether so many arguments can be given."""
    if not signature.least <= count <= signature.most:
        return False
    blocks = [one for one in signature.parameters if one.most > 1]
    if len(blocks) < 2:
        return True
    return (count - sum(one.most for one in signature.parameters if one.most == 1)) % len(blocks) == 0


class Arguments:
    """The arguments of a call: what they are bound to, their types, and the text of literals."""

    __slots__ = ("types", "values")

    def __init__(self, values: Sequence[bound.Value], types: Sequence[Type] | None = None) -> None:
        self.values = values
        self.types = [single(one.type) for one in values] if types is None else list(types)

    def star(self, index: int) -> bool:
        """Whether the argument is ``*``."""
        one = self.values[index]
        return isinstance(one, bound.Columns) and one.star

    def text(self, index: int) -> str | None:
        """The text of a literal of type string."""
        one = underlying(self.values[index])
        return one.value if isinstance(one, bound.Constant) and isinstance(one.value, str) else None

    def unclear(self) -> bool:
        """Whether some argument is wrong or not known, so that nothing certain can be said."""
        return any(one is ERROR or one is UNKNOWN for one in self.types)


def underlying(value: bound.Value) -> bound.Value:
    """The value of a named argument."""
    while isinstance(value, bound.Named):
        value = value.value
    return value


def records_in(value: bound.Value) -> set[str]:
    """Names of the rows that a value looks into: nodes and edges of a graph, steps of a scan."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = underlying(waiting.pop())
        if isinstance(one, bound.Record):
            found.add(one.name)
        elif isinstance(one, bound.Member):
            waiting += [one.value] if isinstance(one.key, str) else [one.value, one.key]
        elif isinstance(one, bound.Call | bound.Operation):
            waiting += one.arguments
        elif isinstance(one, bound.Variable) and one.value is not None:
            waiting.append(one.value)
        elif isinstance(one, bound.Inlined):
            waiting.append(one.body)
    return found


def common_type(layout: Sequence[Parameter | None], types: Sequence[Type], *, static: bool = False) -> Type | None:
    """The type that all arguments share which must have one; ``static`` looks at dynamic ones only when all are."""
    taken: list[Type] = []
    conversion = PROMOTE
    for parameter, one in zip(layout, types, strict=True):
        if parameter is None or parameter.kinds[0] not in _COMMON or not one.scalar:
            continue
        if static and one.dynamic:
            continue
        if parameter.kinds[0] == "common-orderable" and one not in ORDERABLE and one is not UNKNOWN:
            continue
        if parameter.kinds[0] == "common":
            conversion = TO_DYNAMIC
        taken.append(one)
    if not taken and static:
        return common_type(layout, types)
    return common(taken, conversion)


def rank(layout: Sequence[Parameter | None], arguments: Arguments, index: int) -> int:
    """How well an argument matches its parameter."""
    return _rank(layout, arguments, layout[index], index)


def _rank(layout: Sequence[Parameter | None], arguments: Arguments, parameter: Parameter | None, index: int) -> int:
    one = arguments.types[index]
    if parameter is None:
        return NO_MATCH
    if one is UNKNOWN:
        return MAYBE
    if parameter.default and arguments.text(index) == parameter.default:
        return EXACT
    if arguments.star(index):
        return EXACT if parameter.use in ("star", "starred") else NO_MATCH
    if parameter.use == "star":
        return NO_MATCH
    kinds = parameter.kinds
    known = _CLASSES.get(kinds)
    if known:
        return known[1] if known[0](one) else NO_MATCH
    if kinds == ("any",):
        return MAYBE
    if kinds[0] in _COMMON:
        return _rank_common(layout, arguments, kinds[0], one)
    if kinds[0].startswith("$"):
        return _rank(layout, arguments, layout[int(kinds[0][1:])], index)
    return rank_declared([named_type(kind) for kind in kinds], one)


def rank_declared(types: Sequence[Type], one: Type) -> int:
    """How well a value fits one of certain types."""
    if any(assignable(target, one) for target in types):
        return EXACT if len(types) == 1 else ONE_OF
    return PROMOTED if any(assignable(target, one, PROMOTE) for target in types) else NO_MATCH


def _rank_common(layout: Sequence[Parameter | None], arguments: Arguments, kind: str, one: Type) -> int:
    shared = common_type(layout, arguments.types)
    if shared is None:
        return NO_MATCH
    for conversion, found in ((NONE, EXACT), (PROMOTE, PROMOTED), (TO_DYNAMIC, AS_DYNAMIC)):
        if assignable(shared, one, conversion):
            return found
    return EXACT if kind == "common" and one.dynamic else NO_MATCH


def best(signatures: Sequence[Signature], arguments: Arguments, *, complete: bool = False) -> list[int]:
    """The indexes of the signatures that fit best, one if there is a best. ``complete``: every argument must fit."""
    count = len(arguments.types)
    if len(signatures) == 1:
        return [0]
    found = [i for i, one in enumerate(signatures) if one.least <= count <= one.most]
    if not found:
        closest = max(one.most for one in signatures)
        found = [i for i, one in enumerate(signatures) if one.least <= closest <= one.most]
    if len(found) < 2:
        return found
    ranks = {i: _ranks(signatures[i], arguments) for i in found}
    matching = {i: sum(1 for one in ranks[i] if one != NO_MATCH) for i in found}
    most = max(matching.values())
    if complete and most < count:
        return []
    found = [i for i in found if matching[i] == most]
    if len(found) < 2:
        return found
    keys = {i: (min(ranks[i], default=EXACT), max(ranks[i], default=NO_MATCH)) for i in found}
    top = max(keys.values())
    winners = [i for i in found if keys[i] == top]
    return winners if len(winners) == 1 else found


def _ranks(signature: Signature, arguments: Arguments) -> list[int]:
    layout = laid_out(signature, len(arguments.types))
    return [rank(layout, arguments, i) for i in range(len(layout))]


def fault(layout: Sequence[Parameter | None], arguments: Arguments, index: int) -> tuple[str, str] | None:
    """The code and sentence of what is wrong with the type of an argument, or ``None``."""
    parameter, one = layout[index], arguments.types[index]
    if parameter is None or (parameter.default and arguments.text(index) == parameter.default):
        return None
    if arguments.star(index):
        return None if parameter.use in ("star", "starred") else ("KS191", "* is not allowed here.")
    kinds = parameter.kinds
    if kinds == ("any",) or one is UNKNOWN:
        return None
    known = _CLASSES.get(kinds)
    if known and known[1] == NOT_EXCLUDED and not one.scalar:
        known = _CLASSES[("scalar",)]
    if known:
        return None if one is ERROR or known[0](one) else (known[2], known[3])
    if kinds[0] in _COMMON:
        return _common_fault(layout, arguments, kinds[0], one)
    if kinds[0].startswith("$"):
        expected = arguments.types[int(kinds[0][1:])]
        fits = one is ERROR or assignable(expected, one)
        return None if fits else ("KS141", f"The type {expected.name} is expected.")
    if rank(layout, arguments, index) == NO_MATCH:
        return "KS107", f"A value of type {' or '.join(kinds)} is expected."
    return None


def _common_fault(
    layout: Sequence[Parameter | None], arguments: Arguments, kind: str, one: Type
) -> tuple[str, str] | None:
    if one is ERROR:
        return None
    if not one.scalar:
        return "KS108", "A single value is expected."
    if kind == "common-orderable" and one not in ORDERABLE:
        return "KS206", "A value that can be put in order is expected."
    shared = common_type(layout, arguments.types)
    if kind == "common" or shared is None or assignable(shared, one, PROMOTE):
        return None
    return "KS141", f"The type {shared.name} is expected."
