"""Strings: searching, cutting, joining, replacing. Positions count characters, as OPA's do."""

from __future__ import annotations

from typing import Final

from lockgate.policy.rego.builtins.contract import (
    MAX_TEXT,
    BuiltinError,
    Context,
    Function,
    LimitError,
    bounded,
    dictionary,
    integer,
    number,
    string,
    wrong_member,
    wrong_type,
)
from lockgate.policy.rego.values import Set, Value, bytes_of, in_order, keys_in_order, literal, text_of

_SPACES: Final = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BASES: Final = {2: "b", 8: "o", 10: "d", 16: "x"}


def contains(text: Value, part: Value) -> Value:
    if isinstance(text, str) and isinstance(part, str):
        return part in text
    raise _not_strings(text, part)


def startswith(text: Value, prefix: Value) -> Value:
    if isinstance(text, str) and isinstance(prefix, str):
        return text.startswith(prefix)
    raise _not_strings(text, prefix)


def endswith(text: Value, suffix: Value) -> Value:
    if isinstance(text, str) and isinstance(suffix, str):
        return text.endswith(suffix)
    raise _not_strings(text, suffix)


def any_prefix_match(texts: Value, prefixes: Value) -> Value:
    """Whether one of the texts starts with one of the prefixes; a string stands for a list of one."""
    found = _texts(texts, 1), tuple(_texts(prefixes, 2))
    return any(text.startswith(found[1]) for text in found[0])


def any_suffix_match(texts: Value, suffixes: Value) -> Value:
    """Whether one of the texts ends with one of the suffixes; a string stands for a list of one."""
    found = _texts(texts, 1), tuple(_texts(suffixes, 2))
    return any(text.endswith(found[1]) for text in found[0])


def count(text: Value, part: Value) -> Value:
    """Occurrences that do not overlap; of the empty text one more than there are characters."""
    return string(text, 1).count(string(part, 2))


def indexof(text: Value, part: Value) -> Value:
    """The position of the first occurrence, or -1."""
    whole, searched = string(text, 1), string(part, 2)
    if not searched:
        raise BuiltinError("empty search character")
    return whole.find(searched)


