"""The clauses of a statement that Spark writes in its own way."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import bound, relation
from lockgate.kql.emit import relations
from lockgate.kql.emit.relations import Draft, from_
from lockgate.kql.emit.values import Expressions as AnyExpressions
from lockgate.kql.relation import Field
from lockgate.kql.spark import aggregates
from lockgate.kql.spark.values import Expressions
from lockgate.kql.types import INT, REAL, single


class Writer(relations.Writer):
    """Writes one statement for Spark."""

    expression = Expressions
    joins = {"inner": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN",  # noqa: RUF012
             "semi": "LEFT SEMI JOIN", "anti": "LEFT ANTI JOIN"}  # fmt: skip
    timestamp = "TIMESTAMP"
    unordered = " ORDER BY NULL"
    most_rows = 2**31 - 1

    def marked(self, place: int) -> str:
        return f":p{place}"

    def named(self, name: str, text: str, *, materialized: bool) -> str:
        del materialized  # what is costly is kept by a statement of its own
        return f"{name} AS ({text})"

    def limited(self, count: str) -> str:
        return f"LIMIT CAST(least(greatest({count}, 0L), {self.most_rows}L) AS INT)"

    def window(self, function: str, arguments: Sequence[str]) -> str:
        if function in ("lag", "lead") and len(arguments) > 1:
            # How far to look is a 32-bit number there.
            arguments = [arguments[0], f"CAST({arguments[1]} AS INT)", *arguments[2:]]
        return f"{function}({', '.join(arguments)})"

    def summed(self, to: AnyExpressions, call: bound.Call, order: str) -> str | None:
        return aggregates.write(to, call, order)

    def summed_part(self, to: AnyExpressions, call: bound.Call, index: int) -> str | None:
        return aggregates.part(to, call, index)

    def gathered(self, to: AnyExpressions, call: bound.Call, order: str) -> str:
        return aggregates.foreign(to, call, order)

    def chosen(
        self, to: AnyExpressions, call: bound.Call, fields: Sequence[tuple[Field, bound.Value]], order: str
    ) -> str:  # fmt: skip
        return aggregates.picked(to, call, fields, order)

    def _series(self, node: relation.Series) -> Draft:
        to = self.expressions()
        first, last, step = (to.sql(one) for one in (node.first, node.last, node.step))
        name = node.field.name
        if REAL in (node.field.type, *(single(one.type) for one in (node.first, node.last, node.step))):
            count = f"CAST(floor((({last}) - ({first})) / ({step}) + 1e-9D) AS BIGINT) + 1L"
            made = f"CAST({first} AS DOUBLE) + id * CAST({step} AS DOUBLE)"
        else:
            count = f"(CAST({last} AS BIGINT) - ({first}) + ({step})) div ({step})"
            made = f"{first} + id * {step}"
            made = f"CAST({made} AS INT)" if node.field.type is INT else made
        count = f"coalesce({count}, 0L)"
        ends = (node.first, node.last, node.step)
        if all(isinstance(one, relation.Slot) or to.known(one) is not None for one in ends):
            # In one part, so that what gathers the values finds them in order.
            rows = f"range(0L, {count}, 1L, 1)"
        else:
            # Only what is known before it looks at the rest may stand in its ``range``.
            rows = f"(SELECT explode(sequence(0L, greatest({count}, 1L) - 1L)) AS id) WHERE {count} > 0L"
        return self.part(f"SELECT {made} AS {name} FROM {rows}", [node.field])

    def _unnest(self, node: relation.Unnest) -> Draft:
        draft = self._input(node.input, [value for _, value in node.made])
        to = self.expressions(draft)
        assert isinstance(to, Expressions)
        own = self.needed[id(node)]
        handed = [field for field in draft.columns if field in own]
        lists = [(field, self.names.take("l")) for field, _ in node.made]
        shown = [f"{draft.columns[field]} AS {field.name}" for field in handed]
        shown += [
            f"{to.elements(value, pairs=node.pairs)} AS {name}"
            for (_, value), (_, name) in zip(node.made, lists, strict=True)
        ]
        inner = self.part(f"SELECT {', '.join(shown)}{from_(draft)}{draft.tail}", handed)
        side, place, row = (self.names.take(one) for one in ("e", "n", "r"))
        outer = [field.name for field in handed]
        outer += [f"nullif({row}.{name}, 'null') AS {field.name}" for field, name in lists]
        outer.append(f"CAST({place} AS BIGINT) AS {node.index.name}")
        zipped = f"posexplode(arrays_zip({', '.join(name for _, name in lists)})) {side} AS {place}, {row}"
        fields = [*handed, *(field for field, _ in lists), node.index]
        return self.part(f"SELECT {', '.join(outer)} FROM {inner.source} LATERAL VIEW {zipped}", fields)

    def _unique(self, node: relation.Unique) -> Draft:
        draft = self._input(node.input, node.keys, closed=self.drafts[id(node.input)].sealed)
        to = self.expressions(draft)
        own = self.needed[id(node)] | (self.needed[id(node.input)] & set(draft.columns))
        fields = [field for field in draft.columns if field in own]
        shown = ", ".join(f"{draft.columns[field]} AS {field.name}" for field in fields)
        keys = ", ".join(to.sql(one) for one in node.keys)
        if not keys or not shown:
            return self.part(f"SELECT {shown or '1 AS nothing'}{from_(draft)}{draft.tail}", fields)
        # Any row will do: that of a group which comes first, as a struct, so that its values stay together.
        name = self.names.take("s")
        inner = self.part(f"SELECT first(struct({shown})) AS {name}{from_(draft)} GROUP BY {keys}", [])
        taken = ", ".join(f"{name}.{field.name} AS {field.name}" for field in fields)
        return self.part(f"SELECT {taken} FROM {inner.source}", fields)

    def _union(self, node: relation.Union) -> Draft:
        own = self.needed[id(node)]
        fields = [field for field in node.fields if field in own]
        texts: list[str] = []
        for input_, given in node.parts:
            draft = self.drafts[id(input_)]
            if draft.tail:
                draft = self.closed(draft, self.needed[id(input_)])
            shown = [f"{self._united(draft, field, given.get(field))} AS {field.name}" for field in fields]
            texts.append(f"SELECT {', '.join(shown) or '1 AS nothing'}{from_(draft)}")
        return self.part(" UNION ALL ".join(texts), fields)
