"""Bundles of sigstore: a signature with all that is needed to verify it later without asking anybody.

Source: sigstore/protobuf-specs, sigstore_bundle.proto, media types of 0.1, 0.2 and 0.3; cosign's BUNDLE_SPEC.md for how
they refer to an image.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci._fields import mapping, rows, text
from lockgate.formats.signatures import dsse
from lockgate.formats.signatures.signed_json import octets, signed_object
from lockgate.formats.signatures.transparency import Entry, entry_of

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""Of the newest bundles; the type of their artifact and of its layer where they refer to an image."""
_VERSIONS = {
    MEDIA_TYPE: (0, 3),
    **{f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}": (0, minor) for minor in (1, 2, 3)},
}
MEDIA_TYPES = tuple(_VERSIONS)
"""Of all bundles that are read."""
CONTENT = "dev.sigstore.bundle.content"
"""Annotation: ``message-signature`` or ``dsse-envelope``."""
PREDICATE = "dev.sigstore.bundle.predicateType"
"""Annotation: type of the predicate of a statement."""
_MAX_CERTIFICATES = 10
_MAX_ENTRIES = 8
_MAX_TIMESTAMPS = 8
_DIGESTS = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


@dataclass(frozen=True, slots=True)
class Message:
    """A signature over bytes that lie elsewhere."""

    digest: str
    """Of these bytes, as the bundle says; empty where it does not."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """A signature with its proofs. Nothing of it is checked."""

    certificates: tuple[bytes, ...]
    """DER, who signed first; empty where a key signed that lies elsewhere."""
    key_hint: str
    entries: tuple[Entry, ...]
    timestamps: tuple[bytes, ...]
    """Answers of authorities of timestamps (RFC 3161), DER."""
    content: dsse.Envelope | Message


def is_bundle(media_type: str) -> bool:
    """Whether a media type, as it was written, is that of a bundle that is read."""
    return media_type.replace(" ", "") in _VERSIONS


def read(content: bytes) -> Bundle:
    """The bundle that ``content`` is. Raises :class:`FormatError`."""
    body = signed_object(content, "the bundle")
    version = _VERSIONS.get(text(body, "mediaType").replace(" ", ""))
    if version is None:
        raise FormatError("a bundle of a version other than 0.1, 0.2 and 0.3")
    material = mapping(body, "verificationMaterial")
    entries = tuple(entry_of(one) for one in rows(material, "tlogEntries", most=_MAX_ENTRIES))
    if version == (0, 1) and any(not one.promise for one in entries):
        raise FormatError("a bundle of version 0.1 whose entry of the log has no signed timestamp")
    if version > (0, 1) and any(one.proof is None or not one.proof.checkpoint for one in entries):
        raise FormatError("a bundle whose entry of the log has no proof of inclusion with a checkpoint")
    return Bundle(
        _certificates(material, version), text(mapping(material, "publicKey"), "hint"), entries,
        _timestamps(mapping(material, "timestampVerificationData")), _content(body),
    )  # fmt: skip


def _certificates(material: Mapping[str, Any], version: tuple[int, int]) -> tuple[bytes, ...]:
    named = [one for one in ("certificate", "x509CertificateChain", "publicKey") if material.get(one) is not None]
    if len(named) != 1:
        raise FormatError("a bundle names one certificate, or one chain, or one key")
    if named == ["certificate"]:
        return (octets(mapping(material, "certificate"), "rawBytes", required=True),)
    if named == ["publicKey"]:
        return ()
    if version >= (0, 3):
        raise FormatError("a bundle of version 0.3 has one certificate and no chain")
    found = []
    for one in rows(mapping(material, "x509CertificateChain"), "certificates", most=_MAX_CERTIFICATES, required=True):
        if not isinstance(one, dict):
            raise FormatError("a certificate of the bundle is no object")
        found.append(octets(one, "rawBytes", required=True))
    if not found:
        raise FormatError("the chain of the bundle is empty")
    return tuple(found)


def _timestamps(body: Mapping[str, Any]) -> tuple[bytes, ...]:
    found = rows(body, "rfc3161Timestamps", most=_MAX_TIMESTAMPS)
    if not all(isinstance(one, dict) for one in found):
        raise FormatError("a timestamp of the bundle is no object")
    return tuple(octets(one, "signedTimestamp", required=True) for one in found)


def _content(body: Mapping[str, Any]) -> dsse.Envelope | Message:
    envelope, message = body.get("dsseEnvelope"), body.get("messageSignature")
    if (envelope is None) == (message is None):
        raise FormatError("a bundle has an envelope or a signature of a message")
    if envelope is not None:
        found = dsse.of(envelope)
        if len(found.signatures) != 1:
            raise FormatError("the envelope of a bundle has one signature")
        return found
    held = mapping(body, "messageSignature")
    digest = mapping(held, "messageDigest")
    algorithm = _DIGESTS.get(text(digest, "algorithm"), "")
    told = f"{algorithm}:{octets(digest, 'digest', required=True).hex()}" if algorithm else ""
    return Message(told, octets(held, "signature", required=True))


def written(envelope: dsse.Envelope, key_hint: str) -> bytes:
    """A bundle of version 0.3 of an envelope that a key signed, without a transparency log."""
    held = {"payload": base64.b64encode(envelope.payload).decode(), "payloadType": envelope.payload_type,
            "signatures": [{"sig": base64.b64encode(one.value).decode()} for one in envelope.signatures]}  # fmt: skip
    body = {"mediaType": MEDIA_TYPE, "verificationMaterial": {"publicKey": {"hint": key_hint}}, "dsseEnvelope": held}
    return json.dumps(body, separators=(",", ":")).encode()
