"""Every operator takes any two values of types that go together, and gives one of its result's type or null."""

from __future__ import annotations

import itertools
from contextlib import suppress
from decimal import Decimal

import pytest
from tests.kql.functions.test_function_properties import _VALUES, _check

from lockgate.kql import Workspace, bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.statements import Statements
from lockgate.kql.catalogue.operators import NAMES
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import compile_value
from lockgate.kql.types import Column, Type, single

_SIGNS = sorted(one for one in NAMES if NAMES[one] not in ("logic", "between"))
_STEP = 5
"""Of the pairs of values every fifth is tried: with so many signs and types all values meet."""


def _bound(sign: str, types: tuple[Type, ...], columns: list[Column]) -> bound.Value | None:
    binder = Statements("x", Workspace({}, {}))
    uses: list[bound.Value] = [bound.Use(one, one.type) for one in columns]
    found = binder.operation(sign, uses, (0, 1), [s.Name("x", 0, 1)] * len(types), complete=NAMES[sign] != "among")
    return found if not binder.faults and single(found.type).scalar else None


@pytest.mark.parametrize("sign", _SIGNS)
def test_any_two_values_give_one_of_the_results_type(sign: str) -> None:
    tried = 0
    for types in itertools.product(_VALUES, repeat=2):
        columns = [Column("a", types[0]), Column("b", types[1])]
        operation = _bound(sign, types, columns)
        if operation is None:
            continue
        run = compile_value(operation, columns)
        for i, pair in enumerate(itertools.product(*(_VALUES[one][:20] for one in types))):
            if (i + tried) % _STEP == 0:
                with suppress(EvaluationError):
                    found = run(pair)
                    assert not isinstance(found, Decimal) or found.is_finite()
                    _check(found, operation.type)
        tried += 1
    assert tried


@pytest.mark.parametrize("sign", ["and", "or"])
def test_logic_is_that_of_three_values(sign: str) -> None:
    (true, false, null) = (True, False, None)
    table = {
        "and": {(true, true): true, (true, null): null, (null, null): null},
        "or": {(false, false): false, (false, null): null, (null, null): null},
    }[sign]
    columns = [Column("a", _BOOL), Column("b", _BOOL)]
    operation = _bound(sign, (_BOOL, _BOOL), columns)
    assert operation is not None
    run = compile_value(operation, columns)
    for pair in itertools.product((true, false, null), repeat=2):
        known = table.get(pair, table.get(pair[::-1], sign == "or"))
        assert run(pair) is known


_BOOL = next(one for one in _VALUES if one.name == "bool")
