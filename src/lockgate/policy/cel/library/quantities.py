"""Kubernetes' quantity library: ``resource.Quantity`` of ``k8s.io/apimachinery/pkg/api/resource``.

A quantity is kept as Kubernetes keeps it, because ``isInteger`` answers from that form: a 64-bit integer and a power
of ten where the text fits (``1.5k`` is 15 hundreds, and ``1.0`` 10 tenths, which are no integer to it), else an
arbitrary decimal (``1.5Gi``), which never is one. ``div`` and ``divInt`` of later versions are not here.
"""

from __future__ import annotations

from functools import lru_cache

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.values import INT_MAX, INT_MIN, CelError, Opaque

_TEXT = lazy_pattern(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,9})?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_LONGEST = 512
_NANO = -9


class Quantity(Opaque):
    """An amount of a resource: ``value`` times ten to the power of ``scale``."""

    __slots__ = ("big", "scale", "value")
    TYPE = "kubernetes.Quantity"

    def __init__(self, value: int, scale: int, *, big: bool) -> None:
        self.value = value
        self.scale = scale
        self.big = big

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and compare(self, other) == 0

    def __hash__(self) -> int:
        return hash(self.nanos())

    def __repr__(self) -> str:
        return f"quantity({self.value}e{self.scale})"

    def nanos(self) -> int:
        """The amount in units of 10**-9, which no quantity is finer than."""
        return int(self.value * 10 ** (self.scale - _NANO))


@lru_cache(maxsize=1024)  # the amounts of all objects are a few dozen, each read several times
def parse_quantity(text: str) -> Quantity:
    """Kubernetes' spelling: ``1.5Gi``, ``100m``, ``12e6``. Finer than nano is rounded away from zero."""
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None or not (match[2] or match[3]):
        raise CelError(f"quantity() does not read {text[:60]!r}: a number with a suffix such as m, k, Mi is expected")
    sign, whole, fraction, suffix = match[1], match[2].lstrip("0"), (match[3] or "").rstrip("0"), match[4] or ""
    digits = match[3] or ""
    unscaled = int((whole + digits) or "0") * (-1 if sign == "-" else 1)
    if suffix in _BINARY:
        return _binary(unscaled, whole or "0", digits, _BINARY[suffix])
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    scale = exponent - len(digits)
    if len(whole or "0") + len(digits) <= 18 and scale >= _NANO:
        return _small(unscaled, scale)
    return _big(int((whole + fraction) or "0") * (-1 if sign == "-" else 1), exponent - len(fraction))


def _small(value: int, scale: int) -> Quantity:
    return Quantity(value, min(scale, 64) if value else 0, big=False)


def _binary(unscaled: int, whole: str, digits: str, power: int) -> Quantity:
    fits = not digits and 15 - len(whole) - int(power * 3 / 10) - 1 >= 0
    value = unscaled * 2**power
    if fits and INT_MIN <= value <= INT_MAX:
        return Quantity(value, 0, big=False)
    return _big(value, -len(digits))


def _big(value: int, scale: int) -> Quantity:
    """Rounded to nano away from zero, and held below the largest quantity, 2**63-1."""
    scale = max(-600, min(scale, 64))
    if scale < _NANO:
        rest = 10 ** (_NANO - scale)
        magnitude = -(-abs(value) // rest)
        value, scale = (-magnitude if value < 0 else magnitude), _NANO
    if value > 0 and value * 10 ** (scale - _NANO) > INT_MAX * 10**-_NANO:
        value, scale = INT_MAX, 0
    return Quantity(value, scale, big=True)


def compare(left: Quantity, right: Quantity) -> int:
    """-1, 0 or 1."""
    a, b = left.nanos(), right.nanos()
    return (a > b) - (a < b)


def add(left: Quantity, right: Quantity) -> Quantity:
    """The sum, in the finer of the two scales."""
    scale = min(left.scale, right.scale)
    value = left.value * 10 ** (left.scale - scale) + right.value * 10 ** (right.scale - scale)
    return Quantity(value, scale, big=left.big or right.big or not INT_MIN <= value <= INT_MAX)


def _negative(value: Quantity) -> Quantity:
    return Quantity(-value.value, value.scale, big=value.big)


def _integer(value: Quantity) -> int | None:
    if value.big or value.scale < 0:
        return None
    whole = int(value.value * 10**value.scale)
    return whole if INT_MIN <= whole <= INT_MAX else None


def _as_integer(value: Quantity) -> int:
    whole = _integer(value)
    if whole is None:
        raise CelError("cannot convert value to integer")
    return whole


def _as_float(value: Quantity) -> float:
    return float(f"{value.value}e{value.scale}")


def _multiply(value: Quantity, factor: int) -> Quantity:
    product = value.value * factor
    return Quantity(product, value.scale, big=value.big or not INT_MIN <= product <= INT_MAX)


def _is_quantity(text: str) -> bool:
    try:
        parse_quantity(text)
    except CelError:
        return False
    return True


def _plain(value: int) -> Quantity:
    return Quantity(value, 0, big=False)


def _sign(value: Quantity) -> int:
    return (value.value > 0) - (value.value < 0)


_Q = Quantity.TYPE
LIBRARY = [
    function("quantity", "string", do=parse_quantity),
    function("isQuantity", "string", do=_is_quantity, result="bool"),
    function("sign", _Q, do=_sign, result="int"),
    method("sign", _Q, do=_sign, result="int"),
    method("isInteger", _Q, do=lambda value: _integer(value) is not None, result="bool"),
    method("asInteger", _Q, do=_as_integer, result="int"),
    method("asApproximateFloat", _Q, do=_as_float, result="double"),
    method("add", _Q, _Q, do=add),
    method("add", _Q, "int", do=lambda value, more: add(value, _plain(more))),
    method("sub", _Q, _Q, do=lambda value, less: add(value, _negative(less))),
    method("sub", _Q, "int", do=lambda value, less: add(value, _plain(-less))),
    method("mul", _Q, "int", do=_multiply),
    method("compareTo", _Q, _Q, do=compare, result="int"),
    method("isGreaterThan", _Q, _Q, do=lambda left, right: compare(left, right) > 0, result="bool"),
    method("isLessThan", _Q, _Q, do=lambda left, right: compare(left, right) < 0, result="bool"),
]
