"""Private keys as cosign keeps them: PKCS#8 in a box of NaCl, under a key that scrypt makes of a password.

Source: secure-systems-lab/go-securesystemslib, package ``encrypted``; cosign, ``pkg/cosign/keys.go``. The parameters of
scrypt are those that it knows: a file may not choose how much memory its reading takes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from lockgate.formats.format_error import FormatError
from lockgate.formats.oci._fields import mapping
from lockgate.formats.signatures.signed_json import octets, signed_object
from lockgate.signing.refused import RefusedError

_PEM = re.compile(
    rb"-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([A-Za-z0-9+/=\s]++)"
    rb"-----END ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----\s*"
)
_COSTS = frozenset((1 << 15, 1 << 16, 1 << 17))
_KEY = 32
_NONCE = 24


def is_one(content: bytes) -> bool:
    """Whether a text in PEM is such a key."""
    return _PEM.fullmatch(content.lstrip()) is not None


def opened(content: bytes, password: bytes) -> bytes:
    """The key, PKCS#8 in DER. Raises :class:`RefusedError`."""
    found = _PEM.fullmatch(content.lstrip())
    if found is None:
        raise RefusedError("no private key of cosign")
    try:
        body = signed_object(base64.b64decode(found[1]), "the key", max_bytes=64 * 1024)
        kdf, cipher, box = mapping(body, "kdf"), mapping(body, "cipher"), octets(body, "ciphertext", required=True)
        salt, nonce = octets(kdf, "salt", required=True), octets(cipher, "nonce", required=True)
    except (FormatError, binascii.Error, ValueError):
        raise RefusedError("a private key of cosign that cannot be read") from None
    cost, *fixed = (mapping(kdf, "params").get(name) for name in ("N", "r", "p"))
    if kdf.get("name") != "scrypt" or not isinstance(cost, int) or cost not in _COSTS or fixed != [8, 1]:
        raise RefusedError("a private key of cosign whose password is stretched in a way that cosign does not have")
    if cipher.get("name") != "nacl/secretbox" or len(nonce) != _NONCE:
        raise RefusedError("a private key of cosign in another box than one of NaCl")
    key = hashlib.scrypt(password, salt=salt, n=cost, r=8, p=1, dklen=_KEY, maxmem=256 * 1024 * 1024)
    return _unboxed(key, nonce, box)


def _unboxed(key: bytes, nonce: bytes, box: bytes) -> bytes:
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    try:
        return bytes(SecretBox(key).decrypt(box, nonce))
    except CryptoError:
        raise RefusedError("the private key does not open with this password") from None
