"""Evaluates the expressions of a template as far as its text alone decides them.

What depends on the subscription, the resource group, the clock or another resource stays an :class:`Unknown` that
carries its own text; an object with one unknown member is still an object. Steps, depth and results are bounded: a
template is untrusted input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.arm_expression import (
    Access,
    Call,
    Expression,
    ExpressionError,
    Literal,
    is_expression,
    literal_text,
    parse,
)
from lockgate.formats.azure._functions import UndecidedError, call, member
from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import escaped
from lockgate.model import SkipKind

MAX_STEPS = 200_000
"""Values and calls of one file."""
MAX_DEPTH = 120
"""Variables, calls and JSON within each other."""
MAX_COPIES = 800
"""Iterations of one copy loop, as Azure has it."""

_ROLES = "microsoft.authorization/roledefinitions"
_SHALLOW = frozenset(
    ("array", "createarray", "createobject", "empty", "length", "first", "last", "take", "skip", "range",
     "shallowmerge", "tryget", "flatten", "items", "objectkeys", "concat")
)  # fmt: skip
"""Functions that never look into the members of their arguments, so unknown members do not matter."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value known only when it is deployed."""

    text: str
    """As written."""


class Reference(Unknown):
    """The id of a resource whose type and name are known: ``[resourceId('Microsoft.KeyVault/vaults', 'kv')]``.

    Both languages write it so, and so can it be told which resource is meant, although the id as a whole is not known.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """An expression that stands in a value already parsed: what Bicep is compiled to."""

    expression: Expression
    text: str


@dataclass(frozen=True, slots=True)
class Loop:
    """``[for item in items: body]`` of Bicep, as a value."""

    items: Any
    item: str
    index: str
    body: Any
    text: str


@dataclass(frozen=True, slots=True)
class Copies:
    """A value that a ``copy`` loop makes: ``name``, ``count`` and ``input`` as the template has them."""

    loop: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter and where its value stands."""

    raw: Any
    """Value not yet evaluated, or an :class:`Unknown`."""
    scope: Scope | None = None
    """Where ``raw`` is evaluated; None: the scope that declares the parameter."""
    default: bool = False
    """Its value is the template's default: whoever deploys may choose another."""
    done: bool = False
    """``raw`` has been evaluated already."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Names that an expression may use. Keys of all maps are in lower case."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Any] = field(default_factory=dict)
    """``namespace.name`` -> the declaration in the template's ``functions``."""
    loops: Mapping[str, int] = field(default_factory=dict)
    """Index of each copy loop around the expression; the innermost also under the empty name."""
    locals: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of a lambda, and loop variables of Bicep."""

    def in_loop(self, name: str, index: int) -> Scope:
        """The scope within one iteration."""
        return replace(self, loops={**self.loops, name.lower(): index, "": index})

    def with_locals(self, names: Mapping[str, Any]) -> Scope:
        """The scope within a lambda."""
        return replace(self, locals={**self.locals, **{name.lower(): value for name, value in names.items()}})


class Evaluator:
    """Evaluates the values of one file; counts steps over all of them."""

    def __init__(self) -> None:
        self.defaults_read = 0
        """How many parameters with a default have been read so far."""
        self.malformed: list[str] = []
        """Texts that look like expressions and cannot be parsed."""
        self._steps = 0
        self._depth = 0
        self._variables: dict[tuple[int, str], Any] = {}
        self._scopes: list[Scope] = []
        self._running: set[tuple[int, str]] = set()
        self._parsed: dict[str, Expression | None] = {}

    def value(self, raw: Any, scope: Scope) -> Any:
        """A JSON value with every expression in it evaluated; what is not known is an :class:`Unknown`."""
        self._enter()
        try:
            if isinstance(raw, str):
                return self._text(raw, scope)
            if isinstance(raw, dict):
                return self._object(raw, scope)
            if isinstance(raw, list):
                return [self.value(item, scope) for item in raw]
            if isinstance(raw, Tree):
                return self.expression(raw.expression, scope, raw.text)
            if isinstance(raw, Loop):
                return self._loop(raw, scope)
            if isinstance(raw, Copies):
                return self._copies(raw.loop, scope)
            return raw
        finally:
            self._depth -= 1

    def _spend(self, steps: int = 1) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise FormatError(f"its expressions take more than {MAX_STEPS} steps", kind=SkipKind.LIMIT)

    def _enter(self) -> None:
        self._spend()
        if self._depth >= MAX_DEPTH:
            raise FormatError("expressions nested too deeply", kind=SkipKind.TOO_LARGE)
        self._depth += 1

    def _text(self, raw: str, scope: Scope) -> Any:
        if not is_expression(raw):
            return literal_text(raw)
        if raw not in self._parsed:
            try:
                self._parsed[raw] = parse(raw)
            except ExpressionError:
                self._parsed[raw] = None
                self.malformed.append(raw)
        tree = self._parsed[raw]
        return Unknown(raw) if tree is None else self.expression(tree, scope, raw)

    def _object(self, raw: dict[str, Any], scope: Scope) -> Any:
        made: dict[str, Any] = {}
        loops = raw.get("copy")
        for key, item in raw.items():
            if key == "copy" and _is_copies(loops):
                for loop in loops or ():
                    made[loop["name"]] = self._copies(loop, scope)
            else:
                made[key] = self.value(item, scope)
        return made

    def _copies(self, loop: Mapping[str, Any], scope: Scope) -> Any:
        count = self.value(loop.get("count"), scope)
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_COPIES:
            return Unknown(str(loop.get("count"))[:200])
        return [self.value(loop.get("input"), scope.in_loop(loop["name"], index)) for index in range(count)]

    def _loop(self, loop: Loop, scope: Scope) -> Any:
        items = self.value(loop.items, scope)
        if not isinstance(items, list):
            return Unknown(loop.text)
        return [
            self.value(loop.body, scope.with_locals({loop.item: item, loop.index: at})) for at, item in enumerate(items)
        ]

    def expression(self, tree: Expression, scope: Scope, text: str) -> Any:
        """The value of a tree; an :class:`Unknown` with ``text`` where it is not known."""
        try:
            found = self._tree(tree, scope)
        except UndecidedError:
            return Unknown(text)
        return Unknown(text) if isinstance(found, Unknown) and not isinstance(found, Reference) else found

    def _tree(self, tree: Expression, scope: Scope) -> Any:
        if isinstance(tree, Literal):
            return tree.value
        self._enter()
        try:
            if isinstance(tree, Access):
                return self._access(tree, scope)
            return self._call(tree, scope)
        finally:
            self._depth -= 1

    def _access(self, tree: Access, scope: Scope) -> Any:
        target = self._known(tree.target, scope)
        index = self._known(tree.index, scope)
        if tree.safe and target is None:
            return None
        try:
            return member(target, index)
        except UndecidedError:
            if tree.safe and isinstance(target, list | dict):
                return None
            raise

    def _known(self, tree: Expression, scope: Scope) -> Any:
        found = self._tree(tree, scope)
        if isinstance(found, Unknown):
            raise UndecidedError(found.text)
        return found

    def _call(self, tree: Call, scope: Scope) -> Any:
        special = _SPECIAL.get(tree.key)
        if special is not None:
            return special(self, tree, scope)
        if "." in tree.key:
            return self._own_function(tree, scope)
        arguments = [self._known(one, scope) for one in tree.arguments]
        if tree.key not in _SHALLOW:
            # Walking is what bounds the call itself: a value whose parts are shared can be far larger than it looks.
            unknown = [self._has_unknown(argument) for argument in arguments]
            if any(unknown) and tree.key != "union":
                raise UndecidedError("an unknown member")
        found = call(tree.key, arguments)
        if isinstance(found, str | list | dict):
            self._spend(len(found) // 32)
        return found

    def _has_unknown(self, value: Any) -> bool:
        stack, found = [value], False
        while stack:
            item = stack.pop()
            if isinstance(item, Unknown):
                found = True
            elif isinstance(item, dict):
                stack.extend(item.values())
            elif isinstance(item, list):
                stack.extend(item)
            self._spend()
        return found

    def _own_function(self, tree: Call, scope: Scope) -> Any:
        declared = scope.functions.get(tree.key)
        if not isinstance(declared, dict) or not isinstance(declared.get("output"), dict):
            raise UndecidedError(tree.name)
        names = [one["name"] for one in declared.get("parameters") or () if isinstance(one, dict) and "name" in one]
        if len(names) != len(tree.arguments):
            raise UndecidedError(tree.name)
        values = {
            str(name).lower(): Parameter(self._tree(argument, scope), done=True)
            for name, argument in zip(names, tree.arguments, strict=True)
        }
        return self.value(declared["output"].get("value"), Scope(parameters=values, functions=scope.functions))

    def _parameter(self, tree: Call, scope: Scope) -> Any:
        [name] = self._arguments(tree, scope, 1)
        found = scope.parameters.get(name.lower()) if isinstance(name, str) else None
        if found is None:
            raise UndecidedError("no such parameter")
        self.defaults_read += found.default
        if found.done:
            return found.raw
        return self._once(found.raw, found.scope or scope, scope, f"parameter {name.lower()}")

    def _variable(self, tree: Call, scope: Scope) -> Any:
        [name] = self._arguments(tree, scope, 1)
        if not isinstance(name, str) or name.lower() not in scope.variables:
            raise UndecidedError("no such variable")
        return self._once(scope.variables[name.lower()], scope, scope, f"variable {name.lower()}")

    def _once(self, raw: Any, scope: Scope, declaring: Scope, name: str) -> Any:
        """Variables and defaults know no loop, so each is evaluated once a template, and never within itself."""
        if isinstance(raw, Unknown):
            return raw
        key = (id(declaring.variables if name.startswith("variable") else declaring.parameters), name)
        if key in self._variables:
            held, reads = self._variables[key]
            self.defaults_read += reads
            return held
        if key in self._running:
            raise UndecidedError("a value that needs itself")
        self._running.add(key)
        self._scopes.append(declaring)  # kept alive, for the id of its names is part of the key
        before = self.defaults_read
        try:
            found = self.value(raw, replace(scope, loops={}, locals={}))
        finally:
            self._running.discard(key)
        self._variables[key] = (found, self.defaults_read - before)
        return found

    def _arguments(self, tree: Call, scope: Scope, count: int) -> list[Any]:
        if len(tree.arguments) != count:
            raise UndecidedError(tree.name)
        return [self._known(one, scope) for one in tree.arguments]

    def _if(self, tree: Call, scope: Scope) -> Any:
        if len(tree.arguments) != 3:
            raise UndecidedError(tree.name)
        condition = self._known(tree.arguments[0], scope)
        if not isinstance(condition, bool):
            raise UndecidedError("a condition that is no boolean")
        return self._tree(tree.arguments[1 if condition else 2], scope)

    def _and(self, tree: Call, scope: Scope) -> Any:
        return self._junction(tree, scope, decides=False)

    def _or(self, tree: Call, scope: Scope) -> Any:
        return self._junction(tree, scope, decides=True)

    def _junction(self, tree: Call, scope: Scope, *, decides: bool) -> Any:
        unknown = False
        for argument in tree.arguments:
            try:
                found = self._known(argument, scope)
            except UndecidedError:
                unknown = True
                continue
            if found is decides:
                return decides
            if not isinstance(found, bool):
                raise UndecidedError("a condition that is no boolean")
        if unknown or not tree.arguments:
            raise UndecidedError("an unknown condition")
        return not decides

    def _resource_id(self, tree: Call, scope: Scope) -> Any:
        """Subscription and group, which may stand before the type, are left out: only the deployment knows the rest."""
        arguments = [self._known(one, scope) for one in tree.arguments]
        if not all(isinstance(one, str) for one in arguments):
            raise UndecidedError(tree.name)
        kind = next((at for at, one in enumerate(arguments) if "." in one and "/" in one), None)
        if kind is None:
            raise UndecidedError(tree.name)
        names = [part for one in arguments[kind + 1 :] for part in one.split("/")]
        if len(names) != arguments[kind].count("/"):
            raise UndecidedError(tree.name)
        if arguments[kind].lower() == _ROLES:  # a role that Azure brings has this id in every subscription
            return f"/providers/{arguments[kind]}/{names[0]}"
        return reference(arguments[kind], names)

    def _coalesce(self, tree: Call, scope: Scope) -> Any:
        for argument in tree.arguments:
            found = self._known(argument, scope)
            if found is not None:
                return found
        return None

    def _copy_index(self, tree: Call, scope: Scope) -> Any:
        arguments = [self._known(one, scope) for one in tree.arguments[:2]]
        name = arguments.pop(0) if arguments and isinstance(arguments[0], str) else ""
        offset = arguments[0] if arguments else 0
        if name.lower() not in scope.loops or not isinstance(offset, int):
            raise UndecidedError("no such loop")
        return scope.loops[name.lower()] + offset

    def _local(self, tree: Call, scope: Scope) -> Any:
        [name] = self._arguments(tree, scope, 1)
        if not isinstance(name, str) or name.lower() not in scope.locals:
            raise UndecidedError("no such variable")
        return scope.locals[name.lower()]

    def _lambda(self, tree: Expression, scope: Scope, *values: Any) -> Any:
        if not isinstance(tree, Call) or tree.key != "lambda" or not 2 <= len(tree.arguments) <= len(values) + 1:
            raise UndecidedError("not a lambda")
        self._spend()
        names = [self._known(one, scope) for one in tree.arguments[:-1]]
        inner = scope.with_locals({str(name): value for name, value in zip(names, values, strict=False)})
        return self._tree(tree.arguments[-1], inner)

    def _map(self, tree: Call, scope: Scope) -> Any:
        return [self._lambda(tree.arguments[1], scope, item, at) for at, item in enumerate(self._items(tree, scope))]

    def _filter(self, tree: Call, scope: Scope) -> Any:
        kept = []
        for at, item in enumerate(self._items(tree, scope)):
            wanted = self._lambda(tree.arguments[1], scope, item, at)
            if not isinstance(wanted, bool):
                raise UndecidedError("an unknown condition")
            if wanted:
                kept.append(item)
        return kept

    def _reduce(self, tree: Call, scope: Scope) -> Any:
        if len(tree.arguments) != 3:
            raise UndecidedError(tree.name)
        found = self._known(tree.arguments[1], scope)
        for item in self._items(tree, scope):
            found = self._lambda(tree.arguments[2], scope, found, item)
        return found

    def _to_object(self, tree: Call, scope: Scope) -> Any:
        made: dict[str, Any] = {}
        for item in self._items(tree, scope):
            key = self._lambda(tree.arguments[1], scope, item)
            if not isinstance(key, str):
                raise UndecidedError("a key that is no text")
            made[key] = self._lambda(tree.arguments[2], scope, item) if len(tree.arguments) > 2 else item
        return made

    def _items(self, tree: Call, scope: Scope) -> list[Any]:
        if len(tree.arguments) < 2:
            raise UndecidedError(tree.name)
        items = self._known(tree.arguments[0], scope)
        if not isinstance(items, list):
            raise UndecidedError("not an array")
        return items

    def settle(self, value: Any) -> tuple[Any, frozenset[str]]:
        """Plain JSON with the text of each unknown value in its place, and their pointers."""
        unresolved: set[str] = set()
        return self._settle(value, "", unresolved), frozenset(unresolved)

    def _settle(self, value: Any, pointer: str, unresolved: set[str]) -> Any:
        self._enter()
        try:
            if isinstance(value, Unknown):
                unresolved.add(pointer)
                return value.text
            if isinstance(value, dict):
                return {key: self._settle(item, f"{pointer}/{escaped(key)}", unresolved) for key, item in value.items()}
            if isinstance(value, list):
                return [self._settle(item, f"{pointer}/{at}", unresolved) for at, item in enumerate(value)]
            return value
        finally:
            self._depth -= 1


_SPECIAL = {
    "parameters": Evaluator._parameter,
    "variables": Evaluator._variable,
    "if": Evaluator._if,
    "and": Evaluator._and,
    "or": Evaluator._or,
    "coalesce": Evaluator._coalesce,
    "resourceid": Evaluator._resource_id,
    "subscriptionresourceid": Evaluator._resource_id,
    "tenantresourceid": Evaluator._resource_id,
    "copyindex": Evaluator._copy_index,
    "lambdavariables": Evaluator._local,
    "map": Evaluator._map,
    "filter": Evaluator._filter,
    "reduce": Evaluator._reduce,
    "toobject": Evaluator._to_object,
}


def reference(kind: str, names: Sequence[str]) -> Reference:
    """The id of a resource of a type, by the names of its parents and its own."""
    quoted = "".join(f", '{name}'" for name in names)
    return Reference(f"[resourceId('{kind}'{quoted})]")


def _is_copies(loops: Any) -> bool:
    return isinstance(loops, list) and all(
        isinstance(loop, dict) and isinstance(loop.get("name"), str) and "count" in loop and "input" in loop
        for loop in loops
    )
