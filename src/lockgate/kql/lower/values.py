"""Values over the fields of a flow: variables and functions put in place, columns made fields, windows made nodes."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound, catalogue, relation
from lockgate.kql.lower.core import Core, Flow, use
from lockgate.kql.lower.sessions import session
from lockgate.kql.relation import Key, Node
from lockgate.kql.types import (
    BAG,
    BOOL,
    DATETIME,
    DYNAMIC,
    LONG,
    NUMBER_NAMES,
    STRING,
    TIMESPAN,
    UNKNOWN,
    Column,
    Tuple,
    Type,
    single,
)

_TEXTUAL = frozenset(("current_database", "current_cluster_endpoint", "current_principal", "current_node_id"))
_WINDOWS = frozenset(
    ("prev", "next", "row_number", "row_cumsum", "row_rank", "row_rank_dense", "row_rank_min", "row_window_session")
)  # fmt: skip
_SUBTRACT, _ADD = "-", "+"


class Values(Core):
    """Lowers values."""

    absent = False
    """Whether a column that is not there is null (``search`` and ``find`` over tables that lack it)."""

    def rows_of(self, node: bound.Relation) -> Flow:
        """The rows of a relation; given by the layer of operators."""
        raise NotImplementedError

    def value(self, value: bound.Value, flow: Flow) -> bound.Value:
        """The value with fields for columns."""
        kind = type(value)
        if kind is bound.Use:
            return self._use(value, flow)  # type: ignore[arg-type]
        if kind is bound.Constant or kind is bound.TypeValue:
            return value
        if kind is bound.Operation:
            return self._chain(value, flow)  # type: ignore[arg-type]
        if kind is bound.Call:
            return self._call(value, flow)  # type: ignore[arg-type]
        if kind is bound.Member:
            return self._member(value, flow)  # type: ignore[arg-type]
        if kind is bound.Variable:
            return self._variable(value, flow)  # type: ignore[arg-type]
        if isinstance(value, bound.Inlined):
            return self.value(value.body, flow)
        if isinstance(value, bound.Named):
            return self.value(value.value, flow)
        if isinstance(value, bound.Rows | bound.Once):
            return self._apart(value, flow)
        return self._other(value)

    def _other(self, value: bound.Value) -> bound.Value:
        if isinstance(value, bound.Columns):
            self.cannot("Several columns stand where one value is expected.")
        if isinstance(value, bound.Fault):
            self.cannot("This refers to what is not known here: a cluster, a database or a function elsewhere.")
        if isinstance(value, bound.Record):
            self.cannot("A whole row stands where one value is expected.")
        if isinstance(value, relation.Slot | relation.Collected | relation.Converted):
            return value
        return self.cannot("This value cannot be computed here.")

    def _use(self, value: bound.Use, flow: Flow) -> bound.Value:
        if isinstance(value.column, relation.Field):
            return value
        field = flow.columns.get(value.column)
        if field is None and any(value.column in outer.columns for outer in self.outside):
            self.cannot(f"'toscalar' cannot use '{value.column.name}', which belongs to the rows around it: it is "
                        "computed once, not for each row.")  # fmt: skip
        if field is None:
            field = flow.named(value.column.name)
        if field is None and self.absent:
            return bound.Constant("" if value.type is STRING else None, value.type)
        if field is None:
            self.cannot(f"The column '{value.column.name}' is not there when the query runs.")
        return use(field)

    def _variable(self, value: bound.Variable, flow: Flow) -> bound.Value:
        if value.value is None:
            self.cannot(f"The parameter '{value.name}' has no value.")
        return self.converted(self.value(value.value, flow), value.type)

    def converted(self, value: bound.Value, type_: Type) -> bound.Value:
        """The value as one of another type."""
        own = single(value.type)
        if own is type_ or type_ is UNKNOWN or not type_.scalar or isinstance(type_, Tuple):
            return value
        if (own.dynamic and type_.dynamic) or isinstance(value, bound.TypeValue):
            return value
        if isinstance(value, bound.Constant) and value.value is None and type_ is not STRING:
            return bound.Constant(None, type_)
        if isinstance(value, bound.Constant) and own is STRING and type_.dynamic:
            return value
        return relation.Converted(value, type_, value.constant)

    def _member(self, value: bound.Member, flow: Flow) -> bound.Value:
        if isinstance(value.value.type, Tuple):
            return self._of_several(value, value.value.type, flow)
        # Members of members are followed in a loop: how deep they nest is up to who wrote the query.
        chain = [value]
        while isinstance(chain[-1].value, bound.Member):
            chain.append(chain[-1].value)
        found = self.value(chain[-1].value, flow)
        for one in reversed(chain):
            key = one.key if isinstance(one.key, str) else self.value(one.key, flow)
            found = bound.Member(found, key, one.type, found.constant)
        return found

    def _of_several(self, value: bound.Member, type_: Tuple, flow: Flow) -> bound.Value:
        """One of several results, which are computed once."""
        if isinstance(value.value, bound.Record):
            self.cannot("A member of a row stands where one value is expected.")
        key: object = value.key
        if isinstance(key, bound.Value):
            known = self.value(key, flow)
            key = known.value if isinstance(known, bound.Constant) else None
        names = [one.name for one in type_.columns]
        place = names.index(key) if isinstance(key, str) and key in names else key
        if not isinstance(place, int) or not 0 <= place < len(names):
            return bound.Constant(None, DYNAMIC)
        whole = self.value(value.value, flow)
        if len(names) == 1:
            return whole
        field = self.field(type_)
        flow.node = relation.Extend(flow.node, ((field, whole),), self.taken_reads())
        return relation.Picked(use(field), place, type_.columns[place].type)

    # --- operators

    def _chain(self, value: bound.Operation, flow: Flow) -> bound.Value:
        chain = [value]
        while isinstance(first := chain[-1].arguments[0], bound.Operation):
            chain.append(first)
        found = self._operation(chain[-1], None, flow)
        for one in reversed(chain[:-1]):
            found = self._operation(one, found, flow)
        return found

    def _operation(self, value: bound.Operation, first: bound.Value | None, flow: Flow) -> bound.Value:
        head, rest = value.arguments[0], value.arguments[1:]
        if isinstance(head, bound.Columns):
            return self._over_columns(value, head, flow)
        left = self.value(head, flow) if first is None else first
        if rest and isinstance(rest[0], bound.Rows) and not rest[0].constant:
            return self._among_rows(value, left, rest[0])
        arguments = (left, *(self.value(one, flow) for one in rest))
        return self.placed(
            bound.Operation(value.operator, arguments, value.type, all(one.constant for one in arguments))
        )

    def placed(self, value: bound.Value) -> bound.Value:
        """Remember where the value stands, should an engine not know it."""
        self.alive.append(value)
        self.places[id(value)] = self.span
        return value

    def _over_columns(self, value: bound.Operation, columns: bound.Columns, flow: Flow) -> bound.Value:
        """``* has 'text'``: one of the columns is so; of a negated operator, all are."""
        joined = "and" if value.operator.startswith("!") and value.operator != "!=" else "or"
        found: bound.Value | None = None
        fields = [flow.columns[one] for one in columns.columns if one in flow.columns] or list(flow.columns.values())
        right = value.arguments[1:]
        textual = all(one.type is STRING or one.type.dynamic for one in right)
        for field in fields:
            own: bound.Value = use(field)
            if textual and field.type is not STRING:
                own = relation.Converted(own, STRING)
            elif not textual and any(_kind(one.type) != _kind(field.type) for one in right):
                continue
            one = self._operation(bound.Operation(value.operator, (own, *right), BOOL, False), own, flow)
            found = one if found is None else bound.Operation(joined, (found, one), BOOL, False)
        return found if found is not None else bound.Constant(joined == "and", BOOL)

    def _among_rows(self, value: bound.Operation, left: bound.Value, rows: bound.Rows) -> bound.Value:
        node, field = self._column_of(rows.relation)
        if value.operator in ("in", "!in"):
            right = field.type
            if single(left.type) is not right and (single(left.type).dynamic or right.dynamic):
                left = relation.Converted(left, STRING) if right is STRING else left
            self.reads.append(node)
            found: bound.Value = relation.Within(left, node, field, BOOL)
            return found if value.operator == "in" else _not(found)
        listed = relation.Collected(node, field, DYNAMIC)
        return self.placed(bound.Operation(value.operator, (left, listed), BOOL, False))

    def _column_of(self, rows: bound.Relation) -> tuple[Node, relation.Field]:
        """The first column of a relation that stands in a value."""
        outer = (self.reads, self.aggregates, self.span, self.aggregated)
        self.reads, self.aggregates, self.aggregated = [], None, None
        flow = self.rows_of(rows)
        self.reads, self.aggregates, self.span, self.aggregated = outer
        if not flow.columns:
            self.cannot("The table in this value has no columns.")
        field = next(iter(flow.columns.values()))
        if flow.order:
            flow.node = relation.Limit(flow.node, bound.Constant(None, LONG), flow.order)
        return flow.node, field

    def _apart(self, value: bound.Rows | bound.Once, flow: Flow) -> bound.Value:
        """``toscalar``, of a table or of one value; neither sees the rows around it."""
        if not value.constant:
            self.cannot("A table stands where one value is expected.")
        known = self.slots.get(id(value))
        if known is None:
            self.outside.append(flow)
            try:
                known = self._column(value.relation) if isinstance(value, bound.Rows) else self._single(value)
            finally:
                self.outside.pop()
            self.slots[id(value)] = known
            self.alive.append(value)
        return known

    def _column(self, rows: bound.Relation) -> bound.Value:
        node, field = self._column_of(rows)
        return relation.Slot(node, field, field.type)

    def _single(self, value: bound.Once) -> bound.Value:
        nothing = Flow(relation.Values((), ((),), None), {})
        found = self.value(value.value, nothing)
        if found.constant and not relation.volatile(found):
            return found
        field = self.field(value.type)
        return relation.Slot(relation.Extend(nothing.node, ((field, found),)), field, field.type)

    # --- calls

    def _call(self, value: bound.Call, flow: Flow) -> bound.Value:
        name = value.function.name
        if value.function.kind == "aggregate":
            return self._aggregate(value, flow)
        special = getattr(self, f"_of_{name}", None)
        if special is not None:
            found: bound.Value = special(value, flow)
            return found
        if name in _WINDOWS:
            return self._window(value, flow)
        if name in _TEXTUAL:
            return bound.Constant({"current_database": "ws"}.get(name, ""), STRING)
        arguments = tuple(self.value(one, flow) for one in self._spread(value.arguments, flow))
        constant = value.constant and all(one.constant for one in arguments)
        return self.placed(bound.Call(value.function, arguments, value.type, constant, value.signature))

    def _spread(self, arguments: Sequence[bound.Value], flow: Flow) -> list[bound.Value]:
        """The arguments, with the columns that a star stands for."""
        found: list[bound.Value] = []
        for one in arguments:
            if isinstance(one, bound.Columns):
                columns = one.columns or tuple(flow.columns)
                found += [use(flow.columns[column]) for column in columns if column in flow.columns]
            else:
                found.append(one)
        return found

    def _of_now(self, value: bound.Call, flow: Flow) -> bound.Value:
        now = bound.Constant(self.now, DATETIME)
        if not value.arguments:
            return now
        return bound.Operation(_ADD, (now, self.value(value.arguments[0], flow)), DATETIME, True)

    def _of_ago(self, value: bound.Call, flow: Flow) -> bound.Value:
        span = self.converted(self.value(value.arguments[0], flow), TIMESPAN)
        if isinstance(span, bound.Constant) and isinstance(span.value, int):
            return bound.Constant(self.now - span.value, DATETIME)
        return bound.Operation(_SUBTRACT, (bound.Constant(self.now, DATETIME), span), DATETIME, span.constant)

    def _of_ingestion_time(self, value: bound.Call, flow: Flow) -> bound.Value:
        """When a row was taken in. A record that keeps it in a column of its own has it as ``_IngestionTime``."""
        del value
        field = flow.named("_IngestionTime") or flow.named("$IngestionTime") or flow.named("TimeGenerated")
        return use(field) if field is not None and field.type is DATETIME else bound.Constant(None, DATETIME)

    def _of_column_ifexists(self, value: bound.Call, flow: Flow) -> bound.Value:
        name, default = value.arguments
        known = self.value(name, flow)
        field = flow.named(str(known.value)) if isinstance(known, bound.Constant) else None
        found = use(field) if field is not None else self.value(default, flow)
        return self.converted(found, value.type)

    _of_columnifexists = _of_column_ifexists

    def _of_iscolumnexists(self, value: bound.Call, flow: Flow) -> bound.Value:
        known = self.value(value.arguments[0], flow)
        return bound.Constant(isinstance(known, bound.Constant) and flow.named(str(known.value)) is not None, BOOL)

    def _of_pack_all(self, value: bound.Call, flow: Flow) -> bound.Value:
        ignore = self.value(value.arguments[0], flow) if value.arguments else None
        return self.packed(flow, flow.columns, ignore=isinstance(ignore, bound.Constant) and ignore.value is True)

    def _of_bag_pack_columns(self, value: bound.Call, flow: Flow) -> bound.Value:
        columns = [one.column for one in value.arguments if isinstance(one, bound.Use)]
        return self.packed(flow, columns)

    def packed(self, flow: Flow, columns: Sequence[Column] | dict[Column, relation.Field], *,
               ignore: bool = False) -> bound.Value:  # fmt: skip
        """A bag of columns by their names; ``ignore`` leaves out those that are null or empty."""
        arguments: list[bound.Value] = []
        for one in columns:
            arguments += [bound.Constant(one.name, STRING), use(flow.columns[one])]
        function = catalogue.find("pack_all" if ignore else "bag_pack")
        assert function is not None
        return self.placed(bound.Call(function, tuple(arguments), BAG, False))

    def _of_column_names_of(self, value: bound.Call, flow: Flow) -> bound.Value:
        del flow
        type_ = value.arguments[0].type
        return bound.Constant([one.name for one in getattr(type_, "columns", ())], value.type)

    # --- aggregates and windows

    def _aggregate(self, value: bound.Call, flow: Flow) -> bound.Value:
        if self.aggregates is None:
            self.cannot(f"The aggregate '{value.function.name}' stands where none can be computed.")
        return self.part(value, 0, flow)

    def part(self, call: bound.Call, index: int, flow: Flow) -> bound.Value:
        """One result of an aggregate, as the field that will hold it. Calls that are the same object are one."""
        del flow
        assert self.aggregates is not None
        assert self.aggregated is not None
        for one in self.aggregates:
            if one.call is self._lowered_calls.get(id(call)) and one.index == index:
                return use(one.field)
        lowered = self._lowered_calls.get(id(call))
        if lowered is None:
            lowered = self._lowered_aggregate(call)
            self._lowered_calls[id(call)] = lowered
            self.alive.append(call)
        type_ = single(call.type)
        taken: bound.Value | None = None
        if isinstance(call.type, Tuple) and call.type.columns:
            type_ = call.type.columns[index].type
            if call.type.origins:
                origin = call.type.origins[index]
                taken = self._taken(lowered, origin)
        field = self.field(type_)
        self.aggregates.append(relation.Part(field, lowered, index, taken))
        return use(field)

    def _taken(self, call: bound.Call, origin: int | Column) -> bound.Value:
        if isinstance(origin, int):
            return call.arguments[origin]
        assert self.aggregated is not None
        return use(self.aggregated.columns[origin])

    def _lowered_aggregate(self, call: bound.Call) -> bound.Call:
        flow, outer = self.aggregated, self.aggregates
        assert flow is not None
        self.aggregates = None
        arguments: list[bound.Value] = []
        for one in call.arguments:
            # A star is taken apart by the origins of the call's parts.
            arguments.append(one if isinstance(one, bound.Columns) else self.value(one, flow))
        self.aggregates = outer
        lowered = bound.Call(call.function, tuple(arguments), call.type, False, call.signature)
        self.placed(lowered)
        return lowered

    def _window(self, value: bound.Call, flow: Flow) -> bound.Value:
        name = value.function.name
        if self.aggregates is not None:
            self.cannot(f"'{name}' cannot be computed in summarize.")
        arguments = [self.value(one, flow) for one in value.arguments]
        order = (Key(use(self.numbered(flow))),)
        partition: tuple[bound.Value, ...] = tuple(use(one) for one in flow.partition)
        if name in ("prev", "next"):
            return self._neighbour(name, arguments, value.type, flow)
        if name == "row_window_session":
            return session(self, bound.Call(value.function, tuple(arguments), value.type, False), flow)
        if name.startswith("row_rank"):
            return self._rank(name, arguments, flow)
        restart = arguments[1:2]
        if restart:
            partition = (*partition, self._restarted(restart[0], flow))
        if name == "row_number":
            field = self.field(LONG)
            flow.node = relation.Number(flow.node, field, order, partition)
            first = arguments[0] if arguments else bound.Constant(1, LONG)
            if isinstance(first, bound.Constant) and first.value == 1:
                return use(field)
            shifted = bound.Operation("-", (first, bound.Constant(1, LONG)), LONG, first.constant)
            return bound.Operation("+", (use(field), shifted), LONG, False)
        return self.windowed("sum", arguments[:1], value.type, flow, partition)

    def windowed(
        self, function: str, arguments: Sequence[bound.Value], type_: Type, flow: Flow,
        partition: tuple[bound.Value, ...] | None = None,
    ) -> bound.Value:  # fmt: skip
        """A new field that looks at the rows around, in their order."""
        order = (Key(use(self.numbered(flow))),)
        field = self.field(type_)
        own = tuple(use(one) for one in flow.partition) if partition is None else partition
        flow.node = relation.Window(flow.node, field, function, tuple(arguments), order, own)
        return use(field)

    def _neighbour(self, name: str, arguments: Sequence[bound.Value], type_: Type, flow: Flow) -> bound.Value:
        offset = arguments[1] if len(arguments) > 1 else bound.Constant(1, LONG)
        function = "lag" if name == "prev" else "lead"
        if len(arguments) > 2:
            default = self.converted(arguments[2], type_)
        else:
            default = bound.Constant("" if type_ is STRING else None, type_)
        return self.windowed(function, (arguments[0], offset, default), type_, flow)

    def _restarted(self, condition: bound.Value, flow: Flow) -> bound.Value:
        """A number that grows where the condition is true."""
        one = relation.Converted(condition, LONG)
        return self.windowed("sum", (one,), LONG, flow)

    def _rank(self, name: str, arguments: Sequence[bound.Value], flow: Flow) -> bound.Value:
        term = arguments[0]
        partition: tuple[bound.Value, ...] = tuple(use(one) for one in flow.partition)
        if len(arguments) > 1 and name != "row_rank":
            partition = (*partition, self._restarted(arguments[1], flow))
        before = self.windowed("lag", (term, bound.Constant(1, LONG), bound.Constant(None, term.type)), term.type, flow,
                               partition)  # fmt: skip
        number = self.field(LONG)
        order = (Key(use(self.numbered(flow))),)
        flow.node = relation.Number(flow.node, number, order, partition)
        first = bound.Operation("==", (use(number), bound.Constant(1, LONG)), BOOL, False)
        changed = bound.Operation("or", (first, bound.Operation("!=", (term, before), BOOL, False)), BOOL, False)
        if name == "row_rank_min":
            started = bound.Operation("*", (relation.Converted(changed, LONG), use(number)), LONG, False)
            return self.windowed("max", (started,), LONG, flow, partition)
        return self.windowed("sum", (relation.Converted(changed, LONG),), LONG, flow, partition)


def _kind(type_: Type) -> str:
    return "number" if type_.name in NUMBER_NAMES else type_.name


def _not(value: bound.Value) -> bound.Value:
    function = catalogue.find("not")
    assert function is not None
    return bound.Call(function, (value,), BOOL, False)
