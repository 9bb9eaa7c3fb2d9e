"""Text from a repository, made safe to look at."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats.plain_json import dumps, well_formed
from lockgate.formats.printable import _ASSIGNED, _URL_PASSWORD, clipped, printable, veiled


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("a\tb\u00a0c", "a b c"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("\u2066x\u200b", "\\u2066x\\u200b"),
        ("line\nline\r", "line\\x0aline\\x0d"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert printable(text) == shown


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_every_text_becomes_printable_and_stays_so(text):
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize(("limit", "cut"), [(4, "abcd"), (3, "ab…"), (1, "…")])
def test_a_cut_is_shown(limit, cut):
    assert clipped("abcd", limit) == cut


def test_a_lone_surrogate_does_not_break_a_document():
    assert dumps({"\udc80": ["\udc81", 1, None]}, compact=True) == '{"\\\\udc80":["\\\\udc81",1,null]}\n'
    assert well_formed("a\udc80") == "a\\udc80"


_PIECES = st.sampled_from([
    "password", "PassWd", "pa\u017f\u017fword", "\u017fecret", "SECRET", "to\u212aen", "token", "api_key",
    "AP\u0130\u212aEY", "passphrase", "_of_it", "=", ": ", "'", '"', " ", "https://", "user", ":", "@", "host",
    "hunter2", "abc", "$x", "\u00df",
])  # fmt: skip


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_what_may_hold_no_secret_is_told_so_by_its_signs_alone(text: str) -> None:
    shown = _URL_PASSWORD.sub(r"\1***\3", text)
    assert veiled(text) == _ASSIGNED.sub(r"\1***", shown)


def test_a_line_is_shown_without_the_secret_in_it() -> None:
    assert veiled("  DB_PASSWORD: hunter2-and-more") == "  DB_PASSWORD: ***"
    assert veiled("url: amqp://user:hunter2@host") == "url: amqp://user:***@host"
    assert veiled("image: registry.example/a@sha256:0") == "image: registry.example/a@sha256:0"
