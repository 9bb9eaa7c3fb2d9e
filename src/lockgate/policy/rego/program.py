"""A compiled program: evaluated, asked, kept and loaded again.

What compiles is imported where something is compiled: a program that was kept needs none of it.
"""

from __future__ import annotations

import marshal
import random
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError
from lockgate.policy.reads import Found, Read, every
from lockgate.policy.rego.builtins import function_of
from lockgate.policy.rego.builtins.contract import BuiltinError
from lockgate.policy.rego.builtins.signatures import NETWORK
from lockgate.policy.rego.compiled import Compiled
from lockgate.policy.rego.run import SUPPORT
from lockgate.policy.rego.run.documents import document, unit_value
from lockgate.policy.rego.run.lookups import get
from lockgate.policy.rego.run.state import NodeTable, State, Surroundings, Tables
from lockgate.policy.rego.source import PARSE, Place, RegoError, Source
from lockgate.policy.rego.values import UNDEFINED, key_of

if TYPE_CHECKING:
    from lockgate.policy.rego.check.tree import Tree
    from lockgate.policy.rego.compile import Compilation

DEFAULT_REFUSED: Final = NETWORK
"""Functions that reach the network; a policy that calls one is refused when it is loaded."""

_STAMP: Final = ("lockgate-rego", 8, sys.implementation.cache_tag)
"""Marshalled code fits one version of Python and of the runtime; both are named, and anything else is refused."""

_MAX_QUERIES: Final = 256


class Memory:
    """Values of rules that are the same from one evaluation to the next, because what they read stays the same."""

    __slots__ = ("units", "values")

    def __init__(self, units: tuple[int, ...]) -> None:
        self.units = units
        """Units that are kept."""
        self.values: list[Any] = []
        """Of each of them, once something was evaluated."""


