"""One signature of sigstore as a whole: who signed these bytes, by a key or by a certificate, in which log, when.

Source: sigstore's client specification (spec/client-spec.md, "Verification"), for artifacts that are given. That an
entry of the log is about this very signature is held as well (GHSA-8gw7-4j42-w388).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures.transparency import Entry, Witnessed, body_of
from lockgate.formats.signatures.trusted_root import TrustedRoot
from lockgate.signing import certificates, keys, timestamps, transparency
from lockgate.signing.certificates import Certificate, Identity
from lockgate.signing.keys import PublicKey
from lockgate.signing.refused import RefusedError


@dataclass(frozen=True, slots=True)
class Evidence:
    """A signature with what came along."""

    signature: bytes
    signed: bytes
    """The bytes under the signature."""
    certificate: bytes = b""
    """DER, of who signed; empty where a key did."""
    entries: tuple[Entry, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    payload: bytes | None = None
    """Of the envelope, where one was signed."""
    stamped: bytes | None = None
    """The bytes under the timestamps, where these are not the signature."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who has signed, with everything about it checked."""

    key: PublicKey
    identity: Identity | None = None
    """None where a key has signed that was given."""
    logged: bool = False
    """Whether a transparency log that is trusted holds it."""
    moments: tuple[datetime, ...] = ()
    """When it is proved to have been there."""


def by_key(evidence: Evidence, key: PublicKey, root: TrustedRoot | None, *, log: bool) -> Signer:
    """The signer, which is ``key``. ``log``: whether a transparency log of ``root`` must hold the signature.

    What came along of logs is held against ``root`` where there is one. Raises :class:`RefusedError`.
    """
    key.verify(evidence.signature, evidence.signed)
    if root is None:
        if log:
            raise RefusedError("a transparency log must hold it, and there is no trusted root that names one")
        return Signer(key)
    logged, moments = _witnessed(evidence, key, b"", root, log=log)
    return Signer(key, None, logged, moments)


def by_certificate(evidence: Evidence, root: TrustedRoot, *, log: bool = True) -> Signer:
    """The signer, whom the certificate that came along names. Raises :class:`RefusedError`.

    At least one moment of the signature must be proved, and the certificate have been valid at each that is.
    """
    if not evidence.certificate:
        raise RefusedError("it was made with a key, and no certificate came along")
    signer: Certificate = certificates.loaded(evidence.certificate)
    signer.key.verify(evidence.signature, evidence.signed)
    logged, moments = _witnessed(evidence, signer.key, signer.der, root, log=log)
    certificates.check(signer, root, moments)
    return Signer(signer.key, signer.identity, logged, moments)


def _witnessed(
    evidence: Evidence, key: PublicKey, certificate: bytes, root: TrustedRoot, *, log: bool
) -> tuple[bool, tuple[datetime, ...]]:
    stamped = evidence.signature if evidence.stamped is None else evidence.stamped
    moments = [timestamps.check(one, stamped, root.timestamp_authorities) for one in evidence.timestamps]
    for entry in evidence.entries:
        taken = transparency.check(entry, root.signature_logs, moments)
        _about(entry, evidence, key, certificate)
        if taken is not None:
            moments.append(taken)
    if log and not evidence.entries:
        raise RefusedError("no entry of a transparency log came along")
    return bool(evidence.entries), tuple(moments)


def _about(entry: Entry, evidence: Evidence, key: PublicKey, certificate: bytes) -> None:
    """Raises :class:`RefusedError` unless the entry is about this signature by this key of these bytes."""
    try:
        body = body_of(entry)
    except FormatError as error:
        raise RefusedError(error.reason) from None
    held = evidence.payload if body.of_envelope else evidence.signed
    algorithm = body.digest.partition(":")[0]
    if held is None or f"{algorithm}:{hashlib.new(algorithm, held).hexdigest()}" != body.digest:
        raise RefusedError("the entry of the log is of something else")
    if not _names(body.signatures, evidence.signature, key, certificate):
        raise RefusedError("the entry of the log is of another signature or signer")


def _names(signatures: Sequence[Witnessed], signature: bytes, key: PublicKey, certificate: bytes) -> bool:
    return any(one.signature == signature and _is(one.verifier, key, certificate) for one in signatures)


def _is(verifier: bytes, key: PublicKey, certificate: bytes) -> bool:
    try:
        if certificate:
            held = certificates.from_pem(verifier) if verifier.lstrip().startswith(b"-----") else (verifier,)
            return held[:1] == (certificate,)
        read = keys.from_pem(verifier) if verifier.lstrip().startswith(b"-----") else keys.from_der(verifier)
    except RefusedError:
        return False
    return read.der == key.der
