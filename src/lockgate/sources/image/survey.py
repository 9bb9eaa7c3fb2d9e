"""The survey of an image as a source: one row that the checks of family ``images`` judge, after all layers were read.

Entries come from the layers while these are read, or from the lists that are kept of them by digest, so that layers
which are known are not read for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import partial
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.entries import Entry
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.oci.survey import PATH, Survey, Surveyor, to_json
from lockgate.model import File, Finding
from lockgate.sources import Wants
from lockgate.sources.image.image import Image
from lockgate.sources.image.layers import Holds, Standing

_ROOT_LAYER = Layer(0, Descriptor("", "", 0), "")


@dataclass(slots=True)
class SurveySource:
    """One image, or the root of a file system. Collected after its layers, which call ``met``."""

    image: Image | Path
    surveyor: Surveyor = field(default_factory=Surveyor)
    mode: str = field(default="image", init=False)

    @property
    def root(self) -> str:
        """The image, for people."""
        return self.image.name if isinstance(self.image, Image) else str(self.image)

    @property
    def cache_root(self) -> str:
        """Nothing is kept under it, since its only file has no stamp."""
        return f"survey of {self.root}"

    def met(self, entry: Entry, standing: Standing) -> None:
        """An entry of a layer, as ``LayerSource`` tells them."""
        self.surveyor.meet(entry, standing.layer.index, standing.hidden.by if standing.hidden is not None else None)

    def sibling(self, path: str) -> bytes | None:
        """There are no others."""
        del path
        return None

    def survey(self) -> Survey:
        """What was seen of the layers so far, with what the configuration says."""
        image = self.image
        if isinstance(image, Image):
            return self.surveyor.survey(name=image.name, config=image.config, layers=image.layers, lines=image.lines)
        return self.surveyor.survey(name=image.name, config=None, layers=[_ROOT_LAYER], lines={})

    def collect(self, wants: Wants, holds: Holds = lambda file: False) -> Iterator[File]:
        """The survey in JSON."""
        del holds
        content = to_json(self.survey())
        if wants(PATH, len(content)):
            yield File(PATH, len(content), partial(bytes, content))

    def told(self, finding: Finding) -> Finding:
        """As it is: the survey itself says which layer brought what."""
        return finding
