"""Signatures and attestations put beside an image, in both forms of cosign.

The older form adds a layer to the manifest under ``sha256-<hex>.sig`` or ``.att``; those that were there stay. The
newer one is an artifact of its own with the image as its subject. Source: cosign, SIGNATURE_SPEC.md, BUNDLE_SPEC.md.
"""

from __future__ import annotations

from lockgate.errors import SourceError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import artifacts, manifests
from lockgate.formats.oci.manifests import MAX_LAYERS, Descriptor, Manifest
from lockgate.formats.oci.media_types import OCI_CONFIG, OCI_MANIFEST
from lockgate.formats.signatures import dsse, sigstore_bundle, simple_signing
from lockgate.sources.image.attached import attach
from lockgate.sources.image.place import Held, WritablePlace
from lockgate.sources.image.testimonies import tagged


def put_signature(place: WritablePlace, digest: str, payload: bytes, signature: str) -> str:
    """A signature under cosign's tag, which is returned. ``signature``: base64. Raises ``SourceError``."""
    layer = artifacts.described(payload, simple_signing.MEDIA_TYPE, {simple_signing.SIGNATURE: signature})
    return _added(place, simple_signing.tag_of(digest, "sig"), layer, payload)


def put_envelope(place: WritablePlace, digest: str, envelope: dsse.Envelope, predicate_type: str) -> str:
    """An attestation under cosign's tag, which is returned. Raises ``SourceError``."""
    content = dsse.written(envelope)
    told = {simple_signing.SIGNATURE: "", "predicateType": predicate_type}
    layer = artifacts.described(content, dsse.MEDIA_TYPE, told)
    return _added(place, simple_signing.tag_of(digest, "att"), layer, content)


def put_bundle(place: WritablePlace, subject: Descriptor, bundle: bytes, predicate_type: str) -> str:
    """A bundle of sigstore beside ``subject``; the digest of its artifact. Raises ``SourceError``."""
    told = {sigstore_bundle.CONTENT: "dsse-envelope", sigstore_bundle.PREDICATE: predicate_type}
    kind = sigstore_bundle.MEDIA_TYPE
    return attach(place, subject, kind, [(kind, bundle)], annotations=told).digest


def _added(place: WritablePlace, tag: str, layer: Descriptor, content: bytes) -> str:
    before = _layers(place, tag)
    if layer in before:
        return tag
    if len(before) >= MAX_LAYERS:
        raise SourceError(f"{MAX_LAYERS:,} of them are there already", where=f"{place.name}:{tag}")
    config = artifacts.described(b"{}", OCI_CONFIG)
    place.put_blob(config.digest, Held(b"{}"))
    place.put_blob(layer.digest, Held(content))
    place.put_manifest(artifacts.manifest_of("", (*before, layer), config=config), OCI_MANIFEST, tag=tag)
    if layer not in _layers(place, tag):
        hint = "somebody else signed it at the same time: sign it again"
        raise SourceError("the signature is not there after it was written", where=f"{place.name}:{tag}", hint=hint)
    return tag


def _layers(place: WritablePlace, tag: str) -> tuple[Descriptor, ...]:
    document = tagged(place, tag)
    if document is None:
        return ()
    try:
        read = manifests.read(document.content, media_type=document.media_type)
    except FormatError as error:
        raise SourceError(error.reason, where=f"{place.name}:{tag}") from None
    if not isinstance(read, Manifest):
        raise UsageError("an index lies where signatures should", where=f"{place.name}:{tag}")
    return read.layers