class Program:
    """Rego modules that belong together, compiled. Immutable; one program may serve many threads."""

    def __init__(self, sources: Sequence[Source], compiled: Compiled, code: CodeType, refused: frozenset[str]) -> None:
        self.sources = tuple(sources)
        self.refused = refused
        self._compiled = compiled
        self._code = code
        functions, with_context = _functions(compiled.builtins)
        self._namespace = _namespace(code, functions)
        self._tables = _tables(compiled, self._namespace, functions, with_context)
        self._paths: dict[str, tuple[int, int, tuple[Any, ...]]] = {}
        self._queries: dict[tuple[str, frozenset[str]], tuple[Program, Callable[..., Any], Tables]] = {}
        self._mocking: dict[frozenset[str], Program] = {}
        self._kept: dict[frozenset[str], tuple[int, ...]] = {}

    @property
    def source(self) -> str:
        """The Python text, for reading."""
        return self._compiled.text

    # -- asking

    def evaluate(
        self,
        path: str,
        input: Any = UNDEFINED,
        data: Mapping[str, Any] | None = None,
        *,
        budget: Budget | None = None,
        strict: bool = False,
        now_ns: int | None = None,
        dice: random.Random | None = None,
        prints: list[str] | None = None,
        runtime: Mapping[str, Any] | None = None,
        memory: Memory | None = None,
    ) -> Any:
        """The document at ``path`` (``data.a.b``), or ``UNDEFINED``.

        ``input`` and ``data`` are plain JSON and are not changed. ``prints`` collects what the policy prints.
        ``strict`` turns a failing builtin from undefined into an error. ``memory`` keeps what it can for the next
        evaluation, whose arguments must be the same but for the fields it was made for. Raises
        :class:`EvaluationError`.
        """
        known = self.place(path)
        state = State(
            self._tables, input, data or {}, budget=budget or Budget(), strict=strict,
            surroundings=Surroundings(now_ns, dice, prints, runtime),
        )  # fmt: skip
        if memory is not None:
            for unit, value in zip(memory.units, memory.values, strict=False):
                state.memo[unit] = value
        try:
            return _value_at(state, *known)
        except RecursionError:
            raise _endless() from None
        finally:
            if memory is not None:
                memory.values = [state.memo[unit] for unit in memory.units]

    def found(self, path: str) -> tuple[Found, ...] | None:
        """What of ``input`` the document at an entry reads, where ``input`` alone decides it; None when that cannot be
        told."""
        return dict(self._compiled.traces).get(path)

    def reads(self, path: str) -> tuple[Read, ...] | None:
        """The same, whatever must be present."""
        found = self.found(path)
        return None if found is None else every(found)

    @property
    def tables(self) -> Tables:
        """What evaluation knows of the program."""
        return self._tables

    def place(self, path: str) -> tuple[int, int, tuple[Any, ...]]:
        """Where a path leads: the place in the tree, the unit that stands there alone or -1, and what is left."""
        known = self._paths.get(path)
        if known is None:
            known = self._paths[path] = self._resolve(path)
        return known

    def memory(self, varying: frozenset[str]) -> Memory:
        """A memory for evaluations that differ in nothing but these fields of ``input``."""
        return Memory(self.lasting(varying))

    def lasting(self, varying: frozenset[str]) -> tuple[int, ...]:
        """The units whose values do not hang on these fields of ``input``."""
        units = self._kept.get(varying)
        if units is None:
            reads = enumerate(self._compiled.reads)
            units = tuple(unit for unit, fields in reads if fields is not None and varying.isdisjoint(fields))
            self._kept[varying] = units
        return units

    def query(
        self,
        text: str,
        input: Any = UNDEFINED,
        data: Mapping[str, Any] | None = None,
        *,
        budget: Budget | None = None,
        strict: bool = False,
        now_ns: int | None = None,
        dice: random.Random | None = None,
        prints: list[str] | None = None,
        runtime: Mapping[str, Any] | None = None,
        keywords: frozenset[str] = frozenset(),
    ) -> list[dict[str, Any]]:
        """The answers of a query: for each, the variables that it names.

        Raises :class:`RegoError` for a wrong query, :class:`EvaluationError` for one that fails.
        """
        key = (text, keywords)
        prepared = self._queries.get(key)
        if prepared is None:
            if len(self._queries) >= _MAX_QUERIES:
                self._queries.clear()
            prepared = self._queries[key] = self._prepare(text, keywords)
        _, function, tables = prepared
        state = State(
            tables, input, data or {}, budget=budget or Budget(), strict=strict,
            surroundings=Surroundings(now_ns, dice, prints, runtime),
        )  # fmt: skip
        out: list[dict[str, Any]] = []
        try:
            function(state, out)
        except RecursionError:
            raise _endless() from None
        return out

    def _resolve(self, path: str) -> tuple[int, int, tuple[Any, ...]]:
        parts = path.split(".")
        if parts[0] != "data" or not all(parts):
            raise RegoError([Place(Source("path", path)).problem(PARSE, f"{path!r} is no path below data", -1)])
        number = 0
        for at, part in enumerate(parts[1:], start=1):
            node = self._tables.nodes[number]
            child = node.children.get(part)
            if child is None or node.kind in ("complete", "set"):
                return number, self._alone(number), tuple(parts[at:])
            number = child
        return number, self._alone(number), ()

    def _alone(self, number: int) -> int:
        node = self._tables.nodes[number]
        return node.unit if node.kind in ("complete", "set") and not node.dynamic else -1

    # -- queries

    def _prepare(self, text: str, keywords: frozenset[str]) -> tuple[Program, Callable[..., Any], Tables]:
        from lockgate.policy.rego.compile import compile_query

        tree = _tree(self._compiled)
        try:
            compiled, replaced = compile_query(text, tree, self.refused, self._mockable(), keywords)
        except RecursionError:
            raise _too_deep("query") from None
        program = self._with(frozenset(replaced)) if replaced else self
        code = compile(compiled.text, "<rego query>", "exec", dont_inherit=True)
        namespace = dict(program._namespace)
        functions, with_context = _functions(compiled.builtins)
        namespace.update(_builtin_names(functions))
        # Constants and the query's own function; the units are those of the program.
        exec(code, namespace)  # noqa: S102  (text that this package generated; strings enter it only through repr)
        tables = Tables(
            program._tables.nodes, program._tables.unit_paths, program._tables.functions,
            _replacements(compiled.replacements),
            {**program._tables.builtins, **functions}, program._tables.with_context | with_context,
        )  # fmt: skip
        shifted = _Shifted(program._tables.replacements, tables.replacements)
        tables = Tables(
            tables.nodes, tables.unit_paths, tables.functions, shifted, tables.builtins, tables.with_context
        )  # fmt: skip
        namespace["replace"] = _query_replace
        return program, namespace["q"], tables

    def _mockable(self) -> frozenset[str]:
        return frozenset()

    def _with(self, replaced: frozenset[str]) -> Program:
        """The same program with calls of these functions open to replacement."""
        known = self._mocking.get(replaced)
        if known is None:
            known = self._mocking[replaced] = _compiled(self.sources, self.refused, replaced)
        return known

    # -- keeping

    def dump(self) -> bytes:
        """The program as bytes for :meth:`load`: no parsing or compiling is needed again. Only for one's own cache."""
        compiled = self._compiled
        return marshal.dumps(
            (
                _STAMP,
                tuple((source.name, source.text, source.version) for source in self.sources),
                (
                    compiled.text, compiled.nodes, compiled.units, compiled.replacements, compiled.builtins,
                    compiled.reads, compiled.traces,
                ),
                self._code,
                tuple(sorted(self.refused)),
            )
        )

    @classmethod
    def load(cls, content: bytes) -> Program:
        """A program that :meth:`dump` made. Raises ValueError when another version made it.

        Never for bytes from elsewhere: they hold code.
        """
        try:
            stamp, sources, compiled, code, refused = marshal.loads(content)  # noqa: S302  (one's own cache only)
        except (EOFError, ValueError, TypeError) as error:
            raise ValueError("this is no dumped Rego program") from error
        if stamp != _STAMP:
            raise ValueError(f"the program was dumped by another version ({stamp!r}, here {_STAMP!r})")
        try:
            return cls([Source(*source) for source in sources], Compiled(*compiled), code, frozenset(refused))
        except (ImportError, AttributeError, KeyError) as error:  # a topic of builtins that is no more
            raise ValueError("the program was dumped by another version") from error


