"""``sprintf``: the verbs of Go's ``fmt`` on what OPA hands it.

OPA hands over integers (int64, or big ones), floats (float64) and strings; any other value goes as the text that it has
in source. What does not fit a verb is written into the text, such as ``%!d(string=x)``, and never an error.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from lockgate.policy.rego.builtins.contract import MAX_TEXT, Function, LimitError, array, bounded, string
from lockgate.policy.rego.values import Value, WideFloat, bytes_of, literal, quote

_MAX_SIZE: Final = 1_000_000
_INT64: Final = 1 << 63

# The pattern is ours, and it is linear: a directive without flags is the usual one.
_SIMPLE: Final = re.compile(r"%([vsd])")
_HEX_FLOAT_DIGITS: Final = 13


class _Verb(NamedTuple):
    verb: str
    flags: str = ""
    width: int | None = None
    precision: int | None = None

    def has(self, flag: str) -> bool:
        return flag in self.flags


def sprintf(form: Value, values: Value) -> Value:
    """The text of a format and its arguments. Raises BuiltinError for what is no string or no array."""
    if not isinstance(form, str):
        string(form, 1)
    if not isinstance(values, (list, tuple)):
        array(values, 2)
    pieces = _simple(form)
    if pieces is None or len(pieces) // 2 != len(values):
        return bounded(_Printer(form, values).text(), "sprintf")
    parts: list[str] = []
    position = 0
    for piece in pieces:
        if len(parts) & 1 == 0:
            parts.append(piece)
            continue
        value = values[position]
        position += 1
        parts.append(value if type(value) is str and piece != "d" else shown(value, piece))
    return bounded("".join(parts), "sprintf")


def shown(value: Value, verb: str) -> str:
    """A value as a verb without flags writes it."""
    if type(value) is int and verb != "s":
        return str(value)
    return _formatted(_operand(value), _Verb(verb))


@lru_cache(maxsize=1024)
def _simple(form: str) -> list[str] | None:
    """Text, verb, text, verb, ..., text when only ``%v``, ``%s`` and ``%d`` occur, and without flags; else None."""
    pieces = _SIMPLE.split(form)
    return pieces if not any("%" in text for text in pieces[::2]) else None


class _Printer:
    """Walks a format as Go's ``doPrintf`` does."""

    def __init__(self, form: str, values: list[Value] | tuple[Value, ...]) -> None:
        self.form = form
        self.values = values
        self.at = 0
        self.argument = 0
        self.reordered = False
        self.ever_reordered = False
        self.good_index = True
        self.parts: list[str] = []
        self.size = 0

    def text(self) -> str:
        form, end = self.form, len(self.form)
        while self.at < end:
            start = form.find("%", self.at)
            if start < 0:
                start = end
            self._put(form[self.at : start])
            self.at = start + 1
            if start < end:
                self._directive()
        if not self.ever_reordered and self.argument < len(self.values):
            rest = (_named(_operand(value)) for value in self.values[self.argument :])
            self._put(f"%!(EXTRA {', '.join(rest)})")
        return "".join(self.parts)

    def _put(self, text: str) -> None:
        self.size += len(text)
        if self.size > MAX_TEXT:
            raise LimitError(f"sprintf: the text is longer than {MAX_TEXT} characters")
        self.parts.append(text)

    def _directive(self) -> None:
        self.good_index, self.reordered = True, False
        flags = self._flags()
        after_index = self._index()
        width, flags = self._width(flags, after_index)
        precision = self._precision(after_index if width is None else False)
        if not self._ended() and self.form[self.at] == "[":
            self._index()
        if self._ended():
            self._put("%!(NOVERB)")
            return
        verb = self.form[self.at]
        self.at += 1
        if verb == "%":
            self._put("%")
        elif not self.good_index:
            self._put(f"%!{verb}(BADINDEX)")
        elif self.argument >= len(self.values):
            self._put(f"%!{verb}(MISSING)")
        else:
            value = _operand(self.values[self.argument])
            self.argument += 1
            self._put(_formatted(value, _Verb(verb, flags, width, precision)))

    def _ended(self) -> bool:
        return self.at >= len(self.form)

    def _flags(self) -> str:
        start = self.at
        while not self._ended() and self.form[self.at] in "#0+- ":
            self.at += 1
        return self.form[start : self.at]

    def _index(self) -> bool:
        """An explicit argument index such as ``[2]``. Whether there was one."""
        if self._ended() or self.form[self.at] != "[":
            return False
        self.reordered = self.ever_reordered = True
        close = self.form.find("]", self.at)
        inner = self.form[self.at + 1 : close] if close >= 0 else ""
        ok = inner.isascii() and inner.isdigit() and len(inner) < 8
        if close < 0:
            self.at += 1
            self.good_index = False
            return False
        self.at = close + 1
        if ok and 1 <= int(inner) <= len(self.values):
            self.argument = int(inner) - 1
            return True
        self.good_index = False
        return ok

    def _width(self, flags: str, after_index: bool) -> tuple[int | None, str]:
        if not self._ended() and self.form[self.at] == "*":
            self.at += 1
            width = self._star()
            if width is None:
                self._put("%!(BADWIDTH)")
            elif width < 0:
                return -width, flags + "-"
            return width, flags
        width = self._digits()
        if after_index and width is not None:
            self.good_index = False
        return width, flags

    def _precision(self, after_index: bool) -> int | None:
        if self.at + 1 > len(self.form) or self.form[self.at : self.at + 1] != ".":
            return None
        self.at += 1
        if after_index:
            self.good_index = False
        self._index()
        if not self._ended() and self.form[self.at] == "*":
            self.at += 1
            precision = self._star()
            if precision is None or precision < 0:
                self._put("%!(BADPREC)")
                return None
            return precision
        return self._digits() or 0

    def _digits(self) -> int | None:
        start = self.at
        while not self._ended() and self.form[self.at] in "0123456789":
            self.at += 1
        if start == self.at:
            return None
        number = int(self.form[start : self.at][:8])
        return number if number <= _MAX_SIZE else None

    def _star(self) -> int | None:
        """The argument that gives a width or a precision, or None when it is missing or no small integer."""
        if self.argument >= len(self.values):
            return None
        value = self.values[self.argument]
        self.argument += 1
        return value if type(value) is int and -_MAX_SIZE <= value <= _MAX_SIZE else None


