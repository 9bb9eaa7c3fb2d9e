"""Images in the stores of runtimes on this machine, read where they lie: containerd's, and that of CRI-O and podman.

Nothing is locked or written. containerd keeps blobs by digest; its names stand in a database of its own, so an image is
asked for by digest there. CRI-O and podman (``containers/storage``, driver overlay) keep names in ``images.json`` and
layers unpacked in folders as overlayfs wants them: what their files are now is read, and no digest holds it.
Source: containerd docs/content-flow.md; containers/storage ``images.go`` and ``layers.go``.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from lockgate.errors import SourceError, UsageError
from lockgate.formats.oci import digests
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.limits import LayerLimits
from lockgate.formats.oci.manifests import MAX_LAYERS, MAX_MANIFEST, Descriptor
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.image.files import Folder, content_of
from lockgate.sources.image.layout import Layout, shown_names, text_json
from lockgate.sources.image.place import Document, LayerReader, Place, checked
from lockgate.sources.image.root import FolderLayer

CONTENT = "io.containerd.content.v1.content"
_IMAGES, _LAYERS = "overlay-images/images.json", "overlay-layers/layers.json"
_OTHERS = ("vfs", "btrfs", "zfs", "devicemapper", "aufs")
"""Further drivers of containers/storage."""
_ID = lazy_pattern(r"[0-9a-f]{64}")
_MAX_LIST = 64 * 1024 * 1024


def store_in(folder: Path) -> Place | None:
    """The store of a runtime that ``folder`` is; None where it is none.

    Raises ``SourceError`` for one of another driver: as a folder its images would be taken for one file system.
    """
    for root in (folder, folder / CONTENT):
        if (root / "blobs" / "sha256").is_dir() and not (root / "index.json").exists():
            return Layout(Folder(root))
    if (folder / _IMAGES).is_file():
        return Storage(folder)
    for driver in _OTHERS:
        if (folder / f"{driver}-images" / "images.json").is_file():
            hint = f"skopeo copy containers-storage:[{driver}@{folder}]NAME oci:FOLDER"
            reason = f"a store of the driver {driver}: of overlay alone they are read"
            raise SourceError(reason, where=str(folder), hint=hint)
    return None


class Storage:
    """A store of CRI-O or podman."""

    def __init__(self, folder: Path) -> None:
        self._files = Folder(folder)
        self._image = ""
        self._layers: tuple[str, ...] = ()
        """Their folders, from the base up."""

    @property
    def name(self) -> str:
        """The folder."""
        return self._files.name

    def manifest(self, key: str) -> Document:
        """By name, the end of a name, digest or id; with an empty key the only image. Indexes are not kept there."""
        entry = self._entry(key)
        self._image = _id(entry.get("id"), self.name)
        self._layers = self._chain(_id(entry.get("layer"), self.name))
        content = content_of(self._files, f"overlay-images/{self._image}/manifest", MAX_MANIFEST)
        return Document(content, "", digests.digest_of(content))

    def blob(self, descriptor: Descriptor, *, most: int) -> bytes:
        """The configuration, which is all that the store keeps by digest."""
        name = base64.b64encode(descriptor.digest.encode()).decode()
        content = content_of(self._files, f"overlay-images/{self._image}/={name}", most)
        return checked(content, descriptor.digest, self.name)

    def layer(self, layer: Layer, limits: LayerLimits) -> LayerReader:
        """From its folder."""
        if layer.index >= len(self._layers):
            raise SourceError("the store has fewer layers than the image", where=self.name)
        folder = Path(self.name) / "overlay" / self._layers[layer.index] / "diff"
        if not folder.is_dir():
            raise SourceError("a layer is not unpacked there", where=str(folder), hint="run as who owns the store")
        return FolderLayer(folder, limits, whole=False)

    def _rows(self, path: str) -> list[dict[str, Any]]:
        rows = text_json(content_of(self._files, path, _MAX_LIST), f"{self.name}/{path}")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SourceError("is no list", where=f"{self.name}/{path}")
        return rows

    def _entry(self, key: str) -> dict[str, Any]:
        rows = self._rows(_IMAGES)
        if not key and len(rows) == 1:
            return rows[0]
        known: list[str] = []
        for row in rows:
            names = [name for name in row.get("names") or () if isinstance(name, str)]
            known += names
            ends = any(name == key or name.endswith(f"/{key}") for name in names)
            if key and (ends or key in (row.get("digest"), row.get("id"))):
                return row
        message = f"no image {key!r} in it" if key else "there is not one image in it"
        raise UsageError(message, where=self.name, hint="name one by --name: " + shown_names(known))

    def _chain(self, top: str) -> tuple[str, ...]:
        parents = {row.get("id"): row.get("parent") or "" for row in self._rows(_LAYERS)}
        found: list[str] = []
        at = top
        while at:
            if at not in parents or len(found) > MAX_LAYERS:
                reason = "the layers of the image have no end, or one is missing"
                raise SourceError(reason, where=f"{self.name}/{_LAYERS}")
            found.append(at)
            at = _id(parents[at], self.name) if parents[at] else ""
        return tuple(reversed(found))


def _id(value: object, where: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise SourceError("an id that is none", where=where)
    return value
