"""Traces: the parts of an expression, their values, and the one that decided."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.cel import compile_expression
from lockgate.policy.cel.trace import trace


def decided(step):
    """The way down to what decided."""
    found = [step.text]
    for part in step.parts:
        if part.decided:
            found += decided(part)
            break
    return found


def test_the_operand_that_decided_is_marked_and_the_rest_is_not_looked_at():
    step = trace("a == 1 && b == 2 && c == 3", {"a": 1, "b": 0, "c": 3})
    assert step.value is False
    assert [(part.text, part.value, part.decided) for part in step.parts] == [
        ("a == 1", True, False),
        ("b == 2", False, True),
    ]


def test_the_member_that_decided_is_named():
    step = trace("items.all(i, i.n > 1)", {"items": [{"n": 2}, {"n": 1}]})
    (target, member) = step.parts
    assert (target.text, member.note, member.text, member.value) == ("items", "i = member 1", "i.n > 1", False)


def test_only_the_branch_that_was_taken_is_shown():
    step = trace("a ? b : c", {"a": True, "b": 1, "c": 2})
    assert [part.text for part in step.parts] == ["a", "b"]


def test_an_error_is_shown_where_it_arose():
    step = trace("a.b == 1 || false", {"a": {}})
    assert step.error
    assert step.parts[0].error


@pytest.mark.parametrize("text", ["a && b || !c", "[a, b].exists(x, x) ? c : a", "a == b || (c && !a)"])
@settings(deadline=None, max_examples=20)
@given(st.booleans(), st.booleans(), st.booleans())
def test_the_whole_has_the_value_that_an_evaluation_gives(text, a, b, c):
    values = {"a": a, "b": b, "c": c}
    assert trace(text, values).value == compile_expression(text, variables=list(values)).evaluate(values)
