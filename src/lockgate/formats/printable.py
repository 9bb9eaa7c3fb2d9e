"""Makes hostile text safe to look at: what a repository can set must not move a cursor or turn a line around.

Control characters, format characters (bidirectional overrides and isolates, zero-width ones), line separators, private
use, unassigned code points and lone surrogates are written as visible escapes. What does not belong: escaping for one
target format (HTML, Markdown, CSV, XML); each report does that on top.
"""

from __future__ import annotations

import unicodedata

from lockgate.lazy_pattern import lazy_pattern

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_SECRETS = ("pass", "secret", "token", "key")
"""Of these ``_ASSIGNED`` needs one."""
_ASSIGNED = lazy_pattern(
    r"(?i)((?:password|passwd|secret|token|api_?key|passphrase)\w{0,20}[\"']?\s{0,3}[=:]\s{0,3}[\"']?)([^\s\"'$]{3,})"
)
_URL_PASSWORD = lazy_pattern(r"(://[^\s/:@]{1,80}:)([^\s/@]{1,200})(@)")


def printable(text: str) -> str:
    r"""``text`` on one line with every invisible character written as ``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN``.

    Tabs and other blanks become one space each, because they are common in code and harmless.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _visible(character) for character in text)


def veiled(text: str) -> str:
    """``text`` with what stands behind a word for a secret, or as the password of an address, replaced by ``***``.

    For lines that are shown as evidence and may hold a secret by chance; what is known to be one is masked by its rule.
    """
    if "@" in text:
        text = _URL_PASSWORD.sub(r"\1***\3", text)
    folded = text.casefold()
    return _ASSIGNED.sub(r"\1***", text) if any(word in folded for word in _SECRETS) else text


def clipped(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + ELLIPSIS


def _visible(character: str) -> str:
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    point = ord(character)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
