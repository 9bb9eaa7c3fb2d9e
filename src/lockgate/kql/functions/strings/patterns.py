"""Functions of patterns: what they capture, replace and trim. Patterns are RE2's."""

from __future__ import annotations

from typing import Any

from lockgate.kql.convert import converter, read_json
from lockgate.kql.errors import EvaluationError
from lockgate.kql.functions import Compute, Maker, plain
from lockgate.kql.functions.strings.building import MOST_PARTS, on_texts
from lockgate.kql.patterns import compiled, quote
from lockgate.kql.text import MAX_TEXT, clean, cut
from lockgate.kql.types import DYNAMIC, STRING, Type
from lockgate.lazy_pattern import lazy_pattern


def _extract(types: tuple[Type, ...], result: Type) -> Compute:
    """What a group captured, as the type that is asked for; a miss is null, of a text empty."""
    del types
    convert = converter(STRING, result)

    def run(pattern: str, group: Any, text: str, _: object = None) -> Any:
        found = compiled(pattern).search(clean(text))
        captured = ""
        if found is not None and group is not None and 0 <= group <= found.re.groups:
            captured = found.group(group) or ""
        elif convert is not None:
            return None
        return captured if convert is None else convert(captured)

    return run


def _extract_all(pattern: str, *rest: Any) -> list[Any] | None:
    """What every match captured: a text each with one group, else an array of texts."""
    text: str = rest[-1]
    if text is None:
        return None
    known = compiled(pattern)
    groups = list(range(1, known.groups + 1)) or [0]
    if len(rest) == 2:
        names = known.groupindex
        chosen = [_group(one, names) for one in rest[0]] if isinstance(rest[0], list) else []
        # Numbers of no group are passed over, and when none is left every group counts.
        groups = [one for one in chosen if 0 <= one <= known.groups] or groups
    found: list[Any] = []
    for match in known.finditer(clean(text)):
        captured = [match.group(one) or "" for one in groups]
        found.append(captured[0] if len(groups) == 1 else captured)
        if len(found) >= MOST_PARTS:
            break
    return found or None


def _group(one: Any, names: dict[str, int]) -> int:
    number = names.get(one) if isinstance(one, str) else one
    if isinstance(number, bool) or not isinstance(number, int):
        raise EvaluationError(f"The pattern has no group '{one}'.")
    return number


# --- replacing


def replace_regex(text: str, pattern: str, rewrite: str) -> str:
    """Every match rewritten; ``\\0`` to ``\\9`` stand for what groups captured."""
    parts = _rewrite(rewrite)
    text = clean(text)
    found: list[str] = []
    size = at = 0
    for match in compiled(pattern).finditer(text):
        found.append(text[at : match.start()])
        for one in parts:
            found.append(one if isinstance(one, str) else _captured(match, one))
            size += len(found[-1])
        at = match.end()
        if size > MAX_TEXT:
            break
    found.append(text[at:])
    return cut("".join(found))


def _captured(match: Any, group: int) -> str:
    return (match.group(group) or "") if group <= match.re.groups else ""


def _rewrite(rewrite: str) -> list[str | int]:
    found: list[str | int] = []
    at = 0
    for one in _REFERENCE.finditer(rewrite):
        found.append(rewrite[at : one.start()])
        found.append(int(one[1]) if one[1].isdigit() else one[1])
        at = one.end()
    return [*found, rewrite[at:]]


_REFERENCE = lazy_pattern(r"\\([0-9\\])")


def _trimmed(around: str) -> Compute:
    """Takes out what matches the pattern put into ``around``, as the service does.

    Its error for a broken pattern shows that it writes the pattern between these signs, so that ``a$`` is trimmed from
    ``aa`` once and not at both ends.
    """

    def run(pattern: str, text: str) -> str:
        return str(compiled(around.replace("{}", pattern)).sub("", clean(text)))

    return run


# --- extract_json

_STEP = lazy_pattern(r"\.?(?:([A-Za-z_][\w-]*)|\[([0-9]{1,9})\]|\[\s*'([^']*)'\s*\]|\[\s*\"([^\"]*)\"\s*\])")


def json_path(path: str) -> list[str | int] | None:
    """The steps of ``$.a.b[0]['c']``, or ``None`` when it is no such path."""
    at = 1 if path.startswith("$") else 0
    found: list[str | int] = []
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        name, index, single, double = step.groups()
        found.append(int(index) if index is not None else next(o for o in (name, single, double) if o is not None))
        at = step.end()
    return found


def at_path(value: Any, steps: list[str | int]) -> Any:
    """What stands at the end of the steps, or null."""
    for one in steps:
        if isinstance(one, str):
            value = value.get(one) if isinstance(value, dict) else None
        else:
            value = value[one] if isinstance(value, list) and one < len(value) else None
    return value


def _extract_json(types: tuple[Type, ...], result: Type) -> Compute:
    del types
    convert = converter(DYNAMIC, result)

    def run(path: str, text: str, _: object = None) -> Any:
        steps = json_path(path)
        found = at_path(read_json(text), steps) if steps is not None else None
        return found if convert is None else convert(found)

    return run


FUNCTIONS: dict[str, Maker] = {
    "regex_quote": on_texts(lambda text: cut(quote(text))),
    "extract": _extract,
    **dict.fromkeys(("extract_all", "extractall"), plain(_extract_all)),
    **dict.fromkeys(("extract_json", "extractjson"), _extract_json),
    "replace_regex": plain(replace_regex),
    "replace": plain(lambda pattern, rewrite, text: replace_regex(text, pattern, rewrite)),
    "trim": plain(_trimmed("^({})|({})$")),
    "trim_start": plain(_trimmed("^({})")),
    "trim_end": plain(_trimmed("({})$")),
}
