"""Files of Azure Policy cases: a rule or definition, a resource, and the effect that must come of it.

The form is the one that Microsoft's cases of regorus have (``cases:`` with ``note``, ``policy_rule`` or
``policy_definition``, ``resource``, ``parameters``, ``context``, ``want_effect``, ``want_details``,
``want_parse_error``; for the two forms of a resource ``input`` and ``expected_normalized``). What a case leaves out may
stand once in its file. Files that a case names come through a callable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.errors import LockgateError
from lockgate.policy.azure.aliases import Catalogue, aliases_from_manifest, aliases_from_providers
from lockgate.policy.azure.definitions import Definition, Outcome, evaluate, parse_definition, parse_rule
from lockgate.policy.azure.effects import Modification, Related
from lockgate.policy.azure.evaluation import Context
from lockgate.policy.azure.fields import Resource
from lockgate.policy.azure.values import MISSING
from lockgate.policy.azure.views import denormalise, normalise
from lockgate.policy.errors import PolicyError

Read = Callable[[str], bytes]
"""The content of a table of aliases, by the name that a file gives. Raises :class:`LockgateError` or ``OSError``."""

_POLICY = ("policy_rule", "policy_definition")
_FORMS = ("expected_normalized", "expected_denormalized", "round_trip", "reverse_round_trip", "expected_envelope")
_SURROUNDINGS: Mapping[str, Any] = {
    "resourceGroup": {"name": "myResourceGroup", "location": "eastus"},
    "subscription": {"subscriptionId": "00000000-0000-0000-0000-000000000000"},
}
"""What stands around a resource whose case says nothing of it."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case."""

    note: str
    """The case's name."""
    problem: str = ""
    """How it does not hold; empty when it does."""
    error: str = ""
    """Why it could not be run; empty when it was."""
    refused: bool = False
    """Whether the policy was refused, as it had to be."""


def is_cases(body: object) -> bool:
    """Whether a document is a file of cases; others are none of its business."""
    if not isinstance(body, Mapping) or not isinstance(body.get("cases"), list):
        return False
    asked = {key for case in body["cases"] if isinstance(case, Mapping) for key in case}
    return not asked.union(body).isdisjoint((*_POLICY, *_FORMS))


def names_of(body: Mapping[str, Any]) -> list[str]:
    """The names of the cases, in order; a number stands for a missing one."""
    return [
        str(case["note"]) if isinstance(case, Mapping) and "note" in case else f"case {number}"
        for number, case in enumerate(body["cases"], 1)
    ]


def run_cases(
    body: Mapping[str, Any], read: Read, *, wanted: Callable[[str], bool] | None = None
) -> Iterator[CaseResult]:
    """Run the cases of one file whose name is ``wanted``. Never raises for what the file holds."""
    for name, case in zip(names_of(body), body["cases"], strict=True):
        if wanted is not None and not wanted(name):
            continue
        try:
            if not isinstance(case, Mapping):
                raise PolicyError("a case must be a map")
            yield _run(name, body, case, read)
        except (LockgateError, OSError, ValueError) as error:
            yield CaseResult(name, error=str(error))
        except (KeyError, TypeError, AttributeError) as error:
            yield CaseResult(name, error=f"the case has not the form of a case: {error}")


def _run(name: str, file: Mapping[str, Any], case: Mapping[str, Any], read: Read) -> CaseResult:
    if any(case.get(key) is not False and key in case for key in _FORMS):
        return CaseResult(name, _forms(file, case))
    try:
        definition = _definition(file, case)
    except PolicyError as error:
        if case.get("want_parse_error"):
            return CaseResult(name, refused=True)
        return CaseResult(name, f"the policy was refused: {error}")
    if case.get("want_parse_error"):
        return CaseResult(name, "the policy had to be refused, and was not")
    if "resource" not in case:
        if "want_effect" in case:
            raise PolicyError("the case expects an effect and has no resource")
        return CaseResult(name)
    return CaseResult(name, _problem(_outcome(file, case, definition, read), case))


