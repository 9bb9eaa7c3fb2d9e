"""From workloads to the objects they will make."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy.gatekeeper.builders import mutator, namespace, pod

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.expansion import MAX_OBJECTS, Expander, ExpansionError, parse_expansion
from lockgate.policy.gatekeeper.mutation import Mutators, parse_mutator


def _template(name: str, parent: str, child: str, source: str = "spec.template", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "expansion.gatekeeper.sh/v1beta1",
        "kind": "ExpansionTemplate",
        "metadata": {"name": name},
        "spec": {
            "applyTo": [{"groups": ["apps"], "versions": ["v1"], "kinds": [parent]}],
            "templateSource": source,
            "generatedGVK": {"group": "" if child == "Pod" else "apps", "version": "v1", "kind": child},
            **spec,
        },
    }


def _deployment(template: Any = None) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "Shop", "namespace": "harbour"},
        "spec": {
            "template": template
            if template is not None
            else {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
        },
    }


def test_a_deployment_becomes_the_pod_of_its_template() -> None:
    expander = Expander([parse_expansion(_template("pods", "Deployment", "Pod", enforcementAction="warn"))])
    (made,) = expander.expand(_deployment())
    assert made.object == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "labels": {"a": "b"},
            "namespace": "harbour",
            "name": "shop-pod",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "Shop", "uid": ""}],
        },
        "spec": pod()["spec"],
    }
    assert (made.template, made.action, made.message("no")) == ("pods", "warn", "[Implied by pods] no")
    assert expander.expand(pod()) == []


def test_the_namespace_of_the_request_wins_over_the_one_the_parent_says() -> None:
    expander = Expander([parse_expansion(_template("pods", "Deployment", "Pod"))])
    assert expander.expand(_deployment(), namespace=namespace("dock"))[0].object["metadata"]["namespace"] == "dock"


def test_mutators_for_generated_objects_are_applied() -> None:
    change = parse_mutator(mutator("Assign", "a", "spec.dns", assign={"value": "None"}, match={"source": "Generated"}))
    expander = Expander([parse_expansion(_template("pods", "Deployment", "Pod"))], mutators=Mutators([change]))
    assert expander.expand(_deployment())[0].object["spec"]["dns"] == "None"


def test_what_is_made_is_expanded_again() -> None:
    replica = {"metadata": {}, "spec": {"template": {"spec": pod()["spec"]}}}
    expander = Expander(
        parse_expansion(each)
        for each in (_template("pods", "ReplicaSet", "Pod"), _template("sets", "Deployment", "ReplicaSet"))
    )
    assert [each.object["metadata"]["name"] for each in expander.expand(_deployment(replica))] == [
        "shop-replicaset-pod",
        "shop-replicaset",
    ]


def test_templates_that_make_each_other_are_disabled_and_named() -> None:
    expander = Expander([parse_expansion(_template("one", "Deployment", "ReplicaSet"))])
    expander.add(parse_expansion(_template("two", "ReplicaSet", "Deployment")))
    expander.add(parse_expansion(_template("pods", "Deployment", "Pod")))
    assert expander.cycles == {"one", "two"}
    assert [each.template for each in expander.expand(_deployment())] == ["pods"]
    expander.remove("two")
    assert expander.cycles == frozenset()
    assert [each.template for each in expander.expand(_deployment())] == ["one", "pods"]


def test_a_source_that_is_not_there_is_an_error_and_no_empty_answer() -> None:
    expander = Expander([parse_expansion(_template("pods", "Deployment", "Pod"))])
    for template in ("text", [], 3):
        with pytest.raises(ExpansionError, match=r"spec\.template"):
            expander.expand(_deployment(template))


def test_fanning_out_has_a_limit() -> None:
    names = [f"K{index}" for index in range(12)]
    templates = [
        _template(f"t{index}-{twin}", names[index], names[index + 1], "spec") for index in range(11) for twin in (0, 1)
    ]
    expander = Expander(map(parse_expansion, templates))
    body = {"apiVersion": "apps/v1", "kind": "K0", "metadata": {"name": "a"}, "spec": {"spec": {}}}
    for _ in range(12):
        body["spec"] = {"spec": body["spec"]}
    with pytest.raises(ExpansionError, match=str(MAX_OBJECTS)):
        expander.expand(body)


def test_chains_longer_than_the_limit_are_an_error() -> None:
    templates = [_template(f"t{index}", f"K{index}", f"K{index + 1}", "spec") for index in range(40)]
    expander = Expander(map(parse_expansion, templates))
    body: dict[str, Any] = {"spec": {}}
    for _ in range(60):
        body = {"spec": body}
    body.update(apiVersion="apps/v1", kind="K0", metadata={"name": "a"})
    with pytest.raises(ExpansionError, match="generations"):
        expander.expand(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (_template("a", "Deployment", "Pod", ""), "spec.templateSource"),
        (_template("a", "Deployment", "Pod", applyTo=[]), "spec.applyTo"),
        (_template("a", "Deployment", "Pod", generatedGVK={}), "spec.generatedGVK.version"),
        (_template("a", "Deployment", "Deployment"), "spec.generatedGVK"),
        (_template("a", "Deployment", "Pod", enforcementAction="stop"), "spec.enforcementAction"),
        (_template("a" * 64, "Deployment", "Pod"), "metadata.name"),
    ],
)
def test_a_template_that_is_wrong_is_refused_with_its_place(body: Any, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_expansion(body)
    assert caught.value.where == f"ExpansionTemplate/{body['metadata']['name']}: {place}"
