"""Lines of a file of the project around a finding, where the file is there and no secret is at fault."""

from __future__ import annotations

from pathlib import Path

from lockgate.formats.printable import clipped, printable

_HIDDEN = frozenset((".lockgate", ".git"))
_AROUND, _MOST_LINES, _MOST_BYTES, _WIDTH = 3, 40, 4 << 20, 400


def frame(top: Path, root: str, path: str, line: int | None, end: int | None) -> list[tuple[int, str, bool]]:
    """(number, text, whether it is at fault) of lines around; nothing where they cannot be shown.

    ``root`` and ``path`` come from the record, which others may have written: only a plain file within the project is
    read, of a run over the project itself, since whoever sees findings of another place may not see this one's files;
    and none of the workspace or of git, which no finding is about.
    """
    if not line or not path or not root:
        return []
    try:
        file, folder = (top / path).resolve(strict=True), top.resolve()
        judged = {Path(one).resolve() for one in (root, root.partition(", ")[0])}  # a run may have read a log beside it
        if folder not in judged or not _HIDDEN.isdisjoint(file.relative_to(folder).parts):
            return []
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return []
        lines = file.read_bytes().decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return []
    last = min(max(end or line, line), line + _MOST_LINES)
    numbered = range(max(line - _AROUND, 1), min(last + _AROUND, len(lines)) + 1)
    return [(number, clipped(printable(lines[number - 1]), _WIDTH), line <= number <= last) for number in numbered]
