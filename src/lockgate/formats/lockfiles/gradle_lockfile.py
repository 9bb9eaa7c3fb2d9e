"""gradle.lockfile (https://docs.gradle.org/current/userguide/dependency_locking.html).

``group:artifact:version=configuration,...`` a line, ``empty=`` last; the format does not say what is direct.
"""

from __future__ import annotations

from dataclasses import replace

from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling
from lockgate.formats.lockfiles._text import decode, ends_mid_line
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope

_LINE = lazy_pattern(r"([^\s:=]+):([^\s:=]+):([^\s:=]+)=(\S*)")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every module once a version; for development when only test configurations hold it."""
    del sibling
    collector = Collector(path, "Maven")
    ended = False
    for number, line in enumerate(decode(content).split("\n"), 1):
        stripped = line.strip()
        match = _LINE.fullmatch(stripped)
        if match:
            name = f"{match.group(1)}:{match.group(2)}"
            collector.add(name, match.group(3), line=number, scope=_scope(match.group(4)))
        elif stripped.startswith("empty="):
            ended = True
        elif stripped and not stripped.startswith("#"):
            collector.malformed("a line that is not a module", line=number)
    if not ended or ends_mid_line(content):
        collector.malformed("no line `empty=` at the end: the file seems cut")
    reading = collector.reading(direct_known=True)
    return replace(reading, components=tuple(replace(item, direct=None) for item in reading.components))


def _scope(configurations: str) -> Scope:
    names = [name.lower() for name in configurations.split(",") if name]
    if names and all("test" in name for name in names):
        return Scope.DEVELOPMENT
    if names and all("annotationprocessor" in name or name == "classpath" or "kapt" in name for name in names):
        return Scope.BUILD
    return Scope.RUNTIME


READER = Reader("Maven", named("gradle.lockfile", "buildscript-gradle.lockfile"), read)
