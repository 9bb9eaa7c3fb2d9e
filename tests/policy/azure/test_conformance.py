"""Every public case, held to the counts that the reference page states."""

from typing import Any

from tests.policy.azure.corpora import allowed_to_fail, catalogue, catalogue_of, counts, needs_cases, suite

from lockgate.policy.azure import (
    MISSING,
    Context,
    Modification,
    Outcome,
    Related,
    Resource,
    denormalise,
    evaluate,
    normalise,
    parse_definition,
    parse_rule,
)
from lockgate.policy.errors import PolicyError

SURROUNDINGS = {
    "resourceGroup": {"name": "myResourceGroup", "location": "eastus"},
    "subscription": {"subscriptionId": "00000000-0000-0000-0000-000000000000"},
}


def parsed(file: dict[str, Any], case: dict[str, Any]) -> Any:
    for source in (case, file):
        if "policy_definition" in source:
            return parse_definition(source["policy_definition"])
        if "policy_rule" in source:
            whole = case.get("parse_level") == "policy_definition"
            return (parse_definition if whole else parse_rule)(source["policy_rule"])
    raise AssertionError("a case without a policy")


def judged(file: dict[str, Any], case: dict[str, Any]) -> Outcome:
    around = case.get("context") or SURROUNDINGS
    request = case.get("request_context") or around.get("requestContext")
    if request is None:
        request = {"apiVersion": case["api_version"]} if "api_version" in case else {}
    context = Context(
        utc_now=around.get("utcNow", ""),
        subscription=around.get("subscription", {}),
        resource_group=around.get("resourceGroup", {}),
        request=request,
        policy=around.get("policy", {}),
    )
    related = [one["response"] for one in case.get("host_await", []) if one["response"] is not None]
    table = catalogue(file["aliases"]) if "aliases" in file else None
    resource = Resource(case["resource"], table, api_version=case.get("api_version", ""))
    return evaluate(parsed(file, case), resource, case.get("parameters"), context, related=lambda query: related)


def shown(details: Any) -> Any:
    """Details as the suite writes them."""
    if isinstance(details, Related):
        roles = list(details.role_definition_ids)
        return {"type": details.query.type} | ({"roleDefinitionIds": roles} if roles else {})
    if not isinstance(details, Modification):
        return details
    changes = []
    for change in details.changes:
        one = {"operation": change.operation, "field": change.written_field}
        one |= {"value": change.value} if change.value is not MISSING else {}
        changes.append(one | ({"condition": change.written_condition} if change.written_condition else {}))
    if not details.role_definition_ids:
        return [{key: value for key, value in one.items() if key != "operation"} for one in changes]
    return {"roleDefinitionIds": list(details.role_definition_ids), "operations": changes}


def verdict(file: dict[str, Any], case: dict[str, Any]) -> str:
    """What is wrong with the answer to one case; empty when nothing is."""
    outcome = judged(file, case)
    got = outcome.written if outcome.effect is not None else None
    if outcome.error is not None or got != case.get("want_effect"):
        return f"{got}, not {case.get('want_effect')}: {outcome.error}"
    if case.get("want_details") is not None and shown(outcome.details) != case["want_details"]:
        return f"details {shown(outcome.details)}"
    return ""


def assert_counts(folder: str, failing: dict[tuple[str, str], str], found: dict[str, int]) -> None:
    assert found == counts(folder)
    assert set(failing) == allowed_to_fail(folder), failing


@needs_cases
def test_every_evaluation_case_gives_its_effect_and_details() -> None:
    failing, found = {}, {}
    for name, file in suite("cases").items():
        found[name] = len(file["cases"])
        for case in file["cases"]:
            problem = verdict(file, case)
            if problem:
                failing[name, case["note"]] = problem
    assert sum(found.values()) == 592
    assert_counts("cases", failing, found)


@needs_cases
def test_every_parser_case_is_read_or_refused_and_gives_its_effect() -> None:
    failing, found, refused = {}, {}, 0
    for name, file in suite("parser_tests/cases").items():
        found[name] = len(file["cases"])
        for case in file["cases"]:
            try:
                parsed(file, case)
            except PolicyError as error:
                refused += 1
                problem = "" if case.get("want_parse_error") else str(error)
            else:
                problem = "not refused" if case.get("want_parse_error") else ""
            if not problem and "resource" in case:
                problem = verdict(file, case)
            if problem:
                failing[name, case["note"]] = problem
    assert (sum(found.values()), refused) == (115, 25)
    assert_counts("parser_tests/cases", failing, found)


@needs_cases
def test_every_normalisation_case_gives_its_views() -> None:
    failing, found = {}, {}
    for name, file in suite("normalization/cases").items():
        found[name] = len(file["cases"])
        for case in file["cases"]:
            wrong = normalisation_problems(file, case)
            if wrong:
                failing[name, case["note"]] = str(wrong)
    assert sum(found.values()) == 30
    assert_counts("normalization/cases", failing, found)


def normalisation_problems(file: dict[str, Any], case: dict[str, Any]) -> list[Any]:
    table = catalogue_of(case) or catalogue_of(file)
    settings = {"api_version": case.get("api_version", ""), "sub_resources": case.get("sub_resource_arrays", ())}
    given = case["input"]
    there, back = normalise(given, table, **settings), denormalise(given, table, **settings)
    answers = []
    if "expected_normalized" in case:
        answers.append((there, case["expected_normalized"]))
    if "expected_denormalized" in case:
        answers.append((back, case["expected_denormalized"]))
    if case.get("round_trip"):
        answers.append((denormalise(there, table, **settings), case.get("expected_round_trip", given)))
    if case.get("reverse_round_trip"):
        answers.append((normalise(back, table, **settings), case.get("expected_reverse_round_trip", given)))
    if "expected_envelope" in case:
        around = {"context": case.get("context", {}), "parameters": case.get("parameters", {})}
        answers.append(({"resource": there, **around}, case["expected_envelope"]))
    assert answers, "a case that asks nothing"
    return [one for one in answers if one[0] != one[1]]
