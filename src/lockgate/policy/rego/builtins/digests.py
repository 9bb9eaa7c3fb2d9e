"""Digests and message authentication codes: ``crypto.md5``, ``crypto.sha*``, ``crypto.hmac.*``, as hexadecimal."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import Final

from lockgate.policy.rego.builtins.contract import Function, string
from lockgate.policy.rego.values import Value, bytes_of

_HASHES: Final = ("md5", "sha1", "sha256", "sha512")


def digest(name: str, text: Value) -> Value:
    """The digest of the text's bytes."""
    return hashlib.new(name, bytes_of(string(text, 1)), usedforsecurity=False).hexdigest()


def mac(name: str, text: Value, key: Value) -> Value:
    """The HMAC of the text under the key."""
    return hmac.new(bytes_of(string(key, 2)), bytes_of(string(text, 1)), name).hexdigest()


def mac_equal(a: Value, b: Value) -> Value:
    """Whether two codes are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(bytes_of(string(a, 1)), bytes_of(string(b, 2)))


FUNCTIONS: Final[dict[str, Function]] = {
    "crypto.md5": partial(digest, "md5"),
    "crypto.sha1": partial(digest, "sha1"),
    "crypto.sha256": partial(digest, "sha256"),
    "crypto.hmac.equal": mac_equal,
    **{f"crypto.hmac.{name}": partial(mac, name) for name in _HASHES},
}
