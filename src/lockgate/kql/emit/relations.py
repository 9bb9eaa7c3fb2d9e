"""The relational tree as SQL: a common table expression where one is needed, what fits together merged into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockgate.kql import bound, relation
from lockgate.kql.aggregates import PICKS
from lockgate.kql.emit import needs
from lockgate.kql.emit.shredded import Parts, Paths
from lockgate.kql.emit.values import PARSES, Expressions, Names, Statement, stored_form
from lockgate.kql.relation import Field, Key, Node
from lockgate.kql.types import STRING, Tuple, Type, single


class Draft:
    """A SELECT that is not written yet: conditions and columns can still be added."""

    __slots__ = ("columns", "computed", "paths", "sealed", "source", "tail", "where")

    def __init__(self, source: str, columns: dict[Field, str]) -> None:
        self.source = source
        """What stands after FROM; empty for none."""
        self.columns = columns
        self.computed: set[Field] = set()
        """Columns that cost something, and are not to be written twice."""
        self.paths: dict[Field, Paths] = {}
        """Paths below columns that are columns themselves."""
        self.where: list[str] = []
        self.tail = ""
        """ORDER BY and LIMIT."""
        self.sealed = False
        """Whether a window stands in it: conditions come after it then."""

    @property
    def plain(self) -> bool:
        """Whether it is nothing but a table under its own names."""
        return not self.where and not self.tail and not self.sealed and all(
            field.name == text for field, text in self.columns.items()
        )  # fmt: skip


class Writer:
    """Writes one statement. What an engine writes in its own way is a method that it gives."""

    expression: type[Expressions]
    """What writes its values."""
    joins: Mapping[str, str]
    """Its words for each kind of join."""
    timestamp: str
    """The type of its stored timestamps."""
    unordered = ""
    """What stands for the order of a window that has none."""
    most_rows = 2**63 - 1
    """The highest count that may stand after LIMIT."""

    def __init__(
        self, names: Names, tables: Mapping[str, tuple[str, Mapping[str, str]]], stored: Mapping[int, str]
    ) -> None:
        self.statement = Statement(names)
        self.names = names
        self.stored_tables = tables
        self.stored = stored
        self.parts: list[str] = []
        self.drafts: dict[int, Draft] = {}
        self.tables: dict[int, str] = {}
        self.needed: dict[int, set[Field]] = {}
        self.uses: dict[int, int] = {}

    # --- what an engine gives

    def marked(self, place: int) -> str:
        """How the parameter of that number, from 1, stands in a statement."""
        raise NotImplementedError

    def named(self, name: str, text: str, *, materialized: bool) -> str:
        """A common table expression."""
        raise NotImplementedError

    def limited(self, count: str) -> str:
        """The clause that ends rows after a count that is computed."""
        raise NotImplementedError

    def window(self, function: str, arguments: Sequence[str]) -> str:
        """A function over the rows around."""
        return f"{function}({', '.join(arguments)})"

    def summed(self, to: Expressions, call: bound.Call, order: str) -> str | None:
        """An aggregate from the engine's table; ``order`` is the column that counts the rows, or empty."""
        raise NotImplementedError

    def summed_part(self, to: Expressions, call: bound.Call, index: int) -> str | None:
        """One of several results of an aggregate."""
        raise NotImplementedError

    def gathered(self, to: Expressions, call: bound.Call, order: str) -> str:
        """An aggregate in Python, of the rows of a group."""
        raise NotImplementedError

    def chosen(
        self, to: Expressions, call: bound.Call, fields: Sequence[tuple[Field, bound.Value]], order: str
    ) -> str:  # fmt: skip
        """The row that ``arg_max`` or ``take_any`` chooses, as a struct of ``fields``, as they are stored."""
        raise NotImplementedError

    # --- the statement

    def write(self, root: Node, columns: Sequence[Field], order: relation.Order, *, raw: bool = False) -> str:
        """The statement that gives ``columns`` of the rows of ``root`` in an order; ``raw``: as they are stored."""
        nodes = needs.ordered(root, self.stored)
        given = needs.provided(needs.ordered(root))  # also of what is stored and not written down again
        wanted = set(columns) | needs.fields(key.value for key in order)
        self.needed = needs.needed(nodes, given, {id(root): wanted})
        looked_into = self._count_uses(nodes)
        for node in nodes:
            if id(node) in self.stored:
                self.drafts[id(node)] = self._of_table(self.stored[id(node)], node)
                continue
            method: Callable[[Any], Draft] = getattr(self, f"_{type(node).__name__.lower()}")
            draft = method(node)
            if id(node) in looked_into and not isinstance(node, relation.Kept):
                draft = self.closed(draft, self.needed[id(node)])
            if id(node) in looked_into:
                self.tables[id(node)] = draft.source
            self.drafts[id(node)] = draft
        draft = self.drafts[id(root)]
        if draft.tail or needs.fields(key.value for key in order) & draft.computed:
            draft = self.closed(draft, wanted)
        written = [draft.columns[field] if raw else self.use(draft, field) for field in columns]
        shown = [f"{text} AS {field.name}" for text, field in zip(written, columns, strict=True)] or ["NULL AS nothing"]
        text = f"SELECT {', '.join(shown)}{from_(draft)}{self._order(order, draft)}"
        return (f"WITH {', '.join(self.parts)} " if self.parts else "") + text

    def _count_uses(self, nodes: Sequence[Node]) -> set[int]:
        """How often each node is read, and which are looked into by values."""
        looked_into: set[int] = set()
        for node in nodes:
            for one in node.inputs:
                self.uses[id(one)] = self.uses.get(id(one), 0) + 1
            for one in getattr(node, "reads", ()):
                looked_into.add(id(one))
        return looked_into

    # --- drafts

    def expressions(self, draft: Draft | None = None) -> Expressions:
        """What writes values over the columns of ``draft``."""
        found = self.expression(self.statement, draft.columns if draft is not None else {})
        found.paths = draft.paths if draft is not None else {}
        found.tables = self.tables
        return found

    def use(self, draft: Draft, field: Field) -> str:
        """A column in the form of its type."""
        return self.expressions(draft).use(bound.Use(field, field.type))

    def closed(self, draft: Draft, fields: set[Field], *, materialized: bool = False) -> Draft:
        """The draft written down as a part of its own, with these fields."""
        if draft.plain and not materialized:
            return draft
        own = [field for field in draft.columns if field in fields]
        shown = [f"{draft.columns[field]} AS {field.name}" for field in own] or ["1 AS nothing"]
        # What is written down would hold the paths too; a mere name for it costs nothing.
        kept = [field for field in own if field in draft.paths and not materialized]
        paths = {field: _renamed(field, draft.paths[field]) for field in kept}
        for field, renamed in paths.items():
            for path, parts in renamed.items():
                old = draft.paths[field][path]
                shown += [f"{old.text} AS {parts.text}", f"{old.long} AS {parts.long}", f"{old.json} AS {parts.json}"]
        found = self.part(f"SELECT {', '.join(shown)}{from_(draft)}{draft.tail}", own, materialized=materialized)
        found.paths = paths
        return found

    def part(self, text: str, fields: Sequence[Field], *, materialized: bool = False) -> Draft:
        """A common table expression."""
        name = self.names.take("q")
        self.parts.append(self.named(name, text, materialized=materialized))
        return Draft(name, {field: field.name for field in fields})

    def cast(self, text: str, type_: Type) -> str:
        """The expression as one of a type."""
        return f"CAST({text} AS {self.expressions().type_of(type_)})"

    def _of_table(self, name: str, node: Node) -> Draft:
        return Draft(name, {field: field.name for field in self.needed[id(node)]})

    def _input(self, node: Node, values: Sequence[bound.Value] = (), *, closed: bool = False) -> Draft:
        """The draft of an input, closed when ``values`` would write something costly twice."""
        draft = self.drafts[id(node)]
        if closed or draft.tail or needs.fields(values) & draft.computed:
            return self.closed(draft, self.needed[id(node)])
        return draft

    def _order(self, order: Sequence[Key], draft: Draft) -> str:
        if not order:
            return ""
        return " ORDER BY " + ", ".join(self._key(one, draft) for one in order)

    def _key(self, key: Key, draft: Draft) -> str:
        assert isinstance(key.value, bound.Use)
        assert isinstance(key.value.column, Field)
        field = key.value.column
        text = draft.columns[field] if field.stored == relation.TIMESTAMP else self.use(draft, field)
        direction = "DESC" if key.descending else "ASC"
        return f"{text} {direction} NULLS {'FIRST' if key.nulls_first else 'LAST'}"

    # --- sources

    def _scan(self, node: relation.Scan) -> Draft:
        name, columns = self.stored_tables[node.table]
        return Draft(name, {field: columns[column] for column, field in node.columns})

    def _values(self, node: relation.Values) -> Draft:
        if not node.fields:
            return Draft("", {})
        own = self.needed[id(node)]
        places = [i for i, field in enumerate(node.fields) if field in own]
        fields = [node.fields[i] for i in places]
        to = self.expressions()
        counted = [node.position] if node.position is not None and node.position in own else []
        if not fields and not counted:
            counted = [node.position] if node.position is not None else []
        if not node.rows:
            shown = ", ".join(f"{self.cast('NULL', field.type)} AS {field.name}" for field in (*fields, *counted))
            return self.part(f"SELECT {shown or 'NULL AS nothing'} WHERE false", [*fields, *counted])
        rows: list[str] = []
        for number, row in enumerate(node.rows, 1):
            texts = [to.sql(row[i]) for i in places]
            if number == 1:
                # The first row says what type each column has.
                texts = [self.cast(text, field.type) for text, field in zip(texts, fields, strict=True)]
            rows.append(f"({', '.join([*texts, *(str(number) for _ in counted)])})")
        names = ", ".join(field.name for field in (*fields, *counted))
        source = f"(VALUES {', '.join(rows)}) AS {self.names.take('v')}({names})"
        return Draft(source, {field: field.name for field in (*fields, *counted)})

    def _cut(self, node: relation.Cut) -> Draft:
        return self._of_table(self.stored[id(node)], node)

    def _outside(self, node: relation.Outside) -> Draft:
        return self._of_table(self.stored[id(node)], node)

    # --- rows one by one

    def _filter(self, node: relation.Filter) -> Draft:
        draft = self._input(node.input, [node.condition], closed=self.drafts[id(node.input)].sealed)
        draft.where.append(self.expressions(draft).condition(node.condition))
        return draft

    def _extend(self, node: relation.Extend) -> Draft:
        own = self.needed[id(node)]
        made = [(field, value) for field, value in node.made if field in own]
        if not made:
            return self.drafts[id(node.input)]
        draft = self._input(node.input, [value for _, value in made])
        to = self.expressions(draft)
        texts = [(field, to.sql(value), value) for field, value in made]
        for field, text, value in texts:
            draft.columns[field] = text
            if (below := self._same(value)) in draft.paths:
                draft.paths[field] = draft.paths[below]
            if not isinstance(value, bound.Use | bound.Constant | relation.Picked):
                draft.computed.add(field)
        return draft

    def _same(self, value: bound.Value) -> Field | None:
        """The column that a value is, or that it reads as JSON; None for any other."""
        if isinstance(value, bound.Call) and value.function.name in PARSES:
            value = value.arguments[0]
        return value.column if isinstance(value, bound.Use) and isinstance(value.column, Field) else None

    def _number(self, node: relation.Number) -> Draft:
        return self._windowed(node, "row_number()", ())

    def _window(self, node: relation.Window) -> Draft:
        return self._windowed(node, "", node.arguments)

    def _windowed(self, node: relation.Number | relation.Window, text: str, values: Sequence[bound.Value]) -> Draft:
        if node.field not in self.needed[id(node)]:
            return self.drafts[id(node.input)]
        read = [*values, *node.partition, *(key.value for key in node.order)]
        draft = self._input(node.input, read)
        to = self.expressions(draft)
        frame = ""
        if isinstance(node, relation.Window):
            texts = [to.sql(one) for one in values]
            if node.function in ("sum", "max"):
                frame = " ROWS UNBOUNDED PRECEDING"
            text = self.window(node.function, texts)
        partition = ", ".join(to.sql(one) for one in node.partition)
        apart = f"PARTITION BY {partition}" if partition else ""
        over = f"{apart}{self._order(node.order, draft) or self.unordered}{frame}"
        text = f"{text} OVER ({over.strip()})"
        if isinstance(node, relation.Window) and node.function == "sum":
            text = self.cast(text, node.field.type)
        draft.columns[node.field] = text
        draft.computed.add(node.field)
        draft.sealed = True
        return draft

    def _limit(self, node: relation.Limit) -> Draft:
        draft = self._input(node.input, [key.value for key in node.order])
        order = self._order(node.order, draft)
        if isinstance(node.count, bound.Constant) and node.count.value is None:
            draft.tail = order
            return draft
        known = self.expressions(draft).known(node.count)
        if known is not None and isinstance(known[0], int):
            draft.tail = order if known[0] > self.most_rows else f"{order} LIMIT {max(known[0], 0)}"
        else:
            draft.tail = f"{order} {self.limited(self.expressions().sql(node.count))}"
        return draft

    # --- groups

    def _aggregate(self, node: relation.Aggregate) -> Draft:
        own = self.needed[id(node)]
        parts = [one for one in node.parts if one.field in own]
        values = [value for _, value in node.groups]
        for one in parts:
            values += [argument for argument in one.call.arguments if not isinstance(argument, bound.Columns)]
            values += [one.value] if one.value is not None else []
        draft = self._input(node.input, values, closed=self.drafts[id(node.input)].sealed)
        to = self.expressions(draft)
        shown = [f"{self._group_text(to, field, value)} AS {field.name}" for field, value in node.groups]
        after: dict[Field, str] = {field: field.name for field, _ in node.groups}
        self._summed(to, node, parts, shown, after)
        grouped = f" GROUP BY {', '.join(str(i + 1) for i in range(len(node.groups)))}" if node.groups else ""
        text = f"SELECT {', '.join(shown) or 'count(*) AS nothing'}{from_(draft)}{grouped}"
        found = self.part(text, [])
        found.columns = after
        return found

    def _group_text(self, to: Expressions, field: Field, value: bound.Value) -> str:
        if field.stored == relation.TIMESTAMP and isinstance(value, bound.Use):
            return to.columns[value.column]  # type: ignore[index]
        if field.stored == relation.NULLABLE_TEXT or field.stored == relation.CAPTURES:
            assert isinstance(value, bound.Use)
            return to.sql(value) if field.stored == relation.NULLABLE_TEXT else to.columns[value.column]  # type: ignore[index]
        return to.sql(value)

    def _summed(
        self, to: Expressions, node: relation.Aggregate, parts: Sequence[relation.Part], shown: list[str],
        after: dict[Field, str],
    ) -> None:  # fmt: skip
        order = ""
        if node.position is not None and node.position in to.columns:
            order = to.columns[node.position]
        calls: dict[int, list[relation.Part]] = {}
        for one in parts:
            calls.setdefault(id(one.call), []).append(one)
        for several in calls.values():
            call = several[0].call
            if call.function.name in PICKS:
                self._chosen(to, call, several, order, shown, after, grouped=bool(node.groups))
                continue
            if len(several) == 1 and not isinstance(call.type, Tuple):
                text = self.summed(to, call, order) or self.gathered(to, call, order)
                shown.append(f"{text} AS {several[0].field.name}")
                after[several[0].field] = several[0].field.name
                continue
            texts = [self.summed_part(to, call, one.index) for one in several]
            if None not in texts:
                for one, part in zip(several, texts, strict=True):
                    shown.append(f"{part} AS {one.field.name}")
                    after[one.field] = one.field.name
                continue
            whole = Field(0, call.type)
            name = self.names.take("p")
            shown.append(f"{self.gathered(to, call, order)} AS {name}")
            picker = self.expression(self.statement, {whole: name})
            for one in several:
                after[one.field] = picker.sql(relation.Picked(bound.Use(whole, call.type), one.index, one.field.type))

    def _chosen(
        self, to: Expressions, call: bound.Call, parts: Sequence[relation.Part], order: str, shown: list[str],
        after: dict[Field, str], *, grouped: bool,
    ) -> None:  # fmt: skip
        fields = [(one.field, one.value if one.value is not None else call.arguments[0]) for one in parts]
        name = self.names.take("s")
        shown.append(f"{self.chosen(to, call, fields, order)} AS {name}")
        for field, value in fields:
            # What is stored in another form than its type's is brought into it once for each group.
            text = to.formed(f"{name}.{field.name}", stored_form(value))
            after[field] = f"coalesce({text}, '')" if field.type is STRING and not grouped else text

    # --- several inputs

    def _named(self, node: Node) -> Draft:
        """An input under a name."""
        draft = self.drafts[id(node)]
        if draft.plain and draft.source and "(" not in draft.source and " " not in draft.source:
            return draft
        return self.closed(draft, self.needed[id(node)]) if not draft.plain else self.part(
            f"SELECT {', '.join(draft.columns.values()) or '1 AS nothing'}{from_(draft)}", list(draft.columns)
        )  # fmt: skip

    def _join(self, node: relation.Join) -> Draft:
        left, right = self._named(node.left), self._named(node.right)
        one, other = self.expressions(left), self.expressions(right)
        pairs: list[str] = []
        for first, second in node.keys:
            sign = "=" if STRING in (single(first.type), single(second.type)) else "IS NOT DISTINCT FROM"
            pairs.append(f"{one.sql(first)} {sign} {other.sql(second)}")
        on = " AND ".join(pairs) or "true"
        columns = dict(left.columns)
        if node.kind not in ("semi", "anti"):
            columns |= right.columns
        for new, old in node.missing:
            if old in columns:
                columns[new] = columns[old]
        found = Draft(f"{left.source} {self.joins[node.kind]} {right.source} ON {on}", columns)
        found.paths = {field: paths for field, paths in (left.paths | right.paths).items() if field in columns}
        return found

    def _united(self, draft: Draft, field: Field, value: bound.Value | None) -> str:
        """A column of a part of a union; what the part lacks is null."""
        if value is None and field.stored == relation.NULLABLE_TEXT:
            return self.cast("NULL", STRING)
        value = bound.Constant(None, field.type) if value is None else value
        if field.stored == relation.TIMESTAMP:
            if isinstance(value, bound.Use):
                assert isinstance(value.column, Field)
                return draft.columns[value.column]
            return f"CAST(NULL AS {self.timestamp})"
        text = self.expressions(draft).sql(value)
        return text if single(value.type) is field.type else self.cast(text, field.type)

    def _kept(self, node: relation.Kept) -> Draft:
        draft = self.drafts[id(node.input)]
        several = self.uses.get(id(node), 0) > 1
        if draft.plain and "(" not in draft.source and " " not in draft.source and draft.source:
            return draft
        if draft.plain:
            return self.part(f"SELECT {', '.join(draft.columns.values()) or '1 AS nothing'}{from_(draft)}",
                             list(draft.columns), materialized=several and node.costly)  # fmt: skip
        return self.closed(draft, self.needed[id(node)], materialized=several and node.costly)

    def _again(self, node: relation.Again) -> Draft:
        draft = self.drafts[id(node.input)]
        own = self.needed[id(node)]
        found = Draft(draft.source, {new: draft.columns[old] for new, old in node.renamed if new in own})
        found.paths = {new: draft.paths[old] for new, old in node.renamed if new in own and old in draft.paths}
        return found


def _renamed(field: Field, paths: Paths) -> Paths:
    """The paths below a column under names of a part of the statement."""
    return {
        path: Parts(*(f"{field.name}_{number}{part}" for part in ("t", "l", "j"))) for number, path in enumerate(paths)
    }


def from_(draft: Draft) -> str:
    """What comes after the columns of a SELECT."""
    source = f" FROM {draft.source}" if draft.source else ""
    return source + (f" WHERE {' AND '.join(draft.where)}" if draft.where else "")
