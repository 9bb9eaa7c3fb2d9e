"""Who is asked about an object: whoever is not asked would have denied nothing."""

import copy
import json
import random
from types import SimpleNamespace

import pytest

from lockgate.formats import manifests
from lockgate.model import Family, Object
from lockgate.policy.budget import Budget
from lockgate.policy.catalogue import Policies
from lockgate.policy.catalogue._decides import fields_of
from lockgate.policy.catalogue._needs import guard_of, needs_of
from lockgate.policy.catalogue._places import group_kind, misshapen, parse_path, pod_place, without_nulls
from lockgate.policy.catalogue._plan import Kind
from lockgate.policy.catalogue._recall import Verdicts
from lockgate.policy.catalogue._shape import shape_of
from lockgate.policy.catalogue.kubernetes import VARIABLES, Facts
from lockgate.policy.cel import compile_expression
from lockgate.policy.cel.parser import parse
from lockgate.policy.cel.printer import show
from lockgate.rules import expand_sample, load

RULES = [rule for rule in load((Family.POLICY,)).of(Family.POLICY) if not {"types", "among"} & set(rule.logic)]
ODD = [None, "x", 3, True, [], {}, ["a", None], [{}], {"a": "b"}, [["x"]], "", 0, {"name": []}]
"""What fields hold in no object that a cluster would take."""


@pytest.fixture(scope="module")
def policies():
    return Policies(RULES)


@pytest.fixture(scope="module")
def bodies():
    found = []
    for rule in RULES:
        for sample in rule.samples:
            found += [one.body for one in manifests.read("a.yaml", expand_sample(sample.text).encode()).objects]
    return found


def spoilt(body, chance):
    """A copy in which some fields are gone or hold what they should not."""
    body = copy.deepcopy(body)
    for _ in range(chance.randrange(1, 4)):
        places, pending = [], [body]
        for value in pending:
            for key, one in list(value.items() if isinstance(value, dict) else enumerate(value)):
                places.append((value, key))
                pending += [one] if isinstance(one, dict | list) else []
        value, key = chance.choice([place for place in places if place[1] not in ("apiVersion", "kind")])
        if isinstance(value, dict) and chance.random() < 0.3:
            del value[key]
        else:
            value[key] = copy.deepcopy(chance.choice(ODD))
        if not body.keys() - {"apiVersion", "kind"}:
            break
    return body


def asked_one_by_one(policies, body):
    """What every policy of the kind says, each put to the object alone."""
    body = without_nulls(body)
    facts = Facts(body, pod_place(body))
    own = {group_kind(body), ("*", group_kind(body)[1]), (group_kind(body)[0], "*"), ("*", "*")}
    asked = sorted((one for one in policies.kubernetes if own & one.pairs), key=lambda one: one.rule.id)
    return [hit for one in asked for hit in one.judge(facts, Budget(200_000))]


@pytest.mark.parametrize("seed", range(4))
def test_asking_together_finds_what_asking_each_one_finds(policies, bodies, seed):
    chance = random.Random(seed)
    failed = 0
    for body in [*(bodies if seed == 0 else ()), *(spoilt(chance.choice(bodies), chance) for _ in range(400))]:
        if misshapen(without_nulls(body)) is None:
            together = policies.judge(Object("kubernetes", body))
            assert together == asked_one_by_one(policies, body), json.dumps(body)
            failed += sum(1 for hit in together if hit.failed)
    assert failed > 50  # what is spoilt makes policies fail, and that must be told as well


