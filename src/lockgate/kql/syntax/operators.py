"""The operators between pipes, each with what is written after its word."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.kql.syntax.expressions import (
    Call,
    ColumnDeclaration,
    Expression,
    Literal,
    Name,
    Node,
    Operator,
    Parameter,
    Schema,
    Star,
    TypeOf,
    Wildcard,
)  # fmt: skip

Items = tuple[Expression, ...]
Parameters = tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Where(Operator):
    """``where condition``, also ``filter``"""

    condition: Expression
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extend(Operator):
    """``extend a = x, ...``"""

    items: Items
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Serialize(Operator):
    """``serialize`` or ``serialize a = row_number()``"""

    items: Items
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Print(Operator):
    """``print a = 1, ...``"""

    items: Items
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Project(Operator):
    """The family of ``project``: ``kind`` is ``''``, ``away``, ``keep``, ``rename`` or ``by-names``."""

    kind: str
    items: Items
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reorder(Operator):
    """``project-reorder a, b* asc``: columns or wildcards, each with how the columns that match are put in order."""

    items: tuple[tuple[Name | Wildcard, str], ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Summarize(Operator):
    """``summarize aggregates by groups``; ``bin`` is the value of the old ``bin=`` at the end."""

    aggregates: Items
    groups: Items
    grouped: bool
    bin: Expression | None
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Distinct(Operator):
    """``distinct a, b`` or ``distinct *``"""

    items: Items
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Ordered(Expression):
    """A value to order by: ``asc``, ``desc`` or empty; nulls ``first``, ``last`` or empty."""

    value: Expression
    order: str
    nulls: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sort(Operator):
    """``sort by a asc nulls last, ...``, also ``order by``"""

    items: Items
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Top(Operator):
    """``top count by value``"""

    count: Expression
    by: Expression
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TopHitters(Operator):
    """``top-hitters count of value by weight``"""

    count: Expression
    of: Expression
    by: Expression | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TopNestedLevel(Node):
    """``top-nested count of value with others = label by aggregate``"""

    count: Expression | None
    of: Expression
    others: Expression | None
    by: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TopNested(Operator):
    """One level after the other."""

    levels: tuple[TopNestedLevel, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Take(Operator):
    """``take count``, also ``limit``; ``sample`` when ``random``"""

    count: Expression
    random: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SampleDistinct(Operator):
    """``sample-distinct count of value``"""

    count: Expression
    of: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Count(Operator):
    """``count`` or ``count as name``"""

    name: Name | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Join(Operator):
    """``join kind=... (table) on ...``; ``lookup`` too. ``on`` is ``None`` when it was left out."""

    lookup: bool
    right: Expression
    on: Items | None
    where: Expression | None
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Union(Operator):
    """``union kind=... tables``"""

    tables: Items
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PackAll(Expression):
    """``pack(*)`` in ``find ... project``"""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Find(Operator):
    """``find in (tables) where condition project columns``; ``smart`` for ``project-smart``."""

    tables: Items
    condition: Expression
    columns: tuple[ColumnDeclaration | Star | PackAll, ...] | None
    away: tuple[ColumnDeclaration | Star | PackAll, ...]
    smart: bool
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Search(Operator):
    """``search in (tables) condition``"""

    tables: Items
    condition: Expression
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """``name = (query)`` of a fork."""

    name: Name | None
    query: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fork(Operator):
    """``fork (query) name=(query)``"""

    branches: tuple[Branch, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Facet(Operator):
    """``facet by a, b with (query)``"""

    items: Items
    query: Expression | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Partition(Operator):
    """``partition by column (query)`` on the rows of each value, or ``{query}`` when ``whole``."""

    by: Expression
    scope: Expression | None
    query: Expression
    whole: bool
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PartitionBy(Operator):
    """``__partitionby column id value (query)``"""

    by: Expression
    id: Expression | None
    query: Expression
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ScanStep(Node):
    """``step name optional output=all: condition => a = x;``"""

    name: Name
    optional: bool
    output: str
    condition: Expression
    assignments: tuple[tuple[Name, Expression], ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan(Operator):
    """``scan order by ... partition by ... declare (...) with (steps)``"""

    order: Items
    partition: Items
    declared: tuple[tuple[ColumnDeclaration, Expression | None], ...]
    steps: tuple[ScanStep, ...]
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MakeSeries(Operator):
    """``make-series a = x default = 0 on t from b to c step d by g``; ``old`` for ``in range(b, c, d)``."""

    series: tuple[tuple[Expression, Expression | None], ...]
    axis: Expression
    first: Expression | None
    last: Expression | None
    step: Expression
    old: bool
    groups: Items
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Expanded(Node):
    """``name = value to typeof(type)``; without a value the array is the whole row's (``mv-apply to typeof``)."""

    value: Expression | None
    type: TypeOf | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MvExpand(Operator):
    """``mv-expand a, b limit n``"""

    items: tuple[Expanded, ...]
    limit: Expression | None
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MvApply(Operator):
    """``mv-apply a limit n id x on (query)``"""

    items: tuple[Expanded, ...]
    limit: Expression | None
    id: Expression | None
    query: Expression
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parse(Operator):
    """``parse value with 'text' name:type * ...``; what does not match goes if ``only_matching`` (``parse-where``)."""

    only_matching: bool
    value: Expression
    pattern: tuple[Star | Literal | ColumnDeclaration, ...]
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParseKv(Operator):
    """``parse-kv value as (keys) with (properties)``"""

    value: Expression
    keys: Schema
    properties: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evaluate(Operator):
    """``evaluate plugin(arguments) : (schema)``"""

    call: Call
    schema: Schema | None
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Invoke(Operator):
    """``invoke function(arguments)``"""

    call: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Render(Operator):
    """``render chart with (properties)``"""

    chart: Name
    properties: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class As(Operator):
    """``as name``"""

    name: Name
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Plain(Operator):
    """An operator of one word: ``getschema``, ``consume``, ``__executeAndCache``."""

    kind: str
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reduce(Operator):
    """``reduce by value with threshold=0.1``"""

    by: Expression
    properties: Parameters
    parameters: Parameters
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Range(Operator):
    """``range name from a to b step c``"""

    name: Name
    first: Expression
    last: Expression
    step: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AssertSchema(Operator):
    """``assert-schema (a: long)``"""

    schema: Schema
    start: int
    end: int


