"""What we say of Pods is what gator says of them, message by message, by both engines."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.policy.gatekeeper import gator
from tests.policy.gatekeeper.builders import constraint, namespace, pod, template
from tests.policy.gatekeeper.library_objects import library_objects
from tests.policy.gatekeeper.pods import pods

from lockgate.policy.gatekeeper.audit import audit

_ERRORS = ("resulted in error", "eval_conflict_error")
Said = Counter[tuple[str, str, str, str]]
"""Constraint, object, message and actions of every violation; ``error`` for what an expression failed with."""


def _theirs(folder: Path, objects: list[Any]) -> Said:
    said: Said = Counter()
    for result in gator.run(folder, "test", objects):
        found, about = result["constraint"], result["violatingObject"]
        key = f"{found['kind']}/{found['metadata']['name']}"
        message = "error" if any(word in result["msg"] for word in _ERRORS) else result["msg"]
        said[key, f"{about['kind']}/{about['metadata']['name']}", message, result["enforcementAction"]] += 1
    return said


def _ours(objects: list[Any]) -> Said:
    said: Said = Counter()
    found = audit(objects)
    assert found.problems == ()
    for judged in found.judged:
        assert judged.error == ""
        about = f"{judged.object['kind']}/{judged.object['metadata']['name']}"
        for each in judged.violations:
            said[each.constraint, about, "error" if each.error else each.message, "+".join(sorted(each.actions))] += 1
    return said


@pytest.mark.parametrize("by_rego", [False, True], ids=["as Gatekeeper runs them", "by Rego alone"])
def test_every_library_policy_says_the_same_of_many_pods(corpora: Path, tmp_path: Path, by_rego: bool) -> None:
    templates, constraints = library_objects(corpora, for_pods=True)
    if by_rego:
        for body in templates:
            for target in body["spec"]["targets"]:
                target["code"] = [code for code in target.get("code", []) if code["engine"] == "Rego"]
    objects = [*templates, *constraints, *pods(60)]
    theirs, ours = _theirs(tmp_path, objects), _ours(objects)
    assert sum(theirs.values()) > 1000
    assert ours - theirs == Counter() and theirs - ours == Counter()


_FOUND = 'package probe\nviolation[{"msg": "found"}] { true }'
_OBJECTS = [
    pod("a", "harbour", labels={"app": "shop"}),
    pod("b", "dock"),
    pod("c", "nowhere"),
    pod("", "harbour", generateName="gen-")
    | {"metadata": {"name": "", "generateName": "gen-", "namespace": "harbour"}},
    namespace("harbour", tier="gold"),
    namespace("dock"),
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "harbour"}, "spec": {}},
    pod("bare", ""),
    pod("e", "default"),
]
_MATCHES: dict[str, Any] = {
    "nothing said": {},
    "kinds": {"kinds": [{"apiGroups": ["apps"], "kinds": ["*"]}, {"kinds": ["Namespace"]}]},
    "no kinds": {"kinds": [{}]},
    "namespaces": {"namespaces": ["har*"]},
    "excluded": {"excludedNamespaces": ["*ock", "nowhere"]},
    "labels": {"labelSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["shop"]}]}},
    "namespace labels": {"namespaceSelector": {"matchLabels": {"tier": "gold"}}, "namespaces": ["harbour", "dock"]},
    "default": {"namespaces": ["default"]},
    "no labels": {"namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
                  "excludedNamespaces": ["nowhere"]},
    "name": {"name": "gen*"},
    "source": {"source": "Original"},
    "generated": {"source": "Generated"},
    "namespaced": {"scope": "Namespaced"},
}


@pytest.mark.parametrize("case", _MATCHES)
def test_constraints_are_for_the_same_objects(case: str, tmp_path: Path) -> None:
    objects = [body for body in copy.deepcopy(_OBJECTS) if body["metadata"]["name"]]
    match = _MATCHES[case]
    policies = [template(_FOUND), constraint(match={"kinds": [{"apiGroups": ["", "apps"]}], **match})]
    assert _ours([*policies, *objects]) == _theirs(tmp_path, [*policies, *objects])


def test_actions_are_the_same_at_gators_point(tmp_path: Path) -> None:
    scoped = [
        {"action": "warn", "enforcementPoints": [{"name": "gator.gatekeeper.sh"}]},
        {"action": "deny", "enforcementPoints": [{"name": "*"}]},
    ]
    elsewhere = [{"action": "deny", "enforcementPoints": [{"name": "audit.gatekeeper.sh"}]}]
    policies = [
        template(_FOUND),
        constraint("a", enforcementAction="dryrun"),
        constraint("b", enforcementAction="scoped", scopedEnforcementActions=scoped),
        constraint("c", enforcementAction="scoped", scopedEnforcementActions=elsewhere),
    ]
    ours, theirs = _ours([*policies, pod()]), _theirs(tmp_path, [*policies, pod()])
    shown = {("Probe/a", "dryrun"): ("Probe/a", "dryrun"), ("Probe/b", "deny+warn"): ("Probe/b", "scoped")}
    assert {shown[key, actions] for key, _, _, actions in ours} == {(key, actions) for key, _, _, actions in theirs}
    assert {each[:3] for each in ours} == {each[:3] for each in theirs}
