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
_WITH_NFS = f'{_HAS}\nwith_nfs[v] {{ v := {_VOLUMES}; has(v, "nfs") }}'
_MOUNTED = """
mounted(n) { input.review.object.spec.containers[_].volumeMounts[_].name == n }
"""
_REGO_OF_SOME = {
    "chosen": f'violation[{{"msg": m}}] {{ v := with_nfs[_]; m := sprintf("%v", [v]) }}{_WITH_NFS}',
    "asked": f'violation[{{"msg": m}}] {{ v := {_VOLUMES}; v.nfs; m := v.name }}',
    "deeper": f'violation[{{"msg": m}}] {{ v := {_VOLUMES}; v.nfs.server; m := v.name }}',
    "mounted": f'violation[{{"msg": "x"}}] {{ v := with_nfs[_]; mounted(v.name) }}{_WITH_NFS}{_MOUNTED}',
    "not mounted": f'violation[{{"msg": m}}] {{ with_nfs[v]; m := v.name; not mounted(m) }}{_WITH_NFS}{_MOUNTED}',
    "either": f"""violation[{{"msg": m}}] {{ m := any_of[_] }}
any_of[m] {{ v := {_VOLUMES}; v.nfs; m := v.name }}
any_of[m] {{ v := {_VOLUMES}; v.emptyDir; m := v.name }}
""",
    "counted": f"""violation[{{"msg": "x"}}] {{ v := with_nfs[_]; x := {{n | n := {_VOLUMES}.name}}; count(x) > 1 }}
{_WITH_NFS}""",
    "complete": f"""violation[{{"msg": m}}] {{ m := first }}
first = "x" {{ v := {_VOLUMES}; v.nfs; startswith(v.name, "b") }}
""",
    "function": f'violation[{{"msg": m}}] {{ v := {_VOLUMES}; m := f(v) }}\nf(v) = v.name {{ v.nfs }}',
}
_REGO_OF_ALL = {
    "negated": f'violation[{{"msg": m}}] {{ v := {_VOLUMES}; not has(v, "nfs"); m := v.name }}{_HAS}',
    "before": f'violation[{{"msg": "x"}}] {{ {_VOLUMES}.name == "b"; count(with_nfs) == 0 }}{_WITH_NFS}',
    "one of two": f"""violation[{{"msg": m}}] {{ m := any_of[_] }}
any_of[m] {{ v := {_VOLUMES}; v.nfs; m := v.name }}
any_of[m] {{ v := {_VOLUMES}; m := v.name }}
""",
    "otherwise": f"""violation[{{"msg": m}}] {{ v := {_VOLUMES}; m := f(v) }}
f(v) = "nfs" {{ v.nfs }} else = v.name {{ true }}
""",
    "defaulted": f"""default some_nfs = false
some_nfs {{ v := {_VOLUMES}; v.nfs }}
violation[{{"msg": m}}] {{ x := some_nfs; m := sprintf("%v %v", [x, {_VOLUMES}.name]) }}
""",
    "two callers": f"""violation[{{"msg": m}}] {{ v := with_nfs[_]; m := f(v) }}
violation[{{"msg": m}}] {{ v := {_VOLUMES}; v.emptyDir; m := f(v) }}
violation[{{"msg": m}}] {{ m := f({_VOLUMES}) }}
f(v) = v.name {{ true }}{_WITH_NFS}
""",
    "of others": """violation[{"msg": m}] { c := input.review.object.spec.containers[_]; c.nfs; m := names[_] }
names[n] { n := input.review.object.spec.volumes[_].name }
""",
}
_NFS = "object.spec.volumes.filter(v, has(v.nfs))"
_CEL_OF_SOME = {
    "all": f"{_NFS}.all(v, v.name != 'b')",
    "joined": f"{_NFS}.map(v, v.name).join(',') != 'b'",
    "and": "object.spec.volumes.filter(v, has(v.nfs) && v.nfs != null).all(v, v.name != 'b')",
    "conditional": f"(has(object.spec.volumes) ? {_NFS} : []).all(v, v.name != 'b')",
    "within": f"{_NFS}.all(v, object.spec.volumes.exists(o, o.name == 'b'))",
}
_CEL_OF_ALL = {
    "or": "object.spec.volumes.filter(v, has(v.nfs) || v.name == 'b').all(v, v.name != 'b')",
    "not": "object.spec.volumes.filter(v, !has(v.nfs)).all(v, v.name != 'b')",
    "other": "object.spec.volumes.filter(v, has(object.spec.volumes)).all(v, v.name != 'b')",
    "name": "object.spec.volumes.filter(v, has(v.name)).all(v, v.name != 'b')",
    "test": f"{_NFS}.size() == 0 || object.spec.volumes.all(v, v.name != 'b')",
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


@pytest.mark.parametrize("text", [*_REGO_OF_SOME.values(), *_CEL_OF_SOME.values()])
def test_who_asks_for_the_names_of_some_volumes_does_not_mind_those_of_others(text: str) -> None:
    library, plain = _pair(_template(text))
    first = library.judged(_of(_with([{"name": "a", "projected": {}}], [{"name": "a", "mountPath": "/a"}])))
    other = _of(_with([{"name": "b", "projected": {}}], [{"name": "b", "mountPath": "/a"}]))
    assert library.judged(other) is first
    for name in ("a", "b", "c"):
        review = _of(_with([{"name": name, "nfs": {"server": "s"}}, {"name": "x", "emptyDir": {}}], [{"name": "b"}]))
        assert _shown(library.evaluate(review)) == _shown(plain.evaluate(review))


@pytest.mark.parametrize("text", [*_REGO_OF_ALL.values(), *_CEL_OF_ALL.values()])
def test_who_asks_for_the_names_of_all_volumes_is_asked_again_whatever_they_are(text: str) -> None:
    library, plain = _pair(_template(text))
    for name in ("a", "b", "a"):
        review = _of(_with([{"name": name, "projected": {}}]))
        assert _shown(library.evaluate(review)) == _shown(plain.evaluate(review))
    assert any(whole.left for whole in _wholes(library))


def _wholes(library: Library) -> list[Any]:
    return [whole for whole, _ in library.kept.wholes._held.values()]


@pytest.mark.parametrize(
    "text",
    [*_REGO.values(), *_CEL.values(), *_REGO_OF_NAMES.values(), *_CEL_OF_NAMES.values(), *_REGO_OF_SOME.values(),
     *_CEL_OF_SOME.values(), *_REGO_OF_ALL.values(), *_CEL_OF_ALL.values()],
)
def test_what_is_known_is_what_would_be_found_anew_wherever_volumes_differ(text: str) -> None:
    library, plain = _pair(_template(text))

    @settings(max_examples=120, deadline=None)
    @given(_LISTS, _LISTS, _SCALARS)
    def check(volumes: Any, mounts: Any, other: Any) -> None:
        body = _with(volumes, mounts)
        renamed = copy.deepcopy(body)
        for one in renamed["spec"]["volumes"] if isinstance(volumes, list) else ():
            if isinstance(one, dict) and isinstance(one.get("name"), str):
                one["name"] = "b" if one["name"] == "a" else "a"
        assert _shown(library.evaluate(_of(renamed))) == _shown(plain.evaluate(_of(renamed)))
        for field in ("hostname", "nodeName"):
            varied = copy.deepcopy(body)
            varied["spec"][field] = varied["metadata"]["labels"] = other
            for one in (body, varied):
                assert _shown(library.evaluate(_of(one))) == _shown(plain.evaluate(_of(one)))

    check()
