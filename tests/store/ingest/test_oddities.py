"""What is no JSON is found wherever it stands in a block, as ``re`` finds it."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.store.ingest.oddities import BEYOND, FORMS, LARGE, holds, marks_in, odd
from lockgate.store.ingest.plain import SECRET

_PARTS = [
    b" ", b"\t", b"\r", b",", b"}", b"]", b":", b"[", b"-", b"nan", b"NaN", b"inf", b"Infinity", b"a", b"1", b" " * 70,
    b"\x0b", b"1234567890" * 2, b"x" * 50, b"e", b"E+", b"400", b"7" * 150,
    b'{"kind":"Event","verb":"get","user":{"groups":["a","b"]}}\n' * 5,
]  # fmt: skip


_BY_ITSELF = [(form,) for form in (*FORMS, *BEYOND, LARGE)]


@pytest.mark.parametrize("forms", [FORMS, BEYOND, *_BY_ITSELF])
@settings(max_examples=300, deadline=None)
@given(parts=st.lists(st.sampled_from(_PARTS), max_size=30))
def test_hyperscan_finds_forms_where_re_finds_one(forms: tuple[bytes, ...], parts: list[bytes]) -> None:
    data = b"".join(parts)
    assert holds(forms, data) == any(re.search(form, data, re.IGNORECASE) for form in forms)


@pytest.mark.parametrize("bad", [b'{"a":[1,]}', b'{"a":1, }', b'{"a":nan}', b'{"a": -Infinity\t}', b'{"a":1}\x0c',
                                 b'{"a":1E400}', b'{"a":[-2.5e+1000 ]}', b'{"a":' + b"9" * 310 + b".5}"])  # fmt: skip
@pytest.mark.parametrize("place", [0, 1, 5_000, 9_999])
def test_one_line_of_a_large_block_is_found(bad: bytes, place: int) -> None:
    lines = [b'{"kind":"Event","verb":"get","user":{"groups":["a","b"]}}'] * 10_000
    assert not odd(b"\n".join(lines))
    lines[place] = bad
    assert odd(b"\n".join(lines))
    assert odd(b"\n".join(lines) + b"\n")


_NAMES = st.sampled_from(["env", "secrets", "Secret", "b"])
_VALUES = st.recursive(
    st.sampled_from(["token", "last-applied", "a", 1, None, "\u00f6", '"env":[', "x" * 40]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner),
    max_leaves=6,
)
_BLANKS = st.sampled_from([(",", ":"), (", ", ": "), (" ,", "\t:  ")])


@settings(max_examples=200, deadline=None)
@given(value=_VALUES, blanks=_BLANKS, at=st.sampled_from([0, 262_100]), hidden=st.sampled_from(["", *"oken"]))
def test_every_mark_that_a_value_holds_is_told(value: object, blanks: tuple[str, str], at: int, hidden: str) -> None:
    text = json.dumps(value, separators=blanks)
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if hidden:
        text = text.replace(hidden, f"\\u{ord(hidden):04x}")
    found = marks_in(b"x" * at + text.encode(), SECRET)
    assert {mark for mark in SECRET if mark in plain} <= set(found)


def test_what_go_writes_by_number_hides_nothing() -> None:
    assert marks_in(b'{"a":"\\u0026\\u003c\\u003e\\u2028"}' * 10_000, SECRET) == ()
    assert marks_in(b'{"a":"\\u006f"}', SECRET) == SECRET