def compile_modules(
    sources: Sequence[Source],
    *,
    entries: Sequence[str] = (),
    refuse: Collection[str] = DEFAULT_REFUSED,
    strict: bool = False,
) -> Program:
    """Compile modules into a program. Raises :class:`RegoError` with up to ten problems at their places.

    ``entries`` are paths that must be defined (``data.a.violation``), and of which :meth:`Program.reads` tells.
    ``refuse`` names functions that may not be called, by default those that reach the network. ``strict`` refuses what
    OPA's strict mode does: unused imports, variables and arguments, imports of one name, deprecated builtins, rules
    called ``input`` or ``data``.
    """
    from lockgate.policy.rego.compile import Compilation

    try:
        compilation = Compilation(tuple(sources), frozenset(refuse), entries=entries, strict=strict)
        return program_of(compilation, sources, frozenset(refuse))
    except RecursionError:
        raise _too_deep(sources[0].name if sources else "") from None


def _compiled(sources: Sequence[Source], refused: frozenset[str], mockable: frozenset[str]) -> Program:
    from lockgate.policy.rego.compile import Compilation

    return program_of(Compilation(sources, refused, mockable), sources, refused)


def program_of(compilation: Compilation, sources: Sequence[Source], refused: frozenset[str]) -> Program:
    """A program of what was compiled from the sources."""
    compiled = compilation.compiled()
    code = compile(compiled.text, "<rego>", "exec", dont_inherit=True, optimize=2)
    return Program(sources, compiled, code, refused)


