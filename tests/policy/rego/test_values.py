"""Values of Rego: what is equal, what comes first, what is printed. Expected texts were asked of OPA 1.22."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego.values import (
    FALSE_KEY,
    MAX_DEPTH,
    TRUE_KEY,
    UNDEFINED,
    Frozen,
    Set,
    Value,
    WideFloat,
    bytes_of,
    check_depth,
    compare,
    equal,
    from_json_text,
    in_order,
    json_text,
    key_of,
    literal,
    plain,
    render,
    text_of,
    type_name,
    value_of_key,
)

ATOMS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3, allow_nan=False) | st.text("ab", max_size=2)


def _collections(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(inner.map(key_of), inner, max_size=3)
        | st.lists(inner, max_size=3).map(Set)
    )


VALUES = st.recursive(ATOMS, _collections, max_leaves=8)


def nested(depth: int) -> Value:
    value: Value = 1
    for _ in range(depth):
        value = [value]
    return value


class TestEquality:
    def test_true_is_not_one_at_any_depth(self) -> None:
        assert not equal(True, 1)
        assert not equal([False], [0])
        assert not equal({"a": True}, {"a": 1})
        assert not equal(Set([True]), Set([1]))
        assert not equal({TRUE_KEY: 1}, {1: 1})
        assert len(Set([True, 1, [True], [1], {"a": True}, {"a": 1}])) == 6

    def test_an_integral_float_is_the_integer(self) -> None:
        assert equal(1, 1.0)
        assert equal([1, {"a": 2.0}], [1.0, {"a": 2}])
        assert len(Set([1, 1.0, [1], [1.0]])) == 2

    def test_lists_and_tuples_are_both_arrays(self) -> None:
        assert equal([1, (2,)], (1, [2]))
        assert len(Set([[1], (1,)])) == 1

    def test_undefined_has_no_truth(self) -> None:
        with pytest.raises(TypeError):
            bool(UNDEFINED)

    @given(VALUES, VALUES)
    def test_equal_values_have_one_key_and_compare_as_the_same(self, a: Value, b: Value) -> None:
        assert equal(a, b) == (compare(a, b) == 0) == (key_of(a) == key_of(b))
        if equal(a, b):
            assert hash(key_of(a)) == hash(key_of(b))

    @given(VALUES)
    def test_a_key_gives_its_value_back(self, value: Value) -> None:
        assert equal(value_of_key(key_of(value)), value)


class TestOrder:
    def test_types_come_in_their_order(self) -> None:
        values = [Set(), {}, [], "", 0, False, None]
        assert in_order(values) == values[::-1]

    def test_objects_are_compared_by_key_and_value_before_length(self) -> None:
        assert compare({"a": 1, "b": 1}, {"a": 2}) == -1
        assert compare({"a": 1}, {"a": 1, "b": 1}) == -1

    def test_sets_are_compared_as_sorted_arrays(self) -> None:
        assert compare(Set([3, 1]), Set([1, 2])) == 1

    @given(VALUES, VALUES, VALUES)
    def test_it_is_an_order(self, a: Value, b: Value, c: Value) -> None:
        assert compare(a, b) == -compare(b, a)
        if compare(a, b) <= 0 and compare(b, c) <= 0:
            assert compare(a, c) <= 0


class TestSets:
    def test_union_intersection_difference(self) -> None:
        a, b = Set([1, [2], True]), Set([[2], True, 3])
        assert a | b == Set([1, [2], True, 3])
        assert a & b == Set([[2], True])
        assert a - b == Set([1])
        assert [2] in a
        assert 2 not in a
        assert len(a) == 3

    def test_keys_survive_copying_and_pickling(self) -> None:
        value = {TRUE_KEY: Set([FALSE_KEY.value]), Frozen([1]): WideFloat("0.33333333333333333334")}
        assert equal(copy.deepcopy(value), value)
        again = pickle.loads(pickle.dumps(value))
        assert equal(again, value)
        assert again[Frozen([1])].text == "0.33333333333333333334"
        assert pickle.loads(pickle.dumps(UNDEFINED)) is UNDEFINED


class TestPrinting:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("a", "a"),
            (["a"], '["a"]'),
            (None, "null"),
            ([True, None, 1, 1.5], "[true, null, 1, 1.5]"),
            (Set(), "set()"),
            (Set(["b", "a"]), '{"a", "b"}'),
            ({"b": 1, "a": {}}, '{"a": {}, "b": 1}'),
            (
                {1: 2, key_of([1, "a"]): 3, TRUE_KEY: 4, None: 5, key_of(Set([1])): 6},
                '{null: 5, true: 4, 1: 2, [1, "a"]: 3, {1}: 6}',
            ),
            (['aé\u200b\x01\a\n"\\\x7f'], '["aé\\u200b\\x01\\a\\n\\"\\\\\\x7f"]'),
            ([text_of(b"\xff")], '["\\xff"]'),
            ([WideFloat("0.33333333333333333334")], "[0.33333333333333333334]"),
        ],
    )
    def test_values_print_as_opa_prints_them(self, value: Value, text: str) -> None:
        assert render(value) == text

    def test_a_literal_string_is_quoted(self) -> None:
        assert literal("a") == '"a"'

    def test_type_names(self) -> None:
        values = [None, True, 1, 1.5, "", [], (), {}, Set()]
        names = ["null", "boolean", "number", "number", "string", "array", "array", "object", "set"]
        assert [type_name(value) for value in values] == names


class TestJson:
    def test_keys_that_are_no_strings_become_json_text(self) -> None:
        value = {1: 2, key_of([1, "a"]): 3, TRUE_KEY: 4, None: 5, key_of(Set([2, 1])): 6}
        assert plain(value) == {"1": 2, '[1,"a"]': 3, "true": 4, "null": 5, "[1,2]": 6}

    def test_sets_become_sorted_lists(self) -> None:
        assert plain({"a": Set([2, 1])}) == {"a": [1, 2]}
        assert json_text({"b": Set([2, 1]), "a": ("é", None)}) == '{"a":["é",null],"b":[1,2]}'

    def test_integers_are_exact_at_any_size(self) -> None:
        assert from_json_text("12345678901234567890123") == 12345678901234567890123
        assert from_json_text("1e400") == 10**400

    @pytest.mark.parametrize("text", ["", "NaN", "-Infinity", "[1,]", "1e5000", "1" * 5000, '"\x01"', "{}{}"])
    def test_what_is_not_json_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):
            from_json_text(text)

    def test_lone_surrogates_and_stray_bytes_are_replaced(self) -> None:
        assert from_json_text('["\\ud800", "\\ud83d\\ude00"]') == ["\ufffd", "\U0001f600"]
        assert from_json_text(b'["\xff"]') == ["\ufffd"]

    @given(st.binary())
    def test_strings_hold_any_bytes(self, data: bytes) -> None:
        assert bytes_of(text_of(data)) == data

    def test_a_surrogate_that_stands_for_no_byte_is_replaced(self) -> None:
        assert bytes_of("a\ud800\udcff") == b"a\xef\xbf\xbd\xff"

    @given(VALUES)
    def test_plain_values_survive_json(self, value: Value) -> None:
        flat = plain(value)
        assert equal(from_json_text(json_text(value)), flat)
        assert equal(json.loads(json.dumps(flat)), flat)


class TestDepth:
    def test_values_up_to_the_limit_work(self) -> None:
        value = nested(MAX_DEPTH)
        check_depth(value)
        assert equal(value, nested(MAX_DEPTH))
        assert compare(value, nested(MAX_DEPTH)) == 0
        assert len(Set([value, nested(MAX_DEPTH)])) == 1
        assert render(value).startswith("[[")
        assert from_json_text(json_text(value)) == value

    @pytest.mark.parametrize("use", [check_depth, key_of, render, plain, json_text, lambda v: compare(v, v)])
    def test_deeper_ones_are_an_error(self, use: object) -> None:
        with pytest.raises(EvaluationError, match="levels deep"):
            use(nested(MAX_DEPTH + 1))  # type: ignore[operator]

    def test_equality_of_deeper_ones_is_an_error(self) -> None:
        with pytest.raises(EvaluationError):
            equal(nested(MAX_DEPTH + 1), nested(MAX_DEPTH + 1))

    @pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
    def test_deeper_json_is_an_error(self, depth: int) -> None:
        with pytest.raises(EvaluationError):
            from_json_text("[" * depth + "]" * depth)


class TestLongNumbers:
    """Numbers with more digits than a double has."""

    def test_a_fraction_is_no_whole_number_even_where_its_double_is(self) -> None:
        one = from_json_text("1.00000000000000000001")
        assert not equal(one, 1)
        assert compare(one, 1) == 1
        assert compare(1, one) == -1
        assert one > 1
        assert one >= 1.0
        assert not one <= 1
        assert len(Set([one, 1, 1.0])) == 2
        assert equal(from_json_text("1e-400"), from_json_text("1e-400"))
        assert compare(from_json_text("1e-400"), 0) == 1

    def test_fractions_are_compared_by_all_their_digits(self) -> None:
        assert compare(from_json_text("0.1234567890123456789"), from_json_text("0.1234567890123456788")) == 1
        assert not equal(WideFloat("0.33333333333333333334"), 0.3333333333333333)
        assert equal(WideFloat("1.50"), 1.5)

    def test_whole_numbers_are_compared_exactly_however_they_are_written(self) -> None:
        assert equal(WideFloat("1e30"), 10**30)
        assert compare(WideFloat("1e30"), 10**30 + 1) == -1
        assert compare(WideFloat("1e30"), WideFloat("1000000000000000000000000000001.0")) == -1

    def test_a_number_that_no_double_comes_near_is_kept_as_it_is_written(self) -> None:
        one = from_json_text("2e308")
        assert literal(one) == json_text(one) == "2e308"
        assert equal(one, 2 * 10**308)
        assert compare(one, from_json_text("1.9e308")) == 1
        assert compare(from_json_text("-2e308"), -1) == -1
        assert hash(one) == hash(2 * 10**308)
        assert int(one) == 2 * 10**308
        assert one.is_integer()
        assert len(Set([one, from_json_text("20e307"), 2 * 10**308])) == 1

    def test_digits_are_kept_for_printing(self) -> None:
        assert literal(from_json_text("[1.00000000000000000001, 0.1, 123456789.123456789]")) == (
            "[1.00000000000000000001, 0.1, 123456789.123456789]"
        )
