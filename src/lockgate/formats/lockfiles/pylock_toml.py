"""pylock.toml and pylock.<name>.toml (PEP 751, https://packaging.python.org/en/latest/specifications/pylock-toml/)."""

from __future__ import annotations

from typing import Any

from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Ending, Reader, Reading
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, folder_of, listing, mapping, python_name, text
from lockgate.formats.lockfiles._pyproject import direct_names
from lockgate.formats.lockfiles._text import ends_mid_line, load_toml, table_lines
from lockgate.model import Scope, SkipKind


def matches(path: str) -> bool:
    """``pylock.toml``, or ``pylock.`` a name without dots ``.toml``."""
    name = path[path.rfind("/") + 1 :]
    return name.startswith("pylock.") and name.endswith(".toml") and name.count(".") <= 2


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package with a version. The specification lets a package leave its version out: then a Skip."""
    document = load_toml(content)
    if not text(document.get("lock-version")).startswith("1."):
        raise FormatError("no lock version 1", 1, kind=SkipKind.UNSUPPORTED)
    collector = Collector(path, "PyPI")
    if ends_mid_line(content) or not isinstance(document.get("packages"), list):
        collector.malformed("no packages, or the last line has no end: the file seems cut")
    packages = [mapping(package) for package in listing(document.get("packages"))]
    lines = table_lines(content, "packages")
    if len(lines) != len(packages):
        lines = [0] * len(packages)
    by_name: dict[str, list[Key]] = {}
    placed: list[tuple[Key, dict[str, Any]]] = []
    for package, line in zip(packages, lines, strict=True):
        name, version = python_name(text(package.get("name"))), text(package.get("version"))
        if not name:
            collector.malformed("a package without a name", line=line)
        elif "directory" in package:
            continue
        elif not version:
            collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} has no version", line=line)
        else:
            if not {"vcs", "archive", "sdist", "wheels"} & set(package):
                collector.malformed("a package without a source: the file seems cut", line=line)
            key = collector.add(name, version, line=line, hashes=_hashes(package))
            by_name.setdefault(name, []).append(key)
            placed.append((key, package))
    for key, package in placed:
        for wish in listing(package.get("dependencies")):
            name = python_name(text(mapping(wish).get("name")))
            for target in by_name.get(name, ()):
                collector.require(key, target)
            if name and name not in by_name:
                collector.dangling(key[0], name)
    wanted = direct_names(sibling(f"{folder_of(path)}pyproject.toml")) if packages else None
    stated = {python_name(text(package.get("name"))) for package in packages}
    for name in wanted or {}:
        for target in by_name.get(name, ()):
            collector.name_direct(target, (wanted or {})[name])
        if name not in stated and (wanted or {})[name] is Scope.RUNTIME:
            collector.skip(SkipKind.UNRESOLVED, f"pyproject.toml names {name[:80]}, which the lock does not hold")
    return collector.reading(direct_known=wanted is not None)


def _hashes(package: dict[str, Any]) -> tuple[str, ...]:
    files = [mapping(package.get("sdist")), mapping(package.get("archive"))]
    files.extend(mapping(wheel) for wheel in listing(package.get("wheels")))
    return tuple(
        f"{algorithm}:{text(digest)}" for file in files for algorithm, digest in mapping(file.get("hashes")).items()
    )


READER = Reader("PyPI", Ending((".toml",), matches), read)
