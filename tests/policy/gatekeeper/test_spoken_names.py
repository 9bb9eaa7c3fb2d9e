"""Replicas differ in their names, which most policies only tell: whether they say anything is known for the next one,
and never where it could be otherwise."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.policy.gatekeeper.builders import cel, constraint, pod, template
from tests.policy.gatekeeper.library_objects import one
from tests.policy.gatekeeper.test_library_suites import _suites

from lockgate.formats.yaml_safe import load_all
from lockgate.policy.gatekeeper.case import Limits
from lockgate.policy.gatekeeper.kept import Kept
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.review import Review, ReviewError
from lockgate.policy.gatekeeper.violation import Violation

_NAME = "input.review.object.metadata.name"
_POD = {"group": "", "version": "v1", "kind": "Pod"}
_MEANT = "input.review.object.spec.hostPID"

_TELLING = {
    "printed": f'violation[{{"msg": m}}] {{ {_MEANT}; m := sprintf("pod %v", [{_NAME}]) }}',
    "printed first": f'violation[{{"msg": m}}] {{ m := sprintf("pod %s", [{_NAME}]); {_MEANT} }}',
    "through names": f'violation[{{"msg": m}}] {{ o := input.review.object; n := o.metadata.name; {_MEANT}\n'
                     'm := sprintf("%v of %v", [n, o.metadata.uid]) }',
    "of a text": f'violation[{{"msg": m}}] {{ {_MEANT}; a := sprintf("%v", [{_NAME}]); m := sprintf("%v!", [a]) }}',
    "joined": f'violation[{{"msg": m}}] {{ {_MEANT}; m := concat("/", ["pod", {_NAME}]) }}',
    "details": f'violation[{{"msg": "x", "details": {{"name": {_NAME}, "uid": input.review.uid}}}}] {{ {_MEANT} }}',
    "as it is": f'violation[{{"msg": input.review.name}}] {{ {_MEANT} }}',
    "by a function": f'violation[{{"msg": m}}] {{ {_MEANT}; m := f({_NAME}) }}\n'
                     'f(n) = m { m := sprintf("<%v>", [n]) }',
    "by a rule": f'violation[{{"msg": m}}] {{ {_MEANT}; m := sprintf("<%v>", [n]) }}\nn = {_NAME}',
    "given": f'violation[{{"msg": m}}] {{ bad({_NAME}); m := sprintf("%v", [{_NAME}]) }}\nbad(n) {{ {_MEANT}; n }}',
}  # fmt: skip
_DECIDING = {
    "compared": f'violation[{{"msg": "x"}}] {{ {_NAME} == "ab" }}',
    "a text compared": f'violation[{{"msg": m}}] {{ m := sprintf("%v", [{_NAME}]); m != "ab" }}',
    "a text compared by a function": f'violation[{{"msg": m}}] {{ m := sprintf("%v", [{_NAME}]); f(m) }}\nf("ab")',
    "a key": f'violation[{{"msg": "x"}}] {{ {{"ab": 1}}[{_NAME}] }}',
    "a member": f'violation[{{"msg": "x"}}] {{ said["ab"] }}\nsaid[m] {{ m := sprintf("%v", [{_NAME}]) }}',
    "counted": f"""violation[{{"msg": "x"}}] {{ count(said) == 1 }}
said[m] {{ m := sprintf("%v", [{_NAME}]) }}
said["ab"] {{ true }}
""",
    "two values": f"""violation[{{"msg": m}}] {{ m := f(1) }}
f(x) = m {{ m := sprintf("%v", [{_NAME}]) }}
f(x) = "ab" {{ x == 1 }}
""",
    "two values of a key": f"""violation[{{"msg": k}}] {{ o[k] }}
