"""Signs images, and what is said of them, as cosign does with a key: what is written here ``cosign verify`` accepts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.formats.signatures import dsse, in_toto, sigstore_bundle, simple_signing
from lockgate.signing import keys
from lockgate.signing.refused import RefusedError
from lockgate.signing.signer import Scheme, Signer
from lockgate.sources.image.attached import subject_of
from lockgate.sources.image.attesting import put_bundle, put_envelope, put_signature
from lockgate.sources.image.place import WritablePlace

PREDICATES = {
    "slsaprovenance": in_toto.SLSA_02, "slsaprovenance1": in_toto.SLSA_1, "cyclonedx": "https://cyclonedx.org/bom",
    "spdxjson": "https://spdx.dev/Document", "openvex": "https://openvex.dev/ns",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
}  # fmt: skip
"""Short names of predicates, those of cosign."""


class Written(StrEnum):
    """In which form."""

    TAG = "tag"  # a layer under the tag that cosign has for it; what every version reads
    BUNDLE = "bundle"  # a bundle of sigstore that refers to the image


@dataclass(frozen=True, slots=True)
class Made:
    """What was signed, and where it lies."""

    digest: str
    where: str
    """Tag, or digest of the artifact."""
    key: str
    """Fingerprint of the key."""


def sign(place: WritablePlace, key: str, signer: Signer, *, name: str, form: Written) -> Made:
    """Sign the image ``key`` of ``place``; ``name`` is the registry and repository it is called by.

    Raises ``SourceError`` where the place does not take it, ``ConfigurationError`` for a key that signs no images.
    """
    subject, public = subject_of(place, key), _public(signer)
    if form is Written.BUNDLE:
        where = _bundle(place, key, signer, in_toto.written(subject.digest, "", in_toto.COSIGN_SIGN, {}),
                        in_toto.COSIGN_SIGN)  # fmt: skip
        return Made(subject.digest, where, public.fingerprint)
    payload = simple_signing.written(subject.digest, name)
    signature = base64.b64encode(signer.sign(payload, scheme_of(public))).decode()
    return Made(subject.digest, put_signature(place, subject.digest, payload, signature), public.fingerprint)


def attest(
    place: WritablePlace, key: str, signer: Signer, *, name: str, predicate_type: str, predicate: Mapping[str, Any],
    form: Written,
) -> Made:  # fmt: skip
    """Say ``predicate`` of the image ``key`` of ``place`` and sign that. Raises as :func:`sign` does."""
    subject, public = subject_of(place, key), _public(signer)
    statement = in_toto.written(subject.digest, name, predicate_type, predicate)
    if form is Written.BUNDLE:
        where = _bundle(place, key, signer, statement, predicate_type)
    else:
        where = put_envelope(place, subject.digest, _envelope(signer, statement), predicate_type)
    return Made(subject.digest, where, public.fingerprint)


def _bundle(place: WritablePlace, key: str, signer: Signer, statement: bytes, predicate_type: str) -> str:
    hint = base64.b64encode(hashlib.sha256(_public(signer).der).digest()).decode()
    content = sigstore_bundle.written(_envelope(signer, statement), hint)
    return put_bundle(place, subject_of(place, key), content, predicate_type)


def _envelope(signer: Signer, statement: bytes) -> dsse.Envelope:
    bare = dsse.Envelope(dsse.IN_TOTO, statement, ())
    signature = signer.sign(bare.signed, scheme_of(_public(signer)))
    return dsse.Envelope(dsse.IN_TOTO, statement, (dsse.Signature(signature),))


def _public(signer: Signer) -> keys.PublicKey:
    try:
        return keys.of(signer.public_key)
    except RefusedError as error:
        raise ConfigurationError(error.reason, where="--key", hint=keys.HINT) from None


def scheme_of(key: keys.PublicKey) -> Scheme:
    """How cosign signs with a key: by SHA-256 whatever its curve, with the older padding of RSA."""
    if key.name.startswith("RSA"):
        return Scheme.RS256
    return Scheme.EDDSA if key.name == "Ed25519" else Scheme.ES256
