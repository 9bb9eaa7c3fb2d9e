"""RubyGems: the order of Gem::Version (https://docs.ruby-lang.org/en/master/Gem/Version.html)."""

from __future__ import annotations

from lockgate.advisories.versions._parts import VersionError, number, text
from lockgate.lazy_pattern import lazy_pattern

_VERSION = lazy_pattern(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\Z")
_SEGMENT = lazy_pattern(r"[0-9]+|[A-Za-z]+")


def gem_key(version: str) -> str:
    """Numbers and words; a word makes a pre-release; a missing segment counts as zero."""
    if _VERSION.match(version) is None:
        raise VersionError("not a version of RubyGems")
    segments = _SEGMENT.findall(version.replace("-", ".pre."))
    first_word = next((at for at, segment in enumerate(segments) if segment.isalpha()), len(segments))
    return _keys(_without_zeros(segments[:first_word]) + _without_zeros(segments[first_word:]))


def _without_zeros(segments: list[str]) -> list[str]:
    while segments and not segments[-1].strip("0"):
        segments = segments[:-1]
    return segments


def _keys(segments: list[str]) -> str:
    # 1 a word, 2 a zero before a word, 3 the end, 4 a zero before a number, 5 a number: a missing segment is a zero,
    # so what follows the zeros decides on which side of the end they stand.
    keys = ["3"]
    zero = "3"
    for segment in reversed(segments):
        if segment.isalpha():
            keys.append("1" + text(segment))
            zero = "2"
        elif segment.strip("0"):
            keys.append("5" + number(segment))
            zero = "4"
        else:
            keys.append(zero)
    return "".join(reversed(keys))
