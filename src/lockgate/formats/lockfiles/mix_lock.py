"""mix.lock of Elixir: one map of tuples in Elixir's syntax, read by pattern and never evaluated.

``"name": {:hex, :name, "1.0.0", "inner checksum", [:mix], [{:dep, "~> 1.0", [...]}], "hexpm", "outer checksum"},``
"""

from __future__ import annotations

from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling
from lockgate.formats.lockfiles._text import decode
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import SkipKind

_HEX = lazy_pattern(r'\s*"([a-z0-9_]+)":\s*\{:hex,\s*:"?([a-z0-9_]+)"?,\s*"([^"\s]+)",\s*"([0-9a-fA-F]*)",(.*)\},?\s*')
_OTHER = lazy_pattern(r'\s*"([a-z0-9_]+)":\s*\{:(?:git|path),.*\},?\s*')
_REQUIRED = lazy_pattern(r"\{:\"?([a-z0-9_]+)\"?,\s*\"[^\"]{0,200}\",\s{0,9}\[([^\]]{0,500})\]\}")
_OUTER = lazy_pattern(r'"([0-9a-f]{64})"\s*$')


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package of Hex; one from a repository has a commit and no version: a Skip."""
    del sibling
    lines = decode(content).split("\n")
    body = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not body or not body[0][1].lstrip().startswith("%{"):
        raise FormatError("not a map of Elixir", 1)
    collector = Collector(path, "Hex")
    if body[-1][1].strip() not in ("}", "%{}"):
        collector.malformed("the map has no end: the file seems cut", line=body[-1][0])
    keys: dict[str, Key] = {}
    required: list[tuple[Key, str]] = []
    for number, line in body:
        match = _HEX.fullmatch(line)
        if match:
            outer = _OUTER.search(match.group(5))
            digest = outer.group(1) if outer else ""
            key = collector.add(
                match.group(2), match.group(3), line=number, hashes=(f"sha256:{digest}",) if digest else ()
            )
            keys[match.group(1)] = key
            required.extend((key, name) for name, _ in _REQUIRED.findall(match.group(5)))
        elif _OTHER.fullmatch(line):
            collector.skip(SkipKind.UNRESOLVED, "a package from a repository has a commit and no version", line=number)
        elif line.strip() not in ("%{", "}", "%{}"):
            collector.malformed("a line that is not a package", line=number)
    for key, name in required:
        if name in keys:
            collector.require(key, keys[name])
    return collector.reading(direct_known=False)


READER = Reader("Hex", named("mix.lock"), read)
