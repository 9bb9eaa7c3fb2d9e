"""Where Pod templates and the items of a path stand."""

import pytest

from lockgate.policy.catalogue._places import WORKLOADS, items, parse_path, pod_place, without_nulls
from lockgate.policy.errors import PolicyError


def wrapped(fields: tuple[str, ...], template: dict) -> dict:
    for field in reversed(fields):
        template = {field: template}
    return template


@pytest.mark.parametrize("pair", WORKLOADS, ids=lambda pair: "/".join(pair))
def test_every_workload_shows_its_pod(pair):
    group, kind = pair
    fields = WORKLOADS[pair]
    template = {"spec": {"containers": [{"name": "app"}]}}
    body = {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, **wrapped(fields, template)}
    pointer, place = pod_place(body)
    assert pointer == "".join(f"/{field}" for field in fields)
    assert [item.pointer for item in items(parse_path("containers"), body, (pointer, place))] == [
        f"{pointer}/spec/containers/0"
    ]


def test_a_kind_of_another_group_is_no_workload():
    assert pod_place({"apiVersion": "example.com/v1", "kind": "Deployment", "spec": {"template": {"spec": {}}}}) is None


@pytest.mark.parametrize("spec", [None, [], "text", {"template": None}, {"template": {"spec": "text"}}])
def test_a_workload_of_the_wrong_shape_has_no_pod(spec):
    assert pod_place({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}) is None


def test_a_path_of_two_lists_names_the_outer_item_as_parent():
    body = {"spec": {"rules": [{"host": "a", "http": {"paths": [{"path": "/x"}, {"path": "/y"}]}}]}}
    found = list(items(parse_path("spec.rules[*].http.paths[*]"), body, None))
    assert [item.pointer for item in found] == ["/spec/rules/0/http/paths/0", "/spec/rules/0/http/paths/1"]
    assert all(item.parent["host"] == "a" for item in found)


def test_all_kinds_of_containers_are_containers():
    spec = {name: [{"name": name}] for name in ("ephemeralContainers", "containers", "initContainers")}
    body = {"apiVersion": "v1", "kind": "Pod", "spec": spec}
    found = items(parse_path("containers"), body, pod_place(body))
    assert [item.value["name"] for item in found] == ["containers", "initContainers", "ephemeralContainers"]


def test_what_is_no_list_has_no_members():
    assert list(items(parse_path("spec.rules[*]"), {"spec": {"rules": {"a": 1}}}, None)) == []
    assert list(items(parse_path("spec.rules[*]"), {"spec": "text"}, None)) == []


@pytest.mark.parametrize("path", ["", "spec", "podSpec", "spec.rules[*].x", "spec..x[*]", "a b[*]", "spec[0][*]"])
def test_another_path_is_refused(path):
    with pytest.raises(PolicyError):
        parse_path(path)


def test_a_field_that_is_null_is_not_set():
    body = {"spec": {"a": None, "b": [None, {"c": None, "d": 1}]}, "metadata": {}}
    assert without_nulls(body) == {"spec": {"b": [None, {"d": 1}]}, "metadata": {}}
    assert body["spec"]["a"] is None, "what was read is left as it is"


def test_an_object_without_nulls_is_not_copied():
    body = {"spec": {"b": [None, 1]}}
    assert without_nulls(body) is body


def test_nulls_are_left_out_however_deep_they_stand():
    body = inner = {}
    for _ in range(20_000):
        inner["x"] = {}
        inner = inner["x"]
    inner["gone"] = None
    inner = without_nulls(body)
    while "x" in inner:
        inner = inner["x"]
    assert inner == {}
