"""Simple signing: the payload that cosign signs with, which says that a name stands for a manifest of this digest.

Source: cosign's SIGNATURE_SPEC.md; containers/image, "atomic container signature". The payloads of an image are the
layers of a manifest under the tag ``sha256-<hex>.sig``, with the signature as an annotation of each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import digests
from lockgate.formats.oci._fields import mapping, text
from lockgate.formats.signatures.signed_json import signed_object

MEDIA_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
"""Annotation: the signature, base64."""
CERTIFICATE = "dev.sigstore.cosign/certificate"
"""Annotation: the certificate of who signed, PEM."""
CHAIN = "dev.sigstore.cosign/chain"
"""Annotation: certificates up to an authority, PEM."""
REKOR = "dev.sigstore.cosign/bundle"
"""Annotation: the entry of the transparency log with its signed timestamp."""
TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
"""Annotation: what an authority of timestamps signed of the signature."""
TYPE = "cosign container image signature"
TYPES = frozenset({TYPE, "atomic container signature"})
MAX_PAYLOAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Payload:
    """What was signed."""

    digest: str
    """Of the manifest."""
    reference: str
    """The name that the signer gave the image; nothing says that it is the one it lies under."""
    optional: Mapping[str, Any]
    """What the signer said besides."""


def tag_of(digest: str, suffix: str) -> str:
    """The tag under which cosign puts what is said of ``digest``: ``suffix`` is ``sig`` or ``att``."""
    return f"{digest.replace(':', '-')}.{suffix}"


def read(content: bytes) -> Payload:
    """The payload that ``content`` is. Raises :class:`FormatError`."""
    body = signed_object(content, "the payload", max_bytes=MAX_PAYLOAD)
    critical = mapping(body, "critical")
    if text(critical, "type") not in TYPES:
        raise FormatError("the payload is no signature of an image")
    image, identity = critical.get("image"), critical.get("identity")
    if not isinstance(image, dict) or not isinstance(identity, dict):
        raise FormatError("the payload names no image")
    reference, optional = identity.get("docker-reference", ""), body.get("optional") or {}
    if not isinstance(reference, str) or not isinstance(optional, dict):
        raise FormatError("the payload has a name or further claims of another type")
    return Payload(digests.checked(image.get("docker-manifest-digest")), reference, optional)


def written(digest: str, reference: str = "", optional: Mapping[str, Any] | None = None) -> bytes:
    """The payload for a manifest, the same bytes for the same arguments."""
    critical = {"identity": {"docker-reference": reference}, "image": {"docker-manifest-digest": digest}, "type": TYPE}
    body = {"critical": critical, "optional": dict(optional) if optional else None}
    return json.dumps(body, separators=(",", ":")).encode()
