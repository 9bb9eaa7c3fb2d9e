"""The pieces that sort keys are made of: printable text whose code-point order is the order meant."""

from __future__ import annotations

MAX_LENGTH = 256


class VersionError(ValueError):
    """A text that is no version of its ecosystem, or an ecosystem whose order is not known."""


def checked(version: str) -> str:
    """``version`` without surrounding blanks. Raises ``VersionError`` when it is empty, overlong or has control marks.

    Keys end free text by a blank, the smallest character they allow, so nothing smaller may come in.
    """
    version = version.strip()
    if not version or len(version) > MAX_LENGTH:
        raise VersionError("the version is empty" if not version else f"the version has {len(version)} characters")
    if min(version) <= " ":
        raise VersionError("the version holds a blank or a control character")
    return version


def number(digits: str) -> str:
    """A key for a natural number in decimal (ASCII) digits: its length as a letter, then the number. Prefix-free."""
    digits = digits.lstrip("0")
    length = len(digits)
    if length <= 25:
        return chr(65 + length) + digits
    return "[" + number(str(length)) + digits


def text(letters: str) -> str:
    """A key for free text without blanks. Prefix-free."""
    return letters + " "


def is_number(part: str) -> bool:
    """Whether ``part`` is one or more ASCII digits."""
    return part.isascii() and part.isdigit()


def strip_zeros(parts: list[str]) -> list[str]:
    """Numbers without the trailing zeros that say nothing."""
    end = len(parts)
    while end > 1 and not parts[end - 1].strip("0"):
        end -= 1
    return parts[:end]
