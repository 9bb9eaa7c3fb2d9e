"""Bundles as a whole: made of files, signed, loaded with their signature checked first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lockgate.errors import SourceError
from lockgate.formats.oci.digests import digest_of
from lockgate.formats.signatures import simple_signing
from lockgate.sources.policy_bundle import content, signing
from lockgate.sources.policy_bundle.places import MANIFEST, Layout, Place, manifest_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

ARTIFACT = "application/vnd.lockgate.policies.v1"
_LAYER = "application/vnd.lockgate.policies.layer.v1.tar+gzip"
_EMPTY = "application/vnd.oci.empty.v1+json"
_MAX_SIGNATURES = 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a signed bundle holds."""

    digest: str
    """Of its manifest: what was signed."""
    files: Mapping[str, bytes]
    """Content by name."""


def create(layout: Layout, tag: str, files: Mapping[str, bytes]) -> str:
    """Write a bundle of ``files``; the digest of its manifest. The same files give the same digest."""
    layer = {"mediaType": _LAYER, **layout.add(content.packed(files))}
    config = {"mediaType": _EMPTY, **layout.add(b"{}")}
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": ARTIFACT, "config": config, "layers": [layer]}
    manifest = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    layout.tag(tag, manifest, artifactType=ARTIFACT)
    return digest_of(manifest)


def sign(layout: Layout, tag: str, key: EllipticCurvePrivateKey) -> str:
    """Put a signature beside the bundle, where cosign would; the digest that was signed. Earlier ones stay."""
    manifest = layout.manifest(tag)
    if manifest is None:
        raise SourceError(f"there is no bundle {tag!r}", where=layout.name)
    digest = digest_of(manifest)
    payload = simple_signing.written(digest)
    layer = {"mediaType": simple_signing.MEDIA_TYPE, **layout.add(payload),
             "annotations": {simple_signing.SIGNATURE: signing.signed(payload, key)}}  # fmt: skip
    before = layout.manifest(simple_signing.tag_of(digest, "sig"))
    layers = manifest_json(before, layout.name).get("layers", []) if before is not None else []
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", **layout.add(b"{}")}
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [*layers, layer]}
    layout.tag(simple_signing.tag_of(digest, "sig"), json.dumps(body, separators=(",", ":")).encode())
    return digest


def load(place: Place, tag: str, key: EllipticCurvePublicKey) -> Bundle:
    """The bundle of a tag. Raises ``SourceError`` when it is not there, not signed by ``key``, or not whole."""
    manifest = place.manifest(tag)
    if manifest is None:
        raise SourceError(f"there is no bundle {tag!r}", where=place.name)
    digest = digest_of(manifest)
    _check(place, digest, key)
    body = manifest_json(manifest, place.name)
    if body.get("artifactType") != ARTIFACT:
        raise SourceError(f"the artifact is no bundle of policies ({ARTIFACT})", where=f"{place.name}: {tag}")
    files: dict[str, bytes] = {}
    for layer in _layers(body, place):
        if layer.get("mediaType") != _LAYER:
            raise SourceError(f"a layer of the unknown type {str(layer.get('mediaType'))[:80]!r}", where=place.name)
        files |= content.unpacked(place.blob(str(layer.get("digest"))), where=f"{place.name}: {tag}")
    return Bundle(digest, files)


def _check(place: Place, digest: str, key: EllipticCurvePublicKey) -> None:
    found = place.manifest(simple_signing.tag_of(digest, "sig"))
    where = f"{place.name}: {digest}"
    if found is None:
        raise SourceError("the bundle is not signed", where=where, hint="lockgate policy bundle sign")
    faults: list[str] = []
    for layer in _layers(manifest_json(found, where), place)[:_MAX_SIGNATURES]:
        annotations = layer.get("annotations")
        signature = annotations.get(simple_signing.SIGNATURE) if isinstance(annotations, dict) else None
        if layer.get("mediaType") != simple_signing.MEDIA_TYPE or not isinstance(signature, str):
            continue
        fault = signing.fault_of(place.blob(str(layer.get("digest"))), signature, digest, key)
        if not fault:
            return
        faults.append(fault)
    raise SourceError(faults[0] if faults else "the bundle is not signed", where=where,
                      hint="the bundle is not used: it may have been changed, or signed by somebody else")  # fmt: skip


def _layers(body: Mapping[str, Any], place: Place) -> list[dict[str, Any]]:
    layers = body.get("layers")
    if not isinstance(layers, list) or not all(isinstance(one, dict) for one in layers):
        raise SourceError("the manifest has no list of layers", where=place.name)
    return layers
