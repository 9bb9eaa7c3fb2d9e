"""How many different values there are: HyperLogLog, exact as long as there are few.

A sketch is ``["hll", accuracy, "values", text]`` while there are few different values, ``text`` being their hashes of
64 bits in order, or ``["hll", accuracy, "registers", text]``, with a byte for each register; both in Base64. The
estimate is Ertl's (Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, section 2),
which needs no tables and no cases. Accuracies are the service's: 0 to 4 stand for 2^12, 2^14, 2^16, 2^17, 2^18
registers, with a standard error of 1.6, 0.8, 0.4, 0.28 and 0.2 percent.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable
from decimal import Decimal
from hashlib import blake2b
from math import inf, sqrt

from lockgate.kql.aggregates.elements import key_of
from lockgate.kql.types import DYNAMIC

BITS = (12, 14, 16, 17, 18)
"""Bits of a register's number, by accuracy."""
DEFAULT = 1
"""The accuracy when none is given."""
FEW = 2048
"""Most different values that are kept one by one."""


def hashed(value: object) -> int:
    """64 bits of a value. Numbers that are equal have the same, whatever their type."""
    if isinstance(value, bool):
        text = f"b{value}"
    elif isinstance(value, int):
        text = f"n{value}"
    elif isinstance(value, float | Decimal):
        text = f"n{int(value)}" if _is_whole(value) else f"n{value!r}"
    elif isinstance(value, str):
        text = f"s{value}"
    else:
        text = f"d{key_of(DYNAMIC)(value)}"
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _is_whole(value: float | Decimal) -> bool:
    return value == value and abs(value) != inf and value == int(value)


class Hll:
    """A sketch being made. Either ``values`` holds hashes, or ``registers`` are in use."""

    __slots__ = ("accuracy", "registers", "values")

    def __init__(self, accuracy: object = DEFAULT) -> None:
        known = isinstance(accuracy, int) and 0 <= accuracy < len(BITS)
        self.accuracy: int = accuracy if known else DEFAULT  # type: ignore[assignment]
        self.values: set[int] = set()
        self.registers: bytearray | None = None

    def add(self, hashes: Iterable[int]) -> None:
        """Take in hashes of values."""
        if self.registers is None:
            self.values.update(hashes)
            if len(self.values) <= FEW:
                return
            self.registers = bytearray(1 << BITS[self.accuracy])
            hashes, self.values = self.values, set()
        bits = BITS[self.accuracy]
        rest, registers = 64 - bits, self.registers
        mask = (1 << rest) - 1
        for one in hashes:
            zeros = rest - (one & mask).bit_length() + 1
            if registers[one >> rest] < zeros:
                registers[one >> rest] = zeros

    def merge(self, other: Hll) -> None:
        """Take in another sketch; the less accurate of the two says how accurate both are together."""
        if other.accuracy < self.accuracy:
            self._lower(other.accuracy)
        if other.registers is None:
            self.add(other.values)
            return
        theirs = _folded(other.registers, BITS[other.accuracy], BITS[self.accuracy])
        if self.registers is None:
            own, self.values, self.registers = self.values, set(), theirs
            self.add(own)
        else:
            self.registers = bytearray(map(max, self.registers, theirs))

    def _lower(self, accuracy: int) -> None:
        if self.registers is not None:
            self.registers = _folded(self.registers, BITS[self.accuracy], BITS[accuracy])
        self.accuracy = accuracy

    def count(self) -> int:
        """How many different values there are, about."""
        return len(self.values) if self.registers is None else round(_estimate(self.registers, BITS[self.accuracy]))

    def written(self) -> list[object]:
        """The sketch as a dynamic value."""
        if self.registers is None:
            body = struct.pack(f">{len(self.values)}Q", *sorted(self.values))
        else:
            body = bytes(self.registers)
        kind = "values" if self.registers is None else "registers"
        return ["hll", self.accuracy, kind, b64encode(body).decode("ascii")]


def read(value: object) -> Hll | None:
    """The sketch that a dynamic value holds, or ``None``."""
    match value:
        case ["hll", int(accuracy), "values" | "registers" as kind, str(text)] if 0 <= accuracy < len(BITS):
            try:
                body = b64decode(text, validate=True)
            except (Error, ValueError):
                return None
        case _:
            return None
    found = Hll(accuracy)
    most = 65 - BITS[accuracy]
    if kind == "registers":
        if len(body) != 1 << BITS[accuracy] or max(body) > most:
            return None
        found.registers = bytearray(body)
    else:
        if len(body) % 8 or len(body) > 8 * FEW:
            return None
        found.values = set(struct.unpack(f">{len(body) // 8}Q", body))
    return found


def _folded(registers: bytearray, bits: int, wanted: int) -> bytearray:
    """The registers that fewer bits would have given."""
    if bits == wanted:
        return bytearray(registers)
    less = bits - wanted
    found = bytearray(1 << wanted)
    for i, zeros in enumerate(registers):
        if zeros:
            low = i & ((1 << less) - 1)
            now = less - low.bit_length() + 1 if low else zeros + less
            if found[i >> less] < now:
                found[i >> less] = now
    return found


def _estimate(registers: bytearray, bits: int) -> float:
    size, rest = 1 << bits, 64 - bits
    counts = [0] * (rest + 2)
    for one in registers:
        counts[one] += 1
    total = size * _tau(1 - counts[rest + 1] / size)
    for k in range(rest, 0, -1):
        total = 0.5 * (total + counts[k])
    total += size * _sigma(counts[0] / size)
    return 0.7213475204444817 * size * size / total if total < inf else 0.0


def _sigma(x: float) -> float:
    if x == 1:
        return inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x = sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
    return z / 3


def shared(sketches: list[Hll]) -> int:
    """How many values are in all of the sketches: exact while all hold values, else by inclusion and exclusion."""
    if all(one.registers is None for one in sketches):
        return len(set.intersection(*(one.values for one in sketches)))
    unions: list[tuple[int, Hll]] = []
    total = 0
    for one in sketches:
        made = [(1, one)]
        for sign, other in unions:
            both = Hll(one.accuracy)
            both.merge(one)
            both.merge(other)
            made.append((-sign, both))
        unions += made
    for sign, one in unions:
        total += sign * one.count()
    return max(0, total)
