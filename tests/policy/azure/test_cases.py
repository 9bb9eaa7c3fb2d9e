"""Files of cases that do not hold, or are none."""

import json

import pytest

from lockgate.policy.azure.cases import is_cases, run_cases

RULE = json.dumps({"if": {"field": "location", "equals": "mars"}, "then": {"effect": "deny"}})


def only(case, **file):
    def read(name):
        raise FileNotFoundError(name)

    (result,) = run_cases({"cases": [case], **file}, read)
    return result


def test_an_effect_that_came_is_the_one_that_had_to():
    case = {"note": "n", "policy_rule": RULE, "resource": {"location": "mars"}}
    assert only({**case, "want_effect": "deny"}).problem == ""
    assert only({**case, "want_effect": None}).problem == "the effect is deny, and had to be none"
    assert "had to be audit" in only({**case, "want_effect": "audit"}).problem


def test_a_policy_that_had_to_be_refused_is_not_passed_over():
    assert "had to be refused" in only({"policy_rule": RULE, "want_parse_error": True}).problem
    assert only({"policy_rule": "{", "want_parse_error": True}).refused
    assert "was refused" in only({"policy_rule": "{"}).problem


def test_a_view_that_differs_is_shown():
    given = {"type": "Microsoft.Network/x", "properties": {"a": 1}}
    result = only({"input": given, "expected_normalized": {"type": "Microsoft.Network/x", "a": 2}})
    assert result.problem.startswith("expected_normalized: it is")


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (1, "must be a map"),
        ({"note": "n"}, "no policy_rule"),
        ({"policy_rule": RULE, "want_effect": "deny"}, "no resource"),
        ({"expected_normalized": {}}, "not the form of a case"),
        ({"policy_rule": RULE, "resource": {}, "context": 3}, "not the form of a case"),
    ],
)
def test_a_case_that_cannot_be_run_is_an_error_and_no_pass(case, said):
    assert said in only(case).error


def test_a_table_of_aliases_that_is_missing_is_an_error():
    assert "table" in only({"policy_rule": RULE, "resource": {}}, aliases="table.json").error


def test_other_documents_are_no_cases():
    assert not any(map(is_cases, [None, [], {}, {"cases": []}, {"cases": [{"note": 1}]}, {"cases": 3}]))
    assert is_cases({"cases": [{"note": 1}, {"policy_rule": ""}]})
