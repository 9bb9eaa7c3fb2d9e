"""A bill of materials that lies beside an image, in place of what its layers hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats import bills
from lockgate.model import Component, Skip
from lockgate.sources import Wants
from lockgate.sources.image.attached import attached, content_of, writable
from lockgate.sources.image.image import Image

TYPES = ("application/vnd.cyclonedx+json", "application/spdx+json")
"""Of artifacts that are bills; where both lie beside an image, the first is read."""


@dataclass(slots=True)
class AttachedBillSource:
    """The bill beside one image. Whoever may write to the repository may have put it there."""

    image: Image
    mode: str = field(default="image", init=False)
    files_read: int = field(default=0, init=False)

    @property
    def root(self) -> str:
        """For people, who have to know that the image itself was not read."""
        return f"the bill attached to {self.image.name}"

    def collect(self, wants: Wants) -> Iterator[Component | Skip]:
        """Its components; before them what could not be understood. Raises ``SourceError`` where there is none."""
        del wants
        place = writable(self.image.place, self.image.name)
        found = sorted(
            attached(place, self.image.digest, *TYPES),
            key=lambda one: (TYPES.index(one.descriptor.artifact_type), one.descriptor.digest),
        )
        if not found:
            hint = "attach one: lockgate image sbom IMAGE --attach; or scan the layers"
            raise SourceError("no bill of materials is attached to it", where=self.image.name, hint=hint)
        content = content_of(place, found[0], most=bills.MAX_BYTES)
        bill = bills.read(f"attached {found[0].descriptor.digest}", content)
        self.files_read = 1 if bill.components or not bill.skips else 0
        yield from bill.skips
        yield from bill.components

    def sibling(self, path: str) -> bytes | None:
        """None: a bill is alone."""
        del path
        return None
