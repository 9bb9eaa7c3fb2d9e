"""Signatures of manifests in the form of cosign with a key: a payload of "simple signing" and ECDSA P-256 over SHA-256.

Source of the form: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockgate.errors import SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures import simple_signing
from lockgate.signing.signer import held_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

PASSWORD = "LOCKGATE_KEY_PASSWORD"  # noqa: S105 -- the name of a variable


def signed(payload: bytes, key: EllipticCurvePrivateKey) -> str:
    """The signature, base64 of ASN.1 DER."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    return base64.b64encode(key.sign(payload, ECDSA(SHA256()))).decode()


def fault_of(payload: bytes, signature: str, digest: str, key: EllipticCurvePublicKey) -> str:
    """Why this is no signature by ``key`` of the manifest ``digest``; empty when it is one."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(base64.b64decode(signature, validate=True), payload, ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return "the signature is not by this key"
    try:  # only what the key has signed is read
        named = simple_signing.read(payload).digest
    except FormatError as error:
        return f"the signed payload: {error.reason}"
    return "" if named == digest else "the signature is of another manifest"


def private_key(path: Path) -> EllipticCurvePrivateKey:
    """From PEM (PKCS 8, SEC 1 or cosign's own), with the password of ``LOCKGATE_KEY_PASSWORD`` when it has one.

    Raises ``SourceError`` where it cannot be read or is of another curve, ``ConfigurationError`` where it stays shut.
    """
    password = os.environ.get(PASSWORD, "").encode() or None
    key = _loaded(path, lambda content: held_key(content, password, str(path)).key)
    return _on_the_curve(key, path, "EllipticCurvePrivateKey")  # type: ignore[no-any-return]


def public_key(path: Path) -> EllipticCurvePublicKey:
    """From PEM, as ``cosign public-key`` and ``openssl ec -pubout`` write it."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return _on_the_curve(_loaded(path, load_pem_public_key), path, "EllipticCurvePublicKey")  # type: ignore[no-any-return]


def _loaded(path: Path, load: Any) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(path.read_bytes())
    except OSError as error:
        raise SourceError(f"the key cannot be read: {error.strerror}", where=str(path)) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        hint = f"PEM of a key on P-256; for an encrypted one set {PASSWORD}"
        raise SourceError("this is no key that can be used", where=str(path), hint=hint) from None


def _on_the_curve(key: Any, path: Path, kind: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(key, getattr(ec, kind)) or not isinstance(key.curve, ec.SECP256R1):
        raise SourceError("the key is not on the curve P-256", where=str(path), hint="openssl ecparam -name prime256v1")
    return key
