"""What no value of a type can have in its text is known without looking."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.kql.functions.test_function_properties import _VALUES

from lockgate.kql.row.texts import test_of as definition_of
from lockgate.kql.terms import never_within
from lockgate.kql.text import text_of
from lockgate.kql.types import SCALARS, STRING

_TYPES = [one for one in _VALUES if not one.dynamic and one is not STRING]


@pytest.mark.parametrize("type_", _TYPES, ids=lambda one: one.name)
def test_the_texts_of_a_type_have_no_other_letters(type_: object) -> None:
    for value in _VALUES[type_]:  # type: ignore[index]
        text = text_of(type_)(value)  # type: ignore[arg-type]
        for part in {text, text[:3], text[-3:], text.upper()}:
            assert not never_within(type_.name, part), (type_, text)  # type: ignore[attr-defined]


@settings(max_examples=200, deadline=None)
@given(some.sampled_from(_TYPES), some.data(), some.text("truefalsnNaiyITZ0123456789-+.:Ee K\u212a\u0130", max_size=4))
def test_what_is_said_to_be_nowhere_is_nowhere(type_: object, data: some.DataObject, text: str) -> None:
    value = text_of(type_)(data.draw(some.sampled_from(_VALUES[type_])))  # type: ignore[arg-type, index]
    contains = definition_of("contains")
    assert contains is not None
    if contains(value, text):
        assert not never_within(type_.name, text)  # type: ignore[attr-defined]


def test_texts_and_dynamic_values_may_hold_anything() -> None:
    assert {name for name in SCALARS if never_within(name, "x!")} == {
        "datetime", "timespan", "int", "long", "real", "decimal", "bool", "guid"
    }  # fmt: skip
