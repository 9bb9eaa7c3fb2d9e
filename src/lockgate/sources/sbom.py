"""A bill of materials in a file, of an image or an application that is not here itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats import bills
from lockgate.formats.installed import FAMILY
from lockgate.model import Component, Skip, SkipKind
from lockgate.sources import Wants


@dataclass(slots=True)
class SbomSource:
    """The bill in ``file``."""

    file: Path
    mode: str = field(default="sbom", init=False)
    files_read: int = field(default=0, init=False)

    @property
    def root(self) -> str:
        """The file, for people."""
        return str(self.file)

    def collect(self, wants: Wants) -> Iterator[Component | Skip]:  # noqa: ARG002 -- nobody is asked: all is read
        """Its components, in its order; before them what could not be understood."""
        try:
            size = self.file.stat().st_size
            if size > bills.MAX_BYTES:
                reason = f"{size} bytes, over the limit of {bills.MAX_BYTES}"
                yield Skip(self.file.name, SkipKind.TOO_LARGE, reason, FAMILY)
                return
            content = self.file.read_bytes()
        except OSError as error:
            raise SourceError(error.strerror or "cannot be read", where=str(self.file)) from error
        bill = bills.read(self.file.name, content)
        self.files_read = 1 if bill.components or not bill.skips else 0
        yield from bill.skips
        yield from bill.components

    def sibling(self, path: str) -> bytes | None:  # noqa: ARG002 -- the shape of Source.sibling
        """None: a bill is alone."""
        return None
