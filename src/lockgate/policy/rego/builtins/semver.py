"""Semantic versions: ``semver.compare`` and ``semver.is_valid``, by SemVer 2.0.0 with an optional ``v`` in front."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from lockgate.policy.rego.builtins.contract import BuiltinError, Function, string
from lockgate.policy.rego.values import Value

# Ours, and linear: the grammar has one way to read each text.
_VERSION: Final = re.compile(
    r"v?(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_INT64: Final = 1 << 63


class _Version(NamedTuple):
    numbers: tuple[int, ...]
    released: bool
    pre_release: tuple[tuple[bool, int, str], ...]


def compare(a: Value, b: Value) -> Value:
    """-1, 0 or 1; build metadata is not compared."""
    first, second = _parsed(string(a, 1)), _parsed(string(b, 2))
    for position, (text, version) in enumerate(((a, first), (b, second)), 1):
        if version is None:
            raise BuiltinError(f'operand {position}: string "{text[:80]}" is not a valid SemVer')
    assert first is not None and second is not None
    return (first > second) - (first < second)


def is_valid(text: Value) -> Value:
    return isinstance(text, str) and _parsed(text) is not None


def _parsed(text: str) -> _Version | None:
    found = _VERSION.fullmatch(text)
    if not found:
        return None
    numbers = tuple(int(found[place]) for place in (1, 2, 3))
    parts = found[4].split(".") if found[4] else []
    if any(number >= _INT64 for number in numbers) or any(_leading_zero(part) for part in parts):
        return None
    return _Version(numbers, not parts, tuple(map(_identifier, parts)))


def _leading_zero(part: str) -> bool:
    return len(part) > 1 and part[0] == "0" and part.isdigit()


def _identifier(part: str) -> tuple[bool, int, str]:
    if not part.isdigit():
        return True, 0, part
    return False, min(int(part[:20]), _INT64 - 1), ""


FUNCTIONS: Final[dict[str, Function]] = {"semver.compare": compare, "semver.is_valid": is_valid}
