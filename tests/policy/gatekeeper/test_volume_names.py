"""Replicas differ in the name of their token's volume: who does not mind it is known for the next one, and only so."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.gatekeeper.builders import cel, constraint, pod, template

from lockgate.policy.gatekeeper.kept import Kept
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.parts import is_steady
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.violation import Violation

_VOLUMES = "input.review.object.spec.volumes[_]"
_HAS = "\nhas(o, f) { o[f] }"
_REGO = {
    "keys": f'violation[{{"msg": k}}] {{ {_VOLUMES}[k]; k != "name" }}',
    "set": f'violation[{{"msg": m}}] {{ ks := {{k | {_VOLUMES}[k]}}; m := sprintf("%v", [ks]) }}',
    "mounts": 'violation[{"msg": k}] { c := input.review.object.spec.containers[_]; c.volumeMounts[_][k] }',
    "given": f'violation[{{"msg": "x"}}] {{ v := {_VOLUMES}; has(v, "nfs") }}{_HAS}',
    "missing": f'violation[{{"msg": "x"}}] {{ v := {_VOLUMES}; not has(v, "name") }}{_HAS}',
    "spec": 'violation[{"msg": k}] { input.review.object.spec[k] }',
    "metadata": 'violation[{"msg": k}] { input.review.object.metadata[k] }',
    "member": f'violation[{{"msg": "x"}}] {{ v := {_VOLUMES}; some v_name; v[v_name]; v_name == "nfs" }}',
}
_REGO_OF_NAMES = {
    "printed": f'violation[{{"msg": m}}] {{ v := {_VOLUMES}; has(v, "nfs"); m := json.marshal(v) }}{_HAS}',
    "value": f'violation[{{"msg": m}}] {{ x := {_VOLUMES}[k]; m := sprintf("%v", [x]) }}',
    "compared": f'violation[{{"msg": "x"}}] {{ {_VOLUMES}[k] == "b" }}',
}
_CEL = {
    "exists": "!object.spec.volumes.exists(v, v.exists(k, k == 'nfs'))",
    "in": "object.spec.volumes.all(v, ['nfs', 'emptyDir'].exists(k, k in v))",
    "literal in": "object.spec.volumes.all(v, !('nfs' in v))",
    "all": "object.spec.volumes.all(v, v.all(k, k in ['name', 'emptyDir']))",
    "map": "object.spec.volumes.all(v, v.map(k, k).join(',') != 'name,nfs')",
    "filter": "object.spec.volumes.all(v, size(v.filter(k, k != 'name')) == 1)",
    "spec": "object.spec.exists(k, k == 'hostname')",
}
_CEL_OF_NAMES = {
    "pairs": "object.spec.volumes.all(v, v.all(k, x, x != 'b'))",
    "bound": "object.spec.volumes.all(v, cel.bind(n, v.?name.orValue('nfs'), n in ['a', 'nfs']))",
    "list": "object.spec.volumes.all(v, ['b'].all(k, k in [v.?name.orValue('')]))",
    "shadow": "object.spec.volumes.all(v, ['b'].all(k, cel.bind(k, [v], k in [[v]])))",
}
_SCALARS = st.sampled_from(["a", "b", "nfs", False, True, None, 0, {"nfs": 1}, [], ["b"]])
_ITEMS = st.one_of(
    st.dictionaries(st.sampled_from(["name", "nfs", "emptyDir", "mountPath"]), _SCALARS, max_size=3),
    st.lists(_SCALARS, max_size=2), _SCALARS,
)  # fmt: skip
_LISTS = st.one_of(st.lists(_ITEMS, max_size=3), _SCALARS)


def _pair(*bodies: dict[str, Any]) -> tuple[Library, Library]:
    """Two libraries, the second of which keeps nothing."""
    made = Library(), Library()
    for each in made:
        assert each.load([*bodies, constraint()]) == []
    made[1].kept = Kept(max_bytes=0)
    return made


def _template(text: str) -> dict[str, Any]:
    return template(f"package probe\n{text}") if "violation" in text else template(code=[cel({"expression": text})])


def _shown(found: list[Violation]) -> str:
    return json.dumps([(one.message, one.details, one.error) for one in found])


def _of(body: dict[str, Any]) -> Review:
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    return Review.of_request({"kind": kind, "operation": "CREATE", "object": body, "uid": "1"})


def _with(volumes: Any, mounts: Any = None) -> dict[str, Any]:
    body = pod()
    body["spec"]["volumes"] = volumes
    if mounts is not None:
        body["spec"]["containers"][0]["volumeMounts"] = mounts
    return body


@pytest.mark.parametrize("text", [*_REGO.values(), *_CEL.values()])
def test_who_asks_for_the_fields_of_volumes_does_not_mind_their_names(text: str) -> None:
    library, _ = _pair(_template(text))
    first = library.judged(_of(_with([{"name": "a", "nfs": {}}], [{"name": "a", "mountPath": "/a"}])))
    assert library.judged(_of(_with([{"name": "b", "nfs": {}}], [{"name": "b", "mountPath": "/a"}]))) is first
    assert all(is_steady(group.parts) for plan in library._plans.values() for group in plan.groups)


@pytest.mark.parametrize("text", [*_REGO_OF_NAMES.values(), *_CEL_OF_NAMES.values()])
def test_who_asks_for_their_names_is_asked_again(text: str) -> None:
    library, plain = _pair(_template(text))
    said = set()
    for name in ("a", "b", "a"):
        review = _of(_with([{"name": name, "nfs": {}}]))
        said.add(_shown(library.evaluate(review)))
        assert _shown(library.evaluate(review)) == _shown(plain.evaluate(review))
    assert not all(is_steady(group.parts) for plan in library._plans.values() for group in plan.groups)


@pytest.mark.parametrize("text", [*_REGO.values(), *_CEL.values(), *_REGO_OF_NAMES.values(), *_CEL_OF_NAMES.values()])
def test_what_is_known_is_what_would_be_found_anew_wherever_volumes_differ(text: str) -> None:
    library, plain = _pair(_template(text))

    @settings(max_examples=120, deadline=None)
    @given(_LISTS, _LISTS, _SCALARS)
    def check(volumes: Any, mounts: Any, other: Any) -> None:
        body = _with(volumes, mounts)
        for field in ("hostname", "nodeName"):
            varied = copy.deepcopy(body)
            varied["spec"][field] = varied["metadata"]["labels"] = other
            for one in (body, varied):
                assert _shown(library.evaluate(_of(one))) == _shown(plain.evaluate(_of(one)))

    check()
