"""What a signature of the Notary Project says, whichever of its two envelopes it came in; and what one is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import manifests
from lockgate.formats.oci.manifests import Descriptor

ARTIFACT_TYPE = "application/vnd.cncf.notary.signature"
"""Of the artifact that holds an envelope and names the image as its subject."""
PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"
THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256"
"""Annotation of the artifact: SHA-256 of each certificate of the chain, in hex, a list in JSON."""
JWS, COSE = "application/jose+json", "application/cose"
X509, AUTHORITY = "notary.x509", "notary.x509.signingAuthority"
SCHEMES = (X509, AUTHORITY)
SCHEME, SIGNED_AT, AUTHENTIC_AT, EXPIRY = (
    f"io.cncf.notary.{name}" for name in ("signingScheme", "signingTime", "authenticSigningTime", "expiry")
)
TIMESTAMP, AGENT = "io.cncf.notary.timestampSignature", "io.cncf.notary.signingAgent"
ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
MAX_ENVELOPE = 10 * 1024 * 1024
"""Bytes that are read of one, as notation does."""
MAX_CHAIN = 20
_MAX_CERTIFICATE = 64 * 1024
_MAX_PAYLOAD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """One signature; nothing of it was verified."""

    payload: bytes
    algorithm: str
    """One of ``ALGORITHMS``."""
    scheme: str
    """One of ``SCHEMES``."""
    signed_at: datetime
    """UTC: by the signer's word, or by an authority's where the scheme is that of one."""
    expires_at: datetime | None
    chain: tuple[bytes, ...]
    """Certificates, DER, from the signer's to the root's."""
    signature: bytes
    """Of ECDSA two numbers behind each other."""
    signed: bytes
    """What the signature is of."""
    critical: tuple[str, ...] = ()
    """Attributes beside those of the specification that whoever verifies must understand."""
    timestamp: bytes = b""
    """TimeStampToken of RFC 3161 over ``signature``, DER; empty where nobody countersigned."""
    agent: str = ""
    """What made it, by its own word."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be signed, and how."""

    payload: bytes
    algorithm: str
    signed_at: datetime
    expires_at: datetime | None = None
    scheme: str = X509
    more: Mapping[str, str] = field(default_factory=dict)
    """Further signed attributes, which whoever verifies must understand."""


def payload_of(target: Descriptor) -> bytes:
    """The payload that names ``target``, with its annotations."""
    body: dict[str, object] = {"mediaType": target.media_type, "digest": target.digest, "size": target.size}
    if target.annotations:
        body["annotations"] = dict(sorted(target.annotations.items()))
    return json.dumps({"targetArtifact": body}, ensure_ascii=False, separators=(",", ":")).encode()


def target_of(payload: bytes) -> Descriptor:
    """What a payload names. Raises :class:`FormatError`."""
    body = json_safe.load(payload, max_bytes=_MAX_PAYLOAD, unique_keys=True)
    if not isinstance(body, dict) or "targetArtifact" not in body:
        raise FormatError("the payload names no artifact")
    return manifests.descriptor(body["targetArtifact"], "targetArtifact")


def checked(envelope: Envelope) -> Envelope:
    """``envelope``, if what it says fits together. Raises :class:`FormatError`."""
    if not envelope.payload or len(envelope.payload) > _MAX_PAYLOAD:
        raise FormatError("the payload is empty or larger than any")
    if not envelope.signature:
        raise FormatError("the envelope has no signature")
    if not 0 < len(envelope.chain) <= MAX_CHAIN or any(len(one) > _MAX_CERTIFICATE for one in envelope.chain):
        raise FormatError(f"a chain of certificates has 1 to {MAX_CHAIN}")
    if envelope.expires_at is not None and envelope.expires_at <= envelope.signed_at:
        raise FormatError("the signature expires before it was made")
    return envelope


def must_be_critical(scheme: str, *, expires: bool) -> set[str]:
    """The headers that have to be marked critical."""
    return {SCHEME, *((AUTHENTIC_AT,) if scheme == AUTHORITY else ()), *((EXPIRY,) if expires else ())}
