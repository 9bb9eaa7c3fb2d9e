"""Which distribution it is: ``etc/os-release``, else ``usr/lib/os-release`` (os-release(5))."""

from __future__ import annotations

from lockgate.formats.installed import Content, Installed, Reader, Sibling, System, text_of
from lockgate.lazy_pattern import lazy_pattern

PATHS = ("etc/os-release", "usr/lib/os-release")
"""The first that is there counts."""
_LONGEST = 64 * 1024
_ASSIGNMENT = lazy_pattern(r"(?m)^[ \t]*([A-Z][A-Z0-9_]*)=(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"']*)[ \t]*$")
_ESCAPE = lazy_pattern(r"\\(.)")
_IDENTIFIER = lazy_pattern(r"[a-z0-9._-]{1,60}\Z")


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    said: dict[str, str] = {}
    for name, value in _ASSIGNMENT.findall(text_of(content, _LONGEST).replace("\r\n", "\n")):
        said[name] = _unquoted(value)
    identifier = said.get("ID", "").lower()
    if _IDENTIFIER.match(identifier) is None:
        identifier = "linux"  # what os-release(5) says that a missing one means
    return Installed(
        system=System(
            id=identifier,
            version=said.get("VERSION_ID", "")[:60],
            name=said.get("PRETTY_NAME", "")[:120],
            codename=said.get("VERSION_CODENAME", "")[:60].lower(),
            like=tuple(said.get("ID_LIKE", "").lower().split()[:10]),
            release=said.get("VERSION", "")[:120],
        )
    )


def _unquoted(value: str) -> str:
    if value[:1] == "'":
        return value[1:-1]
    return _ESCAPE.sub(r"\1", value[1:-1] if value[:1] == '"' else value)


READER = Reader(
    names=frozenset({"os-release"}),
    test=lambda path: path in PATHS,
    read=_read,
)
