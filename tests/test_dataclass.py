"""Our ``dataclass`` beside the one of the standard library: the same class text, the same answers."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys
from dataclasses import field, fields, replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.dataclass import dataclass

FORMS = ({"frozen": True, "slots": True}, {"slots": True}, {"frozen": True}, {}, {"slots": True, "eq": False},
         {"frozen": True, "slots": True, "eq": False})  # fmt: skip
ANY = st.sampled_from([0, 1, -1, True, "", "a", b"a", (0,), (), None, 1.5])


def shape():
    class Shape:
        """Every kind of field."""

        path: str
        line: int = 0
        content: object = field(default=b"", repr=False)
        load: object = field(default=None, repr=False, compare=False)
        facts: list = field(default_factory=list)
        mode: str = field(default="tree", init=False)
        seen: dict = field(default_factory=dict, init=False, compare=False)

        @property
        def place(self):
            return f"{self.path}:{self.line}"

    return Shape


MADE = [(dataclass(**form)(shape()), dataclasses.dataclass(**form)(shape())) for form in FORMS]


def both(form):
    return MADE[FORMS.index(form)]


@pytest.mark.parametrize("form", FORMS, ids=str)
@given(one=st.tuples(ANY, ANY, ANY, ANY, ANY), other=st.tuples(ANY, ANY, ANY, ANY, ANY))
def test_comparing_hashing_and_showing_are_those_of_the_standard_library(form, one, other):
    ours, theirs = both(form)
    a, b = ours(*one), ours(*other)
    x, y = theirs(*one), theirs(*other)
    assert (a == b, a != b, a == x, a == one) == (x == y, x != y, x == a, x == one)
    assert repr(a) == repr(x)
    if form.get("frozen") and form.get("eq", True):
        assert hash(a) == hash(x)
    else:
        assert (ours.__hash__ is None) == (theirs.__hash__ is None)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_fields_arguments_patterns_and_parameters_are_those_of_the_standard_library(form):
    ours, theirs = both(form)
    assert [(f.name, f.init, f.repr, f.compare, f.kw_only) for f in fields(ours)] == [
        (f.name, f.init, f.repr, f.compare, f.kw_only) for f in fields(theirs)
    ]
    assert ours.__match_args__ == theirs.__match_args__
    wanted = theirs.__dataclass_params__
    for name in ("init", "repr", "eq", "order", "unsafe_hash", "frozen"):
        assert getattr(ours.__dataclass_params__, name) == getattr(wanted, name), name
    assert ours.__doc__ == theirs.__doc__ and ours.__qualname__ == theirs.__qualname__
    assert ("line" in vars(ours)) == ("line" in vars(theirs)) and ("facts" in vars(ours)) == ("facts" in vars(theirs))
    assert dataclasses.asdict(ours("a")) == dataclasses.asdict(theirs("a"))
    assert hasattr(ours("a"), "__dict__") == hasattr(theirs("a"), "__dict__")
    assert ours("a").facts == [] and ours("a").facts is not ours("a").facts
    assert ours("a", facts=[1]).facts == [1]
    assert ours("a").mode == "tree" and ours("a").place == "a:0"
    changed = replace(ours("a", 1), line=2)
    assert (changed.path, changed.line) == ("a", 2)
    for wrong in ({"mode": "x"}, {"nope": 1}, {"path": 1}):
        with pytest.raises(TypeError) as said:
            ours("a", **wrong)
        with pytest.raises(TypeError) as says:
            theirs("a", **wrong)
        assert str(said.value) == str(says.value)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'path'"):
        ours()


@pytest.mark.parametrize("form", [form for form in FORMS if form.get("frozen")], ids=str)
def test_a_frozen_one_refuses_changes_in_the_words_of_the_standard_library(form):
    ours, theirs = both(form)
    for one in (ours("a"), theirs("a")):
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'line'"):
            one.line = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'line'"):
            del one.line
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'other'"):
        ours("a").other = 2


@dataclass(frozen=True, slots=True)
class Kept:
    """Pickling finds a class by its name."""

    name: str
    value: int = 0


@dataclass(slots=True)
class Held:
    name: str
    values: list = field(default_factory=list)


@pytest.mark.parametrize("one", [Kept("a", 2), Held("a", [1])], ids=str)
def test_it_is_pickled_and_copied(one, monkeypatch):
    monkeypatch.setitem(sys.modules, type(one).__module__, sys.modules.get(type(one).__module__) or _holder())
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.copy(one) == one == copy.deepcopy(one)


def _holder():
    import types

    module = types.ModuleType(__name__)
    module.Kept, module.Held = Kept, Held
    return module


def test_what_the_class_defines_itself_stays():
    @dataclass(frozen=True, slots=True)
    class Own:
        name: str

        def __post_init__(self):
            if not self.name:
                raise ValueError("no name")

        def __eq__(self, other):
            return isinstance(other, Own)

        def __hash__(self):
            return 7

        def __repr__(self):
            return "own"

    assert Own("a") == Own("b")
    assert (hash(Own("a")), repr(Own("a"))) == (7, "own")
    with pytest.raises(ValueError, match="no name"):
        Own("")


def test_what_the_standard_library_refuses_is_refused():
    with pytest.raises(ValueError, match="mutable default"):

        @dataclass(slots=True)
        class Shared:
            values: list = []  # noqa: RUF012

    with pytest.raises((TypeError, SyntaxError)):

        @dataclass(slots=True)
        class Disordered:
            first: int = 1
            second: int


def test_a_class_variable_is_no_field():
    @dataclass(frozen=True, slots=True)
    class Counted:
        name: str
        most: ClassVar[int] = 3

    assert [one.name for one in fields(Counted)] == ["name"]
    assert Counted.most == 3


def test_one_that_holds_itself_is_shown():
    one = Held("a")
    one.values.append(one)
    assert repr(one) == "Held(name='a', values=[...])"


def test_a_base_that_is_one_and_other_parameters_are_left_to_the_standard_library():
    @dataclass(frozen=True, slots=True)
    class Below(Kept):
        more: int = 1

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        number: int

    assert Below("a", 2, 3) == Below("a", 2, 3) != Below("a", 2, 4)
    assert sorted([Ordered(2), Ordered(1)]) == [Ordered(1), Ordered(2)]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Below("a").name = "b"


NAMES = st.lists(st.sampled_from(["a0", "a1", "a2", "a3", "path", "value", "name"]), unique=True, max_size=6)
KINDS = st.sampled_from(["plain", "default", "factory", "default, not given", "factory, not given"])


def given_by(kind, number):
    more = {"init": False} if "not given" in kind else {}
    return field(default_factory=lambda: [number], **more) if "factory" in kind else field(default=number, **more)


@given(names=NAMES, kinds=st.lists(KINDS, min_size=6, max_size=6), form=st.sampled_from(FORMS), count=st.integers(0, 6))
def test_classes_of_any_shape_are_made_as_by_the_standard_library(names, kinds, form, count):
    """Classes whose fields get their values alike share their code; each has names and defaults of its own."""

    def made(decorator):
        chosen = enumerate(zip(names, kinds, strict=False))
        own = {name: given_by(kind, at) for at, (name, kind) in chosen if kind != "plain"}
        return decorator(**form)(type("Made", (), {"__annotations__": dict.fromkeys(names, "object"), **own}))

    def said(decorator):
        try:
            one = made(decorator)(*range(100, 100 + count))
        except TypeError as error:
            return str(error)
        return [getattr(one, name) for name in names], repr(one).rpartition(".")[2]

    assert said(dataclass) == said(dataclasses.dataclass)
