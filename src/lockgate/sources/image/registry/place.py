"""Images of one repository of a registry."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.oci import artifacts, digests, manifests, media_types
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.limits import LayerLimits
from lockgate.formats.oci.manifests import MAX_MANIFEST, Descriptor
from lockgate.sources.image.place import Body, Document, LayerReader, checked, packed_layer
from lockgate.sources.image.registry.client import Client
from lockgate.sources.image.registry.referrers import add, listed
from lockgate.sources.image.registry.writing import put, upload

_ACCEPT = ", ".join((*media_types.ACCEPTED, *sorted(media_types.SCHEMA_1)))
"""Schema 1 too, so that a registry sends what it has and its type says why that is refused."""


@dataclass(frozen=True, slots=True)
class RegistryPlace:
    """What ``client`` gives, checked by its digests."""

    client: Client

    @property
    def name(self) -> str:
        """The repository."""
        return self.client.name

    def manifest(self, key: str) -> Document:
        """By tag or digest."""
        content, headers = self.client.document(f"manifests/{key}", accept=_ACCEPT, most=MAX_MANIFEST)
        where = f"{self.name}: {key}"
        if ":" in key:
            digest = key
            checked(content, digest, where)
        else:
            digest = digests.digest_of(content)
            told = headers.get("docker-content-digest", "")
            if told.startswith("sha256:") and told != digest:
                raise SourceError("the manifest does not have the digest that the registry says", where=where)
        return Document(content, headers.get("content-type", ""), digest)

    def blob(self, descriptor: Descriptor, *, most: int) -> bytes:
        """By digest."""
        where = f"{self.name}: {descriptor.digest}"
        if descriptor.size > most:
            raise SourceError(f"larger than {most:,} bytes", where=where)
        content, _ = self.client.document(f"blobs/{descriptor.digest}", accept="*/*", most=most)
        return checked(content, descriptor.digest, where)

    def layer(self, layer: Layer, limits: LayerLimits) -> LayerReader:
        """By digest, while it comes."""
        pieces = self.client.stream(f"blobs/{layer.descriptor.digest}", layer.descriptor.size)
        return packed_layer(pieces, layer, limits)

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """By the registry's list, or the index under the tag that stands in for it."""
        return listed(self.client, digest)

    def put_blob(self, digest: str, body: Body, *, mounted_from: str = "") -> None:
        """In one piece, unless it is there."""
        upload(self.client, digest, body, mounted_from=mounted_from)

    def put_manifest(self, content: bytes, media_type: str, *, tag: str = "") -> str:
        """Then its entry in the index of referrers, where the registry does not say that it keeps one itself."""
        digest = digests.digest_of(content)
        answer = put(self.client, content, media_type, key=tag or digest)
        read = manifests.read(content, media_type=media_type)
        subject = read.subject
        if subject is not None and answer.headers.get("oci-subject") != subject.digest:
            add(self.client, subject.digest, artifacts.referrer(content, read))
        return digest
