"""Paths within a tree, as text: nothing here asks whether a file exists."""

from __future__ import annotations


def folder_of(path: str) -> str:
    """The folder of a path with its slash, or an empty string at the root."""
    return path[: path.rfind("/") + 1]


def join(folder: str, relative: str) -> str | None:
    """``relative`` seen from ``folder`` (with its slash), ``..`` resolved; None when it leaves the tree."""
    parts: list[str] = []
    if relative.startswith("/") or "\\" in relative or ":" in relative:
        return None
    for part in (folder + relative).split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
