"""Manifests and indexes: what an image is made of, and which images stand under one name.

Source: OCI image-spec 1.1 (manifest.md, image-index.md, descriptor.md), Docker image manifest 2, schema 2. A document
that could be read as both is refused (GHSA-77vh-xpmg-72qh): who checks one reading must not run the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import digests, media_types
from lockgate.formats.oci._fields import document, mapping, number, rows, string_map, text, texts
from lockgate.formats.oci.platforms import Platform
from lockgate.model import SkipKind

MAX_MANIFEST = 4 * 1024 * 1024
"""Bytes that the distribution specification has every client and registry take."""
MAX_LAYERS = 1_000
"""Of one image; Docker and overlayfs stop at 127 and 500."""
MAX_ENTRIES = 10_000
"""Of one index."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Points at content."""

    media_type: str
    digest: str
    size: int
    """Bytes."""
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    urls: tuple[str, ...] = ()
    """Where else the content may be; never followed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image, or another artifact."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    """From the base up."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    subject: Descriptor | None = None
    """What the artifact says something about."""

    @property
    def is_image(self) -> bool:
        """Whether it runs: a configuration of an image, and layers that are file systems."""
        return self.config.media_type in media_types.CONFIGS and all(
            media_types.packing_of(layer.media_type) is not None for layer in self.layers
        )


@dataclass(frozen=True, slots=True)
class Index:
    """Several manifests under one name, mostly one a platform."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    subject: Descriptor | None = None


def read(content: bytes, *, media_type: str = "") -> Manifest | Index:
    """The manifest or index that ``content`` is.

    ``media_type``: what it was announced as (a descriptor, ``Content-Type``); what the document says itself must agree.
    Raises :class:`FormatError`, whose kind is ``UNSUPPORTED`` for schema 1 and types that are no manifest.
    """
    announced = media_type.partition(";")[0].strip().lower()
    announced = "" if announced in ("application/json", "text/plain", "application/octet-stream") else announced
    if announced in media_types.SCHEMA_1:
        raise _schema_1()
    if announced and announced not in media_types.INDEXES | media_types.MANIFESTS:
        raise FormatError("neither a manifest nor an index by its media type", kind=SkipKind.UNSUPPORTED)
    body = document(content, max_bytes=MAX_MANIFEST, what="the manifest")
    own = text(body, "mediaType")
    if body.get("schemaVersion") == 1 or own in media_types.SCHEMA_1:
        raise _schema_1()
    if body.get("schemaVersion") != 2:
        raise FormatError("'schemaVersion' is not 2", kind=SkipKind.UNSUPPORTED)
    if own and announced and own != announced:
        raise FormatError("the manifest says another media type than it was announced as")
    is_index = "manifests" in body
    if is_index and ("layers" in body or "config" in body):
        raise FormatError("the document is an index and a manifest at once")
    kind = own or announced or (media_types.OCI_INDEX if is_index else media_types.OCI_MANIFEST)
    if kind not in (media_types.INDEXES if is_index else media_types.MANIFESTS):
        raise FormatError("the manifest has another form than its media type says")
    return _index(body, kind) if is_index else _manifest(body, kind)


def _schema_1() -> FormatError:
    return FormatError(
        "a manifest of Docker's schema 1, whose layers nothing checks and which registries gave up in 2017; push the "
        "image again with a current tool",
        kind=SkipKind.UNSUPPORTED,
    )


def _index(body: Mapping[str, Any], media_type: str) -> Index:
    entries = rows(body, "manifests", most=MAX_ENTRIES, required=True)
    found = tuple(descriptor(entry, f"manifests[{number}]") for number, entry in enumerate(entries))
    return Index(media_type, found, string_map(body, "annotations"), _subject(body))


def _manifest(body: Mapping[str, Any], media_type: str) -> Manifest:
    layers = rows(body, "layers", most=MAX_LAYERS, required=True)
    return Manifest(
        media_type,
        descriptor(body.get("config"), "config"),
        tuple(descriptor(layer, f"layers[{number}]") for number, layer in enumerate(layers)),
        string_map(body, "annotations"),
        text(body, "artifactType"),
        _subject(body),
    )


def _subject(body: Mapping[str, Any]) -> Descriptor | None:
    return descriptor(body["subject"], "subject") if body.get("subject") is not None else None


def descriptor(value: object, where: str) -> Descriptor:
    """One descriptor; ``where`` names it in errors. Raises :class:`FormatError`."""
    if not isinstance(value, dict):
        raise FormatError(f"'{where}' is no descriptor")
    try:
        return Descriptor(
            text(value, "mediaType", required=True),
            digests.checked(value.get("digest")),
            number(value, "size"),
            _platform(mapping(value, "platform")),
            string_map(value, "annotations"),
            text(value, "artifactType"),
            texts(value, "urls", most=100),
        )
    except FormatError as error:
        raise FormatError(f"{where}: {error.reason}", kind=error.kind) from None


def _platform(body: Mapping[str, Any]) -> Platform | None:
    if not body:
        return None
    return Platform(
        text(body, "os"), text(body, "architecture"), text(body, "variant"), text(body, "os.version")
    ).normal()
