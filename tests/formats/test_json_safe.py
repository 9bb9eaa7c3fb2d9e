"""JSON of unknown origin is read or refused, and its keys are found on their lines."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.model import SkipKind

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def paths(value, path=()):
    yield path, value
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(child, (*path, key))


def test_a_byte_order_mark_is_passed_over():
    assert json_safe.load(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", SkipKind.MALFORMED),
        (b"{", SkipKind.MALFORMED),
        (b"NaN", SkipKind.MALFORMED),
        (b"\xff", SkipKind.MALFORMED),
        (b'"\\ud800"', SkipKind.MALFORMED),
        (b"9" * 5000, SkipKind.MALFORMED),
        (b"[" * 300 + b"]" * 300, SkipKind.TOO_LARGE),
        (b"[" * 500_000, SkipKind.TOO_LARGE),
    ],
)
def test_what_is_not_bounded_json_is_one_typed_error(content, kind):
    with pytest.raises(FormatError) as caught:
        json_safe.load(content)
    assert caught.value.kind is kind


def test_more_bytes_than_allowed_are_refused():
    with pytest.raises(FormatError, match="larger than 3 bytes"):
        json_safe.load(b'"abc"', max_bytes=3)


def test_an_error_names_its_line():
    with pytest.raises(FormatError) as caught:
        json_safe.load(b'{\n"a": 1,\n"b" 2}')
    assert caught.value.line == 3


def test_a_repeated_key_is_an_error_only_when_asked():
    content = b'{"a": {"b": 1},\n "c": {"b": 1, "b": 2}}'
    assert json_safe.load(content)["c"] == {"b": 2}
    with pytest.raises(FormatError) as caught:
        json_safe.load(content, unique_keys=True)
    assert caught.value.line == 2


def test_comments_and_last_commas_become_blanks_outside_strings():
    text = '{"a": "// no, /* no */",] // yes\n /* yes,\n */ "b": [1, /* , */ ], }'
    assert json_safe.strip_comments(text.encode()).decode().count("\n") == 2
    assert json_safe.load(json_safe.strip_comments(b'{"a": "//,]", // x\n "b": [1, /* , */ ], }')) == {
        "a": "//,]",
        "b": [1],
    }


def test_every_key_is_found_on_its_line():
    content = b'{\n  "a": [\n    {"x": 1},\n    2,\n    {"y{": "}"}\n  ],\n  "b": {}\n}'
    assert json_safe.key_lines(content) == {
        ("a",): 2, ("a", 0): 3, ("a", 0, "x"): 3, ("a", 1): 4, ("a", 2): 5, ("a", 2, "y{"): 5, ("b",): 7,
    }  # fmt: skip
    assert json_safe.container_lines(content) == {(): 1, ("a",): 2, ("a", 0): 3, ("a", 2): 5, ("b",): 7}


def test_a_text_with_a_bracket_holds_no_container():
    assert json_safe.container_lines(b'"{"') == {} == json_safe.key_lines(b'"{"')


@settings(max_examples=100, deadline=None)
@given(VALUES, st.sampled_from([None, 0, 2]))
def test_the_two_scanners_name_exactly_the_paths_of_the_value(value, indent):
    content = json.dumps(value, indent=indent).encode()
    assert set(json_safe.key_lines(content)) == {path for path, _ in paths(value) if path}
    containers = {path for path, child in paths(value) if isinstance(child, (dict, list))}
    lines = json_safe.container_lines(content, max_depth=99)
    assert set(lines) == containers
    assert all(json_safe.key_lines(content)[path] == line for path, line in lines.items() if path)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:/*\\ \n1a', max_size=80).map(str.encode))
def test_no_bytes_raise_anything_else(content):
    json_safe.strip_comments(content)
    try:
        json_safe.load(content, unique_keys=True)
    except FormatError:
        return
    json_safe.key_lines(content)
    json_safe.container_lines(content)
