"""Archives of ``docker save`` as Docker wrote them before 25: ``manifest.json``, a configuration, layers in folders.

Later ones hold an OCI layout too, which is read instead, since it has digests of everything. Here only the
configuration says what the layers are: by their digests unpacked. Source: Docker image specification 1.2, "Combined
Image JSON".
"""

from __future__ import annotations

import json
from typing import Any

from lockgate.errors import SourceError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import configs, digests, media_types
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.limits import LayerLimits
from lockgate.formats.oci.layers.tar import Tar
from lockgate.formats.oci.layers.unpacking import Unpacked
from lockgate.formats.oci.manifests import MAX_LAYERS, Descriptor
from lockgate.sources.image.files import Files, content_of
from lockgate.sources.image.layout import shown_names, text_json
from lockgate.sources.image.place import Document, LayerReader

_MANIFEST = "manifest.json"


class DockerArchive:
    """The images of one archive."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._config = b""
        self._layers: dict[str, str] = {}
        """Digest unpacked -> path in the archive."""

    @property
    def name(self) -> str:
        """The archive."""
        return self._files.name

    def manifest(self, key: str) -> Document:
        """One made of what the archive says, since it holds none: its layers are named by their digests unpacked."""
        entry = self._entry(key)
        self._config = content_of(self._files, _text(entry.get("Config"), self.name), configs.MAX_CONFIG)
        try:
            config = configs.read(self._config)
        except FormatError as error:
            raise SourceError(error.reason, where=f"{self.name}: the configuration") from None
        paths = entry.get("Layers")
        if not isinstance(paths, list) or len(paths) != len(config.diff_ids) or len(paths) > MAX_LAYERS:
            raise SourceError("as many layers as the configuration names are wanted", where=f"{self.name}: {_MANIFEST}")
        self._layers = dict(zip(config.diff_ids, (_text(path, self.name) for path in paths), strict=True))
        digest = digests.digest_of(self._config)
        body = {
            "schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST,
            "config": {"mediaType": media_types.DOCKER_CONFIG, "digest": digest, "size": len(self._config)},
            "layers": [{"mediaType": media_types.OCI_LAYER, "digest": one, "size": 0} for one in config.diff_ids],
        }  # fmt: skip
        return Document(json.dumps(body).encode(), media_types.OCI_MANIFEST, digest)

    def blob(self, descriptor: Descriptor, *, most: int) -> bytes:
        """The configuration."""
        if len(self._config) > most:
            raise SourceError(f"larger than {most:,} bytes", where=f"{self.name}: {descriptor.digest}")
        return self._config

    def layer(self, layer: Layer, limits: LayerLimits) -> LayerReader:
        """Packed or not: what counts is its digest unpacked."""
        pieces = self._files.pieces(self._layers[layer.diff_id])
        return Tar(Unpacked(pieces, digest="", diff_id=layer.diff_id, limits=limits), limits)

    def _entry(self, key: str) -> dict[str, Any]:
        where = f"{self.name}: {_MANIFEST}"
        entries = text_json(content_of(self._files, _MANIFEST, 4 * 1024 * 1024), where)
        if not isinstance(entries, list) or not entries or not all(isinstance(one, dict) for one in entries):
            raise SourceError("is no list of images", where=where)
        if not key and len(entries) == 1:
            return dict(entries[0])
        known = []
        for entry in entries:
            tags = [tag for tag in entry.get("RepoTags") or () if isinstance(tag, str)]
            known += tags
            if key and any(key in (tag, tag.rpartition(":")[2]) for tag in tags):
                return dict(entry)
        message = f"no image {key!r} in it" if key else "there is more than one image in it"
        raise UsageError(message, where=self.name, hint="name one by --name: " + shown_names(known))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise SourceError("a path that is no text", where=f"{where}: {_MANIFEST}")
    return value
