"""A cheap ``__init__`` for frozen values that a run makes by the hundred thousand.

``dataclasses`` lets a frozen class set each of its fields through ``object.__setattr__``, a call and a look-up by name
for every field, which was a third of what importing and settling findings cost. What does not belong: any value's
fields, defaults or meaning; those stay in its own dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
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
    made = _compiled(kind, "__init__", "self", ("_own = self.__class__", "_turn(self, _open)"), ())
    made.__qualname__, made.__module__ = f"{kind.__qualname__}.__init__", kind.__module__
    setattr(kind, "__init__", made)  # noqa: B010 - an assignment that type checkers refuse
    return kind


_MAKERS: dict[object, Any] = {}


def maker(kind: Callable[P, T]) -> Callable[P, T]:
    """A function that makes what a :func:`quick` class makes of the same arguments, in half the time: to call a class
    costs more than to fill the slots. For loops over a hundred thousand."""
    made: Callable[P, T] | None = _MAKERS.get(kind)
    if made is None:  # made when first asked for: most runs need none of most
        made = _MAKERS[kind] = _made_by(kind, ())
    return made


def unfilled(kind: Callable[..., T], *left: str) -> Callable[..., T]:
    """The same without the fields ``left``, whose slots hold nothing: Python then asks ``__getattr__`` of the class."""
    key = (kind, *left)
    made: Callable[..., T] | None = _MAKERS.get(key)
    if made is None:
        made = _MAKERS[key] = _made_by(kind, left)
    return made


def _made_by(kind: Any, left: tuple[str, ...]) -> Any:
    return _compiled(kind, "make", "", ("self = _open()", "_own = _kind"), ("return self",), left)


def _compiled(
    kind: Any, name: str, first: str, before: Sequence[str], after: Sequence[str], left: tuple[str, ...] = ()
) -> Any:
    """The function that fills the slots of a value between those lines, but for those that are ``left``."""
    known = [one for one in fields(kind) if one.name not in left]
    names: dict[str, Any] = {
        "_kind": kind,
        "_open": type(f"_Open{kind.__name__}", (), {"__slots__": tuple(one.name for one in fields(kind))}),
        "_turn": object.__dict__["__class__"].__set__,
        **{f"_default_{one.name}": one.default for one in known if one.default is not MISSING},
    }
    given = [one.name if one.default is MISSING else f"{one.name}=_default_{one.name}" for one in known]
    lines = [
        f"def {name}({', '.join(filter(None, (first, *given)))}):",
        *(f" {line}" for line in before),
        *(f" self.{one.name} = {one.name}" for one in known),
        " self.__class__ = _own",
        *(f" {line}" for line in after),
    ]
    # Our own field names, as dataclasses itself does it; the name tells a profile of one class from that of another.
    exec(compile("\n".join(lines), f"<{kind.__qualname__}>", "exec"), names)  # noqa: S102
    return names[name]
