"""Regular expressions: RE2's syntax through google-re2, with the results of Go's ``regexp`` package."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from lockgate.policy.rego.builtins.contract import MAX_TEXT, BuiltinError, Function, LimitError, integer, string
from lockgate.policy.rego.values import Value, bytes_of, text_of

_MAX_PATTERN: Final = 1 << 16
_MAX_CACHED: Final = 512
_MAX_KEPT: Final = 256
"""Characters of a pattern and of a text whose answer is kept; all answers together are a few megabytes at most."""


def match(pattern: Value, text: Value) -> Value:
    """Whether the pattern occurs in the text."""
    if not isinstance(pattern, str) or not isinstance(text, str):
        string(pattern, 1)
        string(text, 2)
    if len(text) <= _MAX_KEPT and len(pattern) <= _MAX_KEPT:
        return _occurs(pattern, text)
    return _searched(pattern, text)


def _searched(pattern: str, text: str) -> bool:
    # Bytes are searched as they are, while for a text the positions are counted in characters too.
    found = compiled(pattern)
    try:
        return found.search(text.encode()) is not None
    except UnicodeEncodeError:
        return found.search(bytes_of(text)) is not None


_occurs = lru_cache(maxsize=4096)(_searched)
"""Quantities, images and names come again with every object."""


def is_valid(pattern: Value) -> Value:
    if not isinstance(pattern, str):
        return False
    try:
        compiled(pattern)
    except BuiltinError:
        return False
    return True


def find_n(pattern: Value, text: Value, limit: Value) -> Value:
    """The texts of the first ``limit`` matches, of all when it is negative."""
    found = _matches(string(pattern, 1), string(text, 2), integer(limit, 3))
    return [_text(occurrence.group()) for occurrence in found]


def find_all_string_submatch_n(pattern: Value, text: Value, limit: Value) -> Value:
    """For each of the first ``limit`` matches its text and the texts of its groups; ``""`` for a group left out."""
    found = _matches(string(pattern, 1), string(text, 2), integer(limit, 3))
    return [[_text(occurrence.group()), *map(_text, occurrence.groups())] for occurrence in found]


def split(pattern: Value, text: Value) -> Value:
    """The parts between matches."""
    form, whole = string(pattern, 1), string(text, 2)
    if form and not whole:
        compiled(form)
        return [""]
    source = _source(whole)
    parts: list[Value] = []
    begin = end = 0
    for occurrence in _matches(form, whole, -1):
        end = occurrence.start()
        if occurrence.end():
            parts.append(_text(source[begin:end]))
        begin = occurrence.end()
    if end != len(source):
        parts.append(_text(source[begin:]))
    return parts


def replace(text: Value, pattern: Value, new: Value) -> Value:
    """The text with each match replaced; ``$1`` and ``${name}`` in the new text stand for groups."""
    whole, form, template = string(text, 1), string(pattern, 2), string(new, 3)
    source = _source(whole)
    pieces = _template(template)
    parts: list[str] = []
    end = size = 0
    for occurrence in _matches(form, whole, -1):
        parts.append(_text(source[end : occurrence.start()]))
        shown = [piece if isinstance(piece, str) else _group(occurrence, piece[0]) for piece in pieces]
        size += sum(map(len, shown))
        if size > MAX_TEXT:
            raise LimitError(f"regex.replace: the text is longer than {MAX_TEXT} characters")
        parts += shown
        end = occurrence.end()
    parts.append(_text(source[end:]))
    return "".join(parts)


def template_match(template: Value, text: Value, start: Value, end: Value) -> Value:
    """Whether the text is the template, whose parts between the two delimiters are patterns."""
    given, whole, opening, closing = string(template, 1), string(text, 2), string(start, 3), string(end, 4)
    for delimiter, name in ((opening, "start"), (closing, "end")):
        if len(bytes_of(delimiter)) != 1:
            raise BuiltinError(f"{name} delimiter has to be exactly one character long but is {len(delimiter)} long")
    return match(_from_template(given, opening, closing), whole)


@lru_cache(maxsize=_MAX_CACHED)
def compiled(pattern: str) -> Any:
    """The compiled pattern. Raises BuiltinError when it is not RE2's syntax, or too large for its memory."""
    import re2

    if len(pattern) > _MAX_PATTERN:
        raise LimitError(f"a pattern of more than {_MAX_PATTERN} characters")
    if "\\C" in pattern and _has_byte_escape(pattern):
        raise BuiltinError("error parsing regexp: invalid escape sequence: `\\C`")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)  # type: ignore[no-untyped-call]
    except re2.error as error:
        shown = error.args[0] if error.args else error
        shown = shown.decode("utf-8", "replace") if isinstance(shown, bytes) else str(shown)
        # The words of Go's package, where C++'s differ.
        problem, colon, where = shown.partition(": ")
        problem = problem.replace("missing ]", "missing closing ]").replace("bad repetition operator", "invalid nested")
        shown = f"{problem}: `{where}`" if colon else problem
        raise BuiltinError(f"error parsing regexp: {shown}") from None
    except UnicodeEncodeError:
        raise BuiltinError("error parsing regexp: invalid UTF-8") from None


