"""pyproject.toml, where no lock stands beside it: PEP 621, PEP 735 and Poetry's tables, mostly ranges."""

from __future__ import annotations

from typing import Any

from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling, listing, mapping, python_name, text
from lockgate.formats.lockfiles._text import load_toml
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

_WISH = lazy_pattern(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)")
_FIRST = lazy_pattern(r"[\s\[]*+[\"']?([A-Za-z0-9][A-Za-z0-9._-]{0,200})")
_PIN = lazy_pattern(r"===?\s*([A-Za-z0-9][\w.+!-]*)")
_BARE = lazy_pattern(r"\d[\w.+!-]*")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every named package, with a version where ``==`` pins it and a Skip where it is a range."""
    del sibling
    document = load_toml(content)
    collector = Collector(path, "PyPI")
    lines = _lines(content)
    project, poetry = mapping(document.get("project")), mapping(mapping(document.get("tool")).get("poetry"))
    own = python_name(text(project.get("name")) or text(poetry.get("name")))
    for name, wish, scope in [*_standard(document, project), *_poetry(poetry)]:
        if name == own:
            continue
        pin = _PIN.fullmatch(wish)
        line = lines.get(name, 0)
        if pin is None:
            collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} has a range, and no lock beside it", line=line)
        version = pin.group(1) if pin else ""
        collector.add(name, version, line=line, direct=True, scope=scope, requirement=wish[:200])
    return collector.reading(direct_known=True)


def _standard(document: dict[str, Any], project: dict[str, Any]) -> list[tuple[str, str, Scope]]:
    groups = [(project.get("dependencies"), Scope.RUNTIME)]
    groups += [(group, Scope.OPTIONAL) for group in mapping(project.get("optional-dependencies")).values()]
    groups += [(group, Scope.DEVELOPMENT) for group in mapping(document.get("dependency-groups")).values()]
    groups += [(mapping(document.get("build-system")).get("requires"), Scope.BUILD)]
    found = []
    for group, scope in groups:
        for item in listing(group):
            match = _WISH.match(text(item))
            if match:
                found.append((python_name(match.group(1)), match.group(2).strip(), scope))
    return found


def _poetry(poetry: dict[str, Any]) -> list[tuple[str, str, Scope]]:
    tables = [(poetry.get("dependencies"), Scope.RUNTIME), (poetry.get("dev-dependencies"), Scope.DEVELOPMENT)]
    tables += [
        (mapping(group).get("dependencies"), Scope.DEVELOPMENT) for group in mapping(poetry.get("group")).values()
    ]
    found = []
    for table, scope in tables:
        for name, stated in mapping(table).items():
            wish = (text(stated) or text(mapping(stated).get("version"))).strip()
            if name.lower() != "python" and "path" not in mapping(stated):
                found.append((python_name(name), f"=={wish}" if _BARE.fullmatch(wish) else wish, scope))
    return found


def _lines(content: bytes) -> dict[str, int]:
    """Name -> the first line that begins with it, quoted or as a key; one that stands within a line has none."""
    found: dict[str, int] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), 1):
        match = _FIRST.match(line)
        if match:
            found.setdefault(python_name(match.group(1)), number)
    return found


READER = Reader("PyPI", named("pyproject.toml"), read, lock=False)
