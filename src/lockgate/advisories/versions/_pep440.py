"""PyPI: PEP 440 (https://packaging.python.org/en/latest/specifications/version-specifiers/)."""

from __future__ import annotations

import re

from lockgate.advisories.versions._parts import VersionError, number, strip_zeros, text
from lockgate.lazy_pattern import lazy_pattern

_VERSION = lazy_pattern(
    r"v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>[0-9]*))?"
    r"(?P<post>-(?P<post_n1>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_n2>[0-9]*))?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_n>[0-9]*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\Z",
    re.IGNORECASE | re.ASCII,
)
_PRE = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "preview": "c", "pre": "c", "c": "c", "rc": "c"}


def pep440_key(version: str) -> str:
    """Epoch, release without trailing zeros, pre, post, dev and local part, each in its place."""
    match = _VERSION.match(version)
    if match is None:
        raise VersionError("not a version of PEP 440")
    release = "".join(map(number, strip_zeros(match["release"].split("."))))
    pre, post, dev = match["pre"], match["post"], match["dev"]
    # 1.0.dev1 comes before 1.0a1, but 1.0 and 1.0.post1.dev1 after every pre-release.
    without = "0" if dev and not post else "z"
    before = _PRE[pre.lower()] + number(match["pre_n"]) if pre else without
    after = "p" + number(match["post_n1"] or match["post_n2"] or "") if post else "0"
    development = "d" + number(match["dev_n"]) if dev else "z"
    local = "".join(map(_local_part, re.split(r"[-_.]", match["local"].lower()))) if match["local"] else ""
    return f"{number(match['epoch'] or '')}{release}!{before}{after}{development}{local}"


def _local_part(part: str) -> str:
    return "1" + number(part) if part.isdigit() else "0" + text(part)
