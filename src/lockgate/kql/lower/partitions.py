"""``partition``: a sub-query on the rows of each value of a column, or a query by itself for each of the values."""

from __future__ import annotations

from lockgate.kql import bound, relation
from lockgate.kql import syntax as s
from lockgate.kql.lower.core import Flow
from lockgate.kql.lower.tables import Tables
from lockgate.kql.relation import Field
from lockgate.kql.types import LONG, Table

MAX_KEYS = 64
"""Most values for which a query of its own may run: https://learn.microsoft.com/kusto/query/partition-operator"""


class OpenKeys(Exception):  # noqa: N818 -- caught where the values can be looked up
    """A query by itself for each value of a column, which must be known before the query can be bound to an end."""

    def __init__(self, step: bound.Apart, node: relation.Node, field: Field) -> None:
        super().__init__("values come from the data")
        self.step = step
        self.places: dict[int, tuple[int, int]] = {}
        self.alive: list[object] = []
        by = step.values[0]
        assert isinstance(by, bound.Use)
        self.column = by.column
        self.result = relation.Result(node, ((by.column, field),), ())
        """The values, and one more where they are too many."""


class Partitions(Tables):
    """Lowers the operator: the bound step, and the rows it reads."""

    def _partition(self, step: bound.Step, flow: Flow) -> Flow:
        node = step.syntax
        if isinstance(node, s.Partition) and node.scope is not None:
            self.cannot("'in' of partition is not documented, and not known here.", node.scope)
        if isinstance(step, bound.Apart):
            return self._by_itself(step, flow)
        by = self.value(step.values[0], flow)
        assert isinstance(by, bound.Use)
        assert isinstance(by.column, Field)
        inner = flow.copy()
        inner.partition = (*flow.partition, by.column)
        found = self.given_to(step.others[0], inner)
        assert isinstance(step.type, Table)
        return Flow(found.node, self.paired(found, step.type.columns), (), flow.partition)

    def _by_itself(self, step: bound.Apart, flow: Flow) -> Flow:
        assert isinstance(step.type, Table)
        if step.each is None:
            if flow.partition:
                self.cannot("partition with a query of its own cannot stand in a sub-query on rows.")
            by = self.value(step.values[0], flow)
            assert isinstance(by, bound.Use)
            assert isinstance(by.column, Field)
            values = self.grouped(flow, (by.column,))
            raise OpenKeys(step, relation.Limit(values.node, bound.Constant(MAX_KEYS + 1, LONG), ()), by.column)
        inputs = []
        for one in step.each:
            found = self.rows_of(one)
            if len(found.columns) != len(step.type.columns):
                self.cannot("The columns of this query come from the data: they differ from value to value.")
            found.columns = self.paired(found, step.type.columns)
            inputs.append(("", found, step.type))
        return self.together(inputs, step.type.columns, with_source=False)
