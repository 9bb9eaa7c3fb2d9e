"""Lines of a file of the project around a finding, where the file is there and no secret is at fault."""

from __future__ import annotations

from pathlib import Path

from lockgate.formats.printable import clipped, printable

_AROUND, _MOST_LINES, _MOST_BYTES, _WIDTH = 3, 40, 4 << 20, 400


def frame(top: Path, path: str, line: int | None, end: int | None) -> list[tuple[int, str, bool]]:
    """(number, text, whether it is at fault) of lines around; nothing where they cannot be shown.

    The path comes from the record, which others may have written: only a plain file within the project is read.
    """
    if not line or not path:
        return []
    try:
        file = (top / path).resolve(strict=True)
        if not file.is_relative_to(top.resolve()) or not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return []
        lines = file.read_bytes().decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return []
    last = min(max(end or line, line), line + _MOST_LINES)
    numbered = range(max(line - _AROUND, 1), min(last + _AROUND, len(lines)) + 1)
    return [(number, clipped(printable(lines[number - 1]), _WIDTH), line <= number <= last) for number in numbered]