def _operand(value: Value) -> Any:
    """An int, a float or a str: what OPA hands to ``fmt``. A number that no double comes near goes as its text."""
    if isinstance(value, WideFloat) and math.isinf(value):
        return value.text
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return value
    return literal(value)


def _go_type(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, float):
        return "float64"
    return "int64" if -_INT64 <= value < _INT64 else "*big.Int"


def _named(value: Any) -> str:
    return f"{_go_type(value)}={_formatted(value, _Verb('v'))}"


def _bad(value: Any, verb: _Verb) -> str:
    inner = _formatted(value, verb._replace(verb="v"))
    return f"%!{verb.verb}({_go_type(value)}={inner})"


def _formatted(value: Any, verb: _Verb) -> str:
    if verb.verb == "T":
        return _padded(_go_type(value), verb._replace(precision=None), zeros=False)
    if verb.verb == "p":
        return f"%!p({_named(value)})"
    if isinstance(value, str):
        return _string(value, verb)
    if isinstance(value, float):
        return _float(value, verb)
    return _integer(value, verb)


def _padded(text: str, verb: _Verb, *, zeros: bool) -> str:
    width = verb.width or 0
    if verb.has("-"):
        return text.ljust(width)
    return text.rjust(width, "0" if zeros and verb.has("0") else " ")


def _string(value: str, verb: _Verb) -> str:
    letter = verb.verb
    if letter in "vs":
        if letter == "v" and verb.has("#"):
            return _padded(quote(value), verb, zeros=True)
        return _padded(value if verb.precision is None else value[: verb.precision], verb, zeros=True)
    if letter in "xX":
        return _padded(_hex(bytes_of(value), verb), verb, zeros=True)
    if letter == "q":
        text = value if verb.precision is None else value[: verb.precision]
        if verb.has("#") and "`" not in text and all(c == "\t" or c.isprintable() for c in text):
            return _padded(f"`{text}`", verb, zeros=True)
        quoted = quote(text)
        return _padded(_ascii(quoted) if verb.has("+") else quoted, verb, zeros=True)
    return _bad(value, verb)


def _ascii(quoted: str) -> str:
    return "".join(c if c < "\x7f" else f"\\u{ord(c):04x}" if c < "\U00010000" else f"\\U{ord(c):08x}" for c in quoted)


def _hex(data: bytes, verb: _Verb) -> str:
    if verb.precision is not None:
        data = data[: verb.precision]
    if not data:
        return ""
    prefix = "0x" if verb.has("#") else ""
    text = f" {prefix}".join(f"{byte:02x}" for byte in data) if verb.has(" ") else data.hex()
    return (prefix + text).upper() if verb.verb == "X" else prefix + text


_BASES: Final = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}


def _integer(value: int, verb: _Verb) -> str:
    letter = verb.verb
    big = not -_INT64 <= value < _INT64
    if letter in _BASES or (big and letter == "s"):
        return _based(value, verb, _BASES.get(letter, "d"))
    if big:
        return f"%!{letter}(big.Int={value})"
    if letter in "eEfFgG":
        return _bad(value, verb)
    if letter in "cqU":
        return _character(value, verb)
    return _bad(value, verb)


