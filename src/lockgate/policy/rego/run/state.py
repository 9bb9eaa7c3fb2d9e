"""The state of one evaluation, and how one fails."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lockgate.dataclass import dataclass
from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego.builtins.contract import BuiltinError, Context
from lockgate.policy.rego.values import UNDEFINED, Set, value_of_key

U: Final = UNDEFINED
X: Final = object()
"""Marks a unit that was not evaluated yet."""

ARRAYS: Final[frozenset[type]] = frozenset((list, tuple))
COLLECTIONS: Final[frozenset[type]] = frozenset((list, tuple, dict, Set))
COUNTED: Final[frozenset[type]] = frozenset((list, tuple, dict, Set, str))

_MAX_KEPT: Final = 512
_MAX_TEXT: Final = 128
_MAX_INTEGER: Final = 1 << 256
"""Values that are kept of one function, characters of its arguments and of its value, and its largest number: a
function keeps a few hundred kilobytes at most."""

CONFLICT = "eval_conflict_error"
BUILTIN = "eval_builtin_error"
TYPE = "eval_type_error"


class RegoEvaluationError(EvaluationError):
    """A policy failed on one input; ``rego_code`` is OPA's code for it."""

    def __init__(self, message: str, rego_code: str, *, where: str = "") -> None:
        super().__init__(f"{rego_code}: {message}", where=where)
        self.rego_code = rego_code


@dataclass(frozen=True, slots=True)
class NodeTable:
    """A place in the tree of rules, as evaluation needs it."""

    path: tuple[Any, ...]
    """Keys from the root."""
    children: dict[Any, int]
    """Places below."""
    unit: int
    """The unit here, -1 for none."""
    kind: str
    """The unit's kind."""
    dynamic: tuple[tuple[int, int], ...]
    """Object units above whose keys may reach here, with the depth at which they stand."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What evaluation knows of a program."""

    nodes: tuple[NodeTable, ...]
    unit_paths: tuple[tuple[Any, ...], ...]
    functions: Sequence[Callable[..., Any]]
    """The compiled units."""
    replacements: Sequence[tuple[Any, ...]]
    """What each ``with`` of the program replaces."""
    builtins: Mapping[str, Callable[..., Any]]
    """Functions of the builtins that are used."""
    with_context: frozenset[str]
    """Builtins whose first argument is the context."""


class Surroundings:
    """What the caller gives an evaluation beyond its documents."""

    __slots__ = ("_context", "dice", "now_ns", "prints", "runtime")

    def __init__(
        self,
        now_ns: int | None,
        dice: random.Random | None,
        prints: list[str] | None,
        runtime: Mapping[str, Any] | None,
    ) -> None:
        self.now_ns = now_ns
        self.dice = dice
        self.prints = prints
        self.runtime = runtime
        self._context: Context | None = None

    def renew(self) -> None:
        """Forget what builtins kept for one evaluation."""
        self._context = None

    def context(self, budget: Budget) -> Context:
        """The context of builtins: one for the whole evaluation."""
        made = self._context
        if made is None:
            listen = None if self.prints is None else self.prints.append
            made = self._context = Context(
                budget=budget, now_ns=self.now_ns, random=self.dice, runtime=self.runtime or {}, print=listen
            )
        return made


class State:
    """One evaluation: the documents, what is remembered, what is replaced."""

    __slots__ = ("budget", "data", "input", "made", "memo", "mocks", "pins", "strict", "surroundings", "tables")

    def __init__(
        self, tables: Tables, input: Any, data: Any, *, budget: Budget, surroundings: Surroundings, strict: bool
    ) -> None:  # fmt: skip
        self.tables = tables
        self.input = input
        self.data = data
        self.budget = budget
        self.surroundings = surroundings
        self.strict = strict
        self.memo: list[Any] = [X] * len(tables.functions)
        self.mocks: dict[str, Callable[..., Any]] = {}
        self.pins: frozenset[int] = frozenset()
        self.made: set[int] = set()
        """Identities of the objects that object rules build up, as against values they were given."""

    @property
    def context(self) -> Context:
        """What builtins share, made when one asks for it."""
        return self.surroundings.context(self.budget)

    def failed(self, name: str, error: BuiltinError, where: str) -> None:
        """A builtin failed: an error when strict, and else the line is undefined."""
        if self.strict:
            # OPA tells a wrong type of an argument from everything else that can go wrong in a builtin.
            code = TYPE if str(error).startswith("operand ") else BUILTIN
            raise RegoEvaluationError(f"{name}: {error}", code, where=where) from None


def keep(kept: dict[Any, Any], key: Any, state: State, function: Callable[..., Any], *args: Any) -> Any:
    """The value of a function that hangs on its arguments only, kept with the steps that it took."""
    budget = state.budget
    before = budget.spent
    value = function(state, *args)
    if sum(map(len, args)) <= _MAX_TEXT and _is_short(value):
        if len(kept) >= _MAX_KEPT:
            kept.clear()
        kept[key] = (value, budget.spent - before)
    return value


def _is_short(value: Any) -> bool:
    kind = value.__class__
    if kind is str:
        return len(value) <= _MAX_TEXT
    if kind is int:
        return -_MAX_INTEGER < value < _MAX_INTEGER  # type: ignore[no-any-return]
    return kind is bool or kind is float or value is U or value is None


def tried(state: State, function: Callable[..., Any], name: str, where: str, *args: Any) -> Any:
    """What a builtin answers; undefined where it fails."""
    try:
        return function(*args)
    except BuiltinError as error:
        state.failed(name, error, where)
        return U


def document_name(path: Sequence[Any]) -> str:
    """``data.a.b``"""
    return ".".join(("data", *(str(value_of_key(part)) for part in path)))