def fields(condition, path=""):
    """Fields without any of which the condition denies nothing; several sets where each alone suffices."""
    needs = needs_of(parse(condition), parse_path(path) if path else None)
    return [" ".join(sorted(need.fields)) for need in needs]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("item.?a.?b.orValue(false) == true", ["a", "b"]),
        ("item.?a.b.orValue(1) == 0", ["a", "b"]),
        ("has(item.a)", ["a"]),
        ("has(item.a) && has(item.a.b) && item.a.b != 'x'", ["a", "b"]),
        ("item.?a.orValue('') in ['x', 'y'] && item.c > 3", ["a"]),
        ("item.?a.orValue([]).exists(v, v.b == 1)", ["a"]),
        ("(item.?a.orValue([]) + item.?b.orValue([])).exists(v, v == 'x')", ["a b"]),
        ("has(item.a) || has(item.b)", ["a b"]),
        ("['a', 'b'].exists(k, k in item)", ["a b"]),
        ("string(item.?a.orValue('')).matches('^x')", ["a"]),
        ("variables.podSpec.?a.orValue(false)", ["a"]),
        ("has(item.a) ? item.a == 1 : false", ["a"]),
        # what is absent is denied, or fails, or says nothing
        ("!has(item.a)", []),
        ("item.?a.orValue(0) == 0", []),
        ("item.a == 1", []),
        ("has(item.a.b)", []),
        ("has(item.a) || item.b", []),
        ("variables.params.?a.orValue(false)", []),
        ("item.?a.orValue(true)", []),
        ("[item.a].exists(v, false)", []),
        ("true", []),
    ],
)
def test_what_a_condition_needs_is_read_off_it(condition, expected):
    assert fields(condition) == expected


def ruled_out(need, shape):
    """Whether a policy of this need is asked nothing of an object of the shape."""
    return not Kind([SimpleNamespace(where=True, guard="", needs=(need,), fields=None)], {}, Verdicts()).plan(shape)


def test_a_need_holds_only_where_fields_are_maps():
    (need, _) = needs_of(parse("item.?a.?b.orValue(false)"), parse_path("spec.list[*]"))
    assert ruled_out(need, shape_of({"spec": {"list": [{}]}})[0])
    assert not ruled_out(need, shape_of({"spec": {"list": [{"a": {}}]}})[0])
    (_, inner) = needs_of(parse("item.?a.?b.orValue(false)"), parse_path("spec.list[*]"))
    assert ruled_out(inner, shape_of({"spec": {"list": [{"a": {}}]}})[0])
    assert not ruled_out(inner, shape_of({"spec": {"list": [{"a": "x"}]}})[0])
    assert not ruled_out(inner, shape_of({"spec": {"list": ["x"]}})[0])


def test_a_shape_names_fields_at_any_depth_and_tells_of_nulls():
    shape, nulls = shape_of({"a": {"b": [{"c": 1}, [{"d": {}}]]}})
    assert (shape.keys, shape.flat, shape.ragged) == ({"a", "b", "c", "d"}, {"b", "c"}, {"b"})
    assert not nulls
    assert shape_of({"a": [{"b": None}]})[1]
    assert not shape_of({"a": [None]})[1]


def test_a_guard_is_the_first_condition_unless_it_reads_parameters():
    assert show(guard_of(parse("has(item.a) && item.a == variables.params.b"))) == "has(item.a)"
    assert guard_of(parse("variables.params.a && has(item.a)")) is None
    assert guard_of(parse("has(item.a) || has(item.b)")) is None


def test_policies_that_begin_alike_share_that_beginning(policies):
    body = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "command": ["sh"]}]}}
    groups = policies.of_kind(("", "Pod")).plan(shape_of(body)[0])
    guarded = {group.guard.source: len(group.members) for group in groups if group.guard}
    assert max(guarded.values()) > 20
    asked = sum(len(group.members) for group in groups if not group.guard)
    assert asked < len(policies.of_kind(("", "Pod")).policies) / 2


