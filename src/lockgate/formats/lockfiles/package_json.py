"""package.json, where no lock stands beside it: what a project of Node.js names, mostly by ranges."""

from __future__ import annotations

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling
from lockgate.formats.lockfiles._node import GROUPS, alias, wanted
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

_EXACT = lazy_pattern(r"=?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")
_LOCAL = ("file:", "link:", "workspace:", "portal:")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every named package, with a version where it is exact and a Skip where it is a range."""
    del sibling
    document = json_safe.load(content)
    if not isinstance(document, dict):
        raise FormatError("not an object", 1)
    lines = json_safe.key_lines(content, max_depth=2)
    collector = Collector(path, "npm")
    for written, (wish, scope) in wanted(document).items():
        line = next((lines[(group, written)] for group, _ in GROUPS if (group, written) in lines), 0)
        name, plain = alias(wish, written)
        if plain.startswith(_LOCAL):
            continue
        match = _EXACT.fullmatch(plain.strip())
        if match is None:
            collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} has a range, and no lock beside it", line=line)
        version = match.group(1) if match else ""
        collector.add(name, version, line=line, direct=True, scope=scope, requirement=wish[:200])
    return collector.reading(direct_known=True)


READER = Reader("npm", named("package.json"), read, lock=False)
