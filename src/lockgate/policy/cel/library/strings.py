"""cel-go's strings extension. Positions count characters."""

from __future__ import annotations

from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.library._formatting import format_text
from lockgate.policy.cel.metering import charge, charge_new
from lockgate.policy.cel.values import CelError, no_overload

_QUOTED = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"',
}  # fmt: skip
_UPPER = {code: code - 32 for code in range(97, 123)}
_LOWER = {code: code + 32 for code in range(65, 91)}
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def _char_at(text: str, at: int) -> str:
    if not 0 <= at <= len(text):
        raise CelError(f"index out of range: {at}")
    return text[at : at + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    charge(len(text))
    if part == "":
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return text.find(part, start)


def _last_index_of(text: str, part: str, start: int | None = None) -> int:
    charge(len(text))
    if part == "":
        return len(text) if start is None else start
    if start is None:
        return text.rfind(part)
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return -1 if start >= len(text) else text.rfind(part, 0, start + len(part))


def _join(items: list[object], separator: str = "") -> str:
    size = 0
    for item in items:
        if type(item) is not str:
            raise no_overload("join", item)
        size += len(item) + len(separator)
    charge_new(size)
    return separator.join(items)  # type: ignore[arg-type]


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    count = text.count(old) if limit < 0 else min(limit, text.count(old))
    charge_new(len(text) + count * len(new))
    return text.replace(old, new, max(-1, limit))


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    charge(len(text))
    if limit == 0:
        return []
    if separator == "":
        parts = list(text) if limit < 0 else list(text[: limit - 1])
        return parts if limit < 0 or len(text) < limit else [*parts, text[limit - 1 :]]
    return text.split(separator, max(-1, limit - 1))


def _substring(text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    for at in (start, end):
        if not 0 <= at <= len(text):
            raise CelError(f"index out of range: {at}")
    if start > end:
        raise CelError(f"invalid substring range. start: {start}, end: {end}")
    return text[start:end]


def _charged(text: str) -> str:
    charge(len(text))
    return text


def _quote(text: str) -> str:
    charge(len(text))
    body = "".join(_QUOTED.get(character, character) for character in text)
    return f'"{body}"'


LIBRARY = [
    method("charAt", "string", "int", do=_char_at, result="string"),
    method("indexOf", "string", "string", do=_index_of, result="int"),
    method("indexOf", "string", "string", "int", do=_index_of, result="int"),
    method("lastIndexOf", "string", "string", do=_last_index_of, result="int"),
    method("lastIndexOf", "string", "string", "int", do=_last_index_of, result="int"),
    method("join", "list", do=_join, result="string"),
    method("join", "list", "string", do=_join, result="string"),
    method("lowerAscii", "string", do=lambda text: _charged(text).translate(_LOWER), result="string"),
    method("upperAscii", "string", do=lambda text: _charged(text).translate(_UPPER), result="string"),
    method("replace", "string", "string", "string", do=_replace, result="string"),
    method("replace", "string", "string", "string", "int", do=_replace, result="string"),
    method("split", "string", "string", do=_split, result="list"),
    method("split", "string", "string", "int", do=_split, result="list"),
    method("substring", "string", "int", do=_substring, result="string"),
    method("substring", "string", "int", "int", do=_substring, result="string"),
    method("trim", "string", do=lambda text: _charged(text).strip(_SPACES), result="string"),
    method("format", "string", "list", do=format_text, result="string"),
    function("strings.quote", "string", do=_quote, result="string"),
]
