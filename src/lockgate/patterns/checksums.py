"""Checksums that providers put into their tokens, by name.

A token whose checksum holds is surely of that provider's making; one whose checksum fails was mistyped, shortened or
invented. Each function takes the whole token and never raises.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping

_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(number: int, *, width: int) -> bytes:
    """``number`` in base 62 (digits, upper, lower), padded with zeros to ``width``."""
    digits = bytearray()
    while number:
        number, rest = divmod(number, 62)
        digits.append(_BASE62[rest])
    return bytes(reversed(digits)).rjust(width, b"0")


def crc32_base62(token: bytes) -> bool:
    """Last six characters are the base-62 CRC-32 of what stands between the first underscore and them.

    GitHub's form since 2021 (https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/) and npm's
    (https://github.blog/2021-09-23-announcing-npms-new-access-token-format/): prefix, underscore, 30 + 6 characters.
    """
    _, _, body = token.partition(b"_")
    return len(body) == 36 and base62(zlib.crc32(body[:-6]), width=6) == body[-6:]


def jwt(token: bytes) -> bool:
    """Header and payload are base64url JSON objects and the header names an algorithm (RFC 7519, RFC 7515)."""
    parts = token.split(b".")
    if len(parts) != 3 or len(token) > 64 * 1024:
        return False
    header, payload = _json_part(parts[0]), _json_part(parts[1])
    return isinstance(header, dict) and isinstance(payload, dict) and isinstance(header.get("alg"), str)


def _json_part(part: bytes) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None


def aws_access_key_id(token: bytes) -> bool:
    """The account number that is coded into ids made since 2019 is at most twelve digits (base 32 after the prefix)."""
    try:
        raw = base64.b32decode(token[4:].ljust((len(token) - 4 + 7) // 8 * 8, b"="))
    except (ValueError, binascii.Error):
        return False
    return len(token) == 20 and (int.from_bytes(raw[:6], "big") & 0x7FFFFFFFFF80) >> 7 < 10**12


CHECKSUMS: Mapping[str, Callable[[bytes], bool]] = {
    "github": crc32_base62,
    "npm": crc32_base62,
    "crc32-base62": crc32_base62,
    "jwt": jwt,
    "aws-access-key-id": aws_access_key_id,
}
"""By the name that a rule writes under ``checksum``."""
