"""Operators that bring tables together or take one apart."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.kql.keywords import SPECIAL_NAMES
from lockgate.kql.parse import parameters as known
from lockgate.kql.parse.columns import Columns
from lockgate.kql.syntax import (
    As,
    AssertSchema,
    Branch,
    Call,
    ColumnDeclaration,
    Evaluate,
    Expression,
    Facet,
    Find,
    Fork,
    Invoke,
    Join,
    Name,
    Operator,
    PackAll,
    Partition,
    PartitionBy,
    Pipeline,
    Plain,
    Range,
    Search,
    Star,
    Union,
)  # fmt: skip


class Tables(Columns):
    """Each method begins after the operator's word, which stood at ``start``."""

    def operator(self) -> Operator:
        """An operator; given by the layer of operators."""
        raise NotImplementedError

    def join(self, start: int, lookup: bool = False) -> Join:
        parameters = self.parameters(known.JOIN, certain=True)
        right = self.value()
        on, where = None, None
        if self.accept("on"):
            on = self._commas(self.value)
        elif lookup:
            self.lacking("KS006", "The columns to look up by are missing: on ...")
        elif self.accept("where"):
            where = self.value()
        return Join(lookup, right, on, where, parameters, start, self.last_end)

    def lookup(self, start: int) -> Join:
        return self.join(start, lookup=True)

    def _commas(self, read: Callable[[], Expression]) -> tuple[Expression, ...]:
        found = [read()]
        while self.accept(","):
            found.append(read())
        return tuple(found)

    def union(self, start: int) -> Union:
        parameters = self.parameters(known.UNION, certain=True)
        return Union(self.items(self._united), parameters, start, self.last_end)

    def _united(self) -> Expression:
        return self.parenthesised() if self.kinds[self.i] == "(" else self.entity()

    def entity(self) -> Expression:
        """A table by name, wildcard or path: ``Event*``, ``database('d').T``, ``f(x)``."""
        if wildcard := self.wildcard_or_none():
            return wildcard
        special = self.kinds[self.i] in SPECIAL_NAMES
        found = self.word() if special else self._called_or_named()
        return self.followed(found, lambda: self.wildcard_or_none() or self._called_or_named())

    def _called_or_named(self) -> Expression:
        length = self.name_length(self.i)
        if length and self.kinds[self.i + length] == "(":
            return self.call()
        found = self.name_or_none()
        if found is None:
            self.expression_missing()
        return found

    def find(self, start: int) -> Find:
        if self.kinds[self.i] == "datascope":
            self.data_scope()
        parameters = self.parameters(known.FIND)
        tables = self._in_clause()
        if parameters or tables:
            self.expect("where")
        else:
            self.accept("where")
        condition = self.value()
        columns: tuple[ColumnDeclaration | Star | PackAll, ...] | None = None
        away: tuple[ColumnDeclaration | Star | PackAll, ...] = ()
        smart = self.accept("project-smart")
        if not smart and self.accept("project"):
            columns = self._found_columns()
        if self.accept("__projectAway"):
            away = self._found_columns()
        return Find(tables, condition, columns, away, smart, parameters, start, self.last_end)

    def _in_clause(self) -> tuple[Expression, ...]:
        if not self.accept("in"):
            return ()
        self.expect("(")
        tables = self.items(self._operand_of_find)
        self.expect(")")
        return tables

    def _operand_of_find(self) -> Expression:
        found = self.entity()
        if self.kinds[self.i] == "|" and isinstance(found, Name):
            self.i += 1
            start = self.expect("as")
            return Pipeline(found, (self.as_(start),), found.start, self.last_end)
        return found

    def _found_columns(self) -> tuple[ColumnDeclaration | Star | PackAll, ...]:
        found = [self._found_column()]
        while self.accept(","):
            found.append(self._found_column())
        return tuple(found)

    def _found_column(self) -> ColumnDeclaration | Star | PackAll:
        start = self.starts[self.i]
        if self.accept("pack"):
            self.expect("(")
            self.expect("*")
            self.expect(")")
            return PackAll(start, self.last_end)
        if self.accept("*"):
            return Star(start, self.last_end)
        name = self.name()
        type_ = self.type_name() if self.accept(":") else ""
        return ColumnDeclaration(name, type_, start, self.last_end)

    def search(self, start: int) -> Search:
        parameters = self.parameters(known.NONE, certain=True)
        if self.kinds[self.i] == "datascope":
            self.data_scope()
        tables = self._in_clause()
        condition = self._search_condition()
        return Search(tables, condition, parameters, start, self.last_end)

    def _search_condition(self) -> Expression:
        if self.kinds[self.i] == "*" and self.kinds[self.i + 1] in ("|", ")", ";", "END", "and"):
            star = Star(self.starts[self.i], self.ends[self.i])
            self.i += 1
            return self.value() if self.accept("and") else star
        return self.value()

    def fork(self, start: int) -> Fork:
        branches: list[Branch] = []
        while True:
            begin, name = self.starts[self.i], None
            length = self.name_length(self.i)
            if length and self.kinds[self.i + length] == "=":
                name = self.name()
                self.i += 1
                self.expect("(")
            elif not self.accept("("):
                break
            query = self._branch()
            self.expect(")")
            branches.append(Branch(name, query, begin, self.last_end))
        if not branches:
            self.expect("(")
        return Fork(tuple(branches), start, self.last_end)

    def _branch(self) -> Expression:
        return self.sub_pipeline()

    def facet(self, start: int) -> Facet:
        self.expect("by")
        items = [self.simple_path()]
        while self.accept(","):
            items.append(self.simple_path())
        query: Expression | None = None
        if self.accept("with"):
            if self.accept("("):
                query = self._branch()
                self.expect(")")
            else:
                one = self.operator()
                query = Pipeline(None, (one,), one.start, one.end)
        return Facet(tuple(items), query, start, self.last_end)

    def partition(self, start: int) -> Partition:
        parameters = self.parameters(known.PARTITION)
        self.expect("by")
        by = self.simple_path()
        scope: Expression | None = None
        if self.accept("in"):
            scope = self.dynamic() if self.kinds[self.i] == "dynamic" else self.call()
        whole = self.kinds[self.i] == "{"
        if whole:
            self.i += 1
            query = self.pipeline()
            self.expect("}")
        else:
            self.expect("(")
            query = self.sub_pipeline()
            self.expect(")")
        return Partition(by, scope, query, whole, parameters, start, self.last_end)

    def partition_by(self, start: int) -> PartitionBy:
        parameters = self.parameters(known.PARTITION)
        by = self.simple_path()
        id_ = self.literal_or_none() if self.accept("id") else None
        self.expect("(")
        query = self.contextual()
        self.expect(")")
        return PartitionBy(by, id_, query, parameters, start, self.last_end)

    def contextual(self) -> Expression:
        """A sub-query that may begin with ``__contextual_datatable``."""
        if self.kinds[self.i] == "__contextual_datatable":
            return self.pipeline()
        return self.sub_pipeline()

    def evaluate(self, start: int) -> Evaluate:
        parameters = self.parameters(known.NONE)
        call = self._required_call()
        schema = self.schema(star=True) if self.accept(":") else None
        return Evaluate(call, schema, parameters, start, self.last_end)

    def _required_call(self) -> Call:
        length = self.name_length(self.i)
        if not length:
            self.lacking("KS006", "A call is missing.")
        if self.kinds[self.i + length] != "(":
            self.i += length
            self.expect("(")
        return self.call()

    def invoke(self, start: int) -> Invoke:
        found = self.followed(self._required_call(), self._required_call, indexed=False)
        return Invoke(found, start, found.end)

    def as_(self, start: int) -> As:
        parameters = self.parameters(known.NONE, certain=True)
        name = self.name()
        return As(name, parameters, start, name.end)

    def range(self, start: int) -> Range:
        name = self.name()
        self.expect("from")
        first = self.value()
        self.expect("to")
        last = self.value()
        self.expect("step")
        step = self.value()
        return Range(name, first, last, step, start, step.end)

    def getschema(self, start: int) -> Plain:
        return Plain("getschema", self.parameters(known.NONE), start, self.last_end)

    def consume(self, start: int) -> Plain:
        return Plain("consume", self.parameters(known.NONE), start, self.last_end)

    def execute_and_cache(self, start: int) -> Plain:
        return Plain("__executeAndCache", (), start, self.last_end)

    def assert_schema(self, start: int) -> AssertSchema:
        return AssertSchema(self.schema(), start, self.last_end)