def _too_deep(name: str) -> RegoError:
    return RegoError([Place(Source(name, "")).problem(PARSE, "the text is nested too deeply", -1)])


class _Shifted(Sequence[tuple[Any, ...]]):
    """Replacements of a query (negative numbers) and of its program."""

    def __init__(self, program: Sequence[tuple[Any, ...]], query: Sequence[tuple[Any, ...]]) -> None:
        self.program = program
        self.query = query

    def __getitem__(self, number: Any) -> Any:
        return self.program[number] if number >= 0 else self.query[-1 - number]

    def __len__(self) -> int:
        return len(self.program)


def _query_replace(state: State, number: int, values: Sequence[Any]) -> State:
    return SUPPORT["replace"](state, -1 - number, values)  # type: ignore[no-any-return]


def _endless() -> EvaluationError:
    return EvaluationError("the evaluation nests too deeply")


def _value_at(state: State, number: int, unit: int, rest: tuple[Any, ...]) -> Any:
    """The value of a place, or of a unit when it stands there alone, and what ``rest`` leads to from it."""
    value = unit_value(state, unit) if unit >= 0 else document(state, number)
    for key in rest:
        value = get(value, key)
    return value


def _functions(builtins: Sequence[tuple[str, str]]) -> tuple[dict[str, Callable[..., Any]], frozenset[str]]:
    """The functions of builtins by name, and the names of those that take the context first."""
    found: dict[str, Callable[..., Any]] = {}
    with_context = set()
    for name, topic in builtins:
        if topic:
            found[name], takes_context = function_of(name, topic)
            if takes_context:
                with_context.add(name)
        else:
            found[name] = _parse_module if name == "rego.parse_module" else _offline
    return found, frozenset(with_context)


def _parse_module(name: Any, text: Any) -> Any:
    from lockgate.policy.rego.parse.as_json import parsed

    return parsed(name, text)


def _offline(*_: Any) -> Any:
    raise BuiltinError("there is no network here")


def _builtin_names(functions: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    return {f"B_{name.replace('.', '_')}": function for name, function in functions.items()}


def _namespace(code: CodeType, functions: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    namespace: dict[str, Any] = {**SUPPORT, **_builtin_names(functions)}
    exec(code, namespace)  # noqa: S102  (text that this package generated; strings enter it only through repr)
    return namespace


def _replacements(raw: Sequence[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(raw)


def _tables(
    compiled: Compiled, namespace: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]],
    with_context: frozenset[str],
) -> Tables:  # fmt: skip
    nodes = tuple(
        NodeTable(
            tuple(key_of(part) for part in path), {key_of(key): child for key, child in below}, unit, kind, dynamic
        )
        for path, below, unit, kind, dynamic in compiled.nodes
    )
    return Tables(
        nodes,
        tuple(tuple(key_of(part) for part in path) for path, _, _ in compiled.units),
        tuple(namespace[f"u{number}"] for number in range(len(compiled.units))),
        _replacements(compiled.replacements),
        functions,
        with_context,
    )


def _tree(compiled: Compiled) -> Tree:
    """The tree of rules, without the rules."""
    from lockgate.policy.rego.check.tree import FUNCTION, Tree

    tree = Tree()
    for path, *_ in compiled.nodes[1:]:
        tree.reach([key_of(part) for part in path])
    for path, kind, arity in compiled.units:
        tree.unit_at(tree.reach([key_of(part) for part in path]), kind, arity)
    tree.settle()
    assert all(node.index == number for number, node in enumerate(tree.nodes))
    assert all(unit.kind != FUNCTION or unit.arity >= 0 for unit in tree.units)
    return tree
