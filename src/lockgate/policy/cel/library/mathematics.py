"""cel-go's math extension."""

from __future__ import annotations

import math
from collections.abc import Callable

from lockgate.policy.cel.functions import Function, function
from lockgate.policy.cel.operators import NUMBERS, integer
from lockgate.policy.cel.values import INT_MAX, UINT_MAX, CelError, Uint, no_overload

_MOST_ARGUMENTS = 16


def _pick(name: str, better: Callable[[object, object], bool]) -> Callable[..., object]:
    def pick(*values: object) -> object:
        items = values[0] if len(values) == 1 and type(values[0]) is list else list(values)
        assert isinstance(items, list)
        if not items:
            raise CelError(f"{name}: the list is empty")
        for item in items:
            if type(item) not in NUMBERS:
                raise no_overload(name, item)
        best = items[0]
        for item in items[1:]:
            best = item if better(item, best) else best
        return best

    return pick


def _whole(do: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: float(do(value)) if math.isfinite(value) else value


def _round(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5) if abs(value) < 2.0**52 else abs(value), value)


def _sign(value: float) -> float:
    return value if math.isnan(value) else float((value > 0) - (value < 0))


def _signed(bits: int) -> int:
    bits &= UINT_MAX
    return bits - 2**64 if bits > INT_MAX else bits


def _shift(left: bool, unsigned: bool) -> Callable[[int, int], int]:
    def shift(value: int, places: int) -> int:
        if places < 0:
            raise CelError(f"math.bitShift{'Left' if left else 'Right'}() negative offset: {places}")
        bits = 0 if places >= 64 else int(value) << places if left else (int(value) & UINT_MAX) >> places
        return Uint(bits & UINT_MAX) if unsigned else _signed(bits)

    return shift


def _bits() -> list[Function]:
    made: list[Function] = []
    for name, do in (
        ("math.bitAnd", int.__and__),
        ("math.bitOr", int.__or__),
        ("math.bitXor", int.__xor__),
    ):
        made.append(function(name, "int", "int", do=do))
        made.append(function(name, "uint", "uint", do=lambda a, b, do=do: Uint(do(int(a), int(b)))))
    made.append(function("math.bitNot", "int", do=int.__invert__))
    made.append(function("math.bitNot", "uint", do=lambda value: Uint(UINT_MAX ^ int(value))))
    for name, left in (("math.bitShiftLeft", True), ("math.bitShiftRight", False)):
        made.append(function(name, "int", "int", do=_shift(left, False)))
        made.append(function(name, "uint", "int", do=_shift(left, True)))
    return made


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


LIBRARY = [
    *(
        function(name, *["any"] * count, do=do)
        for name, do in (
            ("math.greatest", _pick("math.greatest", lambda item, best: item > best)),  # type: ignore[operator]
            ("math.least", _pick("math.least", lambda item, best: item < best)),  # type: ignore[operator]
        )
        for count in range(1, _MOST_ARGUMENTS + 1)
    ),
    function("math.ceil", "double", do=_whole(math.ceil), result="double"),
    function("math.floor", "double", do=_whole(math.floor), result="double"),
    function("math.trunc", "double", do=_whole(math.trunc), result="double"),
    function("math.round", "double", do=_whole(_round), result="double"),
    function("math.isInf", "double", do=math.isinf, result="bool"),
    function("math.isNaN", "double", do=math.isnan, result="bool"),
    function("math.isFinite", "double", do=math.isfinite, result="bool"),
    function("math.abs", "double", do=abs),
    function("math.abs", "int", do=lambda value: integer(abs(value))),
    function("math.abs", "uint", do=lambda value: value),
    function("math.sign", "double", do=_sign),
    function("math.sign", "int", do=lambda value: (value > 0) - (value < 0)),
    function("math.sign", "uint", do=lambda value: Uint(value > 0)),
    function("math.sqrt", "double", do=_root, result="double"),
    function("math.sqrt", "int", do=lambda value: _root(float(value)), result="double"),
    function("math.sqrt", "uint", do=lambda value: _root(float(int(value))), result="double"),
    *_bits(),
]
