"""Compiled expressions: text in, value out.

An expression is compiled to Python code once. The quick code runs first; where it raises anything, the exact code is
made (from the text, once) and its answer, value or error, is the one that counts.
"""

from __future__ import annotations

import marshal
import math
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from lockgate.policy.budget import Budget
from lockgate.policy.cel import constructs, library, operators
from lockgate.policy.cel.functions import Function, Registry, registry
from lockgate.policy.cel.metering import STATE
from lockgate.policy.cel.names import Names
from lockgate.policy.cel.regex import search
from lockgate.policy.cel.values import CelError, TypeValue, Uint
from lockgate.policy.errors import BudgetExceededError, EvaluationError, PolicyError

if TYPE_CHECKING:
    from lockgate.policy.cel.emit import Emitter

_FORMAT = 6
_CODE = f"{sys.implementation.cache_tag}-{sys.hexversion >> 16:x}"
_Run = Callable[[Mapping[str, Any], Budget], Any]
_HELD: ContextVar[MutableMapping[str, bytes] | None] = ContextVar("compiled expressions", default=None)


class Expression:
    """A compiled expression. It keeps nothing between evaluations and may be used by several threads at once."""

    __slots__ = ("_code", "_exact", "kind", "libraries", "names", "quick", "source", "type", "where")

    def __init__(
        self, source: str, code: CodeType, *, kind: str, libraries: Collection[str], names: Names, where: str,
        type: str = "dyn",
    ) -> None:  # fmt: skip
        need(libraries)
        self.source = source
        self.kind = kind
        self.type = type
        self.libraries = frozenset(libraries)
        self.names = names
        self.where = where
        self._code = code
        self.quick: _Run = FunctionType(code, _globals)
        """The quick code, for a caller who asks very often. What it gives is right; when it raises anything,
        :meth:`within` has the answer."""
        self._exact: _Run | None = None

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def evaluate(self, activation: Mapping[str, Any], *, budget: Budget | None = None) -> Any:
        """The value for ``activation``: plain Python values, and those of :mod:`values` where Python has none.

        The activation maps variables to plain values (``None``, ``bool``, ``int``, ``float``, ``str``, ``bytes``,
        ``list``, ``dict``), which are read and never copied or changed. Raises :class:`EvaluationError`;
        :class:`BudgetExceededError` when ``budget`` (one million steps unless given) runs out.
        """
        budget = budget or Budget()
        outer = STATE.budget
        STATE.budget = budget
        try:
            return self.within(activation, budget)
        finally:
            STATE.budget = outer

    def within(self, activation: Mapping[str, Any], budget: Budget) -> Any:
        """As :meth:`evaluate`, for a call from within an evaluation on this thread that spends the same ``budget``."""
        left = budget.left
        try:
            return self.quick(activation, budget)
        except BudgetExceededError:
            raise
        except Exception:
            budget.left = left
            return self._exactly(activation, budget)

    def _exactly(self, activation: Mapping[str, Any], budget: Budget) -> Any:
        if self._exact is None:
            code, _ = _code(self.source, self.names, self.where, exact=True)
            self._exact = FunctionType(code, _globals)
        try:
            return self._exact(activation, budget)
        except EvaluationError as error:
            if self.where and not error.where:
                error.where = self.where
            raise
        except RecursionError:
            raise CelError("the evaluation nests too deep", where=self.where) from None
        except KeyError as error:
            raise CelError(f"no value was given for the variable {error.args[0]!r}", where=self.where) from None

    def dump(self) -> bytes:
        """Bytes from which :func:`load_expression` makes the expression again without compiling it."""
        names = self.names
        variables = None if names.variables is None else sorted(names.variables)
        fields = [(name, sorted(known)) for name, known in names.fields]
        known = (variables, sorted(names.structs), fields, names.types)
        parts = (self.source, self.kind, self.type, sorted(self.libraries), known, self.where)
        return marshal.dumps((_FORMAT, _CODE, parts, marshal.dumps(self._code)))


    def python(self, name: str) -> str:
        """The quick code as the text of a function of that name, whose code object this class takes."""
        source, _ = _python(self.source, self.names, self.where, exact=False)
        return source.replace("def run(", f"def {name}(", 1)


def compile_expression(
    text: str,
    *,
    variables: Collection[str] | None,
    where: str = "",
    structs: Collection[str] = (),
    fields: Mapping[str, Collection[str]] | None = None,
    types: Mapping[str, str] | None = None,
) -> Expression:
    """Compile ``text``.

    ``variables`` names what the activation will hold; ``None`` takes any name. ``structs`` names the types that may be
    constructed, ``Object`` standing for ``Object.a.b`` too. ``fields`` names the fields of variables whose fields are
    known. ``types`` gives the types of variables, and of fields of them by path, as :mod:`checked` writes them, and has
    the types checked; a variable without one may hold anything. The expression's ``type`` is the outcome, and ``dyn``
    where nothing was checked. ``where`` is put into errors. The expression's ``kind`` is the type of its value where
    the text alone shows it (``bool``, ``string``, ...), else ``any``.

    Raises :class:`PolicyError` with line, column and excerpt for wrong syntax, an undeclared name, an unknown function
    or a wrong number of arguments, a constant that is no pattern, duration or timestamp, and for expressions past the
    bounds of :mod:`parser`.
    """
    known = None if variables is None else frozenset(variables)
    listed = tuple((name, frozenset(names)) for name, names in sorted((fields or {}).items()))
    names = Names(known, frozenset(structs), listed, None if types is None else tuple(sorted(types.items())))
    held = _HELD.get()
    if held is None:
        return _compiled(text, names, where)
    key = f"cel {_FORMAT} {_key(names)} {where}\n{text}"
    if key in held:
        return load_expression(held[key])
    made = _compiled(text, names, where)
    held[key] = made.dump()
    return made


