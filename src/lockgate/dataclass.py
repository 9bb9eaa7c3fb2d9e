"""``dataclass`` as the standard library has it, made in a third of the time.

The standard decorator writes up to ten functions for each class as text and compiles every one of them. A run that
finds everything unchanged makes some hundred classes, and that took a fifth of it. Here ``__init__`` alone is compiled,
once for all classes of one shape; comparing, hashing, showing, pickling and refusing changes are the same few functions
for all classes. Fields, order of arguments, ``replace``, ``fields``, patterns of ``match`` and errors are those of the
standard library.

What it does not take (``order``, ``kw_only``, a base that is a dataclass, a metaclass, class variables among the
annotations) is handed to the standard library.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from types import CodeType, FunctionType, MemberDescriptorType

from lockgate.prepared import prepared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from dataclasses import dataclass as dataclass
    from typing import Any
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, **more):
        """Decorates a class; the parameters are those of ``dataclasses.dataclass``."""
        if cls is None:
            return lambda one: dataclass(one, frozen=frozen, slots=slots, eq=eq, **more)
        if more or not _is_plain(cls):
            return dataclasses.dataclass(cls, frozen=frozen, slots=slots, eq=eq, **more)
        return _made(cls, _Parameters(frozen, slots, eq))


_MISSING = dataclasses.MISSING
_FACTORY = object()
"""Stands for an argument that was left out and is made by a factory."""
_SPECIAL = ("ClassVar", "InitVar", "KW_ONLY")
_PREPARED = "inits"
_SLOTS = "slots"
"""How a class that refuses changes sets its fields at first: through the descriptors of its slots, in two thirds of the
time that ``object.__setattr__`` takes to find them."""
_SHAPES: set[tuple[str, str, bool]] = set()
"""Of the classes that were made: as ``_template`` takes them."""


class _Parameters:
    """As ``__dataclass_params__`` of the standard library."""

    init = repr = match_args = True
    order = unsafe_hash = kw_only = weakref_slot = False

    def __init__(self, frozen: bool, slots: bool, eq: bool) -> None:
        self.frozen, self.slots, self.eq = frozen, slots, eq


def _is_plain(cls: type) -> bool:
    annotations = cls.__dict__.get("__annotations__")  # noqa: RUF063 -- what is asked for needs inspect, and is text here
    return (
        type(cls) is type
        and not any(hasattr(base, "__dataclass_fields__") for base in cls.__bases__)
        and isinstance(annotations, dict)
        and "__slots__" not in cls.__dict__
        and not any(not isinstance(one, str) or any(word in one for word in _SPECIAL) for one in annotations.values())
    )


def _fields(cls: type, own: dict[str, Any]) -> list[Any]:
    """The fields in order. A default is left in the class, as the standard library does."""
    found = []
    for name, annotation in own["__annotations__"].items():
        given = getattr(cls, name, _MISSING)
        if isinstance(given, dataclasses.Field):
            one: Any = given
            own.pop(name, None)
            if one.default is not _MISSING:
                own[name] = one.default
        else:
            one = dataclasses.field(default=_MISSING if isinstance(given, MemberDescriptorType) else given)
        one.name, one.type, one._field_type, one.kw_only = name, annotation, dataclasses._FIELD, False  # type: ignore[attr-defined]
        if one.default.__class__.__hash__ is None:
            raise ValueError(
                f"mutable default {one.default.__class__} for field {name} is not allowed: use default_factory"
            )
        found.append(one)
    return found


def _made(cls: type, asked: _Parameters) -> Any:
    own = dict(cls.__dict__)
    fields = _fields(cls, own)
    names = tuple(one.name for one in fields)
    values = _values(tuple(one.name for one in fields if one.compare))
    given = {
        "__dataclass_fields__": {one.name: one for one in fields},
        "__dataclass_params__": asked,
        "__match_args__": tuple(one.name for one in fields if one.init),
        "__init__": _init(cls, fields, frozen=asked.frozen, slots=asked.slots),
        "__repr__": _repr(tuple(one.name for one in fields if one.repr)),
    }
    if hasattr(dataclasses, "_replace"):
        given["__replace__"] = dataclasses._replace  # from Python 3.13 on
    if asked.eq:
        given["__eq__"] = _eq(values)
    new = {**own, **{name: one for name, one in given.items() if name not in own}}
    if asked.eq and own.get("__hash__") is None:  # a class that has ``__eq__`` of its own has None there
        new["__hash__"] = _hash(values) if asked.frozen else None
    if asked.slots:
        new = {name: one for name, one in new.items() if name not in names and name not in ("__dict__", "__weakref__")}
        new["__slots__"] = names
        made: Any = type(cls.__name__, cls.__bases__, new)
        made.__qualname__ = cls.__qualname__
        if asked.frozen and "__init__" not in own:
            _let_set(made, names)
        if asked.frozen and "__getstate__" not in own:
            made.__getstate__, made.__setstate__ = _state(names)
    else:
        made = cls
        for name in cls.__dict__.keys() - new.keys():
            delattr(made, name)
        for name, one in new.items():
            if own.get(name, _MISSING) is not one or cls.__dict__.get(name, _MISSING) is not one:
                setattr(made, name, one)
    if asked.frozen:
        made.__setattr__, made.__delattr__ = _setattr(made, frozenset(names)), _delattr(made, frozenset(names))
    return made


def _init(made: type, fields: list[Any], *, frozen: bool, slots: bool) -> Callable[..., None]:
    """The one function that is compiled, for classes of one shape together: their names are put in afterwards."""
    kinds = ""
    names: list[str] = []
    defaults: list[Any] = []
    scope: dict[str, Any] = {"__set": object.__setattr__, "__factory": _FACTORY}
    for one in fields:
        kind = _kind(one, slots)
        if kind == "-":
            continue  # the class holds it, or nobody gives it a value
        at = len(names)
        kinds += kind
        names.append(one.name)
        if one.default_factory is not _MISSING:
            scope[f"__made{at}"] = one.default_factory
        elif kind == "d":
            scope[f"__made{at}"] = one.default
        if one.init and (one.default is not _MISSING or one.default_factory is not _MISSING):
            defaults.append(_FACTORY if one.default is _MISSING else one.default)
        elif one.init and defaults:
            raise TypeError(f"non-default argument {one.name!r} follows default argument")
    shape = (kinds, _SLOTS if frozen and slots else "object" if frozen else "", hasattr(made, "__post_init__"))
    _SHAPES.add(shape)
    code = _template(*shape)
    given = {f"{before}a{at}": f"{before}{name}" for at, name in enumerate(names) for before in ("", "__set_")}
    code = code.replace(
        co_varnames=tuple(given.get(one, one) for one in code.co_varnames),
        co_names=tuple(given.get(one, one) for one in code.co_names),
        co_consts=tuple(given.get(one, one) if isinstance(one, str) else one for one in code.co_consts),
    )
    init = FunctionType(code, scope, "__init__", tuple(defaults) or None)
    init.__qualname__, init.__module__ = f"{made.__qualname__}.__init__", made.__module__
    return init


def _kind(one: Any, slots: bool) -> str:
    """How a field gets its value: from its argument (a), that or a factory (f), a factory (m), its default (d)."""
    if one.default_factory is not _MISSING:
        return "f" if one.init else "m"
    if one.init:
        return "a"
    return "d" if one.default is not _MISSING and slots else "-"


_VALUES = {"a": "a{0}", "f": "__made{0}() if a{0} is __factory else a{0}", "m": "__made{0}()", "d": "__made{0}"}


def _let_set(made: type, names: Iterable[str]) -> None:
    """Give ``__init__`` what sets the slots, which there are only now."""
    init: Any = made.__init__  # type: ignore[misc]
    for name in names:
        init.__globals__[f"__set_{name}"] = made.__dict__[name].__set__


@cache
def _template(kinds: str, frozen: str, more: bool) -> CodeType:
    """``__init__`` of classes whose fields, called ``a0``, ``a1``, ..., get their values in these ways."""
    made = prepared(_PREPARED)
    code: CodeType | None = None if made is None else made.INITS.get((kinds, frozen, more))
    if code is not None:
        return code
    module = compile(_text(kinds, frozen, more), "<string>", "exec")
    return next(one for one in module.co_consts if isinstance(one, CodeType))


_FORMS = {"": " self.a{0} = {1}", "object": " __set(self, 'a{0}', {1})", _SLOTS: " __set_a{0}(self, {1})"}


def _text(kinds: str, frozen: str, more: bool) -> str:
    form = _FORMS[frozen]
    lines = [form.format(at, _VALUES[kind].format(at)) for at, kind in enumerate(kinds)]
    arguments = ["self", *(f"a{at}" for at, kind in enumerate(kinds) if kind in "af")]
    body = [*lines, " self.__post_init__()"] if more else lines or [" pass"]
    return f"def __init__({', '.join(arguments)}):\n" + "\n".join(body)


def prepared_module() -> dict[str, str]:
    """The shapes of all classes that were made so far, as a module of Python by its name (``hatch_build.py``)."""
    shapes = sorted(_SHAPES)
    blocks = [f"{_text(*shape)}\n\n\nINITS[{shape!r}] = __init__.__code__\n" for shape in shapes]
    return {_PREPARED: "\n\n".join(['"""``__init__`` of classes by their shape."""\n\nINITS = {}\n', *blocks])}


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
