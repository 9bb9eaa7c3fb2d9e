"""A tree into the source of one Python function, in either of two manners.

*Quick* code leaves to Python what Python does alike: ``a.b`` is a subscription, ``&&`` is ``and``, and any exception
at all means that the quick answer does not count. *Exact* code then runs in its place: it absorbs errors where the
language says so and names what went wrong. Quick code may fail where exact code would not, but never gives a value
that exact code would not give; every short cut below is taken only where that holds.

``A`` is the activation and ``B`` the budget. Names of the generated code are made here, never taken from the input.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from lockgate.policy.cel import syntax as tree
from lockgate.policy.cel.functions import Entry, Registry
from lockgate.policy.cel.lexer import fault
from lockgate.policy.cel.literals import literal_fault, render
from lockgate.policy.cel.names import Names
from lockgate.policy.errors import PolicyError

_SPILL = 20
"""Every so many levels of the tree become a function of their own: Python bounds the nesting of one expression."""

TYPE_NAMES = frozenset(
    (
        "bool", "bytes", "double", "int", "list", "map", "null_type", "optional_type", "string", "type", "uint",
        "google.protobuf.Timestamp", "google.protobuf.Duration", "net.IP", "net.CIDR", "kubernetes.Quantity",
        "kubernetes.URL", "kubernetes.Semver", "kubernetes.NamedFormat",
    )
)  # fmt: skip
"""Names that stand for types."""

_HELPERS = {
    "==": "equal", "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
    "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo", "in": "contains",
}  # fmt: skip
_NATIVE = frozenset(("string", "bytes"))
_SUBSCRIPTED = frozenset(("any", "map"))  # Python warns when it compiles a subscription of anything else
_QUICK_CALLS = {"size": "quick_size", "string": "quick_string", "matches": "quick_matches"}
_QUICK_METHODS = {"startsWith": "str_startswith", "endsWith": "str_endswith"}


class Emitter:
    """Writes one expression. Afterwards ``result`` is the kind of its value, ``libraries`` what it calls."""

    def __init__(
        self,
        source: str,
        registry: Registry,
        *,
        names: Names,
        where: str,
        exact: bool,
    ) -> None:
        self.source = source
        self.registry = registry
        self.variables = names.variables
        self.fields = dict(names.fields)
        self.structs = names.structs
        self.where = where
        self.exact = exact
        self.scope: dict[str, tuple[str, str]] = {}
        self.count = 0
        self.spilled: list[str] = []
        self.libraries: set[str] = set()
        self.result = "any"

    def function(self, node: tree.Node) -> str:
        """The source of ``def run(A, B)``."""
        body, self.result = self.emit(node)
        return "\n".join(("def run(A, B):", *self.spilled, f"    return {body}", ""))

    # -- the walk

    def emit(self, node: tree.Node) -> tuple[str, str]:
        """An expression and the kind of its value, ``any`` when it is not known."""
        code, kind = self._emit(node)
        if node.height % _SPILL:
            return code, kind
        names = sorted({local for local, _ in self.scope.values()})
        name = self.fresh("s")
        self.spilled.append(f"    def {name}({', '.join(names)}):\n        return {code}")
        return f"{name}({', '.join(names)})", kind

    def _emit(self, node: tree.Node) -> tuple[str, str]:
        match node:
            case tree.Literal():
                return render(node.value)
            case tree.Ident():
                return self.ident(node)
            case tree.Select():
                return self.select(node)
            case tree.Index():
                return self.index(node)
            case tree.Has():
                return self.has(node), "bool"
            case tree.Unary():
                return self.unary(node)
            case tree.Binary():
                return self.binary(node)
            case tree.Chain():
                return self.plus(node) if node.operator == "+" else self.logic(node)
            case tree.Conditional():
                return self.conditional(node)
            case tree.Call():
                return self.call(node)
            case tree.ListLiteral() | tree.MapLiteral() | tree.Struct():
                return self.literal(node)
            case tree.Comprehension():
                return self.comprehension(node)
            case tree.Bind():
                return self.bind(node)
            case tree.OptionalMap():
                return self.optional_map(node)
        raise AssertionError(node)

    def code(self, node: tree.Node) -> str:
        return self.emit(node)[0]

    def condition(self, node: tree.Node) -> str:
        code, kind = self.emit(node)
        if kind not in ("bool", "any"):
            raise self.fault(f"a condition must be a bool, not {kind}", node.at)
        return code if kind == "bool" else f"boolean({code})"

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def fault(self, message: str, at: int, *, hint: str = "", length: int = 1) -> PolicyError:
        return fault(message, self.source, at, where=self.where, hint=hint, length=length)

    @contextmanager
    def bound(self, *names: tuple[str, str, str]) -> Iterator[None]:
        """Names of CEL that stand for locals: name, the local's parameter, how it is read."""
        before = self.scope
        self.scope = {**before, **{name: (local, read) for name, local, read in names}}
        try:
            yield
        finally:
            self.scope = before

    # -- names

    def ident(self, node: tree.Ident) -> tuple[str, str]:
        name = node.name
        if name in self.scope:
            return self.scope[name][1], "any"
        name = name.removeprefix(".")
        if self.declared(name):
            return f"A[{name!r}]", "any"
        if name in TYPE_NAMES:
            return f"TypeValue({name!r})", "type"
        raise self.unknown("undeclared reference to", name, node.at, [*self.scope, *(self.variables or ())])

    def declared(self, name: str) -> bool:
        if self.variables is None:
            return name not in TYPE_NAMES
        return name in self.variables

    def unknown(self, what: str, name: str, at: int, known: Iterable[str]) -> PolicyError:
        near = difflib.get_close_matches(name, sorted(set(known)), 1)
        hint = f"did you mean {near[0]!r}?" if near else ""
        return self.fault(f"{what} {name!r}", at, hint=hint, length=len(name))

    def select(self, node: tree.Select) -> tuple[str, str]:
        name = tree.qualified(node).removeprefix(".")
        root = name.partition(".")[0]
        if name in TYPE_NAMES and root not in self.scope and (self.variables is None or root not in self.variables):
            return f"TypeValue({name!r})", "type"
        self.known_field(node)
        operand, kind = self.emit(node.operand)
        if node.optional:
            return f"optional_index({operand}, {node.name!r})", "any"
        if self.exact or kind not in _SUBSCRIPTED:
            return f"select({operand}, {node.name!r})", "any"
        return f"{operand}[{node.name!r}]", "any"

    def has(self, node: tree.Has) -> str:
        """A field that is there. Only a map has ``get``; of anything else the exact code says what it thinks."""
        operand, name = node.select.operand, node.select.name
        self.known_field(node.select)
        code, kind = self.emit(operand)
        if self.exact or isinstance(operand, tree.Ident) or kind not in _SUBSCRIPTED:
            return f"has({code}, {name!r})"  # a variable may be a map that computes what is asked of it
        return f"({code}.get({name!r}, MISSING) is not MISSING)"

    def looked_up(self, node: tree.Node, otherwise: str) -> str:
        """``a.?b.c['d'].orValue(otherwise)`` without the optionals between; empty for what is no such chain of fields.

        A field that is absent gives an empty map, in which nothing is found either. What is no map has no ``get``.
        """
        names: list[str] = []
        if not self.optional(node):
            return ""
        while isinstance(node, tree.Select | tree.Index) and (name := _field(node)) is not None and self.optional(node):
            names.append(name)
            node = node.operand
        if isinstance(node, tree.Ident) and node.name not in self.scope and node.name.removeprefix(".") in self.fields:
            return ""
        code, kind = self.emit(node)
        if kind not in _SUBSCRIPTED:
            return ""
        *outer, last = reversed(names)
        return code + "".join(f".get({name!r}, NOTHING)" for name in outer) + f".get({last!r}, {otherwise})"

    def optional(self, node: tree.Node) -> bool:
        """Whether a chain of fields is optional further up."""
        while isinstance(node, tree.Select | tree.Index) and _field(node) is not None:
            if node.optional:
                return True
            node = node.operand
        return False

    def ready(self, node: tree.Node) -> bool:
        """Whether computing the value costs nothing and cannot fail."""
        if isinstance(node, tree.ListLiteral):
            return not node.items
        if isinstance(node, tree.MapLiteral):
            return not node.entries
        return isinstance(node, tree.Literal)

    def known_field(self, node: tree.Select) -> None:
        root = node.operand
        if not isinstance(root, tree.Ident) or root.name in self.scope:
            return
        known = self.fields.get(root.name.removeprefix("."))
        if known is not None and node.name not in known:
            raise self.unknown(f"{root.name} has no field", node.name, node.at, known)

    def index(self, node: tree.Index) -> tuple[str, str]:
        (operand, container), (key, kind) = self.emit(node.operand), self.emit(node.index)
        if node.optional:
            return f"optional_index({operand}, {key})", "any"
        if kind == "string" and container in _SUBSCRIPTED and not self.exact:
            return f"{operand}[{key}]", "any"
        return f"index({operand}, {key})", "any"

    # -- operators

    def unary(self, node: tree.Unary) -> tuple[str, str]:
        code, kind = self.emit(node.operand)
        if node.operator == "!":
            return (f"(not {code})" if kind == "bool" else f"negate({code})"), "bool"
        return f"minus({code})", kind if kind in ("int", "double", "duration") else "any"

    def binary(self, node: tree.Binary) -> tuple[str, str]:
        operator = node.operator
        (left, left_kind), (right, right_kind) = self.emit(node.left), self.emit(node.right)
        kinds = {left_kind, right_kind}
        if operator in ("==", "!="):
            return self.equality(node, (left, left_kind), (right, right_kind))
        if operator == "in":
            return self.membership(node, left, right)
        if operator in ("<", "<=", ">", ">="):
            if not self.exact and (kinds & _NATIVE or kinds == {"int"}):
                return f"({left} {operator} {right})", "bool"
            return f"{_HELPERS[operator]}({left}, {right})", "bool"
        kind = left_kind if left_kind == right_kind and left_kind in ("int", "uint", "double") else "any"
        return f"{_HELPERS[operator]}({left}, {right})", kind

    def equality(self, node: tree.Binary, one: tuple[str, str], two: tuple[str, str]) -> tuple[str, str]:
        for side, (other, kind) in ((node.left, two), (node.right, one)):
            singleton = isinstance(side, tree.Literal) and (side.value is None or type(side.value) is bool)
            if singleton and kind in ("any", "bool"):
                word = "is" if node.operator == "==" else "is not"
                return f"({other} {word} {self.code(side)})", "bool"
        (left, left_kind), (right, right_kind) = one, two
        kinds = {left_kind, right_kind}
        if kinds & _NATIVE or kinds == {"int"}:
            return f"({left} {node.operator} {right})", "bool"
        call = f"equal({left}, {right})"
        return (call if node.operator == "==" else f"(not {call})"), "bool"

    def membership(self, node: tree.Binary, left: str, right: str) -> tuple[str, str]:
        if isinstance(node.right, tree.ListLiteral) and node.right.items:
            items = [item for item, optional in node.right.items if not optional]
            texts = [item.value for item in items if isinstance(item, tree.Literal) and type(item.value) is str]
            if len(texts) == len(node.right.items):
                return f"({left} in ({', '.join(map(repr, texts))},))", "bool"
        return f"contains({left}, {right})", "bool"

    def plus(self, node: tree.Chain) -> tuple[str, str]:
        parts = [self.emit(operand) for operand in node.operands]
        kinds = {kind for _, kind in parts}
        codes = ", ".join(code for code, _ in parts)
        if "string" in kinds and not self.exact:
            return f"concat({codes})", "string"
        kind = next((k for k in ("string", "bytes", "list") if k in kinds), "any")
        if kinds <= {"int"} or kinds <= {"double"} or kinds <= {"uint"}:
            kind = kinds.pop()
        return f"{'add' if len(parts) == 2 else 'add_all'}({codes})", kind

    def logic(self, node: tree.Chain) -> tuple[str, str]:
        if self.exact:
            name = "both" if node.operator == "&&" else "either"
            operands = ", ".join(f"lambda: {self.checked(operand)}" for operand in node.operands)
            return f"{name}({operands})", "bool"
        word = " and " if node.operator == "&&" else " or "
        return f"({word.join(map(self.condition, node.operands))})", "bool"

    def checked(self, node: tree.Node) -> str:
        code, kind = self.emit(node)
        if kind not in ("bool", "any"):
            raise self.fault(f"a condition must be a bool, not {kind}", node.at)
        return code

    def conditional(self, node: tree.Conditional) -> tuple[str, str]:
        condition = self.condition(node.condition)
        (then, kind), (otherwise, other) = self.emit(node.then), self.emit(node.otherwise)
        return f"({then} if {condition} else {otherwise})", kind if kind == other else "any"

    # -- calls

    def call(self, node: tree.Call) -> tuple[str, str]:
        target = node.target
        namespace = tree.qualified(target).removeprefix(".")
        if target is None or (namespace and self.namespaced(namespace, node.name)):
            name = f"{namespace}.{node.name}" if namespace else node.name.removeprefix(".")
            entry = self.entry(self.registry.functions, name, node)
            return self.invoked(node, entry, list(node.args))
        if node.name in ("or", "orValue") and len(node.args) == 1:
            if node.name == "orValue" and not self.exact and self.ready(node.args[0]):
                looked_up = self.looked_up(target, self.code(node.args[0]))
                if looked_up:
                    return looked_up, "any"
            name = "optional_or" if node.name == "or" else "optional_or_value"
            return f"{name}({self.code(target)}, lambda: {self.code(node.args[0])})", "any"
        entry = self.entry(self.registry.methods, node.name, node)
        if node.name in _QUICK_METHODS and not self.exact:  # needs no library
            return f"{_QUICK_METHODS[node.name]}({self.code(target)}, {self.code(node.args[0])})", "bool"
        return self.invoked(node, entry, [target, *node.args])

    def namespaced(self, namespace: str, name: str) -> bool:
        return namespace.partition(".")[0] not in self.scope and f"{namespace}.{name}" in self.registry.functions

    def entry(self, table: Mapping[str, Entry], name: str, node: tree.Call) -> Entry:
        entry = table.get(name)
        if entry is None:
            other = self.registry.methods if node.target is None else self.registry.functions
            hint = "it is called on a value: x." + name + "(...)" if name in other and node.target is None else ""
            error = self.unknown("unknown function", name, node.at, table)
            raise self.fault(error.message, node.at, hint=hint or error.hint, length=len(node.name))
        if len(node.args) not in entry.counts:
            wanted = " or ".join(map(str, sorted(entry.counts)))
            message = f"{name}() takes {wanted} argument{'s' * (wanted != '1')}, not {len(node.args)}"
            raise self.fault(message, node.at, length=len(node.name))
        return entry

    def invoked(self, node: tree.Call, entry: Entry, args: list[tree.Node]) -> tuple[str, str]:
        wrong = literal_fault(node.name, args)
        if wrong is not None:
            raise self.fault(wrong[0], wrong[1])
        self.libraries |= entry.libraries
        symbol = entry.symbol if self.exact else _QUICK_CALLS.get(node.name, entry.symbol)
        return f"{symbol}({', '.join(map(self.code, args))})", entry.result

    # -- literals

    def literal(self, node: tree.ListLiteral | tree.MapLiteral | tree.Struct) -> tuple[str, str]:
        if isinstance(node, tree.ListLiteral):
            if not any(optional for _, optional in node.items):
                return f"[{', '.join(self.code(item) for item, _ in node.items)}]", "list"
            items = ", ".join(f"({self.code(item)}, {optional})" for item, optional in node.items)
            return f"make_list({items})", "list"
        if isinstance(node, tree.MapLiteral):
            return self.map_literal(node), "map"
        if node.name.removeprefix(".") not in self.structs and not self.object_type(node.name):
            raise self.unknown("unknown type", node.name, node.at, self.structs)
        fields = "".join(f", ({name!r}, {self.code(value)}, {optional})" for name, value, optional in node.fields)
        kind = "object" if node.name.removeprefix(".").partition(".")[0] == "Object" else "any"
        return f"make_struct({node.name!r}{fields})", kind

    def object_type(self, name: str) -> bool:
        return "Object" in self.structs and name.startswith("Object.")

    def map_literal(self, node: tree.MapLiteral) -> str:
        keys = [key.value for key, _, optional in node.entries if isinstance(key, tree.Literal) and not optional]
        if len(keys) == len(node.entries) and all(type(key) is str for key in keys) and len(set(keys)) == len(keys):
            return f"{{{', '.join(f'{self.code(key)}: {self.code(value)}' for key, value, _ in node.entries)}}}"
        entries = (f"({self.code(k)}, {self.code(v)}, {optional})" for k, v, optional in node.entries)
        return f"make_map({', '.join(entries)})"

    # -- macros

    def comprehension(self, node: tree.Comprehension) -> tuple[str, str]:
        target = self.code(node.target)
        local = [self.fresh("v") for _ in node.variables]
        two = len(local) == 2
        walk = f"for {', '.join(local)} in {'pairs' if two else 'each'}({target}, B)"
        with self.bound(*((name, v, v) for name, v in zip(node.variables, local, strict=True))):
            return self.walked(node, walk, local, f"{'pairs' if two else 'each'}({target}, B)")

    def walked(self, node: tree.Comprehension, walk: str, local: list[str], walked: str) -> tuple[str, str]:
        macro, condition = node.macro, node.condition
        if macro in ("all", "exists"):
            assert condition is not None
            if self.exact:
                test = f"lambda {', '.join(local)}: {self.checked(condition)}"
                elements = walked if len(local) == 2 else f"zip({walked})"
                return f"every({elements}, {test}, {macro == 'exists'})", "bool"
            return f"{'any' if macro == 'exists' else 'all'}({self.condition(condition)} {walk})", "bool"
        if macro == "exists_one":
            assert condition is not None
            return f"(sum([{self.condition(condition)} {walk}]) == 1)", "bool"
        only = "" if condition is None else f" if {self.condition(condition)}"
        if macro == "filter":
            return f"[{local[0]} {walk}{only}]", "list"
        assert node.result is not None
        result = self.code(node.result)
        match macro:
            case "sortBy":
                return f"sort_by([({local[0]}, {result}) {walk}])", "list"
            case "transformMap":
                return f"{{{local[0]}: {result} {walk}{only}}}", "map"
            case "transformMapEntry":
                return f"merge_entries([{result} {walk}{only}])", "map"
        return f"[{result} {walk}{only}]", "list"

    def bind(self, node: tree.Bind) -> tuple[str, str]:
        value = self.code(node.value)
        local = self.fresh("b")
        simple = isinstance(node.value, tree.Literal)
        with self.bound((node.variable, local, local if simple else f"{local}()")):
            body, result = self.emit(node.body)
        given = value if simple else f"once(lambda: {value})"
        return f"(lambda {local}: {body})({given})", result

    def optional_map(self, node: tree.OptionalMap) -> tuple[str, str]:
        target, local = self.code(node.target), self.fresh("v")
        with self.bound((node.variable, local, local)):
            body = self.code(node.body)
        return f"optional_map({target}, lambda {local}: {body}, {node.flat})", "any"


def _field(node: tree.Select | tree.Index) -> str | None:
    """The field that is selected, by name or by a key that is a constant text; None when it is anything else."""
    if isinstance(node, tree.Select):
        return node.name
    return node.index.value if isinstance(node.index, tree.Literal) and type(node.index.value) is str else None
