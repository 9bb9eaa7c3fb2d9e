"""Certificates of signers and of those who tell the time: chains that hold, and ones that do not."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
_PARTS = {"C": NameOID.COUNTRY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME, "O": NameOID.ORGANIZATION_NAME,
          "CN": NameOID.COMMON_NAME}  # fmt: skip
CODE, TIME = [ExtendedKeyUsageOID.CODE_SIGNING], [ExtendedKeyUsageOID.TIME_STAMPING]
SIGN, ISSUE = ("digital_signature",), ("key_cert_sign", "crl_sign")
_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
           "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
KEYS = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()), "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA 3072": lambda: rsa.generate_private_key(65537, 3072),
}  # fmt: skip


def named(cn: str, **parts: str) -> x509.Name:
    held = {"C": "US", "ST": "WA", "O": "Harbour, Inc.", "CN": cn} | parts
    return x509.Name([x509.NameAttribute(_PARTS[key], value) for key, value in held.items() if value])


def certificate(
    key, name, issuer=None, *, ca=None, length=None, usage=SIGN, purposes=None, days=(-10, 10), usage_critical=True,
    purposes_critical=False, more=(), hashed=None,
):  # fmt: skip
    """``issuer``: (key, certificate) of who issues it; itself where there is none."""
    issuing, above = issuer or (key, None)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(above.subject if above else name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0])).not_valid_after(NOW + timedelta(days=days[1]))
    )  # fmt: skip
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, length), critical=True)
    if usage is not None:
        builder = builder.add_extension(x509.KeyUsage(**{one: one in usage for one in _USAGES}), usage_critical)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), purposes_critical)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuing, hashed or hashes.SHA256())


def chain(kind="P-256", *, root=None, cn="cart builder", days=(-10, 10), **leaf):
    """Key of the signer, and its certificate with those above it."""
    top = KEYS["P-256"]()
    above = root or (top, certificate(top, named("Harbour root"), ca=True, usage=ISSUE, days=(-1000, 1000)))
    key = KEYS[kind]()
    leaf = {"purposes": CODE, "usage": SIGN} | leaf
    return key, [certificate(key, named(cn), above, days=days, **leaf), above[1]]


def pem(*certificates) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def key_pem(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
