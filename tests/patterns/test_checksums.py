"""Checksums in tokens; the tokens are made here."""

from __future__ import annotations

import base64
import json
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.patterns.checksums import CHECKSUMS, base62


def token(body: bytes) -> bytes:
    return b"ghp" + b"_" + body + base62(zlib.crc32(body), width=6)


def test_a_token_of_githubs_making_holds() -> None:
    assert CHECKSUMS["github"](token(b"a1B2c3D4e5" * 3))


def test_one_changed_character_breaks_it() -> None:
    whole = token(b"a1B2c3D4e5" * 3)
    assert not CHECKSUMS["github"](whole[:10] + b"z" + whole[11:])


def test_a_web_token_has_a_header_and_a_payload() -> None:
    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    assert CHECKSUMS["jwt"](b".".join([part({"alg": "HS256"}), part({"sub": "1"}), b"c2ln"]))
    assert not CHECKSUMS["jwt"](b".".join([part({"typ": "JWT"}), part({"sub": "1"}), b"c2ln"]))
    assert not CHECKSUMS["jwt"](b"eyJhb.eyJ.x")


def test_an_access_key_id_codes_an_account() -> None:
    def key_id(account: int) -> bytes:
        raw = ((1 << 47) | account << 7).to_bytes(6, "big") + b"\x11\x22\x33\x44"
        return b"AK" + b"IA" + base64.b32encode(raw)

    assert CHECKSUMS["aws-access-key-id"](key_id(123456789012))
    assert not CHECKSUMS["aws-access-key-id"](key_id(10**12))
    assert not CHECKSUMS["aws-access-key-id"](b"AK" + b"IA0000")


def test_base_62_is_padded() -> None:
    assert base62(0, width=6) == b"000000"
    assert base62(61, width=2) == b"0z"
    assert base62(62, width=1) == b"10"


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_no_input_raises(content: bytes) -> None:
    assert all(check(content) in (True, False) for check in CHECKSUMS.values())
