"""Bits of whole numbers of 64 bits."""

from __future__ import annotations

from lockgate.kql.functions import Maker, strict

_SPAN = 1 << 64


def signed(value: int) -> int:
    """The low 64 bits as a number with a sign."""
    value %= _SPAN
    return value - _SPAN if value >= _SPAN // 2 else value


def _left(value: int, shift: int) -> int | None:
    return signed(value << shift % 64) if shift >= 0 else None


def _right(value: int, shift: int) -> int | None:
    return value >> shift % 64 if shift >= 0 else None


FUNCTIONS: dict[str, Maker] = {
    "binary_and": strict(lambda a, b: a & b),
    "binary_or": strict(lambda a, b: a | b),
    "binary_xor": strict(lambda a, b: a ^ b),
    "binary_not": strict(lambda a: ~a),
    "binary_shift_left": strict(_left),
    "binary_shift_right": strict(_right),
}
