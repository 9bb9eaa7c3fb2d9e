"""libs.versions.toml, Gradle's version catalogue (https://docs.gradle.org/current/userguide/version_catalogs.html)."""

from __future__ import annotations

from typing import Any

from lockgate.formats.lockfiles import Ending, Reader, Reading
from lockgate.formats.lockfiles._collect import Collector, Sibling, mapping, text
from lockgate.formats.lockfiles._text import load_toml
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

_KEY = lazy_pattern(rb"\s*(?:\"([^\"]+)\"|([\w-]+))\s*=")
_EXACT = lazy_pattern(r"[\w.+-]*\d[\w.-]*")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Libraries and plugins with a literal or referenced version; one without is a Skip."""
    del sibling
    document = load_toml(content)
    collector = Collector(path, "Maven")
    versions = mapping(document.get("versions"))
    lines = _lines(content)
    for table in ("libraries", "plugins"):
        for alias, entry in mapping(document.get(table)).items():
            line = lines.get((table, alias), 0)
            name, wish = _coordinates(entry, versions, plugin=table == "plugins")
            exact = bool(_EXACT.fullmatch(wish)) and not wish.endswith("+") and not wish.startswith("latest.")
            if not name:
                collector.malformed("an entry without a module", line=line)
                continue
            if not exact:
                collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} has no exact version here", line=line)
            scope = Scope.BUILD if table == "plugins" else Scope.RUNTIME
            collector.add(name, wish if exact else "", line=line, direct=True, scope=scope, requirement=wish)
    return collector.reading(direct_known=True)


def _coordinates(entry: Any, versions: dict[str, Any], *, plugin: bool) -> tuple[str, str]:
    if isinstance(entry, str):
        name, _, wish = entry.rpartition(":")
        return (_plugin(name) if plugin else name), wish
    table = mapping(entry)
    if plugin:
        name = _plugin(text(table.get("id")))
    else:
        name = text(table.get("module")) or f"{text(table.get('group'))}:{text(table.get('name'))}".strip(":")
    return name, _version(table.get("version"), versions)


def _plugin(identifier: str) -> str:
    """Gradle publishes a plugin's marker as ``<id>:<id>.gradle.plugin``."""
    return f"{identifier}:{identifier}.gradle.plugin" if identifier else ""


def _version(stated: Any, versions: dict[str, Any]) -> str:
    table = mapping(stated)
    if "ref" in table:
        stated = versions.get(text(table["ref"]))
        table = mapping(stated)
    return text(stated) or text(table.get("strictly")) or text(table.get("require")) or text(table.get("prefer"))


def _lines(content: bytes) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(content.split(b"\n"), 1):
        stripped = line.strip()
        if stripped.startswith(b"[") and stripped.endswith(b"]"):
            table = stripped.strip(b"[] ").decode("utf-8", "replace")
            continue
        match = _KEY.match(line)
        if match:
            found.setdefault((table, (match.group(1) or match.group(2)).decode("utf-8", "replace")), number)
    return found


READER = Reader("Maven", Ending(("libs.versions.toml",)), read, lock=False)
