"""Values that are made quickly are the frozen dataclasses they were: only their making differs."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from lockgate.model import (
    Confidence,
    Edit,
    Family,
    Finding,
    Fix,
    Location,
    Related,
    RuleId,
    SettledFinding,
    Severity,
    State,
    Subject,
)  # fmt: skip
from lockgate.model.quick import maker, quick
from lockgate.store.known import KnownFinding

PLACE = Location("a.py", 3, 4, pointer="/x", snippet=("x = 1",))
FOUND = Finding(
    RuleId("r/x"), Family.IMPORTED, Severity.HIGH, Confidence.LOW, Subject("code", "x", "k"), PLACE, "m",
    fix=Fix("mend", (Edit("a.py", 1, 1, "a", "b"),)), facts=(Related("cwe", "cwe-79"),),
)  # fmt: skip
VALUES = (
    PLACE,
    FOUND,
    FOUND.subject,
    Related("a", "b"),
    SettledFinding(FOUND, "lg1-0", State.NEW, (PLACE,)),
    KnownFinding("lg1-0", "lg1-0", FOUND, (PLACE,), "2030-01-01"),
)


@pytest.mark.parametrize("value", VALUES, ids=lambda one: type(one).__name__)
def test_a_value_is_frozen_equal_hashed_copied_and_pickled_as_before(value: Any) -> None:
    first = fields(value)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(value, first, "other")
    with pytest.raises(FrozenInstanceError):
        delattr(value, first)
    with pytest.raises((TypeError, AttributeError)):
        value.strange = 1
    parts = {one.name: getattr(value, one.name) for one in fields(value)}
    again = type(value)(**parts)
    assert type(again) is type(value)
    assert (again, hash(again), repr(again)) == (value, hash(value), repr(value))
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == copy.copy(value) == value
    assert replace(value) == value
    assert replace(value, **{first: "other"}) != value
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("value", VALUES, ids=lambda one: type(one).__name__)
def test_parameters_and_defaults_are_those_of_the_fields(value: Any) -> None:
    given = inspect.signature(type(value)).parameters
    assert list(given) == [one.name for one in fields(value)]
    for one in fields(value):
        parameter = given[one.name]
        assert parameter.default is (inspect.Parameter.empty if _is_required(one) else one.default)
    with pytest.raises(TypeError, match=r"__init__\(\) missing"):
        type(value)()


@pytest.mark.parametrize("value", VALUES, ids=lambda one: type(one).__name__)
def test_a_maker_makes_what_the_class_makes(value: Any) -> None:
    make = maker(type(value))
    assert maker(type(value)) is make
    parts = {one.name: getattr(value, one.name) for one in fields(value)}
    for again in (make(**parts), make(*parts.values())):
        assert type(again) is type(value)
        assert (again, hash(again), repr(again)) == (value, hash(value), repr(value))
        assert pickle.loads(pickle.dumps(again)) == value
        with pytest.raises(FrozenInstanceError):
            setattr(again, fields(value)[0].name, "other")
    needed = {one.name: parts[one.name] for one in fields(value) if _is_required(one)}
    assert make(**needed) == type(value)(**needed)
    with pytest.raises(TypeError):
        make()


def _is_required(one: Any) -> bool:
    return type(one.default).__name__ == "_MISSING_TYPE"


def test_a_field_may_have_any_name() -> None:
    @quick
    @dataclass(frozen=True, slots=True)
    class Odd:
        kind: str
        open: int = 1
        own: tuple[int, ...] = ()

    assert (Odd("a", 2).kind, Odd("a", 2).open, Odd("a").own) == ("a", 2, ())


def test_a_class_without_fields_of_its_own_below_it_stays_itself() -> None:
    class Below(Location):
        __slots__ = ()

    assert type(Below("a.py")) is Below


def test_what_cannot_be_made_quickly_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Listed:
        items: list[int] = field(default_factory=list)

    @dataclass(frozen=True)
    class Wide:
        item: int

    with pytest.raises(TypeError, match="not simply given"):
        quick(Listed)
    with pytest.raises(TypeError, match="no slots"):
        quick(Wide)
