"""Variables, conditions and validations over one activation, as policies and Gatekeeper's CEL sources have them."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockgate.policy.budget import Budget
from lockgate.policy.cel import CelError, load_expression
from lockgate.policy.cel.program import (
    Program,
    Violation,
    activation_of,
    annotated,
    parse_program,
    unmet,
    violations,
)
from lockgate.policy.errors import BudgetExceededError, PolicyError

VARIABLES = ("object", "oldObject", "request", "params", "namespaceObject", "authorizer")
POD = {"kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}


def program(**source: Any) -> Program:
    return parse_program(source, variables=VARIABLES, where="policy.yaml")


def judged(made: Program, budget: Budget | None = None, **values: Any) -> list[Violation]:
    budget = budget or Budget()
    activation = activation_of(made, {"object": POD, **values}, budget=budget)
    return list(violations(made, activation, budget=budget))


def variable(name: str, expression: str) -> dict[str, str]:
    return {"name": name, "expression": expression}


def test_a_validation_that_holds_says_nothing() -> None:
    assert judged(program(validations=[{"expression": "object.kind == 'Pod'"}])) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "failed expression: object.kind == 'Job'"),
        ({"message": " not a job \n"}, "not a job"),
        ({"message": "fixed", "messageExpression": "'is ' + object.kind"}, "is Pod"),
        ({"message": "fixed", "messageExpression": "string(object.nothing)"}, "fixed"),
        ({"message": "fixed", "messageExpression": "'  '"}, "fixed"),
        ({"message": "fixed", "messageExpression": "'a\\nb'"}, "fixed"),
        ({"message": "fixed", "messageExpression": "lists.range(3000).map(i, 'xx').join()"}, "fixed"),
    ],
)
def test_a_message_falls_back_to_what_can_be_shown(more: Mapping[str, str], message: str) -> None:
    (found,) = judged(program(validations=[{"expression": " object.kind == 'Job' ", "reason": "Forbidden", **more}]))
    assert found == Violation(0, message, "Forbidden")


def test_an_error_is_a_violation_with_its_error() -> None:
    found = judged(program(validations=[{"expression": "object.nothing == 1"}, {"expression": "false"}]))
    assert [(violation.index, violation.error is None) for violation in found] == [(0, False), (1, True)]
    assert found[0].message == "expression 'object.nothing == 1' resulted in error: no such key: nothing"
    assert found[0].error is not None
    assert found[0].error.where == "policy.yaml: validations[0].expression"


def test_variables_are_computed_in_order_once_and_only_when_read() -> None:
    made = program(
        variables=[
            variable("images", "object.spec.containers.map(c, c.image)"),
            variable("broken", "object.nothing"),
            variable("count", "size(variables.images)"),
        ],
        validations=[
            {"expression": "variables.count == 1"},
            {"expression": "variables.count == variables.images.size()"},
        ],
    )
    budget = Budget()
    assert judged(made, budget) == []
    assert budget.steps - budget.left == 1


def test_a_broken_variable_fails_each_validation_that_reads_it() -> None:
    made = program(
        variables=[variable("broken", "object.nothing")],
        validations=[
            {"expression": "variables.broken == 1"},
            {"expression": "variables.broken == 1 || true"},
            {"expression": "has(variables.broken)"},
        ],
    )
    assert [found.index for found in judged(made)] == [0]


def test_given_variables_need_no_expression() -> None:
    source = {"validations": [{"expression": "variables.anyObject.kind == variables.params.kind"}]}
    made = parse_program(source, variables=VARIABLES, given=("params", "anyObject"))
    budget = Budget()
    activation = activation_of(made, {}, budget=budget, given={"params": {"kind": "Pod"}, "anyObject": POD})
    assert list(violations(made, activation, budget=budget)) == []


def test_conditions_stop_at_the_first_that_is_false() -> None:
    for conditions, answer in (
        ([variable("a", "true"), variable("b", "object.kind == 'Job'")], "b"),
        ([variable("a", "bool(object.nothing)"), variable("b", "false")], "b"),
        ([variable("a", "true")], None),
        ([], None),
    ):
        made = program(matchConditions=conditions)
        budget = Budget()
        assert unmet(made, activation_of(made, {"object": POD}, budget=budget), budget=budget) == answer
    made = program(matchConditions=[variable("a", "bool(object.nothing)"), variable("b", "true")])
    with pytest.raises(CelError, match="no such key"):
        unmet(made, {"object": POD}, budget=Budget())


def test_annotations_are_texts_or_nothing() -> None:
    made = program(
        auditAnnotations=[
            {"key": "kind", "valueExpression": "'kind ' + object.kind"},
            {"key": "none", "valueExpression": "null"},
            {"key": "blank", "valueExpression": "' '"},
        ]
    )
    assert annotated(made, {"object": POD}, budget=Budget()) == {"kind": "kind Pod"}
    with pytest.raises(PolicyError, match="must give string or null, not dyn -- say what it is"):
        program(auditAnnotations=[{"key": "list", "valueExpression": "object.spec.containers"}])


def test_one_budget_bounds_everything() -> None:
    made = program(
        variables=[variable("many", "lists.range(1000).map(i, i)")],
        validations=[{"expression": "variables.many.all(i, variables.many.exists(j, j < 0) || true)"}],
    )
    with pytest.raises(BudgetExceededError):
        judged(made, Budget(10_000))


@pytest.mark.parametrize(
    "condition",
    [
        "variables.name == 'web'",
        "variables.none == 1 || variables.none == 2",
        "[1, 2].all(i, variables.none == i)",
        "[1, 2].exists(i, variables.none == i) && object.none.none",
        "cel.bind(x, object.none, x == 1 || x == 2)",
    ],
)
def test_judging_leaves_nothing_to_the_search_for_cycles(condition: str) -> None:
    made = program(
        variables=[variable("name", "object.metadata.name"), variable("none", "object.metadata.none")],
        matchConditions=[variable("one", condition)],
        validations=[{"expression": condition}],
    )

    def ask() -> None:
        budget = Budget()
        activation = activation_of(made, {"object": POD}, budget=budget)
        assert len(list(violations(made, activation, budget=budget))) == (condition != "variables.name == 'web'")
        with suppress(CelError):
            unmet(made, activation, budget=budget)

    ask()  # compiles what tells errors
    gc.disable()
    try:
        # What other threads of the process leave behind meanwhile is not ours, and does not come three times.
        left = []
        for _ in range(3):
            gc.collect()
            ask()
            left.append(gc.collect())
        assert min(left) == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"validations": {}}, "validations must be a list of maps"),
        ({"validations": [{}]}, r"validations\[0\].expression needs an expression"),
        ({"validations": [{"expression": "1"}]}, "must give bool, not int"),
        ({"validations": [{"expression": "true", "messageExpression": "1"}]}, "must give string, not int"),
        ({"validations": [{"expression": "true", "message": 1}]}, "message must be a text"),
        ({"variables": [{"expression": "1"}]}, "name must be a text"),
        ({"variables": [variable("a-b", "1")]}, "'a-b' is no name"),
        ({"variables": [variable("a", "1"), variable("a", "2")]}, "'a' is no name for a variable, or is taken"),
        ({"variables": [variable("a", "variables.b"), variable("b", "1")]}, "variables has no field 'b'"),
        ({"validations": [{"expression": "variables.a"}]}, "variables has no field 'a'"),
        ({"matchConditions": [variable("a", "'x'")]}, "must give bool, not string"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "[1]"}]}, "must give string or null, not list"),
    ],
)
def test_a_wrong_program_is_refused_with_its_place(source: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message) as caught:
        program(**source)
    assert caught.value.where.startswith("policy.yaml")


def test_every_cel_source_of_the_gatekeeper_library_compiles_and_loads_again(corpora: Path) -> None:
    sources = expressions = 0
    for path in sorted((corpora / "gatekeeper-library" / "library").glob("*/*/template.yaml")):
        for target in yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]["targets"]:
            for code in target.get("code", ()):
                if code["engine"] != "K8sNativeValidation":
                    continue
                made = parse_program(
                    code["source"],
                    variables=VARIABLES,
                    given=("params", "anyObject"),
                    conditions="matchCondition",
                    where=path.parent.name,
                )
                sources += 1
                for expression in _expressions(made):
                    expressions += 1
                    again = load_expression(expression.dump())
                    assert (again.source, again.names) == (expression.source, expression.names)
    assert (sources, expressions) == (16, 199)


def _expressions(made: Program) -> list[Any]:
    found = [expression for _, expression in (*made.variables, *made.conditions, *made.annotations)]
    for validation in made.validations:
        found.append(validation.expression)
        if validation.message_expression is not None:
            found.append(validation.message_expression)
    return found
