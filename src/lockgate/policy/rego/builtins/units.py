"""Quantities with units: ``units.parse`` (1000m, 2Ki) and ``units.parse_bytes`` (10MB, 2Gi)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from lockgate.policy.rego.builtins.arithmetic import rounded
from lockgate.policy.rego.builtins.contract import BuiltinError, Function, string
from lockgate.policy.rego.values import WideFloat

_MAX_EXPONENT_DIGITS: Final = 6
_MAX_EXPONENT: Final = 4_200
_PREFIXES: Final = "kmgtpe"

_SIZES: Final = {
    **{prefix: 1000 ** (place + 1) for place, prefix in enumerate(_PREFIXES)},
    **{f"{prefix}i": 1024 ** (place + 1) for place, prefix in enumerate(_PREFIXES)},
}
_BYTES: Final = {**_SIZES, **{f"{unit}b": size for unit, size in _SIZES.items()}, "": 1}
# A small m is milli; a double's 0.001 is what OPA multiplies with.
_UNITS: Final[dict[str, Fraction]] = {
    **{unit: Fraction(size) for unit, size in _SIZES.items()},
    **{unit.capitalize(): Fraction(size) for unit, size in _SIZES.items()},
    "": Fraction(1),
    "m": Fraction(0.001),
}


def parse(value: str) -> int | float:
    """A number with an SI or binary unit; ``m`` is a thousandth and ``M`` a million."""
    text, unit = _parts(string(value, 1).replace('"', ""), "units.parse")
    unit = unit[:1] + unit[1:].lower()
    if unit not in _UNITS:
        raise BuiltinError(f"units.parse: unit {unit} not recognized")
    amount = _amount(text, "units.parse: could not parse amount to a number") * _UNITS[unit]
    if amount.denominator == 1:
        return amount.numerator
    # Ten places after the point, halves away from zero, as Go prints a rational.
    tenths = (abs(amount.numerator) * 10**10 * 2 + amount.denominator) // (2 * amount.denominator)
    return WideFloat(f"{'-' if amount < 0 else ''}{tenths // 10**10}.{tenths % 10**10:010d}")


def parse_bytes(value: str) -> int:
    """A number of bytes, with a unit in any case; a fraction of a byte is cut off."""
    text, unit = _parts(string(value, 1).lower().replace('"', ""), "units.parse_bytes")
    if unit not in _BYTES:
        raise BuiltinError(f"units.parse_bytes: byte unit {unit} not recognized")
    amount = _amount(text, "units.parse_bytes: could not parse byte amount to a number")
    return int(rounded(rounded(amount) * _BYTES[unit]))


def _parts(text: str, name: str) -> tuple[str, str]:
    if " " in text:
        raise BuiltinError(f"{name}: spaces not allowed in resource strings")
    end = _end_of_number(text, name)
    if end == 0:
        raise BuiltinError(f"{name}: no {'byte ' if name.endswith('bytes') else ''}amount provided")
    return text[:end], text[end:]


def _end_of_number(text: str, name: str) -> int:
    at, end = 0, len(text)
    while at < end:
        c = text[at]
        if c in "eE":
            if at + 1 == end or not (text[at + 1] in "+-" or text[at + 1] in "0123456789"):
                return at
            at += text[at + 1] in "+-"
            digits = at + 1
            while digits < end and text[digits] in "0123456789":
                digits += 1
            if digits - at - 1 > _MAX_EXPONENT_DIGITS:
                raise BuiltinError(f"{name}: exponent too large")
        elif c not in "0123456789.+-":
            return at
        at += 1
    return end


def _amount(text: str, message: str) -> Fraction:
    mantissa, _, exponent = text.replace("E", "e").partition("e")
    if mantissa.endswith("."):
        mantissa += "0"
    try:
        power = int(exponent or "0")
        if abs(power) > _MAX_EXPONENT or len(mantissa) > _MAX_EXPONENT:
            raise BuiltinError(f"{message}: it is out of bounds")
        return Fraction(mantissa) * Fraction(10) ** power
    except (ValueError, ZeroDivisionError):
        raise BuiltinError(message) from None


FUNCTIONS: Final[dict[str, Function]] = {"units.parse": parse, "units.parse_bytes": parse_bytes}
