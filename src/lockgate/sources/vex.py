"""VEX documents on disk: files, and folders with their JSON files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lockgate.errors import SourceError
from lockgate.formats import vex
from lockgate.formats.format_error import FormatError

_MOST = 10_000
"""Documents of one folder."""


def read(paths: Sequence[Path]) -> tuple[vex.Statement, ...]:
    """The statements of every document. Raises ``SourceError`` for one that is not there or not understood."""
    return tuple(one for path in paths for file in _files(path) for one in _statements(file))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(one for one in path.rglob("*.json") if one.is_file() and not one.is_symlink())
    if len(found) > _MOST:
        raise SourceError(f"more than {_MOST:,} documents", where=str(path))
    yield from found


def _statements(path: Path) -> tuple[vex.Statement, ...]:
    try:
        if path.stat().st_size > vex.MAX_BYTES:
            raise SourceError(f"larger than {vex.MAX_BYTES:,} bytes", where=str(path))
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(error.strerror or "cannot be read", where=str(path)) from None
    try:
        return vex.read(str(path), content)
    except FormatError as error:
        hint = "VEX is read as OpenVEX, CSAF 2 and CycloneDX, in JSON"
        raise SourceError(f"no VEX document: {error.reason}", where=str(path), hint=hint) from None
