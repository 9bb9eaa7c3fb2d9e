"""Semantic versions and their relatives: npm, crates.io, Go, Hex, SwiftURL; Pub, NuGet, Conan.

SemVer 2.0.0 (https://semver.org/#spec-item-11), read generously: a leading ``v``, fewer or more than three numbers.
"""

from __future__ import annotations

import re

from lockgate.advisories.versions._parts import VersionError, is_number, number, strip_zeros, text
from lockgate.lazy_pattern import lazy_pattern

_VERSION = lazy_pattern(
    r"[vV=]*(?P<release>[0-9]+(?:\.[0-9]+)*)"
    r"(?:-(?P<pre>[0-9A-Za-z.-]+)|(?P<glued>[A-Za-z][0-9A-Za-z.-]*))?"
    r"(?:\+(?P<build>.*))?\Z"
)
_CONAN_ITEM = lazy_pattern(r"([0-9]*)(.*)\Z", re.DOTALL)


def semver_key(version: str) -> str:
    """Build metadata does not count; Go's ``+incompatible`` is such metadata, its pseudo-versions pre-releases."""
    return _read(version)[0]


def nuget_key(version: str) -> str:
    """Four numbers, and pre-release labels without regard to case."""
    return _read(version.lower())[0]


def pub_key(version: str) -> str:
    """As SemVer, but a build comes after the version without it (Dart's ``pub_semver``)."""
    key, build = _read(version)
    return key + (_identifiers(build) if build else "")


def _read(version: str) -> tuple[str, str]:
    match = _VERSION.match(version)
    if match is None:
        raise VersionError("not a semantic version")
    release = "".join(map(number, strip_zeros(match["release"].split("."))))
    pre = match["pre"] or match["glued"]
    return f"{release}!{'a' + _identifiers(pre) if pre else 'z'}", match["build"] or ""


def _identifiers(joined: str) -> str:
    # Numbers before words; the list ends by a mark smaller than either, so a longer list comes later.
    return "".join("1" + number(part) if is_number(part) else "2" + text(part) for part in joined.split(".")) + "!"


def conan_key(version: str) -> str:
    """Items between dots, each a number, a number with letters (``1k``) or a word; ``-`` pre-release, ``+`` build.

    Conan compares an item that is not a number as text, which gives no total order (``10 < 9a``, ``9 < 10``); here its
    leading number counts first (https://docs.conan.io/2/reference/conanfile/methods/requirements.html).
    """
    main, _, build = version.lower().partition("+")
    main, _, pre = main.partition("-")
    release = "".join(map(_conan_item, strip_zeros(main.split("."))))
    return f"{release}!{'a' + _conan_items(pre) if pre else 'z'}{_conan_items(build) if build else ''}"


def _conan_items(joined: str) -> str:
    return "".join(map(_conan_item, joined.split("."))) + "!"


def _conan_item(item: str) -> str:
    match = _CONAN_ITEM.match(item)
    digits, rest = (match[1], match[2]) if match else ("", item)
    return ("1" + number(digits) if digits else "2") + text(rest)
