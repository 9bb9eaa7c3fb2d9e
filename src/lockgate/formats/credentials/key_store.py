"""Binary key files by their first bytes: PKCS#12, Java key stores, DER keys (RFC 7292, RFC 5958, RFC 8017)."""

from __future__ import annotations

import hashlib

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.model import Confidence

_JAVA = {b"\xfe\xed\xfe\xed": "jks key store", b"\xce\xce\xce\xce": "jceks key store"}
_ALGORITHM = b"\x06"  # an OBJECT IDENTIFIER: the algorithm of a PKCS#8 key
_PFX_VERSION = b"\x02\x01\x03"
_KEY_VERSIONS = (b"\x02\x01\x00", b"\x02\x01\x01")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    name = _name(content)
    if not name:
        return ()
    sure = Confidence.HIGH if "private key" in name else Confidence.MEDIUM
    value = "sha256:" + hashlib.sha256(content).hexdigest()
    return (Credential("key-store", value, 1, 1, name, confidence=sure),)


def _name(content: bytes) -> str:
    """What it is, or an empty string. A store of Java may hold certificates only: then its entries say so."""
    java = _JAVA.get(content[:4])
    if java:
        return java if _java_has_key(content) else ""
    body = _sequence(content)
    if body is None:
        return ""
    if body.startswith(_PFX_VERSION):
        return "pkcs12 key store"
    if not body.startswith(_KEY_VERSIONS):
        return ""
    rest = body[3:]
    if rest[:1] == b"\x30":
        inner = _sequence(rest, exact=False)
        return "der private key" if inner is not None and inner.startswith(_ALGORITHM) else ""
    if body.startswith(_KEY_VERSIONS[1]):
        return "der ec private key" if rest[:1] == b"\x04" else ""
    return "der rsa private key" if rest[:1] == b"\x02" and len(body) > 256 else ""


def _java_has_key(content: bytes) -> bool:
    """Whether an entry tag 1 (private key) or 3 (secret key) comes first or anywhere certain; unknown counts as yes."""
    if len(content) < 16:
        return False
    entries = int.from_bytes(content[8:12], "big")
    return entries > 0 and not (entries == 1 and content[12:16] == b"\0\0\0\x02")


def _sequence(content: bytes, *, exact: bool = True) -> bytes | None:
    """The body of a DER SEQUENCE whose length fits the content, or None."""
    if len(content) < 8 or content[0] != 0x30:
        return None
    first = content[1]
    if first < 0x80:
        length, start = first, 2
    else:
        size = first & 0x7F
        if not 1 <= size <= 4:
            return None if size else content[2:]  # indefinite length: BER, as some PKCS#12 writers use
        length, start = int.from_bytes(content[2 : 2 + size], "big"), 2 + size
    present = len(content) - start
    fits = length == present if exact else length <= present
    return content[start : start + length] if fits else None


READER = CredentialReader(
    paths(
        *("cacerts", ".keystore"),
        endings=(
            *(".p12", ".pfx", ".pkcs12", ".jks", ".jceks", ".keystore", ".truststore", ".der", ".key", ".pk8", ".p8"),
            *(".pvk", ".bks", ".ks"),
        ),
    ),
    _read,
)
