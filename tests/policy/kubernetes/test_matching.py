"""A policy is about the requests that its rules and selectors say, as in Kubernetes' matching tests."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.policy.errors import EvaluationError, PolicyError
from lockgate.policy.kubernetes.fields import Fields
from lockgate.policy.kubernetes.matching import MatchResources, parse_match_resources
from lockgate.policy.kubernetes.request import Request, parse_request, plural, request_for

NAMESPACES = {
    "prod": {"kind": "Namespace", "metadata": {"name": "prod", "labels": {"env": "prod"}}},
    "dev": {"kind": "Namespace", "metadata": {"name": "dev"}},
}


def resources(**fields: Any) -> MatchResources:
    return parse_match_resources(Fields(fields, at="matchConstraints", where="p.yaml"))


def rule(resources: str = "pods", **more: Any) -> dict[str, Any]:
    return {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": [resources], **more}


def request(**more: Any) -> Request:
    values: dict[str, Any] = {
        "operation": "CREATE", "group": "", "version": "v1", "resource": "pods", "kind": "Pod", "name": "web",
        "namespace": "prod", "object": {"metadata": {"labels": {"app": "web"}}},
    }  # fmt: skip
    return Request(**{**values, **more})


NODE = {"resource": "nodes", "kind": "Node", "namespace": ""}
NAMESPACE = {"resource": "namespaces", "kind": "Namespace", "namespace": "prod", "name": "prod"}
DEPLOYMENT = {"group": "apps", "version": "v1beta1", "resource": "deployments", "kind": "Deployment"}
APPS = {"apiGroups": ["apps"], "apiVersions": ["v1"]}


@pytest.mark.parametrize(
    ("entry", "more", "taken"),
    [
        (rule(), {}, True),
        (rule("services"), {}, False),
        (rule("*"), {}, True),
        (rule("*"), {"subresource": "exec"}, False),
        (rule("*/*"), {"subresource": "exec"}, True),
        (rule("pods"), {"subresource": "exec"}, False),
        (rule("pods/exec"), {"subresource": "exec"}, True),
        (rule("pods/exec"), {}, False),
        (rule("pods/*"), {}, True),
        (rule("pods/*"), {"subresource": "log"}, True),
        (rule("*/scale"), {"subresource": "scale"}, True),
        (rule(operations=["UPDATE"]), {}, False),
        (rule(operations=["UPDATE", "CREATE"]), {}, True),
        (rule(apiGroups=["apps"]), {}, False),
        (rule(apiGroups=["*"]), {}, True),
        (rule(scope="Namespaced"), {}, True),
        (rule(scope="Cluster"), {}, False),
        (rule("nodes", scope="Cluster"), NODE, True),
        (rule("nodes", scope="Namespaced"), NODE, False),
        (rule("namespaces", scope="Cluster"), NAMESPACE, True),
        (rule("namespaces", scope="Namespaced"), NAMESPACE, False),
        (rule(resourceNames=["web"]), {}, True),
        (rule(resourceNames=["db"]), {}, False),
        (rule(resourceNames=["db"]), {"name": ""}, False),
    ],
)
def test_a_rule_takes_a_request(entry: dict[str, Any], more: dict[str, Any], taken: bool) -> None:
    assert resources(resourceRules=[entry]).matches(request(**more), namespaces=NAMESPACES) is taken


def test_any_of_several_rules_is_enough_and_an_excluded_one_is_too_many() -> None:
    assert resources(resourceRules=[rule("services"), rule()]).matches(request(), namespaces={}) is True
    assert resources(resourceRules=[rule()], excludeResourceRules=[rule()]).matches(request(), namespaces={}) is False
    assert resources().matches(request(), namespaces={}) is True


def test_equivalent_versions_are_taken_and_exact_ones_are_not() -> None:
    asked = request(**DEPLOYMENT)
    entry = rule("deployments", **APPS)
    assert resources(resourceRules=[entry]).matches(asked, namespaces={}) is True
    assert resources(resourceRules=[entry], matchPolicy="Exact").matches(asked, namespaces={}) is False
    served = {("apps", "deployments"): frozenset((("apps", "v1"), ("extensions", "v1beta1")))}
    assert resources(resourceRules=[entry]).matches(asked, namespaces={}, served=served) is True
    served = {("apps", "deployments"): frozenset((("apps", "v1beta2"),))}
    assert resources(resourceRules=[entry]).matches(asked, namespaces={}, served=served) is False
    old = rule("deployments", apiGroups=["extensions"], apiVersions=["v1beta1"])
    served = {("apps", "deployments"): frozenset((("extensions", "v1beta1"),))}
    assert resources(resourceRules=[old]).matches(asked, namespaces={}, served=served) is True


@pytest.mark.parametrize(
    ("more", "selected"),
    [
        ({}, True),
        ({"namespace": "dev"}, False),
        (NODE, True),
        ({**NAMESPACE, "object": {"metadata": {"labels": {"env": "prod"}}}, "namespace": "new"}, True),
        ({**NAMESPACE, "object": {"metadata": {}}}, False),
        ({**NAMESPACE, "operation": "DELETE", "object": None}, True),
        ({**NAMESPACE, "operation": "DELETE", "object": None, "namespace": "dev"}, False),
    ],
)
def test_a_namespace_is_selected(more: dict[str, Any], selected: bool) -> None:
    matched = resources(namespaceSelector={"matchLabels": {"env": "prod"}})
    assert matched.matches(request(**more), namespaces=NAMESPACES) is selected


def test_a_namespace_that_is_not_known_is_an_error_only_where_it_matters() -> None:
    selector = {"matchLabels": {"env": "prod"}}
    asked = request(namespace="nowhere")
    with pytest.raises(EvaluationError, match="namespace 'nowhere' is not known"):
        resources(resourceRules=[rule()], namespaceSelector=selector).matches(asked, namespaces=NAMESPACES)
    assert not resources(resourceRules=[rule("services")], namespaceSelector=selector).matches(asked, namespaces={})
    assert resources(namespaceSelector={}).matches(asked, namespaces={})


def test_the_object_or_the_old_object_is_selected() -> None:
    matched = resources(objectSelector={"matchLabels": {"app": "web"}})
    bare: dict[str, Any] = {"metadata": {}}
    assert matched.matches(request(), namespaces={})
    assert not matched.matches(request(object=bare), namespaces={})
    assert matched.matches(request(object=bare, old_object=request().object), namespaces={})
    assert not matched.matches(request(object=None), namespaces={})


def test_a_request_is_made_up_for_an_object() -> None:
    made = request_for(
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"}}, namespace="n"
    )
    assert (made.group, made.version, made.resource, made.namespace) == ("networking.k8s.io", "v1", "ingresses", "n")
    made = request_for({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}, operation="DELETE")
    assert (made.object, made.namespace) == (None, "x")
    assert made.old_object is not None
    assert [plural(kind) for kind in ("Pod", "NetworkPolicy", "Endpoints")] == ["pods", "networkpolicies", "endpoints"]
    for wrong in ({}, {"kind": "Pod"}, {"apiVersion": 1, "kind": "Pod"}):
        with pytest.raises(PolicyError, match="apiVersion and a kind"):
            request_for(wrong)


def test_a_review_is_read() -> None:
    review: dict[str, Any] = {
        "request": {
            "uid": "1", "operation": "UPDATE", "name": "web", "namespace": "n", "subResource": "status", "dryRun": True,
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "userInfo": {"username": "u"}, "object": {"a": 1}, "oldObject": {"a": 2},
        }
    }  # fmt: skip
    made = parse_request(review)
    assert (made.group, made.resource, made.subresource, made.dry_run) == ("apps", "deployments", "status", True)
    assert made.variable()["userInfo"] == {"username": "u"}
    assert "uid" not in made.variable()
    for name, wrong in (("operation", "GET"), ("kind", {}), ("object", []), ("resource", None)):
        with pytest.raises(PolicyError, match=f"request's {name}"):
            parse_request({"request": {**review["request"], name: wrong}})
