"""An image that is not read again: the bill that an earlier run stored of it, as a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.manifests import Descriptor
from lockgate.model import Component, Finding, ImageFacts
from lockgate.sources import Wants
from lockgate.sources.image.installed import told_of_layer
from lockgate.sources.image.layers import Holds


@dataclass(slots=True)
class StoredSource:
    """The components of one image, as they are in the record."""

    facts: ImageFacts
    components: Sequence[Component]
    mode: str = field(default="image", init=False)
    files_read: int = field(default=1, init=False)
    """The bill."""

    @property
    def root(self) -> str:
        """The image, for people."""
        return self.facts.name

    @property
    def cache_root(self) -> str:
        """Nothing is kept under it, since it gives no files."""
        return f"stored of {self.facts.name}"

    def sibling(self, path: str) -> bytes | None:
        """Nothing: there are no files."""
        del path
        return None

    def collect(self, wants: Wants, holds: Holds = lambda file: False) -> Iterator[Component]:
        """The components, in the order in which they were read."""
        del wants, holds
        yield from self.components

    def told(self, finding: Finding) -> Finding:
        """A finding about a package, with the layer that brought it, as the scan of the image told it."""
        digest = finding.fact("layer")
        for one in self.facts.layers:
            if one.digest == digest:
                packed = Descriptor(one.media_type, one.digest, one.size)
                layer = Layer(one.position, packed, one.diff_id, -1, one.instruction, one.created, one.line)
                return told_of_layer(finding, layer)
        return finding
