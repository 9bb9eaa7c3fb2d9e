"""Operators that make several rows of one, read texts, or go through rows in order."""

from __future__ import annotations

from lockgate.kql.keywords import CHARTS
from lockgate.kql.parse import parameters as known
from lockgate.kql.parse.cursor import ENDS
from lockgate.kql.parse.tables import Tables
from lockgate.kql.syntax import (
    ColumnDeclaration,
    Expanded,
    Expression,
    FunctionParameter,
    Literal,
    MakeSeries,
    MvApply,
    MvExpand,
    Name,
    Parameter,
    Parse,
    ParseKv,
    Reduce,
    Render,
    Scan,
    ScanStep,
    Star,
    TypeOf,
)  # fmt: skip


class Rows(Tables):
    """Each method begins after the operator's word, which stood at ``start``."""

    def function_parameter(self) -> FunctionParameter:
        """A declared parameter; given by the layer of statements."""
        raise NotImplementedError

    def mv_expand(self, start: int) -> MvExpand:
        parameters = self.parameters(known.MV_EXPAND, certain=True)
        items = self.items(self._expanded)
        limit = self.value() if self.accept("limit") else None
        return MvExpand(items, limit, parameters, start, self.last_end)

    def _expanded(self) -> Expanded:
        value = self.named()
        type_ = self._to_type()
        return Expanded(value, type_, value.start, self.last_end)

    def _to_type(self) -> TypeOf | None:
        return self.type_of() if self.accept("to") else None

    def mv_apply(self, start: int) -> MvApply:
        parameters = self.parameters(known.MV_EXPAND, certain=True)
        items: tuple[Expanded, ...]
        if self.kinds[self.i] == "to":
            begin = self.starts[self.i]
            items = (Expanded(None, self._to_type(), begin, self.last_end),)
        else:
            items = self.items(self._expanded)
        limit = self.value() if self.accept("limit") else None
        id_ = self.value() if self.accept("id") else None
        self.expect("on")
        self.expect("(")
        query = self.contextual()
        self.expect(")")
        return MvApply(items, limit, id_, query, parameters, start, self.last_end)

    def parse(self, start: int, only_matching: bool = False) -> Parse:
        parameters = self.parameters(known.PARSE, certain=True)
        value = self.value()
        self.expect("with")
        pattern: list[Star | Literal | ColumnDeclaration] = []
        while (part := self._pattern_part()) is not None:
            pattern.append(part)
        return Parse(only_matching, value, tuple(pattern), parameters, start, self.last_end)

    def parse_where(self, start: int) -> Parse:
        return self.parse(start, only_matching=True)

    def _pattern_part(self) -> Star | Literal | ColumnDeclaration | None:
        begin = self.starts[self.i]
        if self.accept("*"):
            return Star(begin, self.last_end)
        if self.kinds[self.i] == "STRING":
            return self.texts()
        name = self.name_or_none(declared=True)
        if name is None:
            return None
        type_ = self.type_name() if self.accept(":") else ""
        return ColumnDeclaration(name, type_, begin, self.last_end)

    def parse_kv(self, start: int) -> ParseKv:
        value = self.value()
        self.expect("as")
        keys = self.schema()
        properties: tuple[Parameter, ...] = ()
        if self.accept("with"):
            self.expect("(")
            properties = self.parameter_list(known.PARSE_KV)
            self.expect(")")
        return ParseKv(value, keys, properties, start, self.last_end)

    def make_series(self, start: int) -> MakeSeries:
        parameters = self.parameters(known.MAKE_SERIES, certain=True)
        series = self.items(self._series)
        self.expect("on")
        axis = self.named()
        first, last, old = None, None, False
        if self.kinds[self.i] in ("from", "to", "step"):
            first = self.value() if self.accept("from") else None
            last = self.value() if self.accept("to") else None
            self.expect("step")
            step = self.value()
        else:
            first, last, step, old = self._in_range()
        groups: tuple[Expression, ...] = ()
        if self.accept("by"):
            groups = self._commas(self.named)
        return MakeSeries(series, axis, first, last, step, old, groups, parameters, start, self.last_end)

    def _series(self) -> tuple[Expression, Expression | None]:
        value = self.named()
        default = None
        if self.accept("default"):
            self.expect("=")
            default = self.named()
        return value, default

    def _in_range(self) -> tuple[Expression, Expression, Expression, bool]:
        self.expect("in")
        self.expect("range")
        opened = self.expect("(")
        bounds = self.items(self.named, least=0)
        self.expect(")")
        if len(bounds) != 3:
            self.fail("KS119", "range() takes a first value, a last one and a step.", start=opened, end=self.last_end)
        return bounds[0], bounds[1], bounds[2], True

    def scan(self, start: int) -> Scan:
        parameters = self.parameters(known.SCAN)
        order: tuple[Expression, ...] = ()
        partition: tuple[Expression, ...] = ()
        if self.accept("order"):
            self.expect("by")
            order = self._commas(self.ordered)
        if self.accept("partition"):
            self.expect("by")
            partition = self._commas(self.value)
        declared = self._declared() if self.accept("declare") else ()
        self.expect("with")
        self.expect("(")
        steps: list[ScanStep] = []
        while self.kinds[self.i] == "step":
            steps.append(self._step())
        self.expect(")")
        return Scan(order, partition, declared, tuple(steps), parameters, start, self.last_end)

    def _declared(self) -> tuple[tuple[ColumnDeclaration, Expression | None], ...]:
        self.expect("(")
        found = self.items(self.function_parameter, least=0)
        self.expect(")")
        return tuple((ColumnDeclaration(one.name, one.type, one.start, one.end), one.default) for one in found)

    def _step(self) -> ScanStep:
        start = self.expect("step")
        name = self.name(declared=True)
        optional = self.accept("optional")
        output = ""
        if self.accept("output"):
            self.expect("=")
            output = self.tokens.text(self.i)
            if output not in ("all", "last", "none"):
                self.expected("all or last or none")
            self.i += 1
        self.expect(":")
        condition = self.value()
        assignments: list[tuple[Name, Expression]] = []
        if self.accept("=>"):
            assignments.append(self._assignment())
            while self.accept(","):
                assignments.append(self._assignment())
        self.expect(";")
        return ScanStep(name, optional, output, condition, tuple(assignments), start, self.last_end)

    def _assignment(self) -> tuple[Name, Expression]:
        name = self.name(declared=True)
        self.expect("=")
        return name, self.value()

    def reduce(self, start: int) -> Reduce:
        parameters = self.parameters(known.NONE)
        self.expect("by")
        by = self.named()
        properties = self.parameter_list(known.REDUCE_WITH) if self.accept("with") else ()
        return Reduce(by, properties, parameters, start, self.last_end)

    def render(self, start: int) -> Render:
        if self.tokens.text(self.i) not in CHARTS and self.kinds[self.i] != "NAME":
            self.expected("a kind of chart")
        chart = self.word()
        properties = list(self.parameters(known.RENDER))
        if self.kinds[self.i] == "with" and self.kinds[self.i + 1] == "(":
            self.i += 2
            self.accept(",")
            properties += self.parameter_list(known.RENDER)
            self.expect(")")
        elif self.kinds[self.i] not in ENDS:
            properties += self._old_properties()
        return Render(chart, tuple(properties), start, self.last_end)

    def _old_properties(self) -> list[Parameter]:
        """``by a, b`` and ``with 'text'``, as older charts had them."""
        found: list[Parameter] = []
        while self.kinds[self.i] in ("by", "with"):
            begin, name = self.starts[self.i], self.kinds[self.i]
            self.i += 1
            if name == "with":
                found.append(Parameter(name, self._value("any"), begin, self.last_end))
            else:
                names = [self.name(declared=True)]
                while self.accept(","):
                    names.append(self.name(declared=True))
                found.append(Parameter(name, tuple(names), begin, self.last_end))
        return found
