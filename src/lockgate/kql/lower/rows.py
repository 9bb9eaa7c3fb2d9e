"""Operators that make several rows of one, read texts, or go through rows in order."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound, relation
from lockgate.kql import syntax as s
from lockgate.kql.lower.core import Flow, use
from lockgate.kql.lower.partitions import Partitions
from lockgate.kql.lower.reading import pattern_of
from lockgate.kql.relation import Field, Key
from lockgate.kql.types import BOOL, DATETIME, DYNAMIC, GUID, INT, LONG, REAL, STRING, Column, Tuple, Type


class Rows(Partitions):
    """Each method lowers one operator: the bound step, and the rows it reads."""

    # --- mv-expand and mv-apply

    def _mv_expand(self, step: bound.Step, flow: Flow) -> Flow:
        node = step.syntax
        assert isinstance(node, s.MvExpand)
        return self._expanded(step, flow, node.parameters, step.values[-1] if node.limit is not None else None)

    def _expanded(
        self, step: bound.Step, flow: Flow, parameters: Sequence[s.Parameter], limit: bound.Value | None
    ) -> Flow:
        arrays: list[tuple[Field, bound.Value]] = []
        columns: dict[Column, Field] = {}
        computed: list[tuple[Field, bound.Value]] = []
        index = self.field(LONG)
        for one in step.made:
            if one.value is None:
                columns[one.column] = flow.columns.get(one.column, index)
                continue
            element = self.field(DYNAMIC)
            arrays.append((element, self.value(one.value, flow)))
            columns[one.column] = element
            if not one.column.type.dynamic:
                columns[one.column] = self.of_column(one.column)
                computed.append((columns[one.column], _element(use(element), one.column.type)))
        pairs = any(one.name in ("bagexpansion", "kind") and one.word == "array" for one in parameters)
        order = flow.order
        flow.node = relation.Unnest(flow.node, tuple(arrays), index, pairs, self.taken_reads())
        if limit is not None:
            condition = bound.Operation("<", (use(index), self.value(limit, flow)), BOOL, False)
            flow.node = relation.Filter(flow.node, condition, self.taken_reads())
        if computed:
            flow.node = relation.Extend(flow.node, tuple(computed))
        flow.columns = columns
        flow.order = (*order, Key(use(index))) if order else ()
        flow.position = None
        return flow

    def _mv_apply(self, step: bound.Step, flow: Flow) -> Flow:
        node = step.syntax
        assert isinstance(node, s.MvApply)
        if node.id is not None:
            self.cannot("mv-apply with an id is not known here.", node.id)
        row = self.numbered(flow)
        # Where rows have no order, counting them twice may give them other places: both sides below read one count.
        kept = self.kept_of(flow, costly=True)
        flow.node = kept
        outer = flow.copy()
        limit = None
        if node.limit is not None:
            limit = step.values[-1]
        expanded = self._expanded(step, flow, node.parameters, limit)
        expanded.partition = (*outer.partition, row)
        if not expanded.order:
            expanded.order = (Key(use(row)),)
        found = self.given_to(step.others[0], expanded)
        wanted = [one for one in step.type.columns if one not in found.columns]  # type: ignore[attr-defined]
        present = available(found.node)
        fields = {one: outer.columns[one] for one in wanted}
        if not set(fields.values()) <= present:
            again = self.again(kept, outer)
            assert again.position is not None
            found.node = relation.Join("inner", found.node, again.node, ((use(row), use(again.position)),))
            fields = {one: again.columns[one] for one in wanted}
        columns = {one: found.columns[one] if one in found.columns else fields[one] for one in step.type.columns}  # type: ignore[attr-defined]
        return Flow(found.node, columns, (Key(use(row)), *found.order), outer.partition)

    # --- texts

    def _parse(self, step: bound.Step, flow: Flow) -> Flow:
        node = step.syntax
        assert isinstance(node, s.Parse)
        kind = next((one.word for one in node.parameters if one.name == "kind"), "simple")
        flags = next((one.word for one in node.parameters if one.name == "flags"), "")
        text = self.converted(self.value(step.values[0], flow), STRING)
        names = [one.column.name for one in step.made]
        pattern, groups = pattern_of(node.pattern, names, kind=kind, flags=flags)
        whole = self.field(Tuple([Column(one, STRING) for one in names]), relation.CAPTURES)
        captures = relation.Captures(text, pattern, groups, whole.type)
        flow.node = relation.Extend(flow.node, ((whole, captures),), self.taken_reads())
        read: list[tuple[Field, bound.Value]] = []
        matched: bound.Value = relation.Picked(use(whole), 0, BOOL)
        texts: list[bound.Value] = []
        for i, one in enumerate(step.made, 1):
            field = self.of_column(one.column)
            captured = relation.Picked(use(whole), i, STRING)
            texts.append(captured)
            read.append((field, captured if one.column.type is STRING else relation.Converted(captured, field.type)))
        flow.node = relation.Extend(flow.node, tuple(read))
        fields = {one.column: field for one, (field, _) in zip(step.made, read, strict=True)}
        typed = [field for field in fields.values() if field.type is not STRING]
        if kind != "relaxed":
            for field in typed:
                wrong = bound.Operation("and", (matched, _not_null(field)), BOOL, False)
                matched = wrong
        if typed and kind != "relaxed":
            fields = self._all_or_none(flow, fields, matched)
        if node.only_matching:
            flow.node = relation.Filter(flow.node, matched)
        flow.columns = {**flow.columns, **fields}
        flow.columns = {one: flow.columns[one] for one in step.type.columns}  # type: ignore[attr-defined]
        return flow

    def _all_or_none(self, flow: Flow, fields: dict[Column, Field], matched: bound.Value) -> dict[Column, Field]:
        """The fields where all of them could be read, and nothing elsewhere."""
        ok = self.field(BOOL)
        flow.node = relation.Extend(flow.node, ((ok, matched),))
        made: list[tuple[Field, bound.Value]] = []
        found: dict[Column, Field] = {}
        for column, field in fields.items():
            if field.type is not STRING and len(fields) == 1:
                found[column] = field
                continue
            new = self.field(field.type)
            nothing = bound.Constant("" if field.type is STRING else None, field.type)
            made.append((new, _choice(use(ok), use(field), nothing)))
            found[column] = new
        if made:
            flow.node = relation.Extend(flow.node, tuple(made))
        return found

    # --- ranges

    def _range(self, step: bound.Step, flow: Flow) -> Flow:
        del flow
        column = step.made[0].column
        nothing = Flow(relation.Values((), ((),), None), {})
        first, last, by = (self.value(one, nothing) for one in step.values)
        field = self.of_column(column)
        node = relation.Series(field, first, last, by, self.taken_reads())
        found = Flow(node, {column: field}, ())
        self.numbered(found)
        return found


def available(node: relation.Node) -> set[Field]:
    """The fields that a node hands on or makes, as far as that is plain."""
    found: set[Field] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, relation.Scan):
            found |= {field for _, field in one.columns}
        elif isinstance(one, relation.Values):
            found |= {*one.fields, *((one.position,) if one.position else ())}
        elif isinstance(one, relation.Extend | relation.Unnest):
            found |= {field for field, _ in one.made}
            if isinstance(one, relation.Unnest):
                found.add(one.index)
            waiting.append(one.input)
        elif isinstance(one, relation.Number | relation.Window):
            found.add(one.field)
            waiting.append(one.input)
        elif isinstance(one, relation.Filter | relation.Limit | relation.Unique):
            waiting.append(one.input)
        elif isinstance(one, relation.Join):
            waiting += [one.left] if one.kind in ("semi", "anti") else [one.left, one.right]
            found |= {new for new, _ in one.missing}
        elif isinstance(one, relation.Aggregate):
            found |= {field for field, _ in one.groups} | {part.field for part in one.parts}
        elif isinstance(one, relation.Union):
            found |= set(one.fields)
        elif isinstance(one, relation.Again):
            found |= {new for new, _ in one.renamed}
        elif isinstance(one, relation.Kept):
            waiting.append(one.input)
        elif isinstance(one, relation.Series):
            found.add(one.field)
        elif isinstance(one, relation.Cut):
            found |= {field for _, field in one.fields} | {one.position, *one.partition}
        elif isinstance(one, relation.Outside):
            found |= {field for _, field in one.fields}
    return found


def _call(name: str, arguments: tuple[bound.Value, ...], type_: Type) -> bound.Value:
    from lockgate.kql import catalogue

    function = catalogue.find(name)
    assert function is not None
    return bound.Call(function, arguments, type_, False)


_HELD = {
    INT: ("long", "double"), LONG: ("long", "double"), REAL: ("long", "double"), BOOL: ("bool", "long"),
    DATETIME: ("string",), GUID: ("string",),
}  # fmt: skip
"""What an element has to be to become one of a type; there is no reading of numbers out of texts here."""


def _element(value: bound.Value, type_: Type) -> bound.Value:
    """An element under ``to typeof(...)``: what is of another kind is null, so duckdb-kql measured on the emulator."""
    found: bound.Value = relation.Converted(value, type_)
    kinds = _HELD.get(type_)
    if kinds is None:
        return found
    held = _call("gettype", (value,), STRING)
    texts = tuple(bound.Constant(one, STRING) for one in kinds)
    return _choice(bound.Operation("in", (held, *texts), BOOL, False), found, bound.Constant(None, type_))


def _not_null(field: Field) -> bound.Value:
    return _call("isnotnull", (use(field),), BOOL)


def _choice(condition: bound.Value, then: bound.Value, other: bound.Value) -> bound.Value:
    return _call("iff", (condition, then, other), then.type)