def _definition(file: Mapping[str, Any], case: Mapping[str, Any]) -> Definition:
    for source in (case, file):
        if "policy_definition" in source:
            return parse_definition(source["policy_definition"])
        if "policy_rule" in source:
            whole = case.get("parse_level") == "policy_definition"
            return (parse_definition if whole else parse_rule)(source["policy_rule"])
    raise ValueError("the case has no policy_rule and no policy_definition")


def _outcome(file: Mapping[str, Any], case: Mapping[str, Any], definition: Definition, read: Read) -> Outcome:
    around = case.get("context") or _SURROUNDINGS
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
    related = [one["response"] for one in case.get("host_await", ()) if one["response"] is not None]
    table = file.get("aliases")
    catalogue = Catalogue(aliases_from_providers(json.loads(read(str(table))))) if table else None
    resource = Resource(case["resource"], catalogue, api_version=case.get("api_version", ""))
    return evaluate(definition, resource, case.get("parameters"), context, related=lambda _: related)


def _problem(outcome: Outcome, case: Mapping[str, Any]) -> str:
    got = outcome.written if outcome.effect is not None else None
    wanted = case.get("want_effect")
    if outcome.error is not None:
        return f"the evaluation failed: {outcome.error}"
    if got != wanted:
        return f"the effect is {got or 'none'}, and had to be {wanted or 'none'}"
    details = case.get("want_details")
    if details is not None and (shown := _shown(outcome.details)) != details:
        return f"the details are {json.dumps(shown, default=str)[:300]}"
    return ""


def _shown(details: Any) -> Any:
    """Details as the files write them."""
    if isinstance(details, Related):
        roles = list(details.role_definition_ids)
        return {"type": details.query.type} | ({"roleDefinitionIds": roles} if roles else {})
    if not isinstance(details, Modification):
        return details
    changes = []
    for change in details.changes:
        one: dict[str, Any] = {"operation": change.operation, "field": change.written_field}
        one |= {"value": change.value} if change.value is not MISSING else {}
        changes.append(one | ({"condition": change.written_condition} if change.written_condition else {}))
    if not details.role_definition_ids:
        return [{key: value for key, value in one.items() if key != "operation"} for one in changes]
    return {"roleDefinitionIds": list(details.role_definition_ids), "operations": changes}


def _forms(file: Mapping[str, Any], case: Mapping[str, Any]) -> str:
    """How the two forms of a resource differ from those that are expected."""
    table = _table(case) or _table(file)
    version, arrays = case.get("api_version", ""), case.get("sub_resource_arrays", ())
    given = case["input"]

    def there(value: Any) -> Any:
        return normalise(value, table, api_version=version, sub_resources=arrays)

    def back(value: Any) -> Any:
        return denormalise(value, table, api_version=version, sub_resources=arrays)

    around = {"context": case.get("context", {}), "parameters": case.get("parameters", {})}
    answers: dict[str, tuple[Callable[[], Any], Any]] = {
        "expected_normalized": (lambda: there(given), case.get("expected_normalized")),
        "expected_denormalized": (lambda: back(given), case.get("expected_denormalized")),
        "round_trip": (lambda: back(there(given)), case.get("expected_round_trip", given)),
        "reverse_round_trip": (lambda: there(back(given)), case.get("expected_reverse_round_trip", given)),
        "expected_envelope": (lambda: {"resource": there(given), **around}, case.get("expected_envelope")),
    }
    for key, (compute, wanted) in answers.items():
        asked = case.get(key) if key.endswith("round_trip") else key in case
        if asked and (got := compute()) != wanted:
            return f"{key}: it is {json.dumps(got, default=str)[:300]}"
    return ""  # one of them is asked, or it would be no case of this kind


def _table(source: Mapping[str, Any]) -> Catalogue | None:
    found = []
    if source.get("aliases_json"):
        found += aliases_from_providers(json.loads(source["aliases_json"]))
    if source.get("data_manifest_json"):
        found += aliases_from_manifest(json.loads(source["data_manifest_json"]))
    return Catalogue(found) if found else None
