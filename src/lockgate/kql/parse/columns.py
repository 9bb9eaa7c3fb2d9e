"""Operators that choose, compute, order and sum up columns."""

from __future__ import annotations

from lockgate.kql.parse import parameters as known
from lockgate.kql.parse.parameters import Parameters
from lockgate.kql.syntax import (
    Count,
    Distinct,
    Expression,
    Extend,
    Name,
    Ordered,
    Print,
    Project,
    Reorder,
    SampleDistinct,
    Serialize,
    Sort,
    Star,
    Summarize,
    Take,
    Top,
    TopHitters,
    TopNested,
    TopNestedLevel,
    Where,
    Wildcard,
)  # fmt: skip

_ORDERS = frozenset(("asc", "desc", "granny-asc", "granny-desc"))


class Columns(Parameters):
    """Each method begins after the operator's word, which stood at ``start``."""

    def where(self, start: int) -> Where:
        parameters = self.parameters(known.NONE, certain=True)
        condition = self.named()
        return Where(condition, parameters, start, condition.end)

    def extend(self, start: int) -> Extend:
        return Extend(self.items(self.named), start, self.last_end)

    def serialize(self, start: int) -> Serialize:
        self.parameters(known.NONE, certain=True)
        return Serialize(self.items(self.named, least=0), start, self.last_end)

    def print(self, start: int) -> Print:
        return Print(self.items(self.named), start, self.last_end)

    def project(self, start: int) -> Project:
        return Project("", self.items(self.named, least=0), start, self.last_end)

    def project_rename(self, start: int) -> Project:
        return Project("rename", self.items(self.named, least=0), start, self.last_end)

    def project_by_names(self, start: int) -> Project:
        return Project("by-names", self.items(self.value, least=0), start, self.last_end)

    def project_away(self, start: int) -> Project:
        return Project("away", self.items(self._name_or_wildcard, least=0), start, self.last_end)

    def project_keep(self, start: int) -> Project:
        return Project("keep", self.items(self._name_or_wildcard, least=0), start, self.last_end)

    def _name_or_wildcard(self) -> Expression:
        return self.wildcard_or_none() or self.simple_path()

    def simple_path(self) -> Expression:
        """A column, perhaps with members, and no call: ``by a (query)`` is no call of ``a``."""
        found: Expression | None = self.wildcard_or_none() or self.name_or_none()
        if found is None:
            self.expression_missing()
        return self.followed(found, self.name)

    def reorder(self, start: int) -> Reorder:
        return Reorder(self.items(self._reordered, least=0), start, self.last_end)

    def _reordered(self) -> tuple[Name | Wildcard, str]:
        name = self.wildcard_or_none() or self.name()
        return name, self._order()

    def _order(self) -> str:
        kind = self.kinds[self.i]
        if kind not in _ORDERS:
            return ""
        self.i += 1
        return kind

    def ordered(self) -> Expression:
        """A value with ``asc``, ``desc``, ``nulls first``, ``nulls last`` after it, or without."""
        value = self.named()
        order = self._order()
        nulls = ""
        if self.accept("nulls"):
            nulls = self.kinds[self.i]
            if nulls not in ("first", "last"):
                self.lacking("KS006", "Missing: first or last")
            self.i += 1
        return Ordered(value, order, nulls, value.start, self.last_end) if order or nulls else value

    def summarize(self, start: int) -> Summarize:
        parameters = self.parameters(known.SUMMARIZE, certain=True)
        aggregates: tuple[Expression, ...] = ()
        if self.kinds[self.i] != "by":
            aggregates = self.items(self.named, least=0)
        grouped = self.accept("by")
        groups = self._groups() if grouped else ()
        bin_ = None
        if grouped and self.kinds[self.i] == "bin" and self.kinds[self.i + 1] == "=":
            self.i += 2
            bin_ = self.value()
        return Summarize(aggregates, groups, grouped, bin_, parameters, start, self.last_end)

    def _groups(self) -> tuple[Expression, ...]:
        found = [self.named()]
        while self.accept(","):
            found.append(self.named())
        return tuple(found)

    def distinct(self, start: int) -> Distinct:
        parameters = self.parameters(known.SUMMARIZE, certain=True)
        return Distinct(self.items(self._star_or_named), parameters, start, self.last_end)

    def _star_or_named(self) -> Expression:
        if self.kinds[self.i] == "*":
            self.i += 1
            return Star(self.starts[self.i - 1], self.last_end)
        return self.named()

    def sort(self, start: int) -> Sort:
        parameters = self.parameters(known.NONE)
        self.expect("by")
        return Sort(self.items(self.ordered), parameters, start, self.last_end)

    def top(self, start: int) -> Top:
        parameters = self.parameters(known.NONE, certain=True)
        count = self.named()
        self.expect("by")
        by = self.ordered()
        return Top(count, by, parameters, start, by.end)

    def top_hitters(self, start: int) -> TopHitters:
        count = self.named()
        self.expect("of")
        of = self.named()
        by = self.named() if self.accept("by") else None
        return TopHitters(count, of, by, start, self.last_end)

    def top_nested(self, start: int) -> TopNested:
        levels = [self._level(start)]
        while self.accept(","):
            begin = self.expect("top-nested")
            levels.append(self._level(begin))
        return TopNested(tuple(levels), start, self.last_end)

    def _level(self, start: int) -> TopNestedLevel:
        count = None if self.kinds[self.i] == "of" else self.named()
        self.expect("of")
        of = self.named()
        others = None
        if self.accept("with"):
            self.expect("others")
            self.expect("=")
            others = self.literal_or_none() or self.value()
        self.expect("by")
        by = self.ordered()
        return TopNestedLevel(count, of, others, by, start, by.end)

    def take(self, start: int) -> Take:
        self.parameters(known.NONE, certain=True)
        count = self.named()
        return Take(count, False, start, count.end)

    def sample(self, start: int) -> Take:
        self.parameters(known.NONE, certain=True)
        count = self.named()
        return Take(count, True, start, count.end)

    def sample_distinct(self, start: int) -> SampleDistinct:
        self.parameters(known.NONE, certain=True)
        count = self.named()
        self.expect("of")
        of = self.named()
        return SampleDistinct(count, of, start, of.end)

    def count(self, start: int) -> Count:
        name = None
        if self.accept("as"):
            if self.kinds[self.i] != "NAME":
                self.name_missing()
            name = self.name()
        return Count(name, start, self.last_end)

