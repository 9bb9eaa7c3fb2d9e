"""Which files of a distribution's package are worth remembering: those that another reader may want.

A package lists every manual page and header; only artefacts of languages and programs are looked up again.
"""

from __future__ import annotations

_NEVER = (
    ".gz", ".h", ".hpp", ".html", ".js.map", ".mo", ".md", ".png", ".svg", ".txt", ".xml", ".pyc", ".py", ".pm", ".pl",
    ".conf", ".service", ".css", ".c", ".json.gz", ".so.debug", ".el", ".vim", ".ui", ".ttf", ".tmpl", ".rst",
)  # fmt: skip
_TEXTS = ("METADATA", "PKG-INFO", "package.json", "installed.json")
_MERGED = ("bin/", "sbin/", "lib/", "lib64/", "lib32/", "libx32/")


def merged(path: str) -> str:
    """``path`` relative to the root, as a merged ``/usr`` has it: packages still list ``/bin/x`` for ``/usr/bin/x``."""
    path = path.removeprefix("./").lstrip("/")
    return f"usr/{path}" if path.startswith(_MERGED) else path


def worth(path: str) -> bool:
    """Whether a reader may want the file at ``path``."""
    if path.endswith(_NEVER):
        return path.endswith(_TEXTS)
    return "/share/man/" not in path and "/share/locale/" not in path


def owned(paths: list[str]) -> tuple[str, ...]:
    """Those of ``paths`` that are worth it, as a merged ``/usr`` has them, sorted and each once."""
    return tuple(sorted({merged(path) for path in paths if path and worth(path)}))