def test_a_policy_whose_time_is_over_still_says_so_for_each_that_is_asked(policies):
    spec = {"containers": [{"name": "a", "command": ["kube-apiserver"]}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    late = [hit.failed for hit in policies.judge(Object("kubernetes", body), until=0.0) if hit.failed]
    assert len(late) > 20
    assert all("in time" in failed for failed in late)


CONTAINER = {"name": "a", "image": "b:1", "securityContext": {"privileged": True}, "resources": {"limits": {"cpu": 1}}}
SAME_BUT = [
    {"privileged": 1}, {"privileged": 1.0}, {"privileged": "true"}, {"privileged": False}, {}, None, [], {"a": None},
    {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}}, {"privileged": [True]}, {"privileged": {"a": 1}},
]  # fmt: skip


def pod(*containers, **spec):
    spec["containers"] = list(containers)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def test_a_verdict_is_recalled_only_for_what_is_the_same_in_what_decides():
    policies = Policies(RULES)
    for _ in range(2):
        for context in SAME_BUT:
            for spec in ({}, {"hostUsers": False}, {"os": {"name": "windows"}}, {"securityContext": {"runAsUser": 0}}):
                body = pod(CONTAINER | {"securityContext": context}, CONTAINER | {"name": "z"}, **spec)
                told = policies.judge(Object("kubernetes", body))
                assert told == asked_one_by_one(policies, body), json.dumps(body)


def test_what_is_recalled_is_told_with_the_names_of_the_item_at_hand():
    policies = Policies(RULES)
    policies.judge(Object("kubernetes", pod(CONTAINER)))
    told = policies.judge(Object("kubernetes", pod({"name": "other"}, CONTAINER | {"name": "web"})))
    (hit,) = [one for one in told if one.rule.id == "policy/privileged-container"]
    assert (hit.pointer, hit.item) == ("/spec/containers/1/securityContext/privileged", "web")
    assert "web" in hit.message


def test_few_conditions_are_asked_of_a_container_that_is_like_others():
    policies = Policies(RULES)
    asked = []
    for one in policies.kubernetes:
        quick = one.deny.quick
        if one.path is not None and one.path.root != "object":
            one.deny.quick = lambda *given, quick=quick: asked.append(1) or quick(*given)
    policies.judge(Object("kubernetes", pod(CONTAINER)))
    first, asked[:] = len(asked), []
    policies.judge(Object("kubernetes", pod(CONTAINER | {"name": "b"})))
    assert first > 20
    assert len(asked) < first / 5


def test_verdicts_take_bounded_memory():
    held = Verdicts()
    for number in range(30_000):
        held.put((1, b"", b"x" * 900 + str(number).encode()), ((), 0))
        assert len(held) < 10_000
    assert held.get((1, b"", b"x" * 900 + b"29999")) == ((), 0)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("item.?a.?b.orValue(false)", (("a",), ())),
        ("has(item.a) && item.b.c != 'x'", (("a", "b"), ())),
        ("item.a.exists(k, k == variables.podSpec.?d.orValue(''))", (("a",), ("d",))),
        ("item.a == 1 || item.b in variables.params.c", (("a", "b"), ())),
        # it hangs on more than fields of the item and its Pod
        ("item.exists(k, k != 'name')", None),
        ("size(item) > 2", None),
        ("item == {'a': 1}", None),
        ("item.a == variables.podMetadata.labels['x']", None),
        ("item.a == parent.a", None),
        ("item.a == object.metadata.name", None),
        ("item[variables.params.x] == 1", None),
        ("variables.podSpec.a", None),
        ("has(item.a) && variables.podSpec.exists(k, k == 'x')", None),
    ],
)
def test_what_decides_a_condition_is_read_off_it(condition, expected):
    assert fields_of(compile_expression(condition, variables=VARIABLES)) == expected


@pytest.mark.parametrize("steps", [150_000, 300_000])
def test_a_policy_takes_no_more_steps_for_verdicts_that_are_recalled(steps):
    """One that would run out of steps over all items runs out as well where each by itself would not."""
    policies = Policies(RULES)
    names = [{"name": f"V{n}", "value": "x"} for n in range(int((steps / 2) ** 0.5))]
    for count in (1, 2):
        body = pod(*({"name": f"c{n}", "env": names} for n in range(count)))
        told = policies.judge(Object("kubernetes", body))
        assert told == asked_one_by_one(policies, body)