def _based(value: int, verb: _Verb, base: str) -> str:
    digits = format(abs(value), base)
    if verb.precision is not None:
        digits = "" if verb.precision == 0 and value == 0 else digits.rjust(verb.precision, "0")
        if not digits:
            return " " * (verb.width or 0)
    sign = "-" if value < 0 else "+" if verb.has("+") else " " if verb.has(" ") else ""
    prefix = ""
    if verb.has("#"):
        prefix = {"b": "0b", "o": "" if digits.startswith("0") else "0", "x": "0x", "X": "0X"}.get(base, "")
    if verb.verb == "O":
        prefix = "0o"
    if verb.has("0") and verb.precision is None and not verb.has("-") and verb.width is not None:
        digits = digits.rjust(verb.width - len(sign), "0")
        return sign + prefix + digits
    return _padded(sign + prefix + digits, verb, zeros=False)


def _character(value: int, verb: _Verb) -> str:
    code = value if 0 <= value <= 0x10FFFF and not 0xD800 <= value < 0xE000 else 0xFFFD
    if verb.verb == "c":
        return _padded(chr(code), verb, zeros=True)
    if verb.verb == "q":
        inner = quote(chr(code))[1:-1].replace('\\"', '"')
        inner = "\\'" if inner == "'" else inner
        return _padded(f"'{_ascii(inner) if verb.has('+') else inner}'", verb, zeros=True)
    text = f"U+{value & 0xFFFFFFFFFFFFFFFF:0{max(4, verb.precision or 4)}X}"
    if verb.has("#") and value <= 0x10FFFF and chr(code).isprintable():
        text += f" '{chr(code)}'"
    return _padded(text, verb._replace(flags=verb.flags.replace("0", "")), zeros=False)


def _float(value: float, verb: _Verb) -> str:
    letter = "g" if verb.verb == "v" else verb.verb
    if letter in "eEfFgG":
        text = _decimal(abs(value), letter, verb)
    elif letter in "xX":
        text = _hex_float(abs(value), verb)
    elif letter == "b":
        text = _binary_float(abs(value))
    else:
        return _bad(value, verb)
    sign = "-" if math.copysign(1, value) < 0 else "+" if verb.has("+") else " " if verb.has(" ") else ""
    if verb.has("0") and not verb.has("-") and verb.width is not None and sign:
        return sign + text.rjust(verb.width - len(sign), "0")
    return _padded(sign + text, verb, zeros=True)


def _decimal(value: float, letter: str, verb: _Verb) -> str:
    precision = verb.precision
    if letter in "gG":
        return _general(value, precision, verb, letter)
    places = 6 if precision is None else precision
    if letter in "fF":
        text = f"{Decimal(value):.{places}f}"
    else:
        text = f"{value:.{places}e}"
        text = text.upper() if letter == "E" else text
    return text + "." if verb.has("#") and places == 0 else text


def _general(value: float, precision: int | None, verb: _Verb, letter: str) -> str:
    if precision is None:
        exact = Decimal(repr(value))
        limit = 21 if verb.has("#") and verb.verb == "v" else 6
    else:
        wanted = max(precision, 1)
        exact = Context(prec=wanted, rounding=ROUND_HALF_EVEN, Emin=-9999, Emax=9999).plus(Decimal(value))
        limit = wanted
    digits = "".join(map(str, exact.as_tuple().digits)).rstrip("0") or "0"
    exponent = exact.adjusted() if value else 0
    if precision is not None and limit > len(digits) and len(digits) >= exponent + 1:
        limit = len(digits)
    if precision is None:
        limit = 6 if limit == 6 else 21
    shown = digits.ljust(max(precision or 6, 1), "0") if verb.has("#") else digits
    if exponent < -4 or exponent >= limit:
        rest = f".{shown[1:]}" if len(shown) > 1 else ""
        text = f"{shown[0]}{rest}e{exponent:+03d}"
        return text.upper() if letter == "G" else text
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{shown}"
    padded = shown.ljust(exponent + 1, "0")
    rest = padded[exponent + 1 :]
    return padded[: exponent + 1] + (f".{rest}" if rest else "." if verb.has("#") else "")


def _hex_float(value: float, verb: _Verb) -> str:
    mantissa, power = math.frexp(value)
    number, exponent = (int(math.ldexp(mantissa, 53)), power - 1) if value else (0, 0)
    places = _HEX_FLOAT_DIGITS if verb.precision is None else min(verb.precision, _HEX_FLOAT_DIGITS)
    drop = 4 * (_HEX_FLOAT_DIGITS - places)
    if drop:
        half, rest = 1 << (drop - 1), number & ((1 << drop) - 1)
        number >>= drop
        number += rest > half or (rest == half and number & 1)
        if number >> (4 * places + 1):
            number >>= 1
            exponent += 1
    digits = f"{number:0{places + 1}x}"
    tail = digits[1:].rstrip("0") if verb.precision is None else digits[1:].ljust(verb.precision, "0")
    text = f"0x{digits[0]}{'.' + tail if tail else ''}p{exponent:+03d}"
    return text.upper() if verb.verb == "X" else text


def _binary_float(value: float) -> str:
    mantissa, power = math.frexp(value)
    number = int(math.ldexp(mantissa, 53)) if value else 0
    return f"{number}p{power - 53 if value else -1074:+d}"


FUNCTIONS: Final[dict[str, Function]] = {"sprintf": sprintf}
