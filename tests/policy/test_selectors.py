"""Label selectors select what Kubernetes would select, and say what is wrong with one that cannot be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.errors import PolicyError
from lockgate.policy.selectors import LabelSelector, parse_selector, selector_of_text


def expression(operator: str, *values: str) -> dict[str, object]:
    return {"matchExpressions": [{"key": "tier", "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ({}, {"a": "b"}, True),
        (None, None, True),
        ({"matchLabels": {"a": "b"}}, {"a": "b", "c": "d"}, True),
        ({"matchLabels": {"a": "b"}}, {"a": "c"}, False),
        ({"matchLabels": {"a": "b"}}, None, False),
        ({"matchLabels": {"a": "b"}}, "no map", False),
        (expression("In", "web", "db"), {"tier": "db"}, True),
        (expression("In", "web", "db"), {"tier": "cache"}, False),
        (expression("In", "web"), {}, False),
        (expression("NotIn", "web"), {"tier": "db"}, True),
        (expression("NotIn", "web"), {"tier": "web"}, False),
        (expression("NotIn", "web"), {}, True),
        (expression("Exists"), {"tier": ""}, True),
        (expression("Exists"), {}, False),
        (expression("DoesNotExist"), {}, True),
        (expression("DoesNotExist"), {"tier": "x"}, False),
        ({"matchLabels": {"a": "b"}, **expression("Exists")}, {"a": "b"}, False),
    ],
)
def test_a_selector_selects(selector: object, labels: object, selected: bool) -> None:
    assert parse_selector(selector).matches(labels) is selected


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ([], "must be a map"),
        ({"matchlabels": {}}, "has no field 'matchlabels'"),
        ({"matchLabels": []}, "matchLabels must be a map"),
        ({"matchLabels": {"a": 1}}, "the value of 'a' must be text"),
        ({"matchExpressions": {}}, "matchExpressions must be a list"),
        ({"matchExpressions": ["x"]}, r"matchExpressions\[0\] must be a map"),
        ({"matchExpressions": [{"operator": "Exists"}]}, "needs a key"),
        (expression("Equals", "a"), "unknown operator 'Equals'"),
        (expression("In"), "In needs at least one value"),
        (expression("Exists", "a"), "Exists takes no values"),
        ({"matchExpressions": [{"key": "a", "operator": ["In"]}]}, "unknown operator"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": [1]}]}, "list of texts"),
    ],
)
def test_a_wrong_selector_is_refused_with_its_place(selector: object, message: str) -> None:
    with pytest.raises(PolicyError, match=message) as caught:
        parse_selector(selector, where="policy.yaml")
    assert caught.value.where == "policy.yaml"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["matchLabels", "matchExpressions", "key", "operator", "values"]), inner)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON, JSON)
def test_any_object_is_read_or_refused(value: object, labels: object) -> None:
    try:
        selector = parse_selector(value)
    except PolicyError:
        return
    assert isinstance(selector, LabelSelector)
    assert selector.matches(labels) in (True, False)


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("app=web", {"app": "web"}, True),
        ("app==web", {"app": "api"}, False),
        ("app!=web", {}, True),
        ("app=", {"app": ""}, True),
        ("env in (a, b)", {"env": "b"}, True),
        ("env notin (a,b)", {"env": "a"}, False),
        ("owned", {"owned": "x"}, True),
        ("!owned", {"owned": "x"}, False),
        ("example.com/team = red , !old", {"example.com/team": "red"}, True),
        ("in in (in)", {"in": "in"}, True),
    ],
)
def test_a_selector_is_read_as_kubectl_reads_it(text: str, labels: dict[str, str], selected: bool) -> None:
    assert selector_of_text(text).matches(labels) is selected


@pytest.mark.parametrize("text", ["", " ", ",", "a=b,", "a=b c", "a in b", "a in (b", "!", "a=b=c", "-a", "a" * 5000])
def test_a_text_that_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        selector_of_text(text, where="w")
