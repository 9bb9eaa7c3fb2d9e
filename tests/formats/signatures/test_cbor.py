"""CBOR is read as RFC 8949 has it in its examples, and nothing else is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures.cbor import Tagged, dump, load

EXAMPLES = [  # of RFC 8949, appendix A
    ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1000), ("1b000000e8d4a51000", 10**12), ("20", -1),
    ("3903e7", -1000),
    ("1bffffffffffffffff", 2**64 - 1), ("3bffffffffffffffff", -(2**64)), ("f4", False), ("f5", True), ("f6", None),
    ("c11a514b67b0", Tagged(1, 1363896240)), ("40", b""), ("4401020304", b"\x01\x02\x03\x04"), ("60", ""),
    ("62c3bc", "ü"), ("64f0908591", "𐅑"), ("80", []), ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}), ("98190102030405060708090a0b0c0d0e0f101112131415161718181819",
                                                    list(range(1, 26))),
]  # fmt: skip
REFUSED = [
    "", "18", "1817", "190017", "1a00000400", "5f42010243030405ff", "9fff", "bf6161019fff", "f97e00",
    "fb3ff199999999999a",
    "f7", "ff", "61ff", "a2010201", "a20102010304", "a10102ff", "0000", "5b7fffffffffffffff00", "9b7fffffffffffffff00",
    "bb7fffffffffffffff00", "a1f500", "a1800100", "81" * 40 + "00", "f818",
]  # fmt: skip
VALUES = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.text() | st.binary() | st.booleans() | st.none(),
    lambda held: st.lists(held, max_size=4)
    | st.dictionaries(st.integers(-100, 100) | st.text(), held, max_size=4)
    | st.builds(Tagged, st.integers(0, 2**32), held),
    max_leaves=12,
)


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_examples_of_the_standard_are_read_and_written(text, value):
    assert load(bytes.fromhex(text)) == value
    assert dump(value).hex() == text


@pytest.mark.parametrize("text", REFUSED)
def test_what_two_readers_may_see_as_two_things_is_refused(text):
    with pytest.raises(FormatError):
        load(bytes.fromhex(text))


@given(VALUES)
def test_what_is_written_is_read_as_it_was(value):
    assert dump(load(dump(value))) == dump(value)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content):
    try:
        value = load(content)
    except FormatError:
        return
    assert load(dump(value)) == value
