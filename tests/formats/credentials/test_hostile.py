"""Whatever the bytes, a reader answers, raises nothing but FormatError, and takes time in step with its input."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.discover import member_names
from lockgate.formats import credentials
from lockgate.formats.credentials import Credential
from lockgate.formats.format_error import FormatError
from lockgate.model import Confidence

NAMES = member_names(credentials)
_PIECES = st.sampled_from(
    ["password", "=", ":", " ", "\n", '"', "'", "{", "}", "[", "]", "(", ")", ",", ";", "<a>", "</a>", "<Pass>", "$",
    "\\",
     "kind: Secret", "data:", "auths", "auth", "users:", "clusters:", "- ", "INSERT INTO users VALUES",
     "COPY a (b,c) FROM stdin;",
     "machine a login b", "://u:", "@h", "define(", "new PDO(", "export ", "\t", "logins", "\u00e9", "\x00", "&a",
     "*a", "#", "\r"]
)  # fmt: skip
_CONTENT = st.one_of(
    st.binary(max_size=400), st.lists(_PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode())
)
_PATHS = ["x/.env", "a.xml", "a.json", "a.csv", "dump.sql", "a.publishsettings"]


def answer(name: str, path: str, content: bytes) -> tuple[Credential, ...]:
    try:
        return credentials.readers()[name].read(path, content)
    except FormatError:
        return ()


@pytest.mark.parametrize("name", NAMES)
@given(content=_CONTENT, path=st.sampled_from(_PATHS))
@settings(max_examples=40, deadline=None)
def test_any_bytes_give_credentials_or_a_format_error(name: str, content: bytes, path: str) -> None:
    for credential in answer(name, path, content):
        assert credential.line >= 1 and credential.column >= 1 and credential.value
        assert credential.confidence in Confidence


_REPEATED = [
    b"a", b"'", b'"', b"=", b"[", b"(", b"<a>", b" ", b"a=", b"a://b:", b"password='", b"'\\", b"a\n", b'{"a":', b"`a",
    b"insert into a values ", b"/*", b"$a[", b"jdbc:a:", b"-----BEGIN RSA PRIVATE " b"KEY-----", b"kind: Secret\n",
    b'server=;pwd="', b"define('a','", b"a->", b"new PDO(", b"password =   ", b"/msg nickserv identify ",
    b"copy a (a,a",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_repetition_costs_no_more_than_its_length(name: str) -> None:
    size = 96 * 1024
    began = time.process_time()
    for piece in _REPEATED:
        answer(name, "x/.env", piece * (size // len(piece)))
    assert time.process_time() - began < 8, "quadratic time over 28 inputs of 96 KiB would take minutes"


@given(path=st.text("abc./-_envjsonpm\u00e9", max_size=30), content=_CONTENT)
@settings(max_examples=100, deadline=None)
def test_the_front_door_never_raises(path: str, content: bytes) -> None:
    assert isinstance(credentials.read(path, content), tuple)
    assert credentials.wants(path) in (True, False)
