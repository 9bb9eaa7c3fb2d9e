"""The Kubernetes data plane: constraints as plain data, and templates filled in without injection."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.azure.corpora import BUILTINS, needs_builtins

from lockgate.policy.azure import MISSING, data_plane_policy, parse_definition, render_constraint
from lockgate.policy.errors import PolicyError

CLUSTER = {"type": "Microsoft.ContainerService/managedClusters", "name": "c"}
FILLERS = {"String": "x", "Array": [], "Object": {}, "Integer": 1, "Boolean": True}


def images(effect: str = "Deny", **details: Any) -> Any:
    return parse_definition({
        "properties": {
            "mode": "Microsoft.Kubernetes.Data",
            "parameters": {"regex": {"type": "String"}, "out": {"type": "Array", "defaultValue": ["kube-system"]}},
            "policyRule": {
                "if": {"field": "type", "equals": CLUSTER["type"]},
                "then": {
                    "effect": effect,
                    "details": {
                        "templateInfo": {
                            "sourceType": "PublicURL", "url": "https://a.example/kubernetes/allowed-images/v2/template.yaml",
                        },
                        "apiGroups": [""],
                        "kinds": ["Pod"],
                        "excludedNamespaces": "[parameters('out')]",
                        "values": {"imageRegex": "[parameters('regex')]"},
                        **details,
                    },
                },
            },
        }
    })  # fmt: skip


def test_a_definition_becomes_a_constraint() -> None:
    policy = data_plane_policy(images(), {"Regex": "^a"}, CLUSTER)
    assert policy is not None
    assert (policy.name, policy.mutation) == ("allowed-images", False)
    assert policy.constraint("AllowedImages", "one") == {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "AllowedImages",
        "metadata": {"name": "one"},
        "spec": {
            "enforcementAction": "deny",
            "match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "excludedNamespaces": ["kube-system"]},
            "parameters": {"imageRegex": "^a"},
        },
    }


@pytest.mark.parametrize(
    ("effect", "details", "action"),
    [
        ("Deny", {}, "deny"),
        ("audit", {}, "dryrun"),
        ("Audit", {"warn": True}, "warn"),
        ("Deny", {"warn": True}, "deny"),
    ],
)
def test_effects_become_enforcement_actions(effect: str, details: dict[str, Any], action: str) -> None:
    policy = data_plane_policy(images(effect, **details), {"regex": "x"}, CLUSTER)
    assert policy is not None
    assert policy.enforcement_action == action


def test_what_does_not_concern_the_cluster_or_is_disabled_gives_nothing() -> None:
    assert data_plane_policy(images(), {"regex": "x"}, {"type": "other/type"}) is None
    assert data_plane_policy(images(), {"regex": "x"}, CLUSTER, effect="Disabled") is None


def test_another_mode_or_a_definition_without_a_template_is_refused() -> None:
    plain = {"policyRule": {"if": {"allOf": []}, "then": {"effect": "deny"}}}
    with pytest.raises(PolicyError, match="mode is All"):
        data_plane_policy(parse_definition(plain), {}, CLUSTER)
    with pytest.raises(PolicyError, match="points to no template"):
        data_plane_policy(parse_definition({**plain, "mode": "Microsoft.Kubernetes.Data"}), {}, CLUSTER)


def test_a_template_held_in_the_definition_is_decoded() -> None:
    held = data_plane_policy(
        images(templateInfo={"sourceType": "Base64Encoded", "content": "a2luZDogWA=="}), {"regex": "x"}, CLUSTER
    )
    assert held is not None
    assert held.template_content == "kind: X"


@needs_builtins
def test_every_built_in_definition_of_the_data_plane_gives_a_constraint() -> None:
    given_none, named, actions = [], set(), {}
    for path in sorted((BUILTINS / "policyDefinitions" / "Kubernetes").glob("*.json")):
        definition = parse_definition(path.read_bytes(), where=path.name)
        if definition.mode != "Microsoft.Kubernetes.Data":
            continue
        values = {one.name: FILLERS[one.type] for one in definition.parameters.values() if one.default is MISSING}
        policy = data_plane_policy(definition, values, CLUSTER)
        if policy is None:
            given_none.append(path.name)
            continue
        named.add(policy.name)
        actions[policy.enforcement_action] = actions.get(policy.enforcement_action, 0) + 1
        assert policy.mutation is (policy.template_url.endswith("/mutation.yaml"))
        assert json.dumps(policy.constraint("Kind", "name"))
    assert len(given_none) == 1, "one deprecated definition is about another kind of cluster"
    assert sum(actions.values()) == 74
    assert len(named) == 73


@needs_builtins
def test_every_built_in_template_can_be_filled_in() -> None:
    folders = sorted(path for path in (BUILTINS / "templates").iterdir() if path.is_dir())
    assert len(folders) == 27
    for folder in folders:
        text = (folder / "constraint.yaml").read_text("utf-8")
        rendered = render_constraint(text, _Anything(), where=folder.name)
        constraint, template = yaml.safe_load(rendered), yaml.safe_load((folder / "template.yaml").read_text("utf-8"))
        assert constraint["kind"] == template["spec"]["crd"]["spec"]["names"]["kind"]
        assert constraint["spec"]["match"]["excludedNamespaces"] == EVIL
        if folder.name == "container-resource-limits":
            assert constraint["spec"]["parameters"]["cpuLimit"] == EVIL_TEXT


EVIL_TEXT = 'b"\nkind: Evil'
EVIL = {"a": [EVIL_TEXT, {"c": '"}'}]}


class _Anything(dict):  # type: ignore[type-arg]
    """Answers every name: with text where the template has quotes, with an object elsewhere."""

    def get(self, key: Any, default: Any = None) -> Any:
        return EVIL_TEXT if key in ("cpuLimit", "memoryLimit") else EVIL


TEXT = st.text(max_size=30)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda one: st.lists(one, max_size=4) | st.dictionaries(TEXT, one, max_size=4),
        max_leaves=12,
    )
)
def test_no_value_adds_a_line_of_its_own_and_yaml_reads_it_back(value: Any) -> None:
    rendered = render_constraint("kind: A\nspec:\n  p: {{ .Values.p }}\n  q: 1\n", {"p": value})
    assert len(rendered.splitlines()) == 4
    assert yaml.safe_load(rendered) == {"kind": "A", "spec": {"p": value, "q": 1}}


def test_a_name_that_yaml_would_refuse_is_refused() -> None:
    with pytest.raises(PolicyError, match="more than 150 characters"):
        render_constraint("a: {{ .Values.x }}", {"x": [{"y" * 151: 1}]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a: "b {{ .Values.x }}"', "stand alone"),
        ('a: "{{ .Values.z }}"', "an array cannot stand in quotes"),
        ("a: b{{ .Values.x }}", "stand alone"),
        ("a: {{ .Values.x }} {{ .Values.y }}", "stand alone"),
        ("{{ if .Values.x }}", "only .Values"),
        ("a: {{ .Values.absent }}", "no value is given"),
        ("a: {{ .Values.x.y }}", "no value is given"),
    ],
)
def test_placeholders_that_would_not_be_one_value_are_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        render_constraint(text, {"x": 1, "y": 2, "z": []}, where="constraint.yaml")
