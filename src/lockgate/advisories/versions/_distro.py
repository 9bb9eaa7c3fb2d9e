"""Distributions: dpkg (deb-version(7)), apk-tools (``apk version``), RPM (rpmvercmp)."""

from __future__ import annotations

import re

from lockgate.advisories.versions._parts import VersionError, is_number, number, text
from lockgate.lazy_pattern import lazy_pattern

_DPKG = lazy_pattern(r"(?:(?P<epoch>[0-9]+):)?(?P<upstream>[0-9A-Za-z.+:~-]+?)(?:-(?P<revision>[0-9A-Za-z.+~]*))?\Z")
_DPKG_PAIR = lazy_pattern(r"([^0-9]*)([0-9]*)")
# A tilde comes before the end of a run of letters, letters before all other characters.
_DPKG_MARKS = str.maketrans({"~": "!", "+": "{", "-": "|", ".": "}", ":": "~"})
_DPKG_END = '"'
_APK = lazy_pattern(
    r"(?P<numbers>[0-9]+(?:\.[0-9]+)*)(?P<letter>[a-z])?"
    r"(?P<suffixes>(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)(?:~[0-9a-f]+)?(?:-r(?P<revision>[0-9]+))?\Z"
)
_APK_SUFFIX = lazy_pattern(r"_([a-z]+)([0-9]*)")
_APK_BEFORE = {"alpha": "1a", "beta": "1b", "pre": "1c", "rc": "1d"}
_APK_AFTER = {"cvs": "4a", "svn": "4b", "git": "4c", "hg": "4d", "p": "4e"}
_RPM = lazy_pattern(r"(?:(?P<epoch>[0-9]+):)?(?P<version>[^-]+)(?:-(?P<release>.+))?\Z", re.DOTALL)
_RPM_SEGMENT = lazy_pattern(r"[0-9]+|[A-Za-z]+|~|\^")
_RPM_END = "2"


def dpkg_key(version: str) -> str:
    """Epoch, upstream version, revision; runs of other characters and of digits in turn."""
    match = _DPKG.match(version)
    if match is None:
        raise VersionError("not a version of dpkg")
    return number(match["epoch"] or "") + _dpkg_part(match["upstream"]) + _dpkg_part(match["revision"] or "0")


def _dpkg_part(part: str) -> str:
    keys = [
        other.translate(_DPKG_MARKS) + _DPKG_END + number(digits)
        for other, digits in _DPKG_PAIR.findall(part)
        if other or digits
    ]
    return "".join(keys) + _DPKG_END


def apk_key(version: str) -> str:
    """Numbers, a letter, suffixes before or after the plain version, the revision of the package."""
    match = _APK.match(version)
    if match is None:
        raise VersionError("not a version of apk")
    first, *others = match["numbers"].split(".")
    key = "6" + number(first) + "".join(map(_apk_number, others))
    if match["letter"]:
        key += "5" + match["letter"]
    for word, digits in _APK_SUFFIX.findall(match["suffixes"]):
        key += (_APK_BEFORE.get(word) or _APK_AFTER[word]) + number(digits)
    if match["revision"]:
        key += "3" + number(match["revision"])
    return key + "2"


def _apk_number(digits: str) -> str:
    # After the first one, a number with a leading zero is a fraction: 1.05 comes before 1.1.
    return "60" + text(digits) if digits[0] == "0" and len(digits) > 1 else "6" + number(digits)


def rpm_key(version: str) -> str:
    """Epoch, version, release; a tilde before the end, a caret just after it, words before numbers."""
    match = _RPM.match(version)
    if match is None:
        raise VersionError("not a version of RPM")
    release = match["release"]
    return number(match["epoch"] or "") + _rpm_part(match["version"]) + (_rpm_part(release) if release else "")


def _rpm_part(part: str) -> str:
    return "".join(map(_rpm_segment, _RPM_SEGMENT.findall(part))) + _RPM_END


def _rpm_segment(segment: str) -> str:
    if segment == "~":
        return "1"
    if segment == "^":
        return "3"
    return "5" + number(segment) if is_number(segment) else "4" + text(segment)
