"""What holds for every rule and every resource."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lockgate.policy.azure import (
    Resource,
    denormalise,
    evaluate,
    normalise,
    parse_assignment,
    parse_definition,
    parse_exemption,
    parse_initiative,
    parse_rule,
)
from lockgate.policy.azure.expressions import is_expression, parse_expression
from lockgate.policy.azure.rules import MAX_FIELD_COUNTS, OPERATORS
from lockgate.policy.azure.values import equal, fold
from lockgate.policy.errors import PolicyError

NAMES = st.sampled_from(["a", "b", "A", "name", "type", "properties", "tags", "location"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "B", "b", "2", "true", "", "*", "ß", "SS"])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=4), max_leaves=15
)
FIELDS = st.sampled_from(["a", "properties.a", "a[*]", "a[*].b", "b[*].a[*]", "tags.a", "name", "location", "x/y/a"])
TEXTS = st.sampled_from(
    ["a", "B*", "?", "#", "", "2", "true", "[field('a')]", "[length(field('a[*]'))]", "[current()]"]
)


def leaf(draw: Any) -> dict[str, Any]:
    operator = draw(st.sampled_from(sorted(OPERATORS.values())))
    expected: Any = draw(TEXTS | st.integers(-5, 5))
    if operator in ("in", "notIn"):
        expected = draw(st.lists(SCALARS, max_size=3))
    elif operator == "exists":
        expected = draw(st.booleans())
    elif "atch" in operator or "ike" in operator:
        expected = draw(TEXTS)
    subject = draw(st.sampled_from(["field", "value", "count"]))
    given: Any = {"field": FIELDS, "value": TEXTS | SCALARS}[subject] if subject != "count" else None
    if given is not None:
        return {subject: draw(given), operator: expected}
    where = {"field": draw(FIELDS), "equals": draw(SCALARS)}
    return {"count": {"field": draw(st.sampled_from(["a[*]", "b[*].a[*]"])), "where": where}, "greater": 0}


LEAVES = st.composite(leaf)()
CONDITIONS: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda one: (
        one.map(lambda inner: {"not": inner})
        | st.lists(one, max_size=3).map(lambda inner: {"allOf": inner})
        | st.lists(one, max_size=3).map(lambda inner: {"anyOf": inner})
    ),
    max_leaves=6,
)


def holds(condition: Any, resource: Any) -> bool | None:
    """Whether a condition holds; None when it fails."""
    assume(repr(condition).count("{'count'") <= MAX_FIELD_COUNTS)  # one array more often is refused when it is read
    outcome = evaluate(parse_rule({"if": condition, "then": {"effect": "audit"}}), resource)
    quick = evaluate(parse_rule({"if": condition, "then": {"effect": "audit"}}), resource, explain=False)
    assert (quick.effect, quick.matched) == (outcome.effect, outcome.matched)
    assert (outcome.error is None) == (quick.error is None)
    return None if outcome.error is not None else outcome.matched


@settings(deadline=None)
@given(CONDITIONS, JSON)
def test_not_of_not_is_the_condition(condition: Any, resource: Any) -> None:
    once = holds(condition, resource)
    assert holds({"not": {"not": condition}}, resource) == once
    if once is not None:
        assert holds({"not": condition}, resource) is not once


@settings(deadline=None)
@given(st.lists(CONDITIONS, max_size=3), JSON)
def test_any_of_is_not_all_of_not(conditions: list[Any], resource: Any) -> None:
    plain = holds({"anyOf": conditions}, resource)
    assert holds({"not": {"allOf": [{"not": one} for one in conditions]}}, resource) == plain


@given(FIELDS, st.sampled_from(["equals", "in", "like", "contains", "match", "containsKey"]), TEXTS, JSON)
def test_a_negated_operator_is_the_other_way_round_for_one_value(
    field: str, operator: str, text: str, resource: Any
) -> None:
    if "[*]" in field or text.startswith("["):
        return
    expected: Any = [text] if operator == "in" else text
    negated = "not" + operator[0].upper() + operator[1:]
    assert holds({"field": field, operator: expected}, resource) is not holds(
        {"field": field, negated: expected}, resource
    )


ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.text(max_size=5) | TEXTS,
    lambda one: (
        st.lists(one, max_size=4)
        | st.dictionaries(
            st.sampled_from([
                "if", "then", "effect", "details", "field", "value", "count", "where", "name", "allOf", "anyOf", "not",
                "equals", "in", "exists", "like", "properties", "policyRule", "parameters", "type", "defaultValue",
                "operations", "operation", "existenceCondition", "deployment", "template", "policyDefinitions", "id",
                "policyDefinitionId", "policyAssignmentId", "exemptionCategory", "overrides", "selectors", "kind",
                "resourceSelectors", "notScopes", "nonComplianceMessages", "expiresOn",
            ]) | st.text(max_size=3),
            one,
            max_size=5,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(ANY_JSON)
def test_no_document_raises_anything_but_a_policy_error(document: Any) -> None:
    for parse in (parse_rule, parse_definition, parse_initiative, parse_assignment, parse_exemption):
        try:
            parse(document)
        except PolicyError as error:
            assert str(error)


@given(st.text(alphabet="[]()'., abcf019-+?\n{}", max_size=40))
def test_no_expression_raises_anything_but_a_policy_error(inner: str) -> None:
    text = f"[{inner}]"
    if is_expression(text):
        try:
            parse_expression(text)
        except PolicyError as error:
            assert str(error)


@settings(max_examples=100, deadline=None)
@given(CONDITIONS, ANY_JSON)
def test_no_resource_raises(condition: Any, resource: Any) -> None:
    holds(condition, resource)
    Resource(resource).read("a[*].b[0]['c']")


@given(SCALARS, SCALARS)
def test_equality_is_symmetric_and_blind_to_case(left: Any, right: Any) -> None:
    assert equal(left, right) == equal(right, left)
    if isinstance(left, str) and isinstance(right, str):
        assert equal(left, right) == (fold(left) == fold(right))


KEYS = st.sampled_from(["alpha", "beta", "gamma"])
RESOURCES = st.fixed_dictionaries(
    {"name": st.just("n")},
    optional={
        "location": st.sampled_from(["westeurope"]),
        "sku": st.dictionaries(KEYS, SCALARS),
        "properties": st.dictionaries(
            KEYS,
            st.recursive(SCALARS, lambda one: st.lists(one) | st.dictionaries(KEYS, one), max_leaves=6),
            min_size=1,
        ),
    },
)


@given(RESOURCES)
def test_a_view_leads_back_to_its_resource(resource: Any) -> None:
    assert denormalise(normalise(resource)) == resource
    view = normalise(resource)
    assert normalise(denormalise(view)) == view
