"""The static types of an expression: what Kubernetes refuses before a policy is stored.

The rules are those of cel-go's checker (``checker/checker.go`` 0.26) and of the validator for literals whose elements
have one type; the declarations are those of Kubernetes 1.36. What the object under judgement holds is ``dyn``, as it is
when a policy is stored, so only what can never be right is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from lockgate.policy.cel import syntax as tree
from lockgate.policy.cel.checked.declarations import declarations
from lockgate.policy.cel.checked.objects import OBJECTS
from lockgate.policy.cel.checked.shapes import (
    BOOL,
    DYN,
    ERROR,
    INT,
    STRING,
    Type,
    larger,
    listed,
    optional,
    parameters,
    read,
    shown,
)
from lockgate.policy.cel.checked.unify import Substitutions, TooLargeError, more_general
from lockgate.policy.cel.values import Uint
from lockgate.policy.errors import PolicyError

_LITERALS: dict[type, Type] = {
    bool: BOOL, int: INT, Uint: ("uint",), float: ("double",), str: STRING, bytes: ("bytes",), type(None): ("null",),
}
_NAMES: dict[str, Type] = {
    **{name: ("type", (name,)) for name in ("bool", "bytes", "double", "int", "string", "uint", "type")},
    "null_type": ("type", ("null",)), "list": ("type", listed(DYN)), "map": ("type", ("map", DYN, DYN)),
    "google.protobuf.Timestamp": ("type", ("timestamp",)), "google.protobuf.Duration": ("type", ("duration",)),
}
_LARGEST = 1_000
"""Parts of one type."""
_LONGEST = 120
"""Characters of a type in an error."""
Fault = Callable[[str, int], PolicyError]


def check(node: tree.Node, variables: Mapping[str, Type], fault: Fault) -> Type:
    """The type of the expression; ``variables`` by name, or by path where a field of one is known (``variables.x``).

    A name that is not among them may hold anything. Raises what ``fault(message, at)`` makes of the first thing that
    does not fit.
    """
    checker = _Checker(variables, fault)
    try:
        return checker.found.settled(checker.of(node), free=DYN)
    except TooLargeError:
        raise fault("the types of this expression are too large to be checked", node.at) from None


class _Checker:
    def __init__(self, variables: Mapping[str, Type], fault: Fault) -> None:
        self.found = Substitutions()
        self.scope = dict(variables)
        self.roots = {name.partition(".")[0] for name in variables if "." in name}
        self.fault = fault
        self.mixed = False
        """Within the arguments of a call whose lists may hold anything, as those of format() may."""

    # -- the walk

    def of(self, node: tree.Node) -> Type:
        shape = self._of(node)
        if larger(shape, _LARGEST):
            raise TooLargeError
        return shape

    def _of(self, node: tree.Node) -> Type:
        match node:
            case tree.Literal():
                return _LITERALS[type(node.value)]
            case tree.Ident():
                return self.name(node.name.removeprefix("."))
            case tree.Select():
                return self.select(node)
            case tree.Has():
                self.field(node.select)
                return BOOL
            case tree.Index():
                return self.call("[?]" if node.optional else "[]", node.at, self.of(node.operand), self.of(node.index))
            case tree.Unary():
                return self.unary(node)
            case tree.Binary():
                return self.call(node.operator, node.at, self.of(node.left), self.of(node.right))
            case tree.Chain():
                return self.chain(node)
            case tree.Conditional():
                return self.conditional(node)
            case tree.Call():
                return self.function(node)
            case tree.ListLiteral():
                return listed(self.joined([(item, self.of(item), may) for item, may in node.items]))
            case tree.MapLiteral():
                keys = self.joined([(key, self.of(key), False) for key, _, _ in node.entries])
                return "map", keys, self.joined([(value, self.of(value), may) for _, value, may in node.entries])
            case tree.Struct():
                for _, value, _ in node.fields:
                    self.of(value)
                return DYN
            case tree.Comprehension():
                return self.comprehension(node)
            case tree.Bind():
                with self.bound((node.variable, self.of(node.value))):
                    return self.of(node.body)
            case tree.OptionalMap():
                return self.optional_map(node)
        raise AssertionError(node)

    def name(self, name: str) -> Type:
        return self.scope.get(name) or _NAMES.get(name) or DYN

    @contextmanager
    def bound(self, *names: tuple[str, Type]) -> Iterator[None]:
        before, roots = self.scope, self.roots
        self.scope = before | dict(names)
        self.roots = roots - {name for name, _ in names}
        try:
            yield
        finally:
            self.scope, self.roots = before, roots

    def condition(self, node: tree.Node) -> None:
        self.wanted(node, BOOL, self.of(node))

    def wanted(self, node: tree.Node, shape: Type, given: Type) -> None:
        if not self.found.fits(given, shape):
            raise self.fault(f"{shown(shape)} is expected, not {self.show(given)}", node.at)

    def show(self, shape: Type) -> str:
        text = shown(self.found.settled(shape, free=DYN))
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."

    # -- operators and calls

    def call(self, name: str, at: int, *given: Type) -> Type:
        """What a function gives; one that nobody declared may give anything."""
        overloads = declarations().get(name)
        if overloads is None:
            return DYN
        result: Type | None = None
        for taken, told in overloads:
            fresh = {letter: self.found.fresh() for shape in (*taken, told) for letter in _letters(shape)}
            if self.found.all_fit(given, [_made(shape, fresh) for shape in taken]):
                one = self.found.settled(_made(told, fresh))
                result = one if result is None else result if result in (DYN, one) else DYN
        if result is None:
            raise self._misfit(name, at, given)
        return result

    def _misfit(self, name: str, at: int, given: tuple[Type, ...]) -> PolicyError:
        shapes = [self.show(one) for one in given]
        if name.startswith("."):
            said = f"{name[1:]}() of {shapes[0]} takes no ({', '.join(shapes[1:])})"
        elif name[0].isalpha() and name != "in":
            said = f"{name.removeprefix('neg') or '-'}{'' if name == 'neg' else '()'} takes no ({', '.join(shapes)})"
        else:
            said = f"{name!r} does not go with ({', '.join(shapes)})"
        return self.fault(said, at)

    def unary(self, node: tree.Unary) -> Type:
        given = self.of(node.operand)
        if node.operator == "-":
            return self.call("neg", node.at, given)
        self.wanted(node.operand, BOOL, given)
        return BOOL

    def chain(self, node: tree.Chain) -> Type:
        if node.operator == "+":
            result, *rest = map(self.of, node.operands)
            for shape in rest:
                result = self.call("+", node.at, result, shape)
            return result
        for one in node.operands:
            self.condition(one)
        return BOOL

    def conditional(self, node: tree.Conditional) -> Type:
        self.condition(node.condition)
        result, then, otherwise = self.found.fresh(), self.of(node.then), self.of(node.otherwise)
        if not self.found.all_fit((then, otherwise), (result, result)):
            raise self.fault(f"?: gives either {self.show(then)} or {self.show(otherwise)}", node.at)
        return self.found.settled(result)

    def function(self, node: tree.Call) -> Type:
        before, self.mixed = self.mixed, node.name == "format"
        given = [self.of(one) for one in node.args]
        self.mixed = before
        name = f"{tree.qualified(node.target)}.{node.name}" if node.target is not None else node.name
        if node.target is None or (name in declarations() and not name.startswith(".")):
            return self.call(name, node.at, *given)
        return self.call(f".{node.name}", node.at, self.of(node.target), *given)

    # -- fields

    def select(self, node: tree.Select) -> Type:
        path = tree.qualified(node)
        if (path and path.partition(".")[0] not in self.scope) or path.partition(".")[0] in self.roots:
            known = self.scope.get(path) or _NAMES.get(path)
            if known is not None:
                return known
        return self.field(node)

    def field(self, node: tree.Select) -> Type:
        given = self.found.settled(self.of(node.operand))
        held = parameters(given)[0] if given[0] == "optional" else given
        result = self._field(node, held)
        return optional(result) if given[0] == "optional" or node.optional else result

    def _field(self, node: tree.Select, held: Type) -> Type:
        kind = str(held[0])
        if kind == "map":
            return parameters(held)[1]
        if kind == "var":
            self.found.fits(DYN, held)
            return DYN
        if kind in OBJECTS:
            fields = OBJECTS[kind]
            if node.name not in fields:
                raise self.fault(f"{kind.rpartition('.')[2]} has no field {node.name!r}", node.at)
            return read(fields[node.name])
        if held not in (DYN, ERROR):
            raise self.fault(f"{self.show(held)} has no fields", node.at)
        return DYN

    # -- literals

    def joined(self, given: list[tuple[tree.Node, Type, bool]]) -> Type:
        """The one type of all elements: Kubernetes takes no others, outside of format()."""
        element: Type | None = None
        for node, told, may in given:
            shape = told
            if may and told != DYN:
                if told[0] != "optional":
                    raise self.fault(f"optional({self.show(told)}) is expected, not {self.show(told)}", node.at)
                shape = parameters(told)[0]
            if element is None:
                element = shape
            elif not self.mixed and not self._alike(element, shape):
                raise self.fault(
                    f"elements have one type: {self.show(element)} is expected, not {self.show(shape)}", node.at
                )
            else:
                element = more_general(element, shape) if self.found.fits(element, shape) else DYN
        return element or self.found.fresh()

    def _alike(self, one: Type, other: Type) -> bool:
        if not self.found.fits(one, other):
            return False
        return self.found.settled(one, free=DYN) == self.found.settled(other, free=DYN)

    # -- macros

    def comprehension(self, node: tree.Comprehension) -> Type:
        target = self.of(node.target)
        first, second = self._walked(node, self.found.settled(target))
        names = [(node.variables[0], first)]
        if len(node.variables) == 2:
            # With two variables a list gives position and element.
            names = [(node.variables[0], first if self._is_map(target) else self._position(target)),
                     (node.variables[1], second)]  # fmt: skip
        with self.bound(*names):
            if node.condition is not None:
                self.condition(node.condition)
            made = None if node.result is None else self.of(node.result)
            if node.macro == "transformMapEntry" and made is not None and node.result is not None:
                entry: Type = ("map", self.found.fresh(), self.found.fresh())
                self.wanted(node.result, entry, made)
                made = self.found.settled(entry)
        match node.macro:
            case "all" | "exists" | "exists_one":
                return BOOL
            case "map" | "transformList" if made is not None:
                return listed(made)
            case "transformMap" if made is not None:
                return "map", names[0][1], made
            case "transformMapEntry" if made is not None:
                return made
            case "sortBy" if made is not None:
                return self.call(".sortBy", node.at, target, listed(made))
        return listed(first if not self._is_list(target) else self._element(target))

    def _is_map(self, target: Type) -> bool:
        return self.found.settled(target)[0] == "map"

    def _is_list(self, target: Type) -> bool:
        return self.found.settled(target)[0] == "list"

    def _element(self, target: Type) -> Type:
        return parameters(self.found.settled(target))[0]

    def _position(self, target: Type) -> Type:
        return INT if self._is_list(target) else DYN

    def _walked(self, node: tree.Comprehension, target: Type) -> tuple[Type, Type]:
        """Types of what one variable holds, and of the second of two."""
        if target[0] == "list":
            return parameters(target)[0], parameters(target)[0]
        if target[0] == "map":
            return parameters(target)[0], parameters(target)[1]
        if target[0] not in ("dyn", "error", "var"):
            raise self.fault(f"{node.macro}() walks lists and maps, not {self.show(target)}", node.at)
        self.found.fits(DYN, target)
        return DYN, DYN

    def optional_map(self, node: tree.OptionalMap) -> Type:
        held = self.found.fresh()
        self.wanted(node.target, optional(held), self.of(node.target))
        with self.bound((node.variable, self.found.settled(held))):
            body = self.of(node.body)
        if not node.flat:
            return optional(body)
        result = self.found.fresh()
        if not self.found.all_fit((body, optional(self.found.fresh())), (result, result)):
            raise self.fault(f"optFlatMap() gives an optional, not {self.show(body)}", node.body.at)
        return self.found.settled(result)


def _letters(shape: Type) -> Iterator[str]:
    name = str(shape[0])
    if len(name) == 1:
        yield name
    for one in parameters(shape):
        yield from _letters(one)


def _made(shape: Type, fresh: Mapping[str, Type]) -> Type:
    """The shape of a declaration with fresh variables for its letters."""
    known = fresh.get(str(shape[0]))
    if known is not None:
        return known
    inner = parameters(shape)
    return (shape[0], *(_made(one, fresh) for one in inner)) if inner else shape
