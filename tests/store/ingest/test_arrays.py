"""An array of objects is cut into lines only where every line is one of its elements."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.store.ingest.arrays import lines_of, pieces_within

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=8) | st.just('},{"a":'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "{", "é"]), inner),
    max_leaves=8,
)
_rows = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c d"]), _values), max_size=6)


@given(rows=_rows, signs=st.sampled_from([(",", ":"), (", ", ": "), (",\r\n ", ":")]), ascii=st.booleans())
def test_lines_are_the_elements_or_nothing_is_said(rows, signs, ascii):
    found = lines_of(json.dumps(rows, separators=signs, ensure_ascii=ascii).encode())
    if found is not None:
        lines, fields = found
        assert [orjson.loads(line) for line in lines] == rows
        assert fields == {name for row in rows for name in row}
        assert not any(b"\n" in line for line in lines)


@pytest.mark.parametrize("signs", [(",", ":"), (", ", ": ")])
def test_rows_that_begin_alike_are_cut_whatever_they_hold(signs):
    rows = [{"kind": "Event", "user": {"groups": ["a", {"kind": 1}]}, "n": n} for n in range(3)]
    text = json.dumps(rows, separators=signs).encode()
    assert lines_of(text) == ([json.dumps(row, separators=signs).encode() for row in rows], {"kind", "user", "n"})


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b"[1]", b'[{"a":1}]', b'[{"a":1},{"a":2}', b'[{"a":1},{"a":2}],', b'[{"a":1},2,{"a":2}]',
        b'[{"a":1},{"b":2},{"a":3}]', b'[{"a":[{"a":1},{"a":2}]},{"a":3}]', b'[{"a":"},{"},{"a":"},{\\"a\\":"]',
        b'[{"a":nan},{"a":2}]', b'[{"a":1,},{"a":2}]', b'[{"a":"\xff"},{"a":2}]', b'[{"a":1e400},{"a":2}]',
        b'[{"a":12345678901234567890123},{"a":2}]', b'[{"a":1},{"a":2}{"a":3}]', b'[{"a":1},{"a":2},]',
        b'[{"a":1\n},{"a":2}]', b'[{"a":1},\x0b{"a":2}]', b'[{"a":' + b"[" * 5000 + b'},{"a":2}]',
    ],
)  # fmt: skip
def test_of_an_array_that_is_not_usual_nothing_is_said(text):
    assert lines_of(text) is None


_field = st.sampled_from(["items", "kind", "metadata"])


@given(rows=_rows, around=st.dictionaries(_field, _values), signs=st.sampled_from([(",", ":"), (", ", ": ")]))
def test_pieces_of_a_field_are_its_elements_or_nothing_is_said(rows, around, signs):
    whole = {**around, "items": rows, "apiVersion": "v1"}
    found = pieces_within(json.dumps(whole, separators=signs).encode(), "items")
    if found is not None:
        try:
            read = [orjson.loads(piece) for piece in found]
        except ValueError:
            return  # what is cut wrong is no JSON, and read as a whole
        assert read == rows


def test_the_events_of_a_list_are_cut_as_the_server_of_the_api_sends_them():
    text = b'{"kind":"EventList","metadata":{},"items":[{"level":"a","n":[1]},{"level":"b"}]}'
    assert pieces_within(text, "items") == [b'{"level":"a","n":[1]}', b'{"level":"b"}']


@pytest.mark.parametrize(
    "text",
    [
        b'{"items":[],"x":"[{"a":1},{"a":2}]"}', b'{"x":"\\"items\\":[{"a":1},{"a":2}]"}',
        b'{"items":[{"a":1},{"a":2}]',
        b'{"items":[{"a":1},{"a":2}]}}', b'{"y":{"items":[{"a":1},{"a":2}]}}', b'{"items":[{"a":1},{"a":2}],"items":1}',
        b'["items":[{"a":1},{"a":2}]]', b'{"items":{"a":1}}', b"",
    ],
)  # fmt: skip
def test_of_a_field_that_is_no_array_of_the_object_itself_nothing_is_said(text):
    assert pieces_within(text, "items") is None
