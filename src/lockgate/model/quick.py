"""A cheap ``__init__`` for frozen values that a run makes by the hundred thousand.

``dataclasses`` lets a frozen class set each of its fields through ``object.__setattr__``, a call and a look-up by name
for every field, which was a third of what importing and settling findings cost. What does not belong: any value's
fields, defaults or meaning; those stay in its own dataclass.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(kind: type[T]) -> type[T]:
    """``kind``, a frozen dataclass with slots and without default factories, with an ``__init__`` of the same
    parameters that fills the slots while the value is of a class without the freeze, and then gives it its own.

    The two classes differ in nothing but ``__setattr__``, so that Python lets a value change from one to the other.
    The value is frozen before anyone else can see it, and equality, hash, pickling and ``replace`` are those of
    the dataclass.
    """
    known = fields(kind)  # type: ignore[arg-type]  # what is no dataclass is refused here
    if any(one.default_factory is not MISSING or not one.init or one.name.startswith("_") for one in known):
        raise TypeError(f"{kind.__name__} has a field that is not simply given")
    if "__slots__" not in kind.__dict__:
        raise TypeError(f"{kind.__name__} has no slots")
    names: dict[str, Any] = {
        "_open": type(f"_Open{kind.__name__}", (), {"__slots__": tuple(one.name for one in known)}),
        "_turn": object.__setattr__,
        **{f"_default_{one.name}": one.default for one in known if one.default is not MISSING},
    }
    given = ", ".join(one.name if one.default is MISSING else f"{one.name}=_default_{one.name}" for one in known)
    lines = [
        f"def __init__(self, {given}):",
        " _own = self.__class__",
        " _turn(self, '__class__', _open)",
        *(f" self.{one.name} = {one.name}" for one in known),
        " self.__class__ = _own",
    ]
    # Our own field names, as dataclasses itself does it; the name tells a profile of one class from that of another.
    exec(compile("\n".join(lines), f"<{kind.__qualname__}>", "exec"), names)  # noqa: S102
    made = names["__init__"]
    made.__qualname__, made.__module__ = f"{kind.__qualname__}.__init__", kind.__module__
    setattr(kind, "__init__", made)  # noqa: B010 - an assignment that type checkers refuse
    return kind
