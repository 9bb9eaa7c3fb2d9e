"""Distinguished names as trust policies write them (``C=US, ST=WA, O=example``). Source: RFC 4514;
trust-store-trust-policy.md, "Trusted Identities Constraints"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lockgate.formats.format_error import FormatError

_LONGEST = 4_096
_MANDATORY = ("C", "ST", "O")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}|[0-9]+(?:\.[0-9]+)*")
_HEX = re.compile(r"[0-9A-Fa-f]{2}")


def parse(text: str) -> dict[str, str]:
    """The attributes of a name by their types; ``S`` is ``ST``.

    A name has a country, a state and an organization at least, each attribute once, none of several values and none
    encoded as ``#...``. Raises :class:`FormatError`.
    """
    if len(text) > _LONGEST:
        raise FormatError(f"a distinguished name longer than {_LONGEST} characters")
    return unique(_attributes(text))


def unique(attributes: Iterator[tuple[str, str]]) -> dict[str, str]:
    """The attributes by their types. Raises :class:`FormatError` as :func:`parse` does."""
    found: dict[str, str] = {}
    for type_, value in attributes:
        name = "ST" if type_ == "S" else type_
        if name in found:
            raise FormatError(f"a distinguished name with {name} twice")
        found[name] = value
    missing = [name for name in _MANDATORY if not found.get(name)]
    if missing:
        raise FormatError(f"a distinguished name without {', '.join(missing)}: it needs C, ST and O")
    return found


def within(wanted: Mapping[str, str], name: Mapping[str, str]) -> bool:
    """Whether every attribute that is wanted stands in ``name`` with the same value."""
    return all(name.get(type_) == value for type_, value in wanted.items())


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while True:
        type_, equals, _ = text[at:].partition("=")
        name = type_.strip()
        if not equals or not _TYPE.fullmatch(name):
            raise FormatError("a distinguished name is written as C=..., ST=..., O=...")
        at += len(type_) + 1
        if text[at:].lstrip().startswith("#"):
            raise FormatError("a distinguished name with a value that is encoded")
        value, at = _value(text, at)
        yield name, value
        if at >= len(text):
            return
        if text[at] == "+":
            raise FormatError("a distinguished name with several values in one place")
        at += 1


def _value(text: str, at: int) -> tuple[str, int]:
    """A value and where it ends: at a comma, a plus or the end. Blanks around it that are not escaped are no part."""
    found, kept = bytearray(), 0
    while at < len(text) and text[at] not in ",+;":
        sign = text[at]
        if sign == "\\":
            at += 1
            code = _HEX.match(text, at)
            if code is not None:
                found.append(int(code[0], 16))
                at += 2
            elif at < len(text) and text[at] in ' "#+,;<=>\\':
                found += text[at].encode()
                at += 1
            else:
                raise FormatError("a distinguished name with a backslash before nothing that needs it")
            kept = len(found)
            continue
        if sign in '"<>\0':
            raise FormatError("a distinguished name with a sign that has to be escaped")
        if sign != " " or found:
            found += sign.encode()
        kept = kept if sign == " " else len(found)
        at += 1
    try:
        return bytes(found[:kept]).decode("utf-8"), at
    except UnicodeDecodeError:
        raise FormatError("a distinguished name that is not UTF-8") from None
