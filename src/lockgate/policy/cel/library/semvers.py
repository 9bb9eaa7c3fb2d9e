"""Kubernetes' semver library: semantic versions 2.0.0."""

from __future__ import annotations

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.values import CelError, Opaque

_NUMBER = r"(0|[1-9][0-9]{0,19})"
_TEXT = lazy_pattern(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_LARGEST = 2**64 - 1


class Semver(Opaque):
    """A semantic version; build metadata does not count in comparisons."""

    __slots__ = ("key", "numbers", "text")
    TYPE = "kubernetes.Semver"

    def __init__(self, numbers: tuple[int, int, int], prerelease: tuple[str, ...], text: str) -> None:
        self.numbers = numbers
        self.key = (numbers, not prerelease, tuple(map(_rank, prerelease)))
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"semver({self.text!r})"


def _rank(identifier: str) -> tuple[int, int, str]:
    return (0, int(identifier), "") if identifier.isdecimal() else (1, 0, identifier)


def parse_semver(text: str, normalize: bool = False) -> Semver:
    """A version from its text; ``normalize`` drops a ``v``, fills up missing numbers and drops leading zeros."""
    spelled = _normalized(text) if normalize else text
    match = _TEXT.fullmatch(spelled) if len(spelled) <= 256 else None
    if match is None:
        raise CelError(f"semver() does not read {text[:60]!r}: a version like 1.2.3 is expected")
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    prerelease = tuple(match[4].split(".")) if match[4] else ()
    build = match[5].split(".") if match[5] else []
    padded = any(part.isdecimal() and len(part) > 1 and part[0] == "0" for part in prerelease)
    if max(numbers) > _LARGEST or padded or not all(prerelease) or not all(build):
        raise CelError(f"semver() does not read {text[:60]!r}: a part is empty, padded or too large")
    return Semver(numbers, prerelease, text)


def _normalized(text: str) -> str:
    parts = text.removeprefix("v").split(".", 2)
    for place, part in enumerate(parts):
        if len(part) > 1:
            bare = part.lstrip("0")
            parts[place] = bare if bare[:1].isdecimal() and bare[:1].isascii() else "0" + bare
    if len(parts) < 3:
        if "+" in parts[-1] or "-" in parts[-1]:
            raise CelError("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts)


def _is_semver(text: str, normalize: bool = False) -> bool:
    try:
        parse_semver(text, normalize)
    except CelError:
        return False
    return True


def _compare(left: Semver, right: Semver) -> int:
    return (left.key > right.key) - (left.key < right.key)


_S = Semver.TYPE
LIBRARY = [
    function("semver", "string", do=parse_semver),
    function("semver", "string", "bool", do=parse_semver),
    function("isSemver", "string", do=_is_semver, result="bool"),
    function("isSemver", "string", "bool", do=_is_semver, result="bool"),
    method("major", _S, do=lambda value: value.numbers[0], result="int"),
    method("minor", _S, do=lambda value: value.numbers[1], result="int"),
    method("patch", _S, do=lambda value: value.numbers[2], result="int"),
    method("compareTo", _S, _S, do=_compare, result="int"),
    method("isGreaterThan", _S, _S, do=lambda left, right: left.key > right.key, result="bool"),
    method("isLessThan", _S, _S, do=lambda left, right: left.key < right.key, result="bool"),
]
