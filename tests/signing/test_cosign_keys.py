"""Private keys as cosign writes them."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from nacl.secret import SecretBox

from lockgate.errors import ConfigurationError
from lockgate.signing.signer import Scheme, held_key

KEY = ec.generate_private_key(ec.SECP256R1())
DER = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
SALT, NONCE = b"s" * 32, b"n" * 24


def scrypt(cost: int, salt: str) -> dict:
    return {"name": "scrypt", "params": {"N": cost, "r": 8, "p": 1}, "salt": salt}


def boxed(password: bytes = b"open", *, kind: str = "SIGSTORE", **changes) -> bytes:
    key = hashlib.scrypt(password, salt=SALT, n=1 << 15, r=8, p=1, dklen=32, maxmem=1 << 28)
    held = SecretBox(key).encrypt(DER, NONCE).ciphertext
    body = {"kdf": scrypt(1 << 15, base64.b64encode(SALT).decode()),
            "cipher": {"name": "nacl/secretbox", "nonce": base64.b64encode(NONCE).decode()},
            "ciphertext": base64.b64encode(held).decode()} | changes  # fmt: skip
    text = base64.encodebytes(json.dumps(body).encode())
    return b"-----BEGIN ENCRYPTED %s PRIVATE KEY-----\n%s-----END ENCRYPTED %s PRIVATE KEY-----\n" % (
        kind.encode(), text, kind.encode())  # fmt: skip


@pytest.mark.parametrize("kind", ["SIGSTORE", "COSIGN"])
def test_a_key_opens_with_its_password_and_signs(kind):
    signer = held_key(boxed(kind=kind), b"open", "cosign.key")
    KEY.public_key().verify(signer.sign(b"content", Scheme.ES256), b"content", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("content", "password", "told"),
    [
        (boxed(), b"wrong", "does not open with this password"),
        (boxed(), None, "is encrypted"),
        (boxed(kdf=scrypt(1 << 30, "c2FsdA==")), b"open", "stretched"),
        (boxed(kdf={"name": "scrypt", "params": {"N": [], "r": 8, "p": 1}, "salt": "cw=="}), b"open", "stretched"),
        (boxed(cipher={"name": "aes", "nonce": "bg=="}), b"open", "another box"),
        (boxed(ciphertext=None), b"open", "cannot be read"),
    ],
)  # fmt: skip
def test_a_key_that_does_not_open_says_why_and_nothing_of_itself(content, password, told):
    with pytest.raises(ConfigurationError, match=told):
        held_key(content, password, "cosign.key")