def _has_byte_escape(pattern: str) -> bool:
    """Whether there is a ``\\C``, which C++'s RE2 takes for any byte and Go refuses."""
    at = 0
    while (at := pattern.find("\\", at)) >= 0:
        letter = pattern[at + 1 : at + 2]
        if letter == "C":
            return True
        at = pattern.find("\\E", at + 2) if letter == "Q" else at
        if at < 0:
            return False
        at += 2
    return False


def escaped(text: str) -> str:
    """The pattern of just this text."""
    import re2

    return str(re2.escape(text))  # type: ignore[no-untyped-call]


def _source(text: str) -> str | bytes:
    """The text itself, or its bytes when they are not UTF-8."""
    return text if text.isascii() or not any("\udc80" <= c <= "\udcff" for c in text) else bytes_of(text)


def _text(piece: str | bytes | None) -> str:
    return piece if isinstance(piece, str) else text_of(piece) if piece else ""


def _matches(pattern: str, text: str, limit: int) -> Iterator[Any]:
    """Matches that do not overlap, from the left; an empty one right behind another is passed over, as in Go."""
    found, previous = 0, -1
    for occurrence in compiled(pattern).finditer(_source(text)):
        if found == limit:
            return
        begin, end = occurrence.span()
        if begin != end or begin != previous:
            found += 1
            yield occurrence
        previous = end


def _group(occurrence: Any, name: str) -> str:
    if name.isascii() and name.isdigit() and len(name) < 9 and (name == "0" or name[0] != "0"):
        number = int(name)
        return _text(occurrence.group(number)) if number <= occurrence.re.groups else ""
    return _text(occurrence.group(name)) if name in occurrence.re.groupindex else ""


@lru_cache(maxsize=_MAX_CACHED)
def _template(template: str) -> list[str | tuple[str]]:
    """Text, and names of groups as tuples of one."""
    pieces: list[str | tuple[str]] = []
    at = 0
    while (dollar := template.find("$", at)) >= 0:
        pieces.append(template[at:dollar])
        at = dollar + 1
        if template.startswith("$", at):
            pieces.append("$")
            at += 1
            continue
        braced = template.startswith("{", at)
        end = begin = at + braced
        while end < len(template) and (template[end].isalnum() or template[end] == "_"):
            end += 1
        if end == begin or (braced and not template.startswith("}", end)):
            pieces.append("$")
            continue
        pieces.append((template[begin:end],))
        at = end + braced
    pieces.append(template[at:])
    return pieces


@lru_cache(maxsize=_MAX_CACHED)
def _from_template(template: str, opening: str, closing: str) -> str:
    parts: list[str] = []
    level = begin = end = 0
    for at, c in enumerate(template):
        if c == opening:
            level += 1
            begin = at if level == 1 else begin
        elif c == closing:
            level -= 1
            if level < 0:
                break
            if level == 0:
                inner = template[begin + 1 : at]
                compiled(f"^{inner}$")
                parts.append(f"{escaped(template[end:begin])}({inner})")
                end = at + 1
    if level:
        raise BuiltinError(f"unbalanced braces in {template[:80]}")
    return f"^{''.join(parts)}{escaped(template[end:])}$"


FUNCTIONS: Final[dict[str, Function]] = {
    "regex.match": match,
    "re_match": match,
    "regex.is_valid": is_valid,
    "regex.find_n": find_n,
    "regex.find_all_string_submatch_n": find_all_string_submatch_n,
    "regex.split": split,
    "regex.replace": replace,
    "regex.template_match": template_match,
}
