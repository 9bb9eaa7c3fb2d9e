"""The clauses of a statement that DuckDB writes in its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockgate.kql import bound, relation
from lockgate.kql.duckdb import aggregates
from lockgate.kql.duckdb.values import Expressions
from lockgate.kql.emit import relations
from lockgate.kql.emit.relations import Draft, from_
from lockgate.kql.emit.shredded import paths_in
from lockgate.kql.emit.values import Expressions as AnyExpressions
from lockgate.kql.emit.values import Names
from lockgate.kql.relation import Field
from lockgate.kql.types import INT, REAL, single

Form = tuple[str, Mapping[str, str]]
"""The name of a stored table, and those of its columns."""


class Writer(relations.Writer):
    """Writes one statement for DuckDB."""

    expression = Expressions
    joins = {"inner": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN",  # noqa: RUF012
             "semi": "SEMI JOIN", "anti": "ANTI JOIN"}  # fmt: skip
    timestamp = "TIMESTAMP"

    def __init__(
        self, names: Names, tables: Mapping[str, Form], stored: Mapping[int, str], *, narrowed: Mapping[int, Form]
    ) -> None:  # fmt: skip
        super().__init__(names, tables, stored)
        self.narrowed = narrowed

    def _scan(self, node: relation.Scan) -> Draft:
        name, columns = self.narrowed.get(id(node)) or self.stored_tables[node.table]
        found = Draft(name, {field: columns[column] for column, field in node.columns})
        paths = paths_in(columns)
        found.paths = {field: paths[column] for column, field in node.columns if column in paths}
        return found

    def marked(self, place: int) -> str:
        return f"${place}"

    def named(self, name: str, text: str, *, materialized: bool) -> str:
        return f"{name} AS {'' if materialized else 'NOT '}MATERIALIZED ({text})"

    def limited(self, count: str) -> str:
        return f"LIMIT greatest(0, {count})"

    def summed(self, to: AnyExpressions, call: bound.Call, order: str) -> str | None:
        return aggregates.write(to, call, _ordered(order).strip())

    def summed_part(self, to: AnyExpressions, call: bound.Call, index: int) -> str | None:
        return aggregates.part(to, call, index)

    def gathered(self, to: AnyExpressions, call: bound.Call, order: str) -> str:
        return aggregates.foreign(to, call, _ordered(order))

    def chosen(
        self, to: AnyExpressions, call: bound.Call, fields: Sequence[tuple[Field, bound.Value]], order: str
    ) -> str:  # fmt: skip
        return aggregates.picked(to, call, fields, _ordered(order))

    def _series(self, node: relation.Series) -> Draft:
        to = self.expressions()
        first, last, step = (to.sql(one) for one in (node.first, node.last, node.step))
        field = node.field
        if REAL in (field.type, *(single(one.type) for one in (node.first, node.last, node.step))):
            count = f"CAST(floor((({last}) - ({first})) / ({step}) + 1e-9) AS BIGINT) + 1"
            text = f"SELECT ({first})::DOUBLE + i * ({step})::DOUBLE AS {field.name} FROM range(0, {count}) AS r(i)"
        else:
            cast = "::INTEGER" if field.type is INT else ""
            text = f"SELECT i{cast} AS {field.name} FROM generate_series({first}, {last}, {step}) AS r(i)"
        return self.part(text, [field])

    def _unnest(self, node: relation.Unnest) -> Draft:
        draft = self._input(node.input, [value for _, value in node.made])
        to = self.expressions(draft)
        own = self.needed[id(node)]
        handed = [field for field in draft.columns if field in own]
        lists = [(field, self.names.take("l")) for field, _ in node.made]
        shown = [f"{draft.columns[field]} AS {field.name}" for field in handed]
        shown += [
            f"{_elements(to.sql(value), pairs=node.pairs)} AS {name}"
            for (_, value), (_, name) in zip(node.made, lists, strict=True)
        ]
        inner = self.part(f"SELECT {', '.join(shown)}{from_(draft)}{draft.tail}", handed)
        outer = [field.name for field in handed]
        outer += [f"nullif(unnest({name}), 'null') AS {field.name}" for field, name in lists]
        fields = [*handed, *(field for field, _ in lists)]
        if node.index in own:
            longest = ", ".join(f"len({name})" for _, name in lists)
            outer.append(f"unnest(range(greatest({longest}))) AS {node.index.name}")
            fields.append(node.index)
        return self.part(f"SELECT {', '.join(outer)} FROM {inner.source}", fields)

    def _unique(self, node: relation.Unique) -> Draft:
        draft = self._input(node.input, node.keys, closed=self.drafts[id(node.input)].sealed)
        to = self.expressions(draft)
        own = self.needed[id(node)] | (self.needed[id(node.input)] & set(draft.columns))
        fields = [field for field in draft.columns if field in own]
        shown = ", ".join(f"{draft.columns[field]} AS {field.name}" for field in fields) or "1 AS nothing"
        keys = ", ".join(to.sql(one) for one in node.keys)
        distinct = f"DISTINCT ON ({keys}) " if keys else ""
        return self.part(f"SELECT {distinct}{shown}{from_(draft)}{draft.tail}", fields)

    def _union(self, node: relation.Union) -> Draft:
        own = self.needed[id(node)]
        fields = [field for field in node.fields if field in own]
        texts: list[str] = []
        for input_, values in node.parts:
            draft = self.drafts[id(input_)]
            if draft.tail:
                draft = self.closed(draft, self.needed[id(input_)])
            shown = [
                f"{self._united(draft, field, values.get(field))} AS {field.name}"
                for field in fields if field in values or not texts
            ]  # fmt: skip
            texts.append(f"SELECT {', '.join(shown) or '1 AS nothing'}{from_(draft)}")
        # By name: the first part has all columns, the others those that they have.
        return self.part(" UNION ALL BY NAME ".join(texts), fields)


def _ordered(by: str) -> str:
    return f" ORDER BY {by}" if by else ""


def _elements(text: str, *, pairs: bool) -> str:
    """What a dynamic value is taken apart into, as a list of JSON texts."""
    if pairs:
        member = "'[' || to_json(e.key) || ',' || coalesce(e.value::VARCHAR, 'null') || ']'"
    else:
        member = "'{' || to_json(e.key) || ':' || coalesce(e.value::VARCHAR, 'null') || '}'"
    bag = f"list_transform(map_entries(({text})::JSON::MAP(VARCHAR, JSON)), lambda e: {member})"
    array = f"json_extract({text}, '$[*]')::VARCHAR[]"
    # What begins like an array is one, and need not be read twice to find out.
    begins = f"starts_with({text}, '[')"
    return f"CASE WHEN {begins} OR json_type({text}) = 'ARRAY' THEN {array} " \
        f"WHEN json_type({text}) = 'OBJECT' THEN {bag} ELSE [{text}] END"
