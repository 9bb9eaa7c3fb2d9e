"""A key signs in every way of its kind, so that others verify it, and in no other."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from lockgate.errors import ConfigurationError
from lockgate.signing.signer import HeldKey, Scheme, der_of, held_key, raw_of, schemes_of

KEYS = {
    "RSA": rsa.generate_private_key(65537, 2048), "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()), "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}  # fmt: skip
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def verify(key, signature: bytes, content: bytes, scheme: Scheme) -> None:
    """By ``cryptography``, which raises where it does not hold."""
    if scheme is Scheme.EDDSA:
        key.verify(signature, content)
        return
    hashed = HASHES[scheme.value[2:]]
    if scheme.startswith("ES"):
        key.verify(signature, content, ec.ECDSA(hashed))
    elif scheme is Scheme.RS256:
        key.verify(signature, content, padding.PKCS1v15(), hashed)
    else:
        key.verify(signature, content, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)


@pytest.mark.parametrize("name", KEYS)
def test_a_key_signs_in_every_way_of_its_kind_and_in_no_other(name):
    signer = HeldKey(KEYS[name])
    fitting = schemes_of(signer.public_key)
    assert fitting
    for scheme in Scheme:
        if scheme in fitting:
            verify(signer.public_key, signer.sign(b"content", scheme), b"content", scheme)
        else:
            with pytest.raises(ConfigurationError, match="cannot sign by"):
                signer.sign(b"content", scheme)


@pytest.mark.parametrize("name", ["P-256", "P-384", "P-521"])
def test_a_signature_of_two_numbers_is_the_one_in_der(name):
    signer = HeldKey(KEYS[name])
    for _ in range(20):
        der = signer.sign(b"content", Scheme.ES256)
        raw = raw_of(der, signer.public_key)
        assert len(raw) == 2 * ((signer.public_key.curve.key_size + 7) // 8)
        assert der_of(raw) == der


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("name", ["RSA", "P-256"])
def test_a_key_is_read_from_pem_encrypted_or_not(name, form):
    plain = KEYS[name].private_bytes(Encoding.PEM, form, NoEncryption())
    sealed = KEYS[name].private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"pass word"))
    for content, password in ((plain, None), (plain, b"not needed"), (sealed, b"pass word")):
        assert held_key(content, password, "k").public_key == KEYS[name].public_key()
    with pytest.raises(ConfigurationError, match="is encrypted"):
        held_key(sealed, None, "k")
    with pytest.raises(ConfigurationError, match="does not open") as caught:
        held_key(sealed, b"wrong one", "k")
    assert "wrong one" not in str(caught.value)


def test_what_is_no_key_for_signatures_is_refused_and_no_key_shows_itself():
    from cryptography.hazmat.primitives.asymmetric import x25519

    weak = rsa.generate_private_key(65537, 1024), x25519.X25519PrivateKey.generate()
    for key in weak:
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with pytest.raises(ConfigurationError, match="signs no images"):
            held_key(content, None, "k")
    public = KEYS["P-256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for content in (b"", b"\xff" * 100, b"x" * 100_000, public):
        with pytest.raises(ConfigurationError):
            held_key(content, None, "k")
    assert "PrivateKey" not in repr(HeldKey(KEYS["RSA"]))
