"""YAML of unknown origin is read or refused, and its nodes stand on their lines."""

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import yaml_safe
from lockgate.formats.yaml_safe import FormatError
from lockgate.model import SkipKind


def bomb(levels: int) -> bytes:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


def test_values_are_those_of_pyyaml_but_dates_stay_strings():
    text = """
a: &x {k: 1, l: [1, 2.5, .inf, ~, yes, No, 0x1F, 010, 1:30, 1_000, "1"]}
b: {<<: *x, k: 2}
c: !!str 5
d: |
  text
e: !!binary aGk=
---
- {"q": 'w'}
"""
    assert yaml_safe.load_all(text.encode()) == list(yaml.safe_load_all(text))
    assert yaml_safe.load_all(b"2020-01-01") == ["2020-01-01"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"[" * 100_000, SkipKind.TOO_LARGE),
        (b"- " * 100_000, SkipKind.TOO_LARGE),
        (b"{a: " * 20_000, SkipKind.TOO_LARGE),
        (bomb(12), SkipKind.TOO_LARGE),
        (b"a: &a [*a]", SkipKind.MALFORMED),
        (b"a: *nobody", SkipKind.MALFORMED),
        (b"!!python/object/apply:os.system [true]", SkipKind.UNSUPPORTED),
        (b"a: !Ref b", SkipKind.UNSUPPORTED),
        (b"? [a]\n: b", SkipKind.UNSUPPORTED),
        (b"a\x00b", SkipKind.MALFORMED),
        (b"{a: 1", SkipKind.MALFORMED),
        (b"!!int x", SkipKind.MALFORMED),
        (b"<<: 1", SkipKind.MALFORMED),
    ],
)
def test_bombs_objects_and_broken_text_are_one_typed_error_within_a_second(content, kind):
    begin = time.process_time()
    with pytest.raises(FormatError) as caught:
        yaml_safe.load_all(content)
    assert caught.value.kind is kind
    assert time.process_time() - begin < 5


def test_more_bytes_than_allowed_are_refused():
    with pytest.raises(FormatError, match="larger than 2 bytes"):
        yaml_safe.load_all(b"abc", max_bytes=2)


def test_a_repeated_key_is_an_error_only_when_asked():
    assert yaml_safe.load_all(b"a: 1\na: 2") == [{"a": 2}]
    with pytest.raises(FormatError) as caught:
        yaml_safe.load_all(b"a: 1\na: 2", unique_keys=True)
    assert caught.value.line == 2


def test_nodes_know_their_place():
    [root] = yaml_safe.compose_all(b"a: 1\nb:\n  - x\n  - y: z\nc: {d: 'on'}\n")
    assert [(key.text, value.line, value.column, value.end_line) for key, value in root.pairs] == [
        ("a", 1, 4, 1), ("b", 3, 3, 4), ("c", 5, 4, 5),
    ]  # fmt: skip
    on = root.get("c").get("d")
    assert (on.text, on.plain, on.line, on.column) == ("on", False, 5, 8)
    assert yaml_safe.value_of(root.get("b")) == ["x", {"y": "z"}]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120) | st.text(alphabet="ab:-[]{}&*!<>|?'\"# \n\t1", max_size=60).map(str.encode))
def test_no_bytes_raise_anything_else(content):
    try:
        yaml_safe.load_all(content)
    except FormatError:
        return
