"""The CEL sources of Gatekeeper's library give the verdicts that its own suites assert, on every case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lockgate.policy.budget import Budget
from lockgate.policy.cel.program import Program, activation_of, parse_program, violations

VARIABLES = ("object", "oldObject", "request", "params", "namespaceObject", "authorizer")


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def cel_source(template: Any) -> Mapping[str, Any] | None:
    codes = [code for target in template["spec"]["targets"] for code in target.get("code", ())]
    return next((code["source"] for code in codes if code["engine"] == "K8sNativeValidation"), None)


def messages(program: Program, review: dict[str, Any], params: Any) -> list[str]:
    """One message for each violation. An object that is itself a review gives its request."""
    request = review["request"] if review.get("kind") == "AdmissionReview" else {"object": review}
    obj, old = request.get("object"), request.get("oldObject")
    values = {"object": obj, "oldObject": old, "request": request, "params": None, "namespaceObject": None}
    given = {"params": params, "anyObject": old if request.get("operation") == "DELETE" or obj is None else obj}
    budget = Budget()
    activation = activation_of(program, values, budget=budget, given=given)
    return [violation.message for violation in violations(program, activation, budget=budget)]


def met(assertion: Mapping[str, Any], found: list[str]) -> bool:
    wanted, pattern = assertion.get("violations", "yes"), assertion.get("message")
    count = len([text for text in found if pattern is None or re.search(pattern, text)])
    if wanted in (True, "yes"):
        return count > 0
    return count == (0 if wanted in (False, "no") else wanted)


def cases(library: Path) -> Iterator[tuple[str, Program, dict[str, Any], Any, list[Mapping[str, Any]]]]:
    for suite_path in sorted(library.glob("*/*/suite.yaml")):
        for test in read(suite_path)["tests"]:
            source = cel_source(read(suite_path.parent / test["template"]))
            if source is None:
                continue
            program = parse_program(
                source, variables=VARIABLES, given=("params", "anyObject"), conditions="matchCondition"
            )
            params = read(suite_path.parent / test["constraint"])["spec"].get("parameters", {})
            for case in test["cases"]:
                name = f"{suite_path.parent.name}/{test['name']}/{case['name']}"
                yield name, program, read(suite_path.parent / case["object"]), params, case["assertions"]


def test_every_case_is_judged_as_its_suite_says(corpora: Path) -> None:
    count = asserted = 0
    wrong = []
    for name, program, review, params, assertions in cases(corpora / "gatekeeper-library" / "library"):
        found = messages(program, review, params)
        count += 1
        asserted += len(assertions)
        wrong += [f"{name}: {assertion} but {found}" for assertion in assertions if not met(assertion, found)]
    assert not wrong, "\n".join(wrong)
    assert (count, asserted) == (131, 131)
