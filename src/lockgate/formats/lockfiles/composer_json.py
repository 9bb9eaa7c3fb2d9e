"""composer.json, where no lock stands beside it: mostly ranges."""

from __future__ import annotations

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling, mapping, text
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

_EXACT = lazy_pattern(r"=?v?(\d+\.\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?)")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every named package; the platform (``php``, ``ext-*``, ``lib-*``) is none."""
    del sibling
    document = json_safe.load(content)
    if not isinstance(document, dict):
        raise FormatError("not an object", 1)
    lines = json_safe.key_lines(content, max_depth=2)
    collector = Collector(path, "Packagist")
    for group, scope in (("require", Scope.RUNTIME), ("require-dev", Scope.DEVELOPMENT)):
        for written, wish in mapping(document.get(group)).items():
            if "/" not in written:
                continue
            line = lines.get((group, written), 0)
            match = _EXACT.fullmatch(text(wish).strip())
            if match is None:
                collector.skip(SkipKind.UNRESOLVED, f"{written[:80]} has a range, and no lock beside it", line=line)
            version = match.group(1) if match else ""
            collector.add(written.lower(), version, line=line, direct=True, scope=scope, requirement=text(wish)[:200])
    return collector.reading(direct_known=True)


READER = Reader("Packagist", named("composer.json"), read, lock=False)