def indexof_n(context: Context, text: Value, part: Value) -> Value:
    """The positions of all occurrences, those that overlap too."""
    whole, searched = string(text, 1), string(part, 2)
    if not searched:
        raise BuiltinError("empty search character")
    found: list[Value] = []
    at = whole.find(searched)
    while at >= 0:
        found.append(at)
        at = whole.find(searched, at + 1)
    context.budget.spend(len(found) // 8)
    return found


def substring(text: Value, start: Value, length: Value) -> Value:
    """``length`` characters from ``start``, or all the rest when the length is negative."""
    whole, begin, size = string(text, 1), integer(start, 2), integer(length, 3)
    if begin < 0:
        raise BuiltinError("negative offset")
    return whole[begin:] if size < 0 else whole[begin : begin + size]


def lower(text: Value) -> Value:
    whole = string(text, 1)
    return whole.lower() if whole.isascii() else "".join(map(_lower, whole))


def upper(text: Value) -> Value:
    whole = string(text, 1)
    return whole.upper() if whole.isascii() else "".join(map(_upper, whole))


def reverse(text: Value) -> Value:
    return string(text, 1)[::-1]


def concat(separator: Value, texts: Value) -> Value:
    """The texts with the separator between them; those of a set in order."""
    between = string(separator, 1)
    if isinstance(texts, Set):
        texts = in_order(texts)
    elif not isinstance(texts, (list, tuple)):
        raise wrong_type(2, texts, "set", "array")
    try:
        joined = between.join(texts)
    except TypeError:
        wrong = next(text for text in texts if not isinstance(text, str))
        raise wrong_member(2, texts, wrong, "string") from None
    return bounded(joined, "concat")


def split(text: Value, separator: Value) -> Value:
    """The parts between separators; the characters when the separator is empty."""
    if isinstance(text, str) and isinstance(separator, str):
        return text.split(separator) if separator else list(text)
    raise _not_strings(text, separator)


def split_n(text: Value, separator: Value, limit: Value) -> Value:
    """The first ``limit`` parts, or the last ``-limit`` when it is negative; the rest is left out."""
    parts, size = split(text, separator), integer(limit, 3)
    return parts[:size] if size >= 0 else parts[size:]


def replace(text: Value, old: Value, new: Value) -> Value:
    whole, before, after = string(text, 1), string(old, 2), string(new, 3)
    if len(after) > len(before) and len(whole) + whole.count(before) * (len(after) - len(before)) > MAX_TEXT:
        raise LimitError(f"replace: the text is longer than {MAX_TEXT} characters")
    if not before and not whole.isascii():
        # Between bytes, as in Go, even inside a character.
        return text_of(bytes_of(whole).replace(b"", bytes_of(after)))
    return whole.replace(before, after)


def replace_n(context: Context, patterns: Value, text: Value) -> Value:
    """Replace whatever of the keys comes first; where several fit, the key that comes first in order."""
    pairs, whole = dictionary(patterns, 1), string(text, 2)
    for key in keys_in_order(pairs):
        if not isinstance(key, str):
            raise BuiltinError("operand 1 non-string key found in pattern object")
        if not isinstance(pairs[key], str):
            raise BuiltinError("operand 1 non-string value found in pattern object")
    context.budget.spend(len(whole) // 64 + sum(map(len, pairs)))
    if "" in pairs and not whole.isascii():
        # Between bytes, as in Go, even inside a character: one character stands for each byte here.
        as_bytes = {_spread(key): _spread(value) for key, value in pairs.items()}
        return text_of(_replaced(_spread(whole), as_bytes).encode("latin-1"))
    return _replaced(whole, pairs)


def trim(text: Value, characters: Value) -> Value:
    return string(text, 1).strip(string(characters, 2))


def trim_left(text: Value, characters: Value) -> Value:
    return string(text, 1).lstrip(string(characters, 2))


def trim_right(text: Value, characters: Value) -> Value:
    return string(text, 1).rstrip(string(characters, 2))


def trim_prefix(text: Value, prefix: Value) -> Value:
    return string(text, 1).removeprefix(string(prefix, 2))


def trim_suffix(text: Value, suffix: Value) -> Value:
    return string(text, 1).removesuffix(string(suffix, 2))


def trim_space(text: Value) -> Value:
    return string(text, 1).strip(_SPACES)


def format_int(value: Value, base: Value) -> Value:
    """The integer part in base 2, 8, 10 or 16."""
    given, letter = number(value, 1), _BASES.get(number(base, 2)) if type(base) is int else None  # type: ignore[call-overload]
    if letter is None:
        raise BuiltinError("operand 2 must be one of {2, 8, 10, 16}")
    return format(int(given), letter)


def template_string(parts: Value) -> Value:
    """The text of a template string: each part a string, number, boolean or null, or a set of at most one value."""
    return bounded("".join(_shown(part) for part in parts), "template string")


def _shown(part: Value) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Set):
        return literal(part)
    if len(part) > 1:
        raise BuiltinError("template-strings must not produce multiple outputs")
    for value in part:
        return value if isinstance(value, str) else literal(value)
    return "<undefined>"


def _replaced(whole: str, pairs: dict[str, str]) -> str:
    by_first: dict[str, list[str]] = {}
    for old in sorted(filter(None, pairs)):
        by_first.setdefault(old[0], []).append(old)
    parts: list[str] = []
    at = last = 0
    after_empty = False
    size = 0
    while at <= len(whole):
        candidates = by_first.get(whole[at : at + 1], ())
        # The empty key comes first in order, but not twice in a row.
        key: str | None = (
            "" if "" in pairs and not after_empty else next((k for k in candidates if whole.startswith(k, at)), None)
        )
        after_empty = key == ""
        if key is None:
            at += 1
            continue
        size += len(pairs[key])
        if size > MAX_TEXT:
            raise LimitError(f"strings.replace_n: the text is longer than {MAX_TEXT} characters")
        parts += (whole[last:at], pairs[key])
        at += len(key)
        last = at
    parts.append(whole[last:])
    return "".join(parts)


def _spread(text: str) -> str:
    return bytes_of(text).decode("latin-1")


def _lower(c: str) -> str:
    small = c.lower()
    return small if len(small) == 1 else small[0]


def _upper(c: str) -> str:
    large = c.upper()
    if len(large) == 1:
        return large
    large = c.title()
    return large if len(large) == 1 else c


def _texts(value: Value, position: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple, Set)):
        raise wrong_type(position, value, "string", "set", "array")
    for text in value:
        if not isinstance(text, str):
            raise wrong_member(position, value, text, "string")
    return list(value)


def _not_strings(a: Value, b: Value) -> BuiltinError:
    return wrong_type(2, b, "string") if isinstance(a, str) else wrong_type(1, a, "string")


FUNCTIONS: Final[dict[str, Function]] = {
    "contains": contains,
    "startswith": startswith,
    "endswith": endswith,
    "strings.any_prefix_match": any_prefix_match,
    "strings.any_suffix_match": any_suffix_match,
    "strings.count": count,
    "indexof": indexof,
    "substring": substring,
    "lower": lower,
    "upper": upper,
    "strings.reverse": reverse,
    "concat": concat,
    "split": split,
    "strings.split_n": split_n,
    "replace": replace,
    "trim": trim,
    "trim_left": trim_left,
    "trim_right": trim_right,
    "trim_prefix": trim_prefix,
    "trim_suffix": trim_suffix,
    "trim_space": trim_space,
    "format_int": format_int,
    "internal.template_string": template_string,
}
WITH_CONTEXT: Final[dict[str, Function]] = {"indexof_n": indexof_n, "strings.replace_n": replace_n}
