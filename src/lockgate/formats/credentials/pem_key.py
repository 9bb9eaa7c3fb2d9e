"""PEM and OpenSSH private keys in key files; a public key or certificate is none (RFC 7468, OpenSSH PROTOCOL.key)."""

from __future__ import annotations

import base64
import binascii

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence

_BEGIN = lazy_pattern(r"-----BEGIN ((?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?)-----")
_SHORTEST = 64
"""Characters of a body; less is an example that was cut."""


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    if b"PRIVATE KEY" not in content:
        return ()
    text = text_of(content)
    collector = Collector("private-key", text)
    line, counted, after = 1, 0, 0
    unended: set[str] = set()  # labels without a further END: looking again for each would be quadratic
    for begin in _BEGIN.finditer(text):
        if begin.start() < after or begin.group(1) in unended:
            continue
        end = text.find(f"-----END {begin.group(1)}-----", begin.end())
        line += text.count("\n", counted, begin.start())
        counted = begin.start()
        if end < 0:
            unended.add(begin.group(1))
            continue
        after = end
        body = text[begin.end() : end].replace("\\n", "\n")
        if len("".join(body.split())) >= _SHORTEST:
            sealed = _is_encrypted(begin.group(1), body)
            key = begin.group(1).lower() + (" (encrypted)" if sealed else "")
            sure = Confidence.LOW if sealed else Confidence.HIGH
            written = text[begin.start() : end + len(begin.group()) - 2].strip()
            collector.add(key, written, line, at_most=sure, column=1)
    return collector.done()


def _is_encrypted(label: str, body: str) -> bool:
    if label.startswith("ENCRYPTED") or "ENCRYPTED" in body[:200]:
        return True
    if not label.startswith("OPENSSH"):
        return False
    try:
        head = base64.b64decode("".join(body.split())[:80])
    except (binascii.Error, ValueError):
        return False
    return not head.startswith(b"openssh-key-v1\0\0\0\0\x04none")


READER = CredentialReader(
    paths(
        *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk", "identity", "ssh_host_rsa_key"),
        *("ssh_host_dsa_key", "ssh_host_ecdsa_key", "ssh_host_ed25519_key", "secring.asc", "private.asc", "deploy_key"),
        endings=(
            ".pem",
            ".key",
            ".pk8",
            ".p8",
            ".rsa",
            ".dsa",
            ".ecdsa",
            ".ed25519",
            ".asc",
            ".gpg",
            ".ovpn",
            ".pkcs8",
        ),
        starts=("id_rsa", "id_ed25519", "id_ecdsa", "id_dsa", "deploy_key"),
        tails=("_rsa", "_ed25519", "_ecdsa", "_dsa"),
    ),
    _read,
)
