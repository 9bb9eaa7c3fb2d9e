"""Images of containers: places they lie in, and the files of their layers as sources that scanners see.

``places`` opens what a person names: an OCI layout, an archive of ``docker save``, the root of a file system. ``image``
is one image there; ``layers`` makes a source of each of its layers, from the top down, and of its configuration.
Nothing is unpacked onto disk. What an image means is read by ``formats.oci``.
"""

from lockgate.sources.image.image import Image, opened
from lockgate.sources.image.layers import ConfigSource, LayerSource, root_source, sources_of
from lockgate.sources.image.places import Place, place_of

__all__ = ["ConfigSource", "Image", "LayerSource", "Place", "opened", "place_of", "root_source", "sources_of"]
