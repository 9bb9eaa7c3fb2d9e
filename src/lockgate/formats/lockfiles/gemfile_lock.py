"""Gemfile.lock and gems.locked of Bundler: indented sections, the direct gems under ``DEPENDENCIES``.

Groups stand only in the Gemfile, which is Ruby and is not run, so every gem is of the runtime scope.
"""

from __future__ import annotations

from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling
from lockgate.formats.lockfiles._text import decode, ends_mid_line
from lockgate.lazy_pattern import lazy_pattern

_SPEC = lazy_pattern(r"( {4}| {6})([A-Za-z0-9][\w.-]*)!?(?: \(([^()]*)\))?")
_DIRECT = lazy_pattern(r" {2}([A-Za-z0-9][\w.-]*)!?(?: \(([^()]*)\))?!?")
_SECTION = lazy_pattern(r"[A-Z][A-Z ]*")
_SUM = lazy_pattern(r" {2}([A-Za-z0-9][\w.-]*) \(([^()]*)\) (sha256)=([0-9a-f]{64})")
_PLATFORM = lazy_pattern(r"-(?:x86|x64|arm|aarch|java|universal|mswin|mingw|ruby|jruby|i[3-6]86|powerpc|riscv|s390).*")
_KNOWN = frozenset(
    {"GEM", "GIT", "PATH", "PLUGIN SOURCE", "PLATFORMS", "DEPENDENCIES", "CHECKSUMS", "RUBY VERSION", "BUNDLED WITH"}
)


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every gem of the sections GEM and GIT; those under PATH are the project's own."""
    del sibling
    collector = Collector(path, "RubyGems")
    if ends_mid_line(content):
        collector.malformed("the last line has no end: the file seems cut")
    lines = decode(content).split("\n")
    sums = {(m.group(1), m.group(2)): f"{m.group(3)}:{m.group(4)}" for m in map(_SUM.fullmatch, lines) if m}
    keys: dict[str, list[Key]] = {}
    own: set[str] = set()
    wishes: list[tuple[list[Key], str, int]] = []
    direct: list[tuple[str, int]] = []
    seen: set[str] = set()
    section, current = "", list[Key]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not line.startswith(" "):
            section = line.strip()
            seen.add(section)
            if section not in _KNOWN:
                collector.malformed("a section that Bundler does not write", line=number)
        elif section in ("GEM", "GIT", "PATH", "PLUGIN SOURCE"):
            match = _SPEC.fullmatch(line)
            if match is None:
                if line.startswith("    "):
                    collector.malformed("a line that is not a gem", line=number)
                continue
            if match.group(1) == "      ":
                wishes.append((current, match.group(2), number))
                continue
            name, stated = match.group(2), match.group(3) or ""
            if not stated:
                collector.malformed("a gem without a version", line=number)
                continue
            current = []
            if section == "PATH":
                own.add(name)
                continue
            digest = sums.get((name, stated))
            key = collector.add(name, _PLATFORM.sub("", stated), line=number, hashes=(digest,) if digest else ())
            current.append(key)
            keys.setdefault(name, []).append(key)
        elif section == "DEPENDENCIES":
            match = _DIRECT.fullmatch(line)
            if match is None:
                collector.malformed("a line that is not a dependency", line=number)
            else:
                direct.append((match.group(1), number))
    if not {"PLATFORMS", "DEPENDENCIES"} <= seen:
        collector.malformed("no sections PLATFORMS and DEPENDENCIES: the file seems cut")
    for parents, name, number in wishes:
        for target in dict.fromkeys(keys.get(name, ())):
            for parent in parents:
                collector.require(parent, target)
            if not parents:  # a gem of the project itself requires it
                collector.name_direct(target)
        if name not in keys and name not in own and name != "bundler":
            collector.dangling(parents[0][0] if parents else "the project", name, line=number)
    for name, number in direct:
        for target in keys.get(name, ()):
            collector.name_direct(target)
        if name not in keys and name not in own and name != "bundler":
            collector.dangling("the project", name, line=number)
    named_gems = {name for name, _ in direct} | {name for _, name, _ in wishes}
    if own - named_gems:
        collector.malformed("a gem of the project that nothing names: the file seems cut")
    collector.refuse_orphans()
    return collector.reading(direct_known="DEPENDENCIES" in seen)


READER = Reader("RubyGems", named("Gemfile.lock", "gems.locked"), read)
