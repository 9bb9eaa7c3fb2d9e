"""Calls: which function a name means where it stands, whether the arguments fit, and users' functions put in place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lockgate.kql import bound, catalogue
from lockgate.kql import syntax as s
from lockgate.kql.bind import plugins
from lockgate.kql.bind.core import MAX_NESTING
from lockgate.kql.bind.matching import Arguments, best, common_type, counts, fault, laid_out, underlying
from lockgate.kql.bind.results import Request, result
from lockgate.kql.bind.scope import Scope, UserFunction
from lockgate.kql.bind.values import Values, matches
from lockgate.kql.catalogue import Function, Parameter, Signature
from lockgate.kql.errors import nearest
from lockgate.kql.types import (
    DYNAMIC,
    ERROR,
    SCALARS,
    UNKNOWN,
    Cluster,
    Column,
    Database,
    Graph,
    Table,
    Tuple,
    Type,
    dynamic_of,
)

_IN_GRAPHS = frozenset(("all", "any", "map", "inner_nodes", "node_id", "node_degree_in", "node_degree_out", "labels"))
"""Functions that exist only in operators of graphs."""
_OF_DATABASES = frozenset(
    ("table", "external_table", "materialized_view", "entity_group", "stored_query_result", "graph")
)  # fmt: skip


class Calls(Values):
    """Binds calls."""

    def statements(self, statements: Sequence[s.Statement]) -> None:
        """Declarations; given by the layer of statements."""
        raise NotImplementedError

    def call(self, node: s.Call, owner: Type | None = None) -> bound.Value:
        """``name(arguments)``; ``owner`` is what stands before the dot."""
        function = self._found(node.name.text, owner)
        if function is None:
            return self._unknown_function(node, owner)
        if isinstance(function, UserFunction):
            return self._of_user(function, node)
        if isinstance(function, s.Pattern):
            return self.of_pattern(node, function, None)
        return self._of_catalogue(function, node, owner)

    # --- which function

    def _found(self, name: str, owner: Type | None) -> Function | UserFunction | s.Pattern | None:
        if owner is not None:
            return self._found_in(name, owner)
        if self.kind == "plugin":
            return catalogue.find(name, "plugin")
        if self.kind == "aggregate" and (found := catalogue.find(name, "aggregate")) is not None:
            return found
        if name not in _IN_GRAPHS or self.in_graph:
            known = catalogue.find(name)
            if known is not None:
                return known
        symbol = self.scope.find(name)
        if isinstance(symbol, UserFunction):
            return symbol
        if isinstance(symbol, bound.Matches):
            return symbol.pattern
        stored = self.workspace.functions.get(name)
        return UserFunction(name, stored, None) if stored is not None else None

    def _found_in(self, name: str, owner: Type) -> Function | UserFunction | None:
        if isinstance(owner, Cluster) and name == "database":
            return catalogue.find(name)
        if not isinstance(owner, Database):
            return None
        if name in _OF_DATABASES:
            return catalogue.find(name)
        stored = None if owner.open else self.workspace.functions.get(name)
        return UserFunction(name, stored, None) if stored is not None else None

    def _unknown_function(self, node: s.Call, owner: Type | None) -> bound.Value:
        name = node.name.text
        kind, self.kind = self.kind, "normal"
        for one in node.arguments:
            self.value(one)
        self.kind = kind
        if owner is not None:
            if not (isinstance(owner, Database) and owner.open):
                self.fault("KS211", f"There is no function '{name}' here.", node.name)
            table = Table((), open=True)
            return bound.Rows(bound.Opaque(table), table) if isinstance(owner, Database) else bound.Fault()
        if kind != "aggregate" and catalogue.find(name, "aggregate") is not None and kind != "plugin":
            self.fault("KS144", f"The aggregate '{name}' is not allowed here.", node.name)
        elif kind == "plugin":
            normal = catalogue.find(name) or self.scope.find(name)
            code = "KS237" if normal is not None else "KS124"
            hint = partial(nearest, name, catalogue.names("plugin"))
            self.fault(code, f"There is no plugin '{name}'.", node.name, hint)
        elif catalogue.find(name, "plugin") is not None:
            self.fault("KS126", f"The plugin '{name}' is called by evaluate.", node.name)
        elif name.startswith("__"):
            return bound.Fault(UNKNOWN)
        elif not self.fuzzy:
            known = [*catalogue.names("scalar"), *self.scope.names(), *self.workspace.functions]
            known += catalogue.names("aggregate") if kind == "aggregate" else []
            self.fault("KS211", f"There is no function '{name}'.", node.name, partial(nearest, name, known))
        if self.tabular:
            table = Table((), open=True)
            return bound.Rows(bound.Opaque(table), table)
        return bound.Fault()

    tabular = False
    """Whether the call that is bound stands where a table is expected."""

    def value(self, node: s.Expression, *, tabular: bool = False) -> bound.Value:
        """As of values; a call learns whether a table is expected."""
        kind = type(node)
        if kind is s.Literal or kind is s.Name:
            return super().value(node, tabular=tabular)
        if self.depth >= MAX_NESTING:
            self.give_up(f"The query nests deeper than {MAX_NESTING} levels when its functions are applied.", node)
        self.depth += 1
        before = self.tabular
        if kind is s.Call:
            self.tabular = tabular
        try:
            return super().value(node, tabular=tabular)
        finally:
            self.tabular = before
            self.depth -= 1

    # --- functions of the catalogue

    def _of_catalogue(self, function: Function, node: s.Call, owner: Type | None) -> bound.Value:
        values = self._arguments(function, node)
        own = plugins.layout(function, values)
        found = self.applied_to(function, values, node.arguments, node.name, own)
        if function.name == "bin_auto" and isinstance(found, bound.Call):
            return self._of_bin_auto(found)
        if function.name in _REFERENCES and isinstance(found, bound.Call):
            return self._referred(function.name, found, node, owner)
        return found

    def _of_bin_auto(self, call: bound.Call) -> bound.Value:
        """``bin_auto(x)`` as the ``bin_at`` that the query's options make of it; without a size it stays what it is."""
        size = self.options.get("query_bin_auto_size")
        start = self.options.get("query_bin_auto_at")
        name = "bin" if start is None else "bin_at"
        function = catalogue.find(name)
        if size is None or function is None:
            return call
        values = [call.arguments[0], size, *(() if start is None else (start,))]
        arguments = Arguments(values)
        chosen = best(function.signatures, arguments, complete=True)
        if len(chosen) != 1:
            return call  # options of another type than what is cut into bins
        return bound.Call(function, tuple(values), call.type, False, chosen[0])

    def _arguments(self, function: Function, node: s.Call) -> list[bound.Value]:
        outer = self.kind
        inner = "aggregate" if outer == "aggregate" and function.kind != "aggregate" else "normal"
        layout: list[Parameter | None] = []
        if len(function.signatures) == 1:
            layout = laid_out(function.signatures[0], len(node.arguments))
        found: list[bound.Value] = []
        row = self.row
        for i, one in enumerate(node.arguments):
            parameter = layout[i] if i < len(layout) else None
            use = parameter.use if parameter is not None else ""
            self.kind = "aggregate" if use == "aggregate" else inner
            if use in ("lookup", "shared", "element") and found:
                self.row = self._row_of_first(use, found[0].type)
            found.append(self.value(one, tabular=parameter is not None and parameter.kinds == ("table",)))
            self.row = row
        self.kind = outer
        return found

    def _row_of_first(self, use: str, first: Type) -> Table | None:
        """The row that an argument sees which refers to the first argument's columns."""
        if use == "element":
            return Table(first.columns) if isinstance(first, Tuple) else self.row
        if not isinstance(first, Table):
            return self.row
        if use == "shared":
            return Table([one for one in self.shape.columns if first.column(one.name) is not None])
        return first

    def applied_to(
        self,
        function: Function,
        values: Sequence[bound.Value],
        nodes: Sequence[s.Expression],
        name: s.Node,
        own: list[Parameter | None] | None = None,
        types: Sequence[Type] | None = None,
    ) -> bound.Value:
        """A function of the catalogue applied to values; ``own`` is a layout that the function has for itself."""
        arguments = Arguments(values, types)
        chosen = best(function.signatures, arguments)
        constant = function.constant and all(one.constant for one in values)
        if len(chosen) != 1:
            return self._ambiguous(function, chosen, arguments, nodes, name, constant)
        signature = function.signatures[chosen[0]]
        layout = own if own is not None else laid_out(signature, len(values))
        self._check(function, signature, layout, arguments, nodes, name, own is not None)
        type_ = self._result(function, signature, layout, values, arguments.types, nodes)
        if type_ is DYNAMIC and any(one.kind == "single" for one in arguments.types):
            inner = [one.element or one if one.kind == "single" else one for one in arguments.types]
            self.muted += 1
            closer = self.applied_to(function, values, nodes, name, own, inner).type
            self.muted -= 1
            if closer.kind == "scalar" and closer is not UNKNOWN:
                type_ = dynamic_of(closer)
        return bound.Call(function, tuple(values), type_, constant, chosen[0])

    def _ambiguous(
        self,
        function: Function,
        chosen: list[int],
        arguments: Arguments,
        nodes: Sequence[s.Expression],
        name: s.Node,
        constant: bool,
    ) -> bound.Value:
        least = min(one.least for one in function.signatures)
        if not arguments.values and least > 0:
            most = max(one.most for one in function.signatures)
            self.fault("KS120", f"'{function.name}' takes {least} to {most} arguments.", name)
        elif not arguments.unclear():
            types = ", ".join(one.name for one in arguments.types)
            self.fault("KS127", f"'{function.name}' does not take ({types}).", name)
        results = [
            self._result(
                function, function.signatures[one], laid_out(function.signatures[one], len(arguments.types)),
                arguments.values, arguments.types, nodes,
            )
            for one in chosen
        ]  # fmt: skip
        same = bool(results) and all(one is results[0] for one in results)
        type_ = results[0] if same else UNKNOWN if arguments.unclear() else ERROR
        return bound.Call(function, tuple(arguments.values), type_, constant, -1)

    def _check(
        self,
        function: Function,
        signature: Signature,
        layout: Sequence[Parameter | None],
        arguments: Arguments,
        nodes: Sequence[s.Expression],
        name: s.Node,
        arranged: bool,
    ) -> None:
        count = len(arguments.types)
        if not (signature.least <= count <= signature.most if arranged else counts(signature, count)):
            if any(one.most > 1 for one in signature.parameters):
                if signature.least <= count <= signature.most:
                    self.fault("KS121", f"'{function.name}' takes its arguments in groups.", name)
                else:
                    self.fault("KS120", f"'{function.name}' takes {signature.least} or more arguments.", name)
            else:
                self.fault("KS119", f"'{function.name}' takes {len(signature.parameters)} arguments.", name)
            return
        shared = [one for one in layout if one is not None and one.kinds[0].startswith("common")]
        if shared and common_type(layout, arguments.types) is None:
            self.fault("KS232", f"The arguments of '{function.name}' have no type in common.", name)
            return
        for i, node in enumerate(nodes):
            wrong = fault(layout, arguments, i)
            inner = node.value if isinstance(node, s.Named) else node
            if wrong:
                self.fault(wrong[0], wrong[1], inner)
            parameter = layout[i]
            if parameter is not None and not arguments.star(i):
                self._check_use(parameter, inner, arguments.values[i])

    def _check_use(self, parameter: Parameter, node: s.Expression, value: bound.Value) -> None:
        value = underlying(value)
        if parameter.use in ("column", "lookup", "shared"):
            if not (parameter.default and isinstance(value, bound.Constant) and value.value == parameter.default):
                self.must_be_column(node, value)
        elif parameter.use == "const":
            if not value.constant and value.type is not ERROR:
                self.fault("KS129", "A constant is expected.", node)
        elif parameter.use in ("literal", "text") and self.must_be_literal(node, value):
            given = value.value if isinstance(value, bound.Constant) else None
            if parameter.use == "text" and given == "":
                self.fault("KS133", "The text is empty.", node)
            elif parameter.values is not None and str(given).lower() not in _lowered(parameter.values):
                allowed = sorted(parameter.values)
                message = f"One of these is expected: {', '.join(allowed[:12])}."
                self.fault("KS140", message, node, partial(nearest, str(given), allowed))

    def _result(
        self,
        function: Function,
        signature: Signature,
        layout: Sequence[Parameter | None],
        values: Sequence[bound.Value],
        types: Sequence[Type],
        nodes: Sequence[s.Expression],
    ) -> Type:
        if signature.table is not None:
            return Table(signature.table.columns)
        if function.name in _REFERENCES:
            return UNKNOWN
        row = self.row
        if function.name == "inner_nodes":
            row = self.graph.nodes if self.graph is not None else None
        request = Request(function, layout, values, types, nodes, row, self.by)
        return plugins.result(request) if function.kind == "plugin" else result(signature.result, request)

    # --- functions that refer to tables, databases and clusters

    def _referred(self, name: str, call: bound.Call, node: s.Call, owner: Type | None) -> bound.Value:
        text = _text(call.arguments[0]) if call.arguments else None
        if name == "cluster":
            return bound.Fault(Cluster())
        if name == "database":
            return self._database(text, node, owner)
        if name == "table" and text is not None and not (isinstance(owner, Database) and owner.open):
            return self._table(text, node, owner)
        if name == "graph" and text is not None:
            self.fault("KS260", f"There is no graph model '{text}'.", node.name)
            return bound.Fault(Graph(Table((), open=True), Table((), open=True)))
        if name in ("external_table", "materialized_view") and text is not None and owner is None:
            code = "KS209" if name == "external_table" else "KS210"
            self.fault(code, f"There is no {name.replace('_', ' ')} '{text}'.", node.arguments[0])
        table = Table((), open=True)
        return bound.Rows(bound.Opaque(table), table)

    def _database(self, name: str | None, node: s.Call, owner: Type | None) -> bound.Value:
        if isinstance(owner, Cluster) or (name is None and node.arguments):
            return bound.Fault(Database(name or "", open=True))
        if name is None or matches(name, self.database.title):
            return bound.Fault(self.database)
        self.fault("KS208", f"There is no database '{name}'.", node.arguments[0])
        return bound.Fault(Database(name, open=True))

    def _table(self, name: str, node: s.Call, owner: Type | None) -> bound.Value:
        if owner is None and (symbol := self.scope.find(name)) is not None:
            if isinstance(symbol, bound.Rows):
                return symbol
            if isinstance(symbol, UserFunction) and symbol.syntax.view:
                return self.apply(symbol, ())
            return bound.Fault()
        table = self.workspace.table(name)
        if table is not None:
            return bound.Rows(bound.Stored(name, table), table)
        if not self.fuzzy:
            hint = partial(nearest, name, self.workspace.names())
            self.fault("KS204", f"There is no table '{name}'.", node.arguments[0], hint)
        unknown = Table((), open=True, title=name)
        return bound.Rows(bound.Opaque(unknown), unknown)

    # --- users' functions

    def _of_user(self, function: UserFunction, node: s.Call) -> bound.Value:
        outer, self.kind = self.kind, "aggregate" if self.kind == "aggregate" else "normal"
        parameters = function.syntax.parameters
        values: list[bound.Value] = []
        for i, one in enumerate(node.arguments):
            tabular = i < len(parameters) and parameters[i].schema is not None
            values.append(self.value(one, tabular=tabular))
        self.kind = outer
        return self.of_user(function, values, node)

    def of_user(
        self, function: UserFunction, values: list[bound.Value], node: s.Call, *, given_at: tuple[int, int] = (0, 0)
    ) -> bound.Value:
        """A user's function called with values, perhaps named; ``given_at`` is where the rows of ``invoke`` are."""
        self.tabular = False
        ordered = self._in_order(function, values, node, given_at)
        if ordered is None:
            return bound.Fault(UNKNOWN)
        return self.apply(function, ordered)

    def _in_order(
        self, function: UserFunction, values: list[bound.Value], node: s.Call, given_at: tuple[int, int]
    ) -> list[bound.Value] | None:
        """The arguments in the order of the parameters, or ``None`` when they do not fit."""
        parameters = function.syntax.parameters
        least = sum(1 for one in parameters if one.default is None)
        if not least <= len(values) <= len(parameters):
            self.fault("KS119", f"'{function.name}' takes {len(parameters)} arguments.", node.name)
            return None
        names = [one.name.text for one in parameters]
        found: dict[str, bound.Value] = {}
        for i, value in enumerate(values):
            name = value.name if isinstance(value, bound.Named) else names[i]
            if name not in names:
                self.fault("KS196", f"'{function.name}' has no parameter '{name}'.", node.arguments[i - len(values)])
                return None
            found[name] = value
        offset = len(values) - len(node.arguments)
        for i, one in enumerate(parameters):
            given = found.get(one.name.text)
            if given is None and one.default is None:
                self.fault("KS197", f"The argument for '{one.name.text}' is missing.", node.name)
                return None
            if given is not None and one.schema is not None:
                argument = node.arguments[i - offset] if 0 <= i - offset < len(node.arguments) else None
                self._check_table(one, given, (argument.start, argument.end) if argument else given_at)
        return [found.get(name, _MISSING) for name in names]

    def _check_table(self, parameter: s.FunctionParameter, value: bound.Value, at: tuple[int, int]) -> None:
        value = underlying(value)
        if not isinstance(value.type, Table):
            if value.type is not UNKNOWN:
                self.fault("KS111", f"'{parameter.name.text}' is a table.", at)
            return
        assert parameter.schema is not None
        columns = [Column(one.name.text, SCALARS[one.type]) for one in parameter.schema.columns]
        if not value.type.has(columns):
            self.fault("KS249", f"The table for '{parameter.name.text}' lacks columns that it must have.", at)

    def apply(self, function: UserFunction, values: Sequence[bound.Value]) -> bound.Value:
        """The function's body with ``values`` in the places of its parameters. A function that applies itself ends."""
        if function in self.applied:
            return bound.Fault(UNKNOWN)
        given = list(values) + [_MISSING] * (len(function.syntax.parameters) - len(values))
        scope = Scope(function.scope)
        for parameter, value in zip(function.syntax.parameters, given, strict=True):
            scope.symbols[parameter.name.text] = self.argument(parameter, value)
        found = self._body_of(function, scope)
        if isinstance(found, bound.Rows) and isinstance(found.type, Table):
            return bound.Rows(bound.Applied(
                function.name, tuple(given), found.relation, found.type, function.syntax.view), found.type)
        type_ = UNKNOWN if found.type is ERROR else found.type
        return bound.Inlined(function.name, tuple(given), found, type_)

    def argument(self, parameter: s.FunctionParameter, value: bound.Value) -> bound.Value:
        """What a parameter means in the body: a table as it is, a scalar of the declared type."""
        value = underlying(value)
        name = parameter.name.text
        if parameter.schema is not None:
            if isinstance(value, bound.Rows):
                return bound.Rows(bound.Shared(name, value.relation, value.type), value.type)
            table = Table((), open=True)
            return bound.Rows(bound.Opaque(table), table)
        type_ = SCALARS[parameter.type]
        if value is _MISSING:
            default = self.value(parameter.default) if isinstance(parameter.default, s.Literal) else None
            return bound.Variable(name, default, type_, parameter.default is not None)
        return bound.Variable(name, value, type_, value.constant)

    def _body_of(self, function: UserFunction, scope: Scope) -> bound.Value:
        kept = (self.scope, self.row, self.right, self.kind, self.suffix, self.by, self.common_only, self.in_graph)
        self.scope, self.row, self.right, self.kind, self.suffix, self.by = scope, None, None, "normal", 1, ()
        self.common_only = self.in_graph = False
        self.muted += 1
        self.applied.append(function)
        try:
            self.statements(function.syntax.statements)
            if function.syntax.body is None:
                return bound.Fault()
            return self.value(function.syntax.body, tabular=True)
        finally:
            self.applied.pop()
            self.muted -= 1
            (self.scope, self.row, self.right, self.kind, self.suffix, self.by, self.common_only, self.in_graph) = kept

    def of_pattern(self, node: s.Call, pattern: s.Pattern, path: str | None) -> bound.Value:
        """A pattern applied: the body of the match whose values, and path, are those of the call."""
        given = [_text(self.value(one)) for one in node.arguments]
        for match in pattern.matches:
            texts = [one.value if isinstance(one, s.Literal) else None for one in match.values]
            own = match.path.value if isinstance(match.path, s.Literal) else None
            if texts == given and own == path:
                return self.apply(UserFunction(node.name.text, match.body, self.scope), ())
        self.fault("KS188", f"The pattern '{node.name.text}' has no match for these arguments.", node)
        return bound.Fault(UNKNOWN)


def _text(value: bound.Value) -> str | None:
    value = underlying(value)
    while isinstance(value, bound.Variable) and value.value is not None:
        value = underlying(value.value)
    return value.value if isinstance(value, bound.Constant) and isinstance(value.value, str) else None


def _lowered(words: frozenset[str]) -> set[str]:
    return {one.lower() for one in words}


_MISSING = bound.Fault(UNKNOWN)
"""Stands for an argument that was left out."""
_REFERENCES = _OF_DATABASES | {"cluster", "database"}
