"""Reads DER (ITU-T X.690), as far as certificates need it: definite lengths and tags below 31."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

BOOLEAN, INTEGER, BITS, OCTETS, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERAL_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
_STRINGS: Final = {0x0C: "utf-8", 0x12: "ascii", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
_MAX_ARC: Final = 1 << 31


class DerError(Exception):
    """Bytes that are not what they should be."""


class Element(NamedTuple):
    """One tagged value."""

    tag: int
    """The whole first byte, with class and form."""
    content: bytes
    """Without tag and length."""
    raw: bytes
    """With them."""

    def of(self, tag: int) -> Element:
        """Itself. Raises :class:`DerError` when it has another tag."""
        if self.tag != tag:
            raise DerError(f"expected tag {tag:#x}, found {self.tag:#x}")
        return self


def first(data: bytes) -> tuple[Element, bytes]:
    """The first value, and the bytes behind it."""
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise DerError("no tag")
    size, start = data[1], 2
    if size & 0x80:
        count = size & 0x7F
        start += count
        size = int.from_bytes(data[2:start], "big")
        if not 1 <= count <= 4 or size < 0x80 or size >> 8 * (count - 1) == 0:
            raise DerError("a length that is not DER")
    if len(data) < start + size:
        raise DerError("the data ends early")
    return Element(data[0], data[start : start + size], data[: start + size]), data[start + size :]


def whole(data: bytes) -> Element:
    """The one value that the bytes are."""
    found, rest = first(data)
    if rest:
        raise DerError("trailing data")
    return found


def members(content: bytes) -> list[Element]:
    """The values in a sequence or a set."""
    found = []
    while content:
        element, content = first(content)
        found.append(element)
    return found


def sequence(data: bytes) -> list[Element]:
    """The members of the sequence that the bytes are."""
    return members(whole(data).of(SEQUENCE).content)


def integer(element: Element, tag: int = INTEGER) -> int:
    content = element.of(tag).content
    if not content:
        raise DerError("an empty integer")
    return int.from_bytes(content, "big", signed=True)


def boolean(element: Element) -> bool:
    if element.of(BOOLEAN).content not in (b"\x00", b"\xff"):
        raise DerError("a boolean that is not DER")
    return element.content == b"\xff"


def arcs(element: Element, tag: int = OID) -> list[int]:
    """The numbers of an object identifier."""
    numbers: list[int] = []
    number = 0
    content = element.of(tag).content
    if not content or content[-1] & 0x80:
        raise DerError("an object identifier that ends early")
    for byte in content:
        number = number << 7 | byte & 0x7F
        if number >= _MAX_ARC:
            raise DerError("an object identifier with a number over 31 bits")
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    head = min(numbers[0] // 40, 2)
    return [head, numbers[0] - 40 * head, *numbers[1:]]


def dotted(numbers: list[int]) -> str:
    return ".".join(map(str, numbers))


def bits(element: Element) -> bytes:
    """The bytes of a bit string, without the count of unused bits."""
    content = element.of(BITS).content
    if not content or content[0] > 7:
        raise DerError("a bit string that is not DER")
    return content[1:]


def text(element: Element) -> str:
    """The text of a string of any of the types that names have."""
    if element.tag not in _STRINGS:
        raise DerError("unsupported string type")
    try:
        return element.content.decode(_STRINGS[element.tag])
    except UnicodeDecodeError:
        raise DerError("invalid string") from None


def moment(element: Element) -> datetime:
    """A time in UTC; years of two digits are those from 1950 to 2049."""
    try:
        written = element.content.decode("ascii")
        if element.tag == UTC_TIME:
            written = ("19" if written[:2] >= "50" else "20") + written
        elif element.tag != GENERAL_TIME:
            raise DerError("not a time")
        return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DerError("malformed time") from None
