"""A signature of the Notary Project, made with a key and the certificates that say whose it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lockgate.errors import ConfigurationError
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.signatures.notary import cose, jws
from lockgate.formats.signatures.notary.envelope import COSE, JWS, THUMBPRINTS, Request, payload_of
from lockgate.signing.notary import chains
from lockgate.signing.notary.chains import Purpose
from lockgate.signing.refused import RefusedError
from lockgate.signing.signer import Scheme, Signer, raw_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_AGENT = "lockgate"
_CREATED = "org.opencontainers.image.created"


def sign(
    target: Descriptor, signer: Signer, chain: Sequence[Certificate], *, media_type: str, now: datetime,
    expires_at: datetime | None = None, countersigned: Callable[[bytes], bytes] | None = None,
) -> tuple[bytes, dict[str, str]]:  # fmt: skip
    """An envelope of ``media_type`` that signs ``target`` with its annotations, and the annotations of its artifact.

    ``chain``: from the signer's certificate to a self-signed one. ``countersigned``: gives the timestamp of a
    signature. Raises ``ConfigurationError`` for a chain that nobody could verify.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    ders = [one.public_bytes(Encoding.DER) for one in chain]
    now = now.astimezone(UTC).replace(microsecond=0)
    algorithm = _algorithm(signer, chain, now)
    request = Request(payload_of(target), algorithm, now, expires_at)
    signed = jws.to_be_signed(request) if media_type == JWS else cose.to_be_signed(request)
    signature = signer.sign(signed, Scheme(algorithm))
    if algorithm.startswith("ES"):
        signature = raw_of(signature, signer.public_key)
    timestamp = countersigned(signature) if countersigned is not None else b""
    if media_type == JWS:
        content = jws.write(signed, signature, ders, agent=_AGENT, timestamp=timestamp)
    elif media_type == COSE:
        content = cose.write(request, signature, ders, agent=_AGENT, timestamp=timestamp)
    else:
        raise ConfigurationError("an envelope is JWS or COSE", where=media_type, hint=f"choose {JWS} or {COSE}")
    thumbprints = json.dumps([hashlib.sha256(one).hexdigest() for one in ders], separators=(",", ":"))
    return content, {THUMBPRINTS: thumbprints, _CREATED: now.isoformat().replace("+00:00", "Z")}


def _algorithm(signer: Signer, chain: Sequence[Certificate], now: datetime) -> str:
    hint = "give the certificates from the signer's to the root's, in PEM"
    try:
        chains.check(chain, Purpose.CODE)
        algorithm = chains.algorithm_of(signer.public_key)
    except RefusedError as error:
        raise ConfigurationError(error.reason, where="certificates", hint=hint) from None
    if chain[0].public_key() != signer.public_key:
        raise ConfigurationError("the first certificate is of another key", where="certificates", hint=hint)
    if not all(one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in chain):
        raise ConfigurationError("a certificate is not valid now", where="certificates", hint="renew it")
    return algorithm
