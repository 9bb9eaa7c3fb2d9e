"""``dataclass`` as the standard library has it, made in less than half of the time.

The standard decorator writes up to ten functions for each class as text and compiles every one of them. A run that
finds everything unchanged makes some hundred classes, and that took a fifth of it. Here ``__init__`` alone is compiled;
comparing, hashing, showing, pickling and refusing changes are the same few functions for all classes. Fields, order of
arguments, ``replace``, ``fields``, patterns of ``match`` and errors are those of the standard library.

What it does not take (``order``, ``kw_only``, a base that is a dataclass) is handed to the standard library.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass
    from typing import Any
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, **more):
        """Decorates a class; the parameters are those of ``dataclasses.dataclass``."""
        if cls is None:
            return lambda one: dataclass(one, frozen=frozen, slots=slots, eq=eq, **more)
        if more or any(hasattr(base, "__dataclass_fields__") for base in cls.__bases__):
            return dataclasses.dataclass(cls, frozen=frozen, slots=slots, eq=eq, **more)
        return _made(cls, frozen=frozen, slots=slots, eq=eq)


_MISSING = dataclasses.MISSING
_FACTORY = object()
"""Stands for an argument that was left out and is made by a factory."""


def _made(cls: type, *, frozen: bool, slots: bool, eq: bool) -> Any:
    own = dict(cls.__dict__)
    if not cls.__doc__:
        cls.__doc__ = cls.__name__  # else the standard library would work out a signature for it
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    parameters = made.__dataclass_params__
    parameters.init, parameters.repr, parameters.eq, parameters.frozen = True, True, eq, frozen
    fields = dataclasses.fields(made)
    if "__init__" not in own:
        made.__init__ = _init(made, fields, frozen=frozen, slots=slots)
    if "__repr__" not in own:
        made.__repr__ = _repr(tuple(one.name for one in fields if one.repr))
    if eq:
        values = _values(tuple(one.name for one in fields if one.compare))
        if "__eq__" not in own:
            made.__eq__ = _eq(values)
        if own.get("__hash__") is None:  # a class that has ``__eq__`` of its own has None there
            made.__hash__ = _hash(values) if frozen else None
    if frozen:
        names = frozenset(one.name for one in fields)
        made.__setattr__, made.__delattr__ = _setattr(made, names), _delattr(made, names)
        if slots and "__getstate__" not in own:
            made.__getstate__, made.__setstate__ = _state(tuple(one.name for one in fields))
    return made


def _init(made: type, fields: tuple[dataclasses.Field[Any], ...], *, frozen: bool, slots: bool) -> Callable[..., None]:
    """The one function that is compiled: every class has other arguments. Defaults are bound by name, never as text."""
    scope: dict[str, Any] = {"__set": object.__setattr__, "__factory": _FACTORY}
    arguments, lines = ["self"], []
    for one in fields:
        name, default = one.name, f"__default_{one.name}"
        value = name
        if one.default_factory is not _MISSING:
            scope[default] = one.default_factory
            value = f"{default}() if {name} is __factory else {name}" if one.init else f"{default}()"
            arguments += [f"{name}=__factory"] if one.init else []
        elif one.default is not _MISSING:
            scope[default] = one.default
            arguments += [f"{name}={default}"] if one.init else []
            if not one.init and not slots:
                continue  # the class holds it
            value = name if one.init else default
        elif one.init:
            arguments.append(name)
        else:
            continue
        lines.append(f" __set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(arguments)}):\n" + ("\n".join(lines) or " pass"), scope)  # noqa: S102 -- names of fields
    init: Any = scope["__init__"]
    init.__qualname__, init.__module__ = f"{made.__qualname__}.__init__", made.__module__
    return init  # type: ignore[no-any-return]


def _values(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """The values of the fields ``names`` of an instance."""
    if not names:
        return lambda one: ()
    if len(names) == 1:
        name = names[0]
        return lambda one: (getattr(one, name),)
    return attrgetter(*names)


def _eq(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, Any], Any]:
    def __eq__(self: Any, other: Any) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return __hash__


def _repr(names: tuple[str, ...]) -> Callable[[Any], str]:
    @recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    return __repr__


def _setattr(made: Any, names: frozenset[str]) -> Callable[[Any, str, Any], None]:
    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807
        if type(self) is made or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(made, self).__setattr__(name, value)

    return __setattr__


def _delattr(made: Any, names: frozenset[str]) -> Callable[[Any, str], None]:
    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is made or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(made, self).__delattr__(name)

    return __delattr__


def _state(names: tuple[str, ...]) -> tuple[Callable[[Any], list[Any]], Callable[[Any, list[Any]], None]]:
    """What pickling asks of a class that refuses changes and has no ``__dict__``."""

    def __getstate__(self: Any) -> list[Any]:  # noqa: N807
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return __getstate__, __setstate__