o["k"] = m {{ m := sprintf("%v", [{_NAME}]) }}
o["k"] = "ab" {{ true }}
""",
    "two values in one": f"""violation[{{"msg": "x"}}] {{ o := {{"k": v | v := [{_NAME}, "ab"][_]}}; o.k }}""",
    "several of a rule": 'violation[{"msg": "x"}] { n }\nn = input.review.object.metadata[_]',
    "several of a function": 'violation[{"msg": "x"}] { f(input.review.object) }\n'
                             'f(o) = o.metadata[k] { k := ["name", "uid"][_] }',
    "unified": f'violation[{{"msg": m}}] {{ m := "ab"; m = sprintf("%v", [{_NAME}]) }}',
    "unified within": f'violation[{{"msg": "x"}}] {{ [m, 1] = [sprintf("%v", [{_NAME}]), 1]; m == "ab" }}',
    "otherwise": f'violation[{{"msg": m}}] {{ m := f({_NAME}) }}\nf(n) = "x" {{ n == "ab" }} else = n {{ n != "cd" }}',
    "not": f'violation[{{"msg": "x"}}] {{ not ab }}\nab {{ sprintf("%v", [{_NAME}]) == "ab" }}',
    "every key": 'violation[{"msg": k}] { input.review.object.metadata[k] == "ab" }',
    "in the set of keys": f'violation[{{"msg": "x"}}] {{ {{n | n := {_NAME}}} == {{"ab"}} }}',
    "the request's": f'violation[{{"msg": "x"}}] {{ input.review.name == {_NAME} }}',
}
_OF_SERVICES = {
    "first": f'violation[{{"msg": "x"}}] {{ input.review.kind.kind == "Service"; {_NAME} == input.review.name }}',
    "turned round": f'violation[{{"msg": "x"}}] {{ "Service" == input.review.kind.kind; startswith({_NAME}, "a") }}',
    "and more": """violation[{"msg": "x"}] {
input.review.kind.kind == "Service"; input.review.kind.version == "v1"; not f(input.review) }
f(review) { review.object.metadata.name == review.name }""",
    "by a rule": f"""violation[{{"msg": "x"}}] {{ service; startswith({_NAME}, "a") }}
service {{ input.review.kind.kind == "Service" }}""",
}
_OF_ALL_KINDS = {
    "not": f'violation[{{"msg": "x"}}] {{ not input.review.kind.kind == "Service"; startswith({_NAME}, "a") }}',
    "after": f'violation[{{"msg": "x"}}] {{ startswith({_NAME}, "a"); not f }}\n'
             'f { input.review.kind.kind == "Pod" }',
    "an answer": f"""violation[{{"msg": "x"}}] {{
of := input.review.kind.kind == "Service"; startswith({_NAME}, "a"); not of }}""",
    "either": f"""violation[{{"msg": "x"}}] {{ meant; startswith({_NAME}, "a") }}
meant {{ input.review.kind.kind == "Service" }}
meant {{ input.review.kind.kind == "Pod" }}""",
    "two callers": f"""violation[{{"msg": m}}] {{ input.review.kind.kind == "Service"; m := f(1) }}
