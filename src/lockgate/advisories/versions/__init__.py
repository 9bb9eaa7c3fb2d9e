"""Each ecosystem's own order of versions, as sort keys.

``sort_key(ecosystem, version)`` gives a text whose code-point order (Python ``str``, SQLite ``BINARY``) is the order of
the ecosystem; equal versions get equal keys. Keys may be stored: a change of their form must raise ``KEY_FORM``. What
does not belong: ranges (``advisories.ranges``) and requirement languages of package managers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from lockgate.advisories.versions._composer import composer_key
from lockgate.advisories.versions._distro import apk_key, dpkg_key, rpm_key
from lockgate.advisories.versions._gems import gem_key
from lockgate.advisories.versions._maven import maven_key
from lockgate.advisories.versions._parts import VersionError, checked
from lockgate.advisories.versions._pep440 import pep440_key
from lockgate.advisories.versions._semver import conan_key, nuget_key, pub_key, semver_key

__all__ = ["APK", "DPKG", "KEY_FORM", "RPM", "VersionError", "compare", "known", "major", "sort_key"]

KEY_FORM = 1
"""Raised whenever a version may get another key; a compiled store with another number is refused."""

_ORDERS: dict[str, Callable[[str], str]] = {
    "PyPI": pep440_key,
    "npm": semver_key,
    "Go": semver_key,
    "crates.io": semver_key,
    "Hex": semver_key,
    "SwiftURL": semver_key,
    "GitHub Actions": semver_key,
    "Bitnami": semver_key,
    "Pub": pub_key,
    "NuGet": nuget_key,
    "ConanCenter": conan_key,
    "Maven": maven_key,
    "RubyGems": gem_key,
    "Packagist": composer_key,
    "Debian": dpkg_key,
    "Ubuntu": dpkg_key,
    "Echo": dpkg_key,
    "Alpine": apk_key,
    "Alpaquita": apk_key,
    "BellSoft Hardened Containers": apk_key,
    "Chainguard": apk_key,
    "MinimOS": apk_key,
    "Wolfi": apk_key,
    "AlmaLinux": rpm_key,
    "Azure Linux": rpm_key,
    "Mageia": rpm_key,
    "Photon OS": rpm_key,
    "Red Hat": rpm_key,
    "Rocky Linux": rpm_key,
    "SUSE": rpm_key,
    "openEuler": rpm_key,
    "openSUSE": rpm_key,
}


DPKG, APK, RPM = (
    frozenset(name for name, order in _ORDERS.items() if order is one) for one in (dpkg_key, apk_key, rpm_key)
)
"""Distributions by the order of their versions, without their releases."""


def known(ecosystem: str) -> bool:
    """Whether the order of versions of ``ecosystem`` (``Debian:12`` counts as ``Debian``) is known here."""
    return ecosystem.partition(":")[0] in _ORDERS


@lru_cache(maxsize=65536)
def sort_key(ecosystem: str, version: str) -> str:
    """The key of ``version``. Raises ``VersionError`` for an unknown ecosystem and a text that is no version there."""
    order = _ORDERS.get(ecosystem.partition(":")[0])
    if order is None:
        raise VersionError(f"the order of versions of {ecosystem[:40]!r} is not known")
    return order(checked(version))


def compare(ecosystem: str, left: str, right: str) -> int:
    """-1, 0 or 1 as ``left`` is older than, equal to or newer than ``right``. Raises ``VersionError``."""
    first, second = sort_key(ecosystem, left), sort_key(ecosystem, right)
    return (first > second) - (first < second)


@lru_cache(maxsize=65536)
def major(version: str) -> str:
    """What must stay the same in a careful upgrade: the first number; before 1.0 the second one as well."""
    numbers: list[str] = []
    for part in version.lstrip("vV=").replace("-", ".").split("."):
        if not part[:1].isdigit():
            break
        digits = part
        while not digits.isdigit():
            digits = digits[:-1]
        numbers.append(digits.lstrip("0") or "0")
        if len(numbers) == 2:
            break
    if not numbers:
        return version
    return ".".join(numbers) if numbers[0] == "0" else numbers[0]
