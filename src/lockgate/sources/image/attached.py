"""What is said of an image beside it: artifacts that name it as their subject, written and read.

Source: OCI image-spec 1.1, manifest.md ("Guidelines for Artifact Usage").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import artifacts, manifests
from lockgate.formats.oci.manifests import MAX_MANIFEST, Descriptor, Manifest
from lockgate.formats.oci.media_types import OCI_MANIFEST
from lockgate.sources.image.place import Held, Place, WritablePlace

_MOST = 1_000
"""Referrers of one image whose manifests are read."""


@dataclass(frozen=True, slots=True)
class Attached:
    """One artifact that speaks of an image; its manifest has its digest, and does name that image."""

    descriptor: Descriptor
    manifest: Manifest


def writable(place: Place, name: str) -> WritablePlace:
    """``place``, if something can be said beside its images; else ``UsageError``."""
    if isinstance(place, WritablePlace):
        return place
    hint = "name an image in a registry, or an OCI layout in a folder"
    raise UsageError("nothing can be attached to an image here", where=name, hint=hint)


def subject_of(place: Place, key: str) -> Descriptor:
    """The descriptor of the manifest or index ``key``, as artifacts name it. Raises ``SourceError``."""
    document = place.manifest(key)
    try:
        read = manifests.read(document.content, media_type=document.media_type)
    except FormatError as error:
        raise SourceError(error.reason, where=f"{place.name}: {key}") from None
    return Descriptor(read.media_type, document.digest, len(document.content))


def attach(
    place: WritablePlace, subject: Descriptor, artifact_type: str, contents: Sequence[tuple[str, bytes]], *,
    annotations: Mapping[str, str] | None = None, config: str = "",
) -> Descriptor:  # fmt: skip
    """Attach an artifact of ``contents`` (media type, bytes) to ``subject``; its descriptor.

    The same contents make the same artifact. ``config``: media type of an empty configuration that says what it is, for
    readers from before ``artifactType``. Raises ``SourceError``.
    """
    layers = [artifacts.described(content, kind) for kind, content in contents]
    empty = Descriptor(config or artifacts.EMPTY.media_type, artifacts.EMPTY.digest, artifacts.EMPTY.size)
    for one, content in ((empty, artifacts.EMPTY_CONTENT), *zip(layers, (held for _, held in contents), strict=True)):
        place.put_blob(one.digest, Held(content))
    manifest = artifacts.manifest_of(artifact_type, layers, subject=subject, annotations=annotations, config=empty)
    place.put_manifest(manifest, OCI_MANIFEST)
    return artifacts.referrer(manifest, manifests.read(manifest))


def attached(place: WritablePlace, digest: str, *artifact_types: str) -> list[Attached]:
    """The artifacts of these types (all where none is given) that speak of ``digest``, in the order of the list.

    Each manifest is read: of what a list says of them nothing is trusted, and some registries list other types.
    Raises ``SourceError``.
    """
    listed = [one for one in place.referrers(digest) if _may_be(one, artifact_types)]
    if len(listed) > _MOST:
        raise SourceError(f"more than {_MOST:,} artifacts are attached to it", where=f"{place.name}: {digest}")
    found = []
    for entry in listed:
        document = place.manifest(entry.digest)
        try:
            read = manifests.read(document.content, media_type=document.media_type or entry.media_type)
        except FormatError:
            continue  # an artifact of a form that is none of OCI's; what it says nobody here can read
        if not isinstance(read, Manifest) or read.subject is None or read.subject.digest != digest:
            continue
        told = artifacts.referrer(document.content, read)
        if not artifact_types or told.artifact_type in artifact_types:
            found.append(Attached(told, read))
    return found


def content_of(place: Place, one: Attached, *, most: int, index: int = 0) -> bytes:
    """The content of a layer of an artifact, of at most ``most`` bytes. Raises ``SourceError``."""
    if index >= len(one.manifest.layers):
        raise SourceError("the artifact holds nothing", where=f"{place.name}: {one.descriptor.digest}")
    return place.blob(one.manifest.layers[index], most=most)


def _may_be(one: Descriptor, artifact_types: Sequence[str]) -> bool:
    """Whether the list leaves open that it is of one of the types."""
    return (
        one.size <= MAX_MANIFEST
        and (not artifact_types or one.artifact_type in (*artifact_types, "", artifacts.EMPTY.media_type))
    )  # fmt: skip
