"""What mutating policies make of an object, and what they are not allowed to."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lockgate.policy.cel.values import CelError
from lockgate.policy.errors import EvaluationError
from lockgate.policy.kubernetes import World, mutate, request_for
from lockgate.policy.kubernetes.merge import merge
from lockgate.policy.kubernetes.plain import plain

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "prod", "labels": {"app": "web"}},
    "spec": {
        "containers": [
            {"name": "a", "image": "x", "env": [{"name": "E", "value": "1"}], "ports": [{"containerPort": 80}]},
            {"name": "b", "image": "y", "args": ["run"]},
        ]
    },
}


def merged(configuration: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy(POD)
    result = merge(POD, configuration)
    assert before == POD
    return result


def test_maps_merge_key_by_key() -> None:
    result = merged(
        {"metadata": {"labels": {"env": "prod"}, "annotations": {"a": "b"}}, "spec": {"hostNetwork": False}}
    )
    assert result["metadata"]["labels"] == {"app": "web", "env": "prod"}
    assert result["metadata"]["annotations"] == {"a": "b"}
    assert result["spec"]["containers"] == POD["spec"]["containers"]


@pytest.mark.parametrize(
    ("has", "wanted", "comes"),
    [
        ("ab", "c", "abc"), ("ab", "b", "ab"), ("ab", "ba", "ba"), ("abc", "xb", "axbc"), ("bax", "abn", "axbn"),
        ("abcd", "dya", "bcdya"), ("aab", "b", "aab"), ("aab", "a", "ab"), ("ab", "", "ab"), ("", "ba", "ba"),
    ],
)  # fmt: skip
def test_members_of_a_configuration_keep_their_order_among_the_others(has: str, wanted: str, comes: str) -> None:
    """As structured-merge-diff v6, which API servers merge with, says of each."""
    old = {"spec": {"containers": [{"name": "c", "env": [{"name": one, "value": "1"} for one in has]}]}}
    new = {"spec": {"containers": [{"name": "c", "env": [{"name": one} for one in wanted]}]}}
    assert [one["name"] for one in merge(old, new)["spec"]["containers"][0]["env"]] == list(comes)
    old, new = ({"metadata": {"finalizers": list(text)}} for text in (has, wanted))
    assert merge(old, new)["metadata"]["finalizers"] == list(comes)


def test_members_that_are_there_twice_give_way_to_the_one_that_is_wanted() -> None:
    env = [{"name": "E", "value": "1"}, {"name": "F", "value": "1"}, {"name": "E", "valueFrom": {}}]
    old = {"spec": {"containers": [{"name": "c", "env": env}]}}
    new = {"spec": {"containers": [{"name": "c", "env": [{"name": "E", "value": "2"}]}]}}
    assert merge(old, new)["spec"]["containers"][0]["env"] == [{"name": "E", "value": "2"}, {"name": "F", "value": "1"}]


@pytest.mark.parametrize(
    ("kind", "configuration"),
    [
        ("v1/Pod", {"spec": {"imagePullSecrets": [{"name": "a"}]}}),
        ("v1/Pod", {"metadata": {"ownerReferences": [{"uid": "1", "name": "a", "kind": "K", "apiVersion": "v1"}]}}),
        ("v1/Pod", {"spec": {"volumes": [{"name": "v", "csi": {"nodePublishSecretRef": {"name": "s"}}}]}}),
        ("v1/ServiceAccount", {"secrets": [{"name": "a"}]}),
        ("v1/ServiceAccount", {"imagePullSecrets": []}),
        ("v1/Namespace", {"spec": {"finalizers": ["kubernetes"]}}),
        ("rbac.authorization.k8s.io/v1/RoleBinding", {"roleRef": {"name": "a"}}),
        ("autoscaling/v1/HorizontalPodAutoscaler", {"spec": {"scaleTargetRef": {"name": "a"}}}),
        ("networking.k8s.io/v1/Ingress", {"spec": {"defaultBackend": {"service": {"port": {"number": 1}}}}}),
        ("v1/Pod", {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}),
    ],
)
def test_what_the_schema_calls_atomic_and_what_stands_there_twice_is_refused(
    kind: str, configuration: dict[str, Any]
) -> None:
    version, _, name = kind.rpartition("/")
    with pytest.raises(EvaluationError, match=r"atomic|the same by their keys"):
        merge({"apiVersion": version, "kind": name}, configuration)


def test_what_is_atomic_in_one_kind_merges_in_another() -> None:
    for version, kind, configuration in (
        ("autoscaling/v2", "HorizontalPodAutoscaler", {"spec": {"scaleTargetRef": {"name": "a"}}}),
        ("v1", "Pod", {"spec": {"imagePullSecrets": []}}),
        ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", {"spec": {"matchConditions": [{"name": "m"}]}}),
    ):
        assert merge({"apiVersion": version, "kind": kind}, configuration)["spec"] == configuration["spec"]


def test_lists_of_the_api_merge_by_their_keys() -> None:
    result = merged(
        {
            "metadata": {"finalizers": ["x", "y"]},
            "spec": {
                "initContainers": [{"name": "mesh", "image": "proxy"}],
                "containers": [
                    {
                        "name": "a",
                        "env": [{"name": "E", "value": "2"}, {"name": "F", "value": "3"}],
                        "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}, {"containerPort": 81}],
                        "securityContext": {"runAsNonRoot": True},
                    }
                ],
            },
        }
    )
    first, second = result["spec"]["containers"]
    assert first["image"] == "x"
    assert first["env"] == [{"name": "E", "value": "2"}, {"name": "F", "value": "3"}]
    assert first["ports"] == [{"containerPort": 80, "protocol": "TCP", "name": "http"}, {"containerPort": 81}]
    assert first["securityContext"] == {"runAsNonRoot": True}
    assert second == POD["spec"]["containers"][1]
    assert result["spec"]["initContainers"] == [{"name": "mesh", "image": "proxy"}]
    assert result["metadata"]["finalizers"] == ["x", "y"]
    assert merge(result, {"metadata": {"finalizers": ["y", "z"]}})["metadata"]["finalizers"] == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"spec": {"containers": [{"name": "b", "args": ["x"]}]}}, "spec.containers.args is an atomic list"),
        ({"spec": {"tolerations": []}}, "spec.tolerations is an atomic list"),
        ({"spec": {"nodeSelector": {"a": "b"}}}, "spec.nodeSelector is an atomic map"),
        ({"spec": {"containers": [{"image": "x"}]}}, r"without its key \(name\)"),
        ({"spec": {"containers": ["x"]}}, "must hold maps"),
        ({"spec": {"containers": {}}}, "is a map in the apply configuration and none in the object"),
        ({"metadata": {"labels": "x"}}, "is a single value in the apply configuration"),
        ({"spec": {"containers": [{"name": "a", "image": []}]}}, "is a list in the apply configuration and none"),
        ({"kind": "Job"}, "must not change kind"),
        ({"metadata": {"name": "other"}}, "must not change name"),
    ],
)
def test_what_apply_must_not_do_is_refused(configuration: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        merged(configuration)


def test_a_policy_applies_a_configuration(spelled: Any) -> None:
    policy = spelled.mutating(
        "m",
        'Object{metadata: Object.metadata{labels: {"env": variables.env}}, spec: Object.spec{'
        'initContainers: [Object.spec.initContainers{name: "mesh", image: "proxy", restartPolicy: "Always"}]}}',
        variables=[{"name": "env", "expression": "namespaceObject.metadata.name"}],
        matchConditions=[
            {"name": "once", "expression": "!object.spec.?initContainers.orValue([]).exists(c, c.name == 'mesh')"}
        ],
    )
    world = World(namespaces={"prod": {"metadata": {"name": "prod"}}})
    before = copy.deepcopy(POD)
    result = mutate(request_for(POD), [policy], [spelled.binding("m")], world=world)
    assert result.verdicts == ()
    assert result.changed_by == (("m", "b"),)
    assert result.object is not None
    assert result.object["metadata"]["labels"] == {"app": "web", "env": "prod"}
    assert [c["name"] for c in result.object["spec"]["initContainers"]] == ["mesh"]
    assert before == POD
    again = mutate(request_for(result.object), [policy], [spelled.binding("m")], world=world)
    assert again.object is result.object
    assert again.changed_by == ()


def test_a_policy_applies_a_json_patch(spelled: Any) -> None:
    policy = spelled.mutating(
        "m",
        "[JSONPatch{op: 'test', path: '/spec/containers/0/image', value: 'x'},"
        " JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/env'), value: 'prod'},"
        " JSONPatch{op: 'replace', path: '/spec/containers/0/image', value: object.spec.containers[1].image},"
        " JSONPatch{op: 'copy', from: '/spec/containers/1', path: '/spec/containers/-'}]"
        " + object.spec.containers.map(c, JSONPatch{op: 'add', path: '/metadata/labels/' + c.name, value: c.image})",
    )
    result = mutate(request_for(POD), [policy], [spelled.binding("m")]).object
    assert result is not None
    assert result["metadata"]["labels"] == {"app": "web", "example.com/env": "prod", "a": "x", "b": "y"}
    assert [c["image"] for c in result["spec"]["containers"]] == ["y", "y", "y"]


@pytest.mark.parametrize(("image", "labels"), [("x", {"app": "web", "e": "p"}), ("z", {"app": "web"})])
def test_a_patch_whose_test_fails_leaves_the_object_as_it_is(spelled: Any, image: str, labels: dict[str, str]) -> None:
    """API servers go on with the object, and say nothing."""
    policy = spelled.mutating(
        "m",
        f"[JSONPatch{{op: 'test', path: '/spec/containers/0/image', value: '{image}'}},"
        " JSONPatch{op: 'add', path: '/metadata/labels/e', value: 'p'}]",
    )
    result = mutate(request_for(POD), [policy], [spelled.binding("m")])
    assert result.object is not None
    assert (result.denied, result.verdicts, result.object["metadata"]["labels"]) == (False, (), labels)


def test_mutations_see_what_those_before_them_left(spelled: Any) -> None:
    label = "Object{metadata: Object.metadata{labels: {'n': string(variables.n)}}}"
    count = {"name": "n", "expression": "size(object.metadata.labels)"}
    policies = [spelled.mutating("z", label, variables=[count]), spelled.mutating("a", label, variables=[count])]
    result = mutate(request_for(POD), policies, [spelled.binding("a", name="ba"), spelled.binding("z", name="bz")])
    assert result.changed_by == (("a", "ba"), ("z", "bz"))
    assert result.object is not None
    assert result.object["metadata"]["labels"]["n"] == "2"
    two = spelled.mutating("a", label, label.replace("'n'", "'m'"), variables=[count])
    labels = mutate(request_for(POD), [two], [spelled.binding("a")]).object["metadata"]["labels"]  # type: ignore[index]
    assert labels == {"app": "web", "n": "1", "m": "2"}


@pytest.mark.parametrize(("policy", "seen"), [("Never", "1"), ("IfNeeded", "2")])
def test_a_policy_is_reinvoked_once_when_it_asks_for_it(spelled: Any, policy: str, seen: str) -> None:
    first = spelled.mutating(
        "a",
        "Object{metadata: Object.metadata{annotations: {'seen': string(size(object.metadata.labels))}}}",
        reinvocationPolicy=policy,
    )
    second = spelled.mutating("b", "Object{metadata: Object.metadata{labels: {'late': 'x'}}}")
    bindings = [spelled.binding("a"), spelled.binding("b")]
    result = mutate(request_for(POD), [first, second], bindings).object
    assert result is not None
    assert result["metadata"]["annotations"]["seen"] == seen


@pytest.mark.parametrize(("failure", "denied"), [("Fail", True), ("Ignore", False)])
def test_a_failing_policy_changes_nothing(spelled: Any, failure: str, denied: bool) -> None:
    broken = spelled.mutating(
        "a",
        "Object{metadata: Object.metadata{labels: {'x': 'y'}}}",
        "[JSONPatch{op: 'remove', path: '/nothing'}]",
        failurePolicy=failure,
    )
    after = spelled.mutating("b", "Object{metadata: Object.metadata{labels: {'z': 'z'}}}")
    result = mutate(request_for(POD), [broken, after], [spelled.binding("a"), spelled.binding("b")])
    assert result.denied is denied
    assert [verdict.action for verdict in result.verdicts] == ["Deny" if denied else "Ignore"]
    assert "JSON patch operation 0 (remove)" in result.verdicts[0].message
    assert result.object is not None
    assert result.object["metadata"]["labels"] == {"app": "web"} | ({} if denied else {"z": "z"})


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("object.spec.containers[0].image", "must give an Object, not string"),
        ("Object{spec: Object.spec{a: optional.none()}}", "type optional_type cannot go into an object"),
        ("Object{spec: Object.spec{a: {1: 2}}}", "must be strings"),
        ("[1]", "must give a list of JSONPatch"),
        ("[JSONPatch{op: 'add', path: '', value: 1}]", "the patch leaves no object"),
        ("[JSONPatch{op: 'do', path: ''}]", "op must be one of"),
        ("[JSONPatch{op: 'add', path: '/a', worth: 1}]", "has no field 'worth'"),
        ("[JSONPatch{op: 'add', path: 1}]", "path must be a string"),
        ("Object{kind: 'Job'}", "must not change kind"),
    ],
)
def test_a_mutation_that_gives_something_else_is_refused(spelled: Any, expression: str, message: str) -> None:
    policy = spelled.mutating("m", expression)
    result = mutate(request_for(POD), [policy], [spelled.binding("m")])
    assert result.denied
    assert message in result.verdicts[0].message
    assert result.object is POD


def test_optional_fields_are_left_out_when_empty(spelled: Any) -> None:
    policy = spelled.mutating(
        "m", "Object{spec: Object.spec{?nodeName: object.?nothing, ?hostname: object.metadata.?name}}"
    )
    result = mutate(request_for(POD), [policy], [spelled.binding("m")]).object
    assert result is not None
    assert result["spec"]["hostname"] == "web"
    assert "nodeName" not in result["spec"]


def test_a_deletion_is_not_mutated(spelled: Any) -> None:
    policy = spelled.mutating("m", "Object{spec: Object.spec{a: 1}}")
    assert mutate(request_for(POD, operation="DELETE"), [policy], [spelled.binding("m")]).object is None


def test_values_become_json() -> None:
    from lockgate.policy.cel import Duration, Timestamp, Uint

    values = [1, Uint(2), 1.5, True, None, b"ab", Timestamp(0), Duration(1_500_000_000), {"a": []}]
    assert plain(values) == [1, 2, 1.5, True, None, "YWI=", "1970-01-01T00:00:00Z", "1.5s", {"a": []}]
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(CelError, match="nests deeper"):
        plain(deep)
