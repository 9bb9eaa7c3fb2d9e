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
from lockgate.policy.catalogue._needs import guard_of, needs_of
from lockgate.policy.catalogue._places import group_kind, misshapen, parse_path, pod_place, without_nulls
from lockgate.policy.catalogue._plan import Kind
from lockgate.policy.catalogue._shape import shape_of
from lockgate.policy.catalogue.kubernetes import Facts
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
    return not Kind([SimpleNamespace(where=True, guard="", needs=(need,))], {}).plan(shape)


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