violation[{{"msg": m}}] {{ m := f(1) }}
f(x) = "x" {{ startswith({_NAME}, "a") }}""",
}
_VALUES = ("ab", "cd", "ab", "a", "", None, 1, False, True, {"ab": 1}, ["ab"], "\u00e9\u00e9", "a ", "a\n", ...)
_CONDITIONS = (
    "true", _MEANT, _NAME, f"not {_NAME}", f'{_NAME} != "cd"', "input.review.object.metadata.uid", "input.review.name",
    "not input.review.name", f'x := sprintf("%v", [{_NAME}]); x != "cd"',
    f'x := concat("", ["a", {_NAME}]); x == "aab"',
    f"is_string({_NAME})", f"known({_NAME})", f"y := {{{_NAME}, input.review.uid}}; count(y) == 1",
    f"z := {{{_NAME}, input.review.uid}}[_]; z", "input.review.object.metadata[k]", f"{_NAME}.ab", "texts[t]",
    'input.review.kind.kind == "Pod"', 'input.review.kind.kind == "Service"', 'input.review.name == "ab"', "called",
    'called == "cd"', 'called != input.review.uid', "of_kind",
    'object.get(input.review.object.metadata, "name", false)', f"every_one({_NAME}, input.review.uid)",
    f'w := sprintf("%v", [{_NAME}]); not w == "ab"', f'[v] = [sprintf("%v", [{_NAME}])]; v',
)  # fmt: skip
_SAYINGS = (
    '"m"', f'sprintf("%v", [{_NAME}])', f'sprintf("%s of %v", [{_NAME}, input.review.uid])',
    f'sprintf("%5s", [{_NAME}])',
    f'sprintf("%d", [{_NAME}])', f'concat("/", [{_NAME}, "x"])', f'concat("/", {{{_NAME}, "b"}})',
    f'sprintf("%v", [[{_NAME}]])', 'sprintf("%v", [input.review.object.metadata])', _NAME, f"upper({_NAME})",
    f"message({_NAME})", f'sprintf("%v", [sprintf("<%v>", [{_NAME}])])', f'sprintf("%v %v", [{_NAME}])',
    f"json.marshal({_NAME})", 'sprintf("%v%v", ["a", input.review.name])', "input.review.object.metadata.uid",
    f'concat(", ", [sprintf("%v", [{_NAME}]), "b"])', 'concat(", ", [t | texts[t]])',
)  # fmt: skip
_DETAILS = ("", "", f', "details": {{"name": {_NAME}}}', ', "details": input.review.object.metadata',
            f', "details": [sprintf("%v", [{_NAME}])]')  # fmt: skip
_BESIDE = f"""
known("ab")
called = {_NAME}
of_kind {{ input.review.kind.kind == "Service"; startswith({_NAME}, "a") }}
of_kind {{ input.review.uid == "cd" }}
known(n) {{ n.ab }}
every_one(a, b) {{ a; b }}
message(n) = m {{ m := sprintf("<%v>", [n]) }}
texts[t] {{ t := sprintf("%v", [{_NAME}]) }}
texts[t] {{ t := "ab" }}
"""
_CEL_CONDITIONS = (
    "true", "!has(object.spec.hostPID)", "has(object.metadata.name)", "object.metadata.?name.orValue('') != 'ab'",
    "variables.text != 'pod ab'", "size(variables.texts) == 0", "variables.texts.all(t, t != 'pod ab')",
    "request.name != 'ab'", "object.metadata.?name.hasValue()", "object.metadata.name == object.metadata.uid",
)  # fmt: skip
_CEL_SAYINGS = (
    None, "'pod ' + object.metadata.name", "variables.text", "variables.texts.join(', ')", "request.name",
    "object.metadata.name + string(size(object.spec))", "has(object.metadata.uid) ? 'x' : object.metadata.name",
)  # fmt: skip


def _pair(*bodies: dict[str, Any]) -> tuple[Library, Library]:
    """Two libraries, the second of which keeps nothing."""
    made = Library(), Library()
    for each in made:
        assert each.load(bodies) == []
    made[1].kept = Kept(max_bytes=0)
    return made


def _of(rego: str) -> tuple[Library, Library]:
    return _pair(template(f"package probe\n{rego}"), constraint())


def _review(called: Any, number: Any = "1", *, meant: Any = ..., **request: Any) -> Review:
    body = pod()
    for key, value in (("name", called), ("uid", number)):
        body["metadata"].pop(key, None)
        if value is not ...:
            body["metadata"][key] = value
    if meant is not ...:
        body["spec"]["hostPID"] = meant
    return Review.of_request({"kind": _POD, "operation": "CREATE", "object": body, "uid": "1", **request})


def _shown(found: list[Violation]) -> str:
    return json.dumps([(one.constraint, one.message, one.details, one.error, one.actions) for one in found])


@pytest.mark.parametrize("text", _TELLING.values(), ids=[*_TELLING])
def test_who_only_tells_a_name_is_not_asked_again_where_it_said_nothing(text: str) -> None:
    library, plain = _of(text)
    assert library.evaluate(_review("ab")) == []
    asked: dict[str, float] = {}
    assert library.evaluate(_review("cd", uid="2"), seconds=asked) == []
    assert asked == {}
    said = set()
    for name in ("ab", "cd", "ef", "ab", 1, "a", ""):
        review = _review(name, meant=True, name=name if isinstance(name, str) else "")
        said.add(_shown(library.evaluate(review)))
        assert _shown(library.evaluate(review)) == _shown(plain.evaluate(review))
    assert len(said) > 4


def _service(review: Review) -> Review:
    return replace(review, kind="Service")


@pytest.mark.parametrize("text", _OF_SERVICES.values(), ids=[*_OF_SERVICES])
def test_who_minds_the_names_of_one_kind_does_not_mind_those_of_another(text: str) -> None:
    library, plain = _of(text)
    assert library.evaluate(_review("ab", name="ab")) == []
    asked: dict[str, float] = {}
    assert library.evaluate(_review("cd", name="cd"), seconds=asked) == []
    assert asked == {}
    _judged_as_both_kinds(library, plain)


@pytest.mark.parametrize("text", _OF_ALL_KINDS.values(), ids=[*_OF_ALL_KINDS])
def test_who_minds_the_names_of_all_kinds_is_asked_again_for_each(text: str) -> None:
    _judged_as_both_kinds(*_of(text))


def _judged_as_both_kinds(library: Library, plain: Library) -> None:
    said = set()
    for name in ("ab", "cd", "aa", "cd"):
        for review in (_review(name, name="ab"), _service(_review(name, name="ab"))):
            said.add(_shown(library.evaluate(review)))
            assert _shown(library.evaluate(review)) == _shown(plain.evaluate(review))
    assert len(said) > 1


@pytest.mark.parametrize("text", _DECIDING.values(), ids=[*_DECIDING])
def test_who_decides_by_a_name_is_asked_again(text: str) -> None:
    library, plain = _of(text)
    said = set()
    for name in ("cd", "ab", "ef", "cd", "ab", "harbour"):
        review = _review(name, "harbour", name="ab")
        said.add(_shown(library.evaluate(review)))
        assert _shown(library.evaluate(review)) == _shown(plain.evaluate(review))
    assert len(said) > 1


def _reviews(dice: random.Random, count: int) -> Iterator[Review]:
    for _ in range(count):
        name, uid = dice.choice(_VALUES), dice.choice(_VALUES)
        made = _review(name, uid, meant=dice.choice([..., ..., True, False]), uid=dice.choice(["", "ab", "cd"]),
                       name=dice.choice(["", "ab", "cd", name if isinstance(name, str) else ""]))  # fmt: skip
        yield _service(made) if dice.random() < 0.3 else made


@pytest.mark.parametrize("seed", range(6))
def test_what_is_known_in_rego_is_what_would_be_found_anew_whatever_the_names(seed: int) -> None:
    dice = random.Random(f"rego {seed}")
    told = 0
    for _ in range(14):
        rules = [
            f'violation[{{"msg": msg{dice.choice(_DETAILS)}}}] {{\n' + "\n".join(sorted(
                [*dice.sample(_CONDITIONS, dice.randint(1, 3)), f"msg := {dice.choice(_SAYINGS)}"],
                key=lambda _: dice.random())) + "\n}"
            for _ in range(dice.choice([1, 1, 2]))
        ]  # fmt: skip
        pair = _of("\n".join(rules) + _BESIDE)
        told += _compared(pair, dice)
    assert told > 100


@pytest.mark.parametrize("seed", range(3))
def test_what_is_known_in_cel_is_what_would_be_found_anew_whatever_the_names(seed: int) -> None:
    dice = random.Random(f"cel {seed}")
    told = 0
    for _ in range(14):
        validations = []
        for _ in range(dice.choice([1, 2])):
            validations.append({"expression": " && ".join(dice.sample(_CEL_CONDITIONS, dice.randint(1, 2)))})
            saying = dice.choice(_CEL_SAYINGS)
            if saying is not None:
                validations[-1]["messageExpression"] = saying
        variables = [
            {"name": "text", "expression": "'pod ' + object.metadata.name"},
            {"name": "texts", "expression": "has(object.spec.hostPID) ? ['pod ' + object.metadata.name] : []"},
        ]
        pair = _pair(template(code=[cel(*validations, variables=variables)]), constraint())
        told += _compared(pair, dice)
    assert told > 100


def _compared(pair: tuple[Library, Library], dice: random.Random) -> int:
    library, plain = pair
    told = 0
    for review in _reviews(dice, 60):
        limits = Limits(dice.choice([1_000, 20, 4]), dice.choice([10_000, 20, 4]))
        found = _shown(library.evaluate(review, limits=limits))
        assert found == _shown(plain.evaluate(review, limits=limits))
        told += found != "[]"
    return told


@pytest.mark.parametrize("without_cel", [False, True])
def test_every_case_of_the_library_is_judged_alike_under_other_names(corpora: Any, without_cel: bool) -> None:
    judged = 0
    for folder, suite in _suites(corpora):
        for test in suite.tests:
            made = Library(), Library()
            body = one(folder / test.template)
            kind = made[0].add_template(body, without_cel=without_cel).kind
            made[1].install(*made[0].installed(kind), body)
            for each in made:
                each.add_constraint(one(folder / test.constraint))
            made[1].kept = Kept(max_bytes=0)
            for case in test.cases:
                for each in made:
                    each.inventory = type(each.inventory)()
                    for path in case.inventory:
                        for body in load_all((folder / path).read_bytes()):
                            each.inventory.add(body)
                for review in _renamed(one(folder / case.object)):
                    assert _shown(made[0].evaluate(review)) == _shown(made[1].evaluate(review))
                    judged += 1
    assert judged > 1000


def _renamed(body: Any) -> Iterator[Review]:
    for name in ("", "a-1", "b-2", "a-1"):
        made = copy.deepcopy(body)
        request = made.get("request") if made.get("kind") == "AdmissionReview" else None
        for one_ in [made] if request is None else [request.get("object"), request]:
            if one_ and name:
                (one_ if one_ is request else one_["metadata"]).update(name=name, uid=name)
        try:
            yield Review.of_object(made, operation="CREATE") if request is None else Review.of_request(request)
        except ReviewError:
            return
