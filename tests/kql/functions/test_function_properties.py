"""Every function of the catalogue takes any values of the types that it declares, and gives one of its result's type.

Nothing but a told fault (a pattern that is none) may come out of it; texts and arrays keep to the service's limits.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest

from lockgate.kql import Workspace, bound, catalogue, functions
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import laid_out
from lockgate.kql.bind.statements import Statements
from lockgate.kql.catalogue import Function, Parameter, Signature
from lockgate.kql.errors import EvaluationError
from lockgate.kql.literals import INT_MAX, LONG_MAX
from lockgate.kql.moments import MAX_MOMENT
from lockgate.kql.text import MAX_TEXT, text_of
from lockgate.kql.types import (
    ARRAY,
    BAG,
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    REAL,
    SCALARS,
    STRING,
    TIMESPAN,
    TYPE,
    UNKNOWN,
    Tuple,
    Type,
    single,
)

_SUBJECTS = frozenset(
    ("strings", "conversion", "time", "network", "collections", "units", "mathematics", "rows")
)  # fmt: skip
_NAMES = [one for one in catalogue.names("scalar") if catalogue.subject(one) in _SUBJECTS and functions.find(one)]
_LARGE = frozenset(("range", "repeat"))
"""Functions that make a million elements of three numbers: asked less often."""
_SPECIAL = [
    "", " ", "0", "-1", "1.5", "NaN", "true", "null", "a b-c", "2026-11-26T10:00:00Z", "1.02:03:04", "5m", "$.a[0].b",
    "10.0.0.1/8", "::ffff:1.2.3.4/96", "fe80::1", "file://C:/a/b.txt:s", "http://u:p@h:1/p?q=1#f", '{"a":[1,{"b":2}]}',
    "<a b='c'>d<e/></a>", "eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=", "S3VzdG8=", "Meter", "Foot", "(a)(b)?", "[", "\\", "\x00",
    "\ud800", "İßﬃ", "xn--npb1a", "%zz%41+", "yyyy-MM-dd HH:mm:ss.fffffff tt", "dddd.hh", "windows", "Europe/Berlin",
    '"quoted, field",b', "74be27de-1e4e-49d9-b579-fe0b331d3642",
]  # fmt: skip
_LONGS = [None, 0, 1, -1, 2, 7, 31, 64, -99, 1024, LONG_MAX, -LONG_MAX - 1, 1 << 40]
_REALS = [None, 0.0, -0.0, 0.5, 2.0, -3.7, 1e18, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf")]
_SPANS = [*_LONGS, 600_000_000, -36_000_000_000, 863_999_999_999]
_JSON: list[object] = [
    None, True, *_LONGS[1:], *_REALS[1:], *_SPECIAL, [], {}, [1, "a", None, 2.5, True], ["b", "a", "a"],
    [[1], [2, [3]]],
    [0, 255, 256, -1, 65, 0x110000], list(range(300)), {"a": 1, "b c": {"d": [1, {"e": None}]}}, {"$.a": "x", "": 0},
    ["10.0.0.0/8", "bad"], ["$.a", "a"], ["browser", "os"], {"a": float("nan")}, [10**30],
]  # fmt: skip
_VALUES: dict[Type, list[object]] = {
    STRING: [*_SPECIAL, "x" * 5000, "a," * 3000],
    BOOL: [None, True, False],
    INT: [None, 0, 1, -1, 3, INT_MAX, -INT_MAX - 1],
    LONG: _LONGS,
    REAL: _REALS,
    DECIMAL: [None, *map(Decimal, ("0", "-1.5", "2.5", "1E+30", "1E-30", "9" * 34))],
    DATETIME: [None, 0, 1, MAX_MOMENT, 638_000_000_000_000_000, 636_449_742_312_345_678],
    TIMESPAN: _SPANS,
    GUID: [None, "74be27de-1e4e-49d9-b579-fe0b331d3642"],
    DYNAMIC: _JSON,
    ARRAY: [None, *(one for one in _JSON if isinstance(one, list))],
    BAG: [None, *(one for one in _JSON if isinstance(one, dict))],
}
_CLASSES = {
    "scalar": [STRING, BOOL, INT, LONG, REAL, DECIMAL, DATETIME, TIMESPAN, GUID, DYNAMIC],
    "static": [STRING, BOOL, INT, LONG, REAL, DECIMAL, DATETIME, TIMESPAN, GUID],
    "number": [INT, LONG, REAL, DECIMAL],
    "integer": [INT, LONG],
    "summable": [INT, LONG, REAL, DECIMAL, DATETIME, TIMESPAN],
    "array": [ARRAY],
    "bag": [BAG],
}


def _types(parameter: Parameter) -> list[Type]:
    found: list[Type] = []
    for kind in parameter.kinds:
        found += _CLASSES.get(kind) or ([TYPE] if kind == "type" else [catalogue.named_type(kind)])
    # A dynamic value may stand wherever a text is expected.
    return [*found, DYNAMIC] if found == [STRING] and not parameter.use else found



def _layout(chance: Random, signature: Signature) -> tuple[list[Parameter | None], list[Type]]:
    """So many arguments as may be given, and a type for each."""
    blocks = sum(one.most > 1 for one in signature.parameters)
    most = signature.least if blocks > 1 else min(signature.most, signature.least + 3)
    layout = laid_out(signature, chance.randint(signature.least, most))
    shared = chance.choice([LONG, REAL, DECIMAL, DATETIME, TIMESPAN])
    types: list[Type] = []
    for one in layout:
        assert one is not None
        types.append(shared if one.kinds[0].startswith("common") else chance.choice(_types(one)))
    return layout, types


def _value(chance: Random, parameter: Parameter | None, type_: Type) -> object:
    assert parameter is not None
    if type_ is TYPE:
        return chance.choice(sorted(set(SCALARS) - {"type"}))
    return chance.choice(sorted(parameter.values) if parameter.values else _VALUES[type_])


def _call(function: Function, types: list[Type], values: list[object]) -> bound.Call | None:
    """The call as it is bound, or nothing when the types do not go together."""
    given = [
        bound.TypeValue(SCALARS[str(value)], TYPE) if type_ is TYPE else bound.Constant(value, type_)
        for type_, value in zip(types, values, strict=True)
    ]
    name = s.Name("x", 0, 1)
    binder = Statements("x", Workspace({}, {}))
    call = binder.applied_to(function, given, [name] * len(given), name)
    return call if not binder.faults and isinstance(call, bound.Call) else None


@pytest.mark.parametrize("name", _NAMES)
def test_any_values_give_one_of_the_declared_type(name: str) -> None:
    function, maker = catalogue.find(name), functions.find(name)
    assert function is not None and maker is not None
    chance = Random(name)
    computed = 0
    for _ in range(1 if name in _LARGE else 10):
        layout, types = _layout(chance, chance.choice(function.signatures))
        rows = [[_value(chance, one, type_) for one, type_ in zip(layout, types, strict=True)] for _ in range(20)]
        call = _call(function, types, rows[0])
        if call is None:
            continue
        compute = maker(tuple(types), call.type)
        for values in rows:
            # A type that is written out is the same for all rows.
            given = [was if type_ is TYPE else one for one, was, type_ in zip(values, rows[0], types, strict=True)]
            with suppress(EvaluationError):
                _check(compute(*given), call.type)
            computed += 1
    assert computed


def _check(value: object, type_: Type) -> None:
    if isinstance(type_, Tuple) and len(type_.columns) > 1:
        assert isinstance(value, tuple) and len(value) == len(type_.columns)
        return
    type_ = single(type_)
    if type_ is STRING:
        assert isinstance(value, str) and len(value) <= MAX_TEXT
        return
    if value is None or type_ is UNKNOWN:
        return
    if type_.dynamic:
        assert isinstance(value, bool | int | float | str | list | dict)
        assert not isinstance(value, list) or len(value) <= 1 << 20
        if not isinstance(value, list) or len(value) < 1000:
            assert isinstance(text_of(type_)(value), str)
        return
    if type_ is BOOL:
        assert isinstance(value, bool)
    elif type_ is REAL:
        assert isinstance(value, float)
    elif type_ is DECIMAL:
        assert isinstance(value, Decimal) and value.is_finite()
    elif type_ is GUID:
        assert isinstance(value, str) and len(value) == 36
    else:
        assert isinstance(value, int) and not isinstance(value, bool)
        least, most = (0, MAX_MOMENT) if type_ is DATETIME else (-LONG_MAX - 1, LONG_MAX)
        if type_ is INT:
            least, most = -INT_MAX - 1, INT_MAX
        assert least <= value <= most