@contextmanager
def held_in(held: MutableMapping[str, bytes]) -> Iterator[None]:
    """Whatever is compiled on this thread meanwhile is taken from ``held`` where it is there, and put there else.

    ``held`` holds code: it must come from a place that only the user can write.
    """
    token = _HELD.set(held)
    try:
        yield
    finally:
        _HELD.reset(token)


def _key(names: Names) -> str:
    variables = None if names.variables is None else sorted(names.variables)
    fields = [(name, sorted(known)) for name, known in names.fields]
    return repr((variables, sorted(names.structs), fields, names.types))


def load_expression(data: bytes) -> Expression:
    """An expression that :meth:`Expression.dump` wrote.

    The bytes hold code and must come from a place that only the user can write. Bytes of another version of Python are
    compiled anew from the text they carry. Raises :class:`PolicyError` for anything else, another form included.
    """
    try:
        version, made_by, parts, code = marshal.loads(data)  # noqa: S302
        if version != _FORMAT:
            raise ValueError(f"they are of the form {version}, not {_FORMAT}")
        source, kind, shape, libraries, (variables, structs, fields, types), where = parts
        known = None if variables is None else frozenset(variables)
        names = Names(known, frozenset(structs), tuple((name, frozenset(listed)) for name, listed in fields), types)
        if made_by != _CODE:
            return _compiled(source, names, where)
        made = marshal.loads(code)  # noqa: S302
        return Expression(source, made, kind=kind, libraries=libraries, names=names, where=where, type=shape)
    except (ValueError, TypeError, EOFError) as error:
        raise PolicyError(f"these bytes hold no compiled expression: {error}") from None


def _compiled(text: str, names: Names, where: str) -> Expression:
    code, emitter = _code(text, names, where, exact=False)
    shape = "dyn" if names.types is None else _checked(text, names.types, where)
    return Expression(
        text, code, kind=emitter.result, libraries=emitter.libraries, names=names, where=where, type=shape
    )


def _checked(text: str, types: tuple[tuple[str, str], ...], where: str) -> str:
    from lockgate.policy.cel.checked import check
    from lockgate.policy.cel.checked.shapes import read, shown
    from lockgate.policy.cel.lexer import fault
    from lockgate.policy.cel.parser import parse

    variables = {name: read(shape) for name, shape in types}
    return shown(check(parse(text, where=where), variables, lambda said, at: fault(said, text, at, where=where)))


def _code(text: str, names: Names, where: str, *, exact: bool) -> tuple[CodeType, Emitter]:
    try:
        source, emitter = _python(text, names, where, exact=exact)
        module = compile(source, "<cel>", "exec", dont_inherit=True, optimize=2)
    except (RecursionError, MemoryError):  # the parser's bounds leave room, unless the caller is deep in calls already
        raise PolicyError("the expression nests too deep to be compiled here", where=where) from None
    (code,) = (constant for constant in module.co_consts if isinstance(constant, CodeType))
    return code, emitter


def _python(text: str, names: Names, where: str, *, exact: bool) -> tuple[str, Emitter]:
    # The compiler is not needed, and not imported, where every expression comes from a cache.
    from lockgate.policy.cel.emit import Emitter
    from lockgate.policy.cel.parser import parse

    emitter = Emitter(text, registered(), names=names, where=where, exact=exact)
    return emitter.function(parse(text, where=where)), emitter


@cache
def registered() -> Registry:
    """Every function of every library, which the compiler needs to know."""
    need(library.names())
    return registry(_libraries)


def need(names: Iterable[str]) -> None:
    """Bring the functions of these libraries into the globals of generated code.

    A function whose overloads come from several libraries is whole once all of them are there; nothing that lacks one
    of them calls it.
    """
    missing = [name for name in names if name not in _libraries]
    if not missing:
        return
    for name in missing:
        _libraries[name] = library.declared(name)
    _globals.update(registry(dict(sorted(_libraries.items()))).symbols())


def _quick_size(value: Any) -> Any:
    return len(value) if type(value) in _SIZED else _globals["F_size"](value)


def _quick_string(value: Any) -> Any:
    return value if type(value) is str else _globals["F_string"](value)


def _quick_matches(text: Any, pattern: Any) -> bool:
    if type(text) is str and type(pattern) is str:
        return search(text, pattern)
    raise CelError("matches() is asked of texts")  # which the exact code says better


def _make_struct(*parts: Any) -> Any:
    from lockgate.policy.cel.library.structs import make_struct

    return make_struct(*parts)


_HELPERS = (operators, constructs)
_SIZED = frozenset((list, str, dict))
_libraries: dict[str, Sequence[Function]] = {}
_globals: dict[str, Any] = {
    **{name: value for part in _HELPERS for name, value in vars(part).items() if callable(value) and name.islower()},
    "__builtins__": {"any": any, "all": all, "sum": sum, "zip": zip},
    "INFINITY": math.inf,
    "MISSING": operators.MISSING,
    "NOTHING": {},
    "TypeValue": TypeValue,
    "Uint": Uint,
    "make_struct": _make_struct,
    "quick_matches": _quick_matches,
    "quick_size": _quick_size,
    "quick_string": _quick_string,
    "str_startswith": str.startswith,
    "str_endswith": str.endswith,
}
"""The globals of generated code; functions of libraries are added when something needs them."""
