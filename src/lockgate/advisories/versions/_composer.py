"""Packagist: versions as Composer normalises and compares them (https://getcomposer.org/doc/articles/versions.md)."""

from __future__ import annotations

import re

from lockgate.advisories.versions._parts import VersionError, number, strip_zeros, text
from lockgate.lazy_pattern import lazy_pattern

_VERSION = lazy_pattern(
    r"v?(?P<release>[0-9]+(?:[.-][0-9]+)*)"
    r"(?:[._-]?(?P<stage>stable|alpha|a|beta|b|rc|patch|pl|p)(?P<stage_n>(?:[.-]?[0-9]+)*))?"
    r"(?P<dev>[.-]?dev)?(?:\+\S*)?\Z",
    re.IGNORECASE | re.ASCII,
)
_STAGES = {"alpha": "2", "a": "2", "beta": "3", "b": "3", "rc": "4", "stable": "5", "patch": "6", "pl": "6", "p": "6"}
_BRANCH = lazy_pattern(r"dev-\S+\Z|\S+[.-]x-dev\Z", re.IGNORECASE)


def composer_key(version: str) -> str:
    """Numbers, then dev < alpha < beta < RC < stable < patch; a branch comes before every number."""
    if _BRANCH.match(version):
        return "!" + text(version.lower())
    match = _VERSION.match(version)
    if match is None:
        raise VersionError("not a version of Composer")
    release = "".join(map(number, strip_zeros(re.split(r"[.-]", match["release"]))))
    stage = _STAGES[match["stage"].lower()] if match["stage"] else "5"
    if match["dev"] and not match["stage"]:
        stage = "1"
    count = "".join(map(number, re.findall(r"[0-9]+", match["stage_n"] or ""))) if stage != "5" else ""
    return f"{release}!{stage}{count}!{'a' if match['dev'] else 'z'}"
