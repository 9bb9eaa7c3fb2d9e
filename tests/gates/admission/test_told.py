"""What constraints tell of replicas is made of what they told before, and is what they would tell of each alone."""

import random

import pytest
from tests.policy.gatekeeper.builders import constraint, template
from tests.policy.gatekeeper.test_spoken_names import _BESIDE, _CONDITIONS, _DETAILS, _SAYINGS

from lockgate.gates.admission.answer import NOTHING, Action, Said
from lockgate.gates.admission.told import Told, stand_ins
from lockgate.policy.remembered import Remembered

from .conftest import CONSTRAINT, TEMPLATE, pod, request
from .test_kept import forgetful, verdict

_NAME = "input.review.object.metadata.name"
_NAMES = ("web-a", "web-b", "xxxxx", "aaaaa", "webxx", "web-1", "a.b:c", "web b", 'we"b\\', "web\u00e9", "w",
          "name-longer")  # fmt: skip
_TELLING = (f'sprintf("%v", [{_NAME}])', f'sprintf("%s of %v", [{_NAME}, input.review.uid])',
            f'concat("/", ["a", {_NAME}])', f"message({_NAME})")  # fmt: skip
_TWO = f"""package k8stwo
violation[{{"msg": m}}] {{ m := sprintf("%vx", [{_NAME}]) }}
violation[{{"msg": m}}] {{ m := sprintf("x%v", [{_NAME}]) }}
violation[{{"msg": m}}] {{ m := concat("", ["m", {_NAME}]) }}
violation[{{"msg": m, "details": {{"of": {_NAME}}}}}] {{ m := concat("", ["m", {_NAME}]) }}
violation[{{"msg": m}}] {{ m := "web-b is not here" }}
"""


def _of(text, kind="K8sTwo"):
    return template(text, kind=kind), constraint(kind=kind, enforcementAction="dryrun")


def _asked(name, number, *, uid=None, **spec):
    made = {key: value for key, value in (("uid", uid), ("creationTimestamp", "2026-01-01T00:00:00Z")) if value}
    body = pod(name=name, privileged=True, generateName="web-", **made)
    body["spec"].update(spec)
    return {**request(body), "uid": f"review-{number}", "name": name}


def _counting(made, monkeypatch):
    asked = []
    judged = made.policies.library.judged
    monkeypatch.setattr(made.policies.library, "judged", lambda *one, **more: asked.append(1) or judged(*one, **more))
    return asked


def test_the_third_replica_is_told_with_its_own_name_what_others_were(policy_set, monkeypatch):
    made = policy_set(*_of(_TWO), TEMPLATE, CONSTRAINT)
    told = [[one.message for one in made.review(_asked(name, at)).said] for at, name in enumerate(_NAMES[:2])]
    asked = _counting(made, monkeypatch)
    found = [one.message for one in made.review(_asked("xxxxx", 3)).said]
    assert asked == []
    assert [one for one in found if "registry" not in one] == ["mxxxxx", "web-b is not here", "xxxxxx"]
    assert [one for one in told[0] if "registry" not in one] == ["mweb-a", "web-ax", "web-b is not here", "xweb-a"]
    other = _asked("web-c", 4, hostPID=True)
    made.review(other)
    assert asked != []


def test_templates_are_seldom_made_where_there_is_no_room(policy_set, monkeypatch):
    made = policy_set(*_of(_TWO))
    monkeypatch.setattr(made._recalled, "_told", Remembered(max_bytes=0))
    asked = _counting(made, monkeypatch)
    for at in range(162):
        made.review(_asked("web-a", at, dnsPolicy=str(at % 2)))
    assert len(asked) == 162 + 160 // 16


def test_those_that_are_kept_stay_where_more_are_asked_for_than_there_is_room_for(policy_set, monkeypatch):
    made = policy_set(*_of(_TWO))
    monkeypatch.setattr(made._recalled, "_told", Remembered(max_bytes=40_000))
    for at in range(300):
        made.review(_asked("web-a", at, dnsPolicy=str(at % 60)))
    asked = _counting(made, monkeypatch)
    for at in range(60):
        made.review(_asked("web-b", at, dnsPolicy=str(at % 60)))
    assert len(made._recalled._told) > 4
    assert 0 < len(asked) < 60  # some are known


@pytest.mark.parametrize("seed", range(5))
def test_what_is_told_is_what_would_be_told_alone(policy_set, seed):
    dice = random.Random(f"told {seed}")
    filled = 0
    for _ in range(5):
        objects = [*_of(_TWO)] if dice.random() < 0.5 else []
        for number in range(dice.choice([1, 2])):
            tells = dice.random() < 0.7
            branches = [
                f'violation[{{"msg": msg{dice.choice(_DETAILS[:3] if tells else _DETAILS)}}}] {{\n' + "\n".join(
                    [*dice.sample(_CONDITIONS, 0 if tells else dice.choice([0, 1])),
                     f"msg := {dice.choice(_TELLING if tells else _SAYINGS)}"]) + "\n}"
                for _ in range(dice.choice([1, 2]))
            ]  # fmt: skip
            objects += _of("\n".join([f"package probe{number}", *branches]) + _BESIDE, kind=f"Probe{number}")
        known, plain = policy_set(*objects), forgetful(policy_set(*objects))
        for at in range(40):
            name = dice.choice([*_NAMES[:6] * 4, *_NAMES])
            asked = _asked(name, at, uid=dice.choice(["0000-1111", "0000-2222", "0000-3333", None, name]),
                           hostPID=dice.choice([True, True, True, False]))  # fmt: skip
            assert verdict(known, asked) == verdict(plain, asked)
        filled += len(known._recalled._told)
    assert filled > 2


def test_texts_that_are_too_short_have_no_stand_in():
    assert stand_ins(("abc", "abcdef")) is None
    assert stand_ins((None, None)) is None
    first, second, none = stand_ins(("abcdef", "abcdefgh", None))
    assert (len(first), len(second), none) == (6, 8, None)


def test_words_are_put_in_order_anew(policy_set):
    made = policy_set(*_of(_TWO))
    said = made.review(_asked("web-a", 1)).said
    told = Told.of(said, said, NOTHING, stand_ins=(None, "web-a"), taken=(1, 1))
    assert [one.message for one in told.filled((None, "zzzzz"))] == ["mzzzzz", "web-b is not here", "xzzzzz", "zzzzzx"]
    assert told.whole((None, "zzzzz")) is None


@pytest.mark.parametrize(("messages", "settled"), [
    (("a STAND", "b STAND"), True),
    (("a STAND b", "a STAND c"), True),
    (("a STAND", "a STAND b"), True),
    (("a", "b STAND"), True),
    (("STAND", "a"), False),
    (("a STANE", "a STAND"), False),
    (("a STAND", "a STANDSTAND"), True),
    (("aSTAND", "STAND"), False),
    (("a STA", "a STAND"), False),
])  # fmt: skip
def test_it_is_told_where_the_order_hangs_on_no_text(messages, settled):
    said = [Said("K/a", "gatekeeper", Action.AUDIT, message) for message in messages]
    told = Told.of(said, said, NOTHING, stand_ins=("STAND",), taken=(1, 1))
    for text in ("aaaaa", "zzzzz", "STANE", "a-b_c"):
        whole = told.whole((text,))
        assert (whole is not None) is settled
        if whole is not None:
            assert [one.message for one in whole.said] == [one.replace("STAND", text) for one in messages]
            assert sorted(one.message for one in whole.said) == sorted({one.message for one in told.filled((text,))})
    assert told.whole(('a"b\\c',)) is None
