"""One image: its manifest, its configuration and its layers, found in a place and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats import dockerfile
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import configs, history, manifests, media_types, platforms
from lockgate.formats.oci.configs import ImageConfig
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.manifests import Descriptor, Index, Manifest
from lockgate.formats.oci.platforms import Platform
from lockgate.formats.oci.references import Reference
from lockgate.sources.image.place import Place

_DEEPEST = 3
"""Indexes within indexes."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image for one platform."""

    name: str
    """As it was asked for."""
    digest: str
    """Of the manifest; of the configuration where the place holds no manifest (archives of older Docker)."""
    manifest: Manifest
    config: ImageConfig
    layers: tuple[Layer, ...]
    """From the base up."""
    place: Place
    platforms: tuple[str, ...] = ()
    """Of the images under the same name, this one included; empty where there was no index."""
    attested: int = 0
    """Entries of the index that say something of an image."""
    index_digest: str = ""
    """Of the outermost index; empty where there was none."""
    reference: Reference | None = None
    """Its name in a registry; None for one on disk."""
    lines: Mapping[int, int] = field(default_factory=dict)
    """Of the steps in its history, where its Dockerfile was given."""


def opened(
    place: Place, key: str, *, name: str, platform: Platform | None = None, built_from: Path | None = None,
    reference: Reference | None = None,
) -> Image:  # fmt: skip
    """The image ``key`` of ``place``; ``built_from``: its Dockerfile, whose lines its layers then know; ``reference``:
    what it is called in a registry.

    Raises ``SourceError`` where it is not there or cannot be trusted, ``UsageError`` for a platform it does not have.
    """
    document = place.manifest(key)
    found: tuple[str, ...] = ()
    attested = 0
    wanted: Descriptor | None = None
    outermost = document.digest
    for _ in range(_DEEPEST):
        try:
            read = manifests.read(document.content, media_type=document.media_type)
        except FormatError as error:
            raise SourceError(error.reason, where=name) from None
        if isinstance(read, Manifest):
            told = _Told(found, attested, outermost if wanted is not None else "")
            found_image = _image(read, document.digest, place, name=name, told=told, built_from=built_from)
            return replace(found_image, reference=reference)
        found, attested = _told(read)
        wanted = platforms.chosen(read.manifests, platform)
        if wanted is None:
            has = f"it has {', '.join(found)}" if found else "it holds none"
            message = f"no image for {platform}" if platform is not None else "no image in the index"
            raise UsageError(message, where=name, hint=has)
        document = place.manifest(wanted.digest)
    raise SourceError("indexes within indexes within indexes", where=name)


@dataclass(frozen=True, slots=True)
class _Told:
    """What an index says."""

    platforms: tuple[str, ...]
    attested: int
    index_digest: str


def _told(index: Index) -> tuple[tuple[str, ...], int]:
    images = [one for one in index.manifests if not platforms.is_attestation(one)]
    return tuple(str(one.platform) for one in images if one.platform is not None), len(index.manifests) - len(images)


def _image(
    manifest: Manifest, digest: str, place: Place, *, name: str, told: _Told, built_from: Path | None
) -> Image:
    if not manifest.is_image:
        raise SourceError(_no_image(manifest), where=name)
    try:
        config = configs.read(place.blob(manifest.config, most=configs.MAX_CONFIG))
    except FormatError as error:
        raise SourceError(f"the configuration: {error.reason}", where=name) from None
    if config.diff_ids and len(config.diff_ids) != len(manifest.layers):
        raise SourceError("the configuration names another number of layers than the manifest", where=name)
    lines = history.lines_of(config.history, _parsed(built_from)) if built_from is not None else {}
    layers = history.layers_of(manifest, config, lines)
    return Image(
        name, digest, manifest, config, layers, place, told.platforms, told.attested, told.index_digest, lines=lines
    )


def _no_image(manifest: Manifest) -> str:
    """Why it is none: by what it says it is, else by the first layer that is no file system."""
    if manifest.artifact_type or manifest.config.media_type not in media_types.CONFIGS:
        return f"an artifact and no image ({(manifest.artifact_type or manifest.config.media_type)[:120]})"
    number, one = next(
        (number, one) for number, one in enumerate(manifest.layers) if media_types.packing_of(one.media_type) is None
    )
    return f"layer {number} is of the type {one.media_type[:120]!r}, which is no file system"


def _parsed(path: Path) -> dockerfile.Dockerfile:
    try:
        return dockerfile.parse(path.read_bytes()[: dockerfile.MAX_BYTES + 1])
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=str(path)) from None
