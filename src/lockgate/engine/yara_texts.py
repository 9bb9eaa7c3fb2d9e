"""YARA rules from the command line and the settings: which files, read once, as pairs of name and text."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from lockgate.errors import ConfigurationError

_ENDINGS = (".yar", ".yara")
_MOST_FILES = 5_000
_MOST_BYTES = 64 * 1024 * 1024
"""Of all files together."""

RuleTexts = tuple[tuple[str, str], ...]


def rule_texts(paths: Sequence[Path], *, top: Path) -> RuleTexts:
    """The rules below ``paths``, by path and each file once. Raises ``ConfigurationError`` for what cannot be read.

    Files are called by their path from ``top`` where they lie below it. Links to folders are not followed.
    """
    found: dict[str, str] = {}
    left = _MOST_BYTES
    for path in paths:
        for file in _files(path):
            name = _shown(file, top)
            if name in found:
                continue
            if len(found) >= _MOST_FILES:
                raise ConfigurationError(f"more than {_MOST_FILES:,} files of YARA rules", where=str(path))
            content = _content(file, left)
            left -= len(content)
            try:
                found[name] = content.decode()
            except UnicodeDecodeError:
                raise ConfigurationError("YARA rules that are no UTF-8", where=str(file)) from None
    return tuple(sorted(found.items()))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise ConfigurationError("there is no such file or folder of YARA rules", where=str(path))
    some = False
    for folder, names, files in os.walk(path):
        names.sort()
        for name in sorted(files):
            if name.lower().endswith(_ENDINGS):
                some = True
                yield Path(folder) / name
    if not some:
        raise ConfigurationError(f"no file {' or '.join('*' + one for one in _ENDINGS)} in it", where=str(path))


def _content(path: Path, most: int) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ConfigurationError("no regular file", where=str(path))
            content = stream.read(most + 1)
    except OSError as error:
        raise ConfigurationError(error.strerror or "cannot be read", where=str(path)) from None
    if len(content) > most:
        raise ConfigurationError(f"more than {_MOST_BYTES:,} bytes of YARA rules", where=str(path))
    return content


def _shown(path: Path, top: Path) -> str:
    whole = path.resolve()
    return whole.relative_to(top.resolve()).as_posix() if whole.is_relative_to(top.resolve()) else str(path)
