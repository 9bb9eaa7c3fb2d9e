"""What we make of a workload is what gator makes of it, mutators included."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from tests.policy.gatekeeper import gator
from tests.policy.gatekeeper.builders import mutator, namespace

from lockgate.policy.gatekeeper.expansion import Expander, ExpansionError, parse_expansion
from lockgate.policy.gatekeeper.mutation import MutationError, Mutators, parse_mutator

_EXPANSION = {
    "apiVersion": "expansion.gatekeeper.sh/v1beta1",
    "kind": "ExpansionTemplate",
    "metadata": {"name": "pods"},
    "spec": {
        "applyTo": [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}],
        "templateSource": "spec.template",
        "generatedGVK": {"group": "", "version": "v1", "kind": "Pod"},
    },
}
_POD = {
    "metadata": {"labels": {"app": "shop"}},
    "spec": {
        "containers": [
            {"name": "main", "image": "registry.example.com:5000/shop/web:1", "args": ["--a"], "ports": [{"port": 80}]},
            {"name": "side", "image": "proxy"},
        ],
        "empty": None,
    },
}


def _test(path: str, must: bool) -> dict[str, Any]:
    return {"pathTests": [{"subPath": path, "condition": "MustExist" if must else "MustNotExist"}]}


_CASES: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "a value": [mutator("Assign", "a", "spec.x.y", assign={"value": [1, {"b": None}]})],
    "every member": [mutator("Assign", "a", "spec.containers[name: *].tty", assign={"value": True})],
    "every member of an absent list": [mutator("Assign", "a", "spec.extra[name: *].tty", assign={"value": True})],
    "a new member": [mutator("Assign", "a", "spec.containers[name: new].image", assign={"value": "x"})],
    "a whole member": [mutator("Assign", "a", "spec.containers[name: main]", assign={"value": {"name": "main"}})],
    # A number as key is left to our own tests: gator reads numbers of files as floats and so never finds one.
    "a text as key": [
        mutator("Assign", "a", "spec.containers[name: main].ports[port: '80'].tls", assign={"value": True})
    ],
    "must exist": [mutator("Assign", "a", "spec.new.x", assign={"value": 1}, **_test("spec.new", True))],
    "must not exist": [mutator("Assign", "a", "spec.new.x", assign={"value": 1}, **_test("spec.new", False))],
    "must not exist and does": [
        mutator("Assign", "a", "spec.containers[name: main].x", assign={"value": 1}, **_test("spec.containers", False))
    ],
    "must exist for every member": [
        mutator(
            "Assign",
            "a",
            "spec.containers[name: *].args",
            assign={"value": []},
            **_test("spec.containers[name: *].args", True),
        )
    ],
    "from metadata": [mutator("Assign", "a", "spec.where", assign={"fromMetadata": {"field": "namespace"}})],
    "labels are added": [mutator("AssignMetadata", "a", "metadata.labels.owner", assign={"value": "crew"})],
    "labels are kept": [mutator("AssignMetadata", "a", "metadata.labels.app", assign={"value": "crew"})],
    "merged": [
        mutator(
            "ModifySet", "a", "spec.containers[name: *].args", values={"fromList": ["--b", "--a"]}, operation="merge"
        )
    ],
    "pruned": [
        mutator("ModifySet", "a", "spec.containers[name: main].args", operation="prune", values={"fromList": ["--a"]})
    ],
    "pruned where nothing is": [
        mutator("ModifySet", "a", "spec.new.args", operation="prune", values={"fromList": ["--a"]}),
        mutator("Assign", "b", "spec.new.x", assign={"value": 1}),
    ],
    "pruned to nothing where nothing is": [
        mutator("ModifySet", "a", "spec.new.args", operation="prune", values={"fromList": [1]})
    ],
    "domain": [mutator("AssignImage", "a", "spec.containers[name: *].image", assignDomain="mirror.example.com")],
    "tag": [mutator("AssignImage", "a", "spec.containers[name: *].image", assignTag="@sha256:" + "0a" * 32)],
    "path of nothing": [mutator("AssignImage", "a", "spec.containers[name: new].image", assignPath="a/b")],
    "one makes room for another": [
        mutator("Assign", "a", "spec.y", assign={"value": 1}, **_test("spec.y", True)),
        mutator("Assign", "b", "spec.y", assign={"value": 2}, **_test("spec.y", False)),
    ],
    "one undoes another": [
        mutator("ModifySet", "a", "spec.x", values={"fromList": [1]}, operation="merge"),
        mutator("ModifySet", "b", "spec.x", operation="prune", values={"fromList": [1]}),
    ],
    "only what was written": [mutator("Assign", "a", "spec.x", assign={"value": 1}, match={"source": "Original"})],
    "by the labels of the namespace": [
        mutator(
            "Assign", "a", "spec.x", assign={"value": 1}, match={"namespaceSelector": {"matchLabels": {"tier": "gold"}}}
        )
    ],
    "by name": [mutator("Assign", "a", "spec.x", assign={"value": 1}, match={"name": "shop-p*"})],
    "a mapping that is a list": [mutator("Assign", "a", "spec.containers.x", assign={"value": 1})],
    "a list that is null": [mutator("Assign", "a", "spec.empty[name: a].x", assign={"value": 1})],
    "no image": [mutator("AssignImage", "a", "spec.containers", assignTag=":1")],
    "no set": [
        mutator("ModifySet", "a", "spec.containers[name: side].image", values={"fromList": [1]}, operation="merge")
    ],
}


def test_the_namespace_of_a_template_counts_for_nothing(tmp_path: Path) -> None:
    """Controllers make Pods where the workload stands, whatever the template says."""
    pod = {**_POD, "metadata": {"namespace": "elsewhere"}}
    for placed in ({}, {"namespace": "harbour"}):
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", **placed},
                      "spec": {"template": copy.deepcopy(pod)}}  # fmt: skip
        theirs = gator.run(tmp_path, "expand", [_EXPANSION, namespace("harbour"), deployment])
        ours = [each.object for each in Expander([parse_expansion(_EXPANSION)]).expand(deployment)]
        assert ours == (theirs if isinstance(theirs, list) else [theirs])


def test_a_parent_in_no_namespace_may_say_where_its_children_stand() -> None:
    apply_to = [{"groups": ["example.com"], "versions": ["v1"], "kinds": ["Fleet"]}]
    template: dict[str, Any] = copy.deepcopy(_EXPANSION)
    template["spec"]["applyTo"] = apply_to
    pod = {**_POD, "metadata": {"namespace": "elsewhere"}}
    fleet = {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "shop"}, "spec": {"template": pod}}
    (made,) = Expander([parse_expansion(template)]).expand(fleet)
    assert made.object["metadata"]["namespace"] == "elsewhere"


@pytest.mark.parametrize("case", _CASES)
def test_a_deployment_becomes_the_pod_that_gator_makes(case: str, tmp_path: Path) -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "harbour"},
        "spec": {"template": copy.deepcopy(_POD)},
    }
    place = namespace("harbour", tier="gold")
    theirs = gator.run(tmp_path, "expand", [_EXPANSION, place, *_CASES[case], deployment])
    mutators = Mutators(map(parse_mutator, _CASES[case]))
    try:
        ours: Any = [
            each.object
            for each in Expander([parse_expansion(_EXPANSION)], mutators=mutators).expand(deployment, namespace=place)
        ]
    except (MutationError, ExpansionError) as error:
        assert isinstance(theirs, str) and "rror" in theirs, (error, theirs)
        return
    assert ours == (theirs if isinstance(theirs, list) else [theirs])
