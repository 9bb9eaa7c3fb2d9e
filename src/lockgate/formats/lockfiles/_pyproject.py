"""Which packages a pyproject.toml names, by PEP 621, PEP 735 and Poetry's and uv's own tables."""

from __future__ import annotations

from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.lockfiles._collect import listing, mapping, python_name, text
from lockgate.formats.lockfiles._text import load_toml
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope

_NAME = lazy_pattern(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def direct_names(content: bytes | None) -> dict[str, Scope] | None:
    """Normalised name -> strongest scope; None when there is no readable pyproject.toml."""
    if content is None:
        return None
    try:
        document = load_toml(content)
    except FormatError:
        return None
    found: dict[str, Scope] = {}
    project, tool = mapping(document.get("project")), mapping(document.get("tool"))
    poetry = mapping(tool.get("poetry"))
    # Weakest first, so that the strongest scope of a name stands.
    for group in mapping(document.get("dependency-groups")).values():
        _requirements(found, group, Scope.DEVELOPMENT)
    _requirements(found, mapping(tool.get("uv")).get("dev-dependencies"), Scope.DEVELOPMENT)
    for group in mapping(mapping(tool.get("pdm")).get("dev-dependencies")).values():
        _requirements(found, group, Scope.DEVELOPMENT)
    _table(found, poetry.get("dev-dependencies"), Scope.DEVELOPMENT)
    for name, group in mapping(poetry.get("group")).items():
        _table(found, mapping(group).get("dependencies"), Scope.RUNTIME if name == "main" else Scope.DEVELOPMENT)
    for extra in mapping(project.get("optional-dependencies")).values():
        _requirements(found, extra, Scope.OPTIONAL)
    _table(found, poetry.get("dependencies"), Scope.RUNTIME)
    _requirements(found, project.get("dependencies"), Scope.RUNTIME)
    own = python_name(text(project.get("name")) or text(poetry.get("name")))
    found.pop(own, None)  # extras that name the project itself
    return found


def _requirements(found: dict[str, Scope], group: Any, scope: Scope) -> None:
    for item in listing(group):
        match = _NAME.match(text(item))
        if match:
            found[python_name(match.group(1))] = scope


def _table(found: dict[str, Scope], table: Any, scope: Scope) -> None:
    for name, wish in mapping(table).items():
        if name.lower() == "python":
            continue
        found[python_name(name)] = Scope.OPTIONAL if mapping(wish).get("optional") is True else scope
