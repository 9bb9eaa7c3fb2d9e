"""Fills the placeholders of samples, so that no credential-like literal stands in the repository.

``{{alnum:32}}`` becomes 32 letters and digits, ``{{join:AK|IA}}`` glues its pieces, ``{{b64of:...}}`` encodes what its
inside expands to. The same text always expands to the same result. Text in double braces that names no placeholder
(``{{ .Values.image }}``, ``${{ secrets.TOKEN }}``) is left as it stands; a word we do not know followed by a colon and
no blank is refused, because it is a misspelt placeholder. How samples are judged does not belong here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
from collections.abc import Callable

from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern

_UPPER, _LOWER, _DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
_CLASSES: dict[str, tuple[str, ...]] = {
    "alnum": (_UPPER, _LOWER, _DIGITS),
    "hex": (_DIGITS, "abcdef"),
    "upper": (_UPPER,),
    "lower": (_LOWER,),
    "digits": (_DIGITS,),
    "base64": (_UPPER, _LOWER, _DIGITS, "+/"),
    "base64url": (_UPPER, _LOWER, _DIGITS, "-_"),
    "base32": (_UPPER, "234567"),
}
_OPENING = lazy_pattern(r"\{\{([a-z][a-z0-9]*)(:|\}\})")
_MAX_LENGTH = 100_000
PLACEHOLDERS = (*_CLASSES, "chars", "uuid", "jwt", "pem", "join", "b64of")
"""Every word that may open a placeholder."""


class _Stream:
    """Bytes that look random and depend on nothing but the seed (SHA-256 in counter mode)."""

    def __init__(self, seed: str) -> None:
        self._seed = hashlib.sha256(seed.encode()).digest()
        self._counter = 0
        self._pool = b""

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit - 1``."""
        if len(self._pool) < 4:
            self._pool = hashlib.sha256(self._seed + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
        word, self._pool = self._pool[:4], self._pool[4:]
        return int.from_bytes(word, "big") % limit

    def text(self, classes: tuple[str, ...], length: int) -> str:
        """``length`` characters; every class occurs where the length has room for it, as in real credentials."""
        alphabet = "".join(classes)
        chars = [alphabet[self.below(len(alphabet))] for _ in range(length)]
        if length >= 2 * len(classes):
            # One slot per class, spread evenly: no slot is taken twice.
            stride = length // len(classes)
            for index, members in enumerate(classes):
                chars[index * stride + self.below(stride)] = members[self.below(len(members))]
        return "".join(chars)


def expand_sample(text: str) -> str:
    """``text`` with its placeholders filled in; deterministic per text.

    Lengths count characters; ``base64`` carries no padding of its own (write ``{{base64:86}}==``).
    Raises ``ConfigurationError`` for a placeholder that is misspelt, unclosed or lacks its length.
    """
    return _expand(text, _Stream(text))


def _expand(text: str, stream: _Stream) -> str:
    pieces: list[str] = []
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        name, mark = opening.groups()
        pieces.append(text[position : opening.start()])
        if mark == "}}":
            pieces.append(_without_argument(name, opening.group(), stream))
            position = opening.end()
            continue
        end = _closing(text, opening.end())
        pieces.append(_with_argument(name, text[opening.end() : end], stream))
        position = end + 2
    pieces.append(text[position:])
    return "".join(pieces)


def _closing(text: str, start: int) -> int:
    depth = 1
    position = start
    while position < len(text):
        if text.startswith("{{", position):
            depth += 1
            position += 2
        elif text.startswith("}}", position):
            depth -= 1
            if depth == 0:
                return position
            position += 2
        else:
            position += 1
    raise ConfigurationError(f"the placeholder {text[start - 12 : start + 12]!r} is not closed", hint="add }}")


def _without_argument(name: str, whole: str, stream: _Stream) -> str:
    if name == "uuid":
        digits = stream.text(_CLASSES["hex"], 32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    if name == "jwt":
        return _jwt(stream)
    return whole


def _with_argument(name: str, argument: str, stream: _Stream) -> str:
    if name in _CLASSES:
        return stream.text(_CLASSES[name], _length(argument, name))
    special: dict[str, Callable[[], str]] = {
        "chars": lambda: _from_own_class(argument, stream),
        "pem": lambda: _pem(argument, stream),
        "join": lambda: _expand(argument.replace("|", ""), stream),
        "b64of": lambda: base64.b64encode(_expand(argument, stream).encode()).decode(),
    }
    if name not in special:
        raise ConfigurationError(f"unknown placeholder {{{{{name}:...}}}}", hint=f"known: {', '.join(PLACEHOLDERS)}")
    return special[name]()


def _length(argument: str, name: str) -> int:
    if not argument.isascii() or not argument.isdigit() or not 0 < int(argument) <= _MAX_LENGTH:
        raise ConfigurationError(f"the placeholder {name!r} needs a length from 1 to {_MAX_LENGTH}, not {argument!r}")
    return int(argument)


def _from_own_class(argument: str, stream: _Stream) -> str:
    members, _, count = argument.rpartition(":")
    alphabet: list[str] = []
    for match in re.finditer(r"(.)-(.)|(.)", members, re.DOTALL):
        first, last, single = match.groups()
        alphabet.extend([single] if single else map(chr, range(ord(first), ord(last) + 1)))
    if not alphabet:
        raise ConfigurationError(f"the placeholder 'chars' needs characters and a length, not {argument!r}")
    return stream.text(("".join(alphabet),), _length(count, "chars"))


def _jwt(stream: _Stream) -> str:
    head = {"alg": "HS256", "typ": "JWT"}
    body = {"sub": stream.text((_DIGITS,), 10), "iat": 1700000000 + stream.below(10**7), "name": "sample"}
    plain = [json.dumps(part, separators=(",", ":")).encode() for part in (head, body)]
    parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in plain]
    return ".".join([*parts, stream.text(_CLASSES["base64url"], 43)])


def _pem(label: str, stream: _Stream) -> str:
    body = stream.text(_CLASSES["base64"], 64 * 13)
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])
