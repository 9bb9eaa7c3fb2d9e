"""Programs (ELF, PE, Mach-O) that say what they were built from: Go's build information, Rust's audit section."""

from __future__ import annotations

from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import (
    FAMILY,
    Content,
    Installed,
    Reader,
    Sibling,
    _go,
    _rust,
    head_of,
    is_program,
    stream_of,
)
from lockgate.formats.installed._sections import parts
from lockgate.model import Skip


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    if not is_program(head_of(content)):
        return Installed()
    file = stream_of(content)
    found = parts(file)
    try:
        crates = tuple(_rust.components(file, found, path))
    except FormatError as error:
        return Installed(tuple(_go.components(file, found, path)), (Skip(path, error.kind, error.reason, FAMILY),))
    return Installed((*_go.components(file, found, path), *crates))


READER = Reader(
    programs=True,
    read=_read,
)
