"""Operators on graphs."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.kql.syntax.expressions import Expression, Name, Node, Operator, Parameter


@dataclass(frozen=True, slots=True)
class MakeGraph(Operator):
    """``make-graph source --> target with table on key, ...`` or ``with_node_id=name``, ``partitioned-by c (q)``."""

    source: Name
    target: Name
    directed: bool
    nodes: tuple[tuple[Expression, Name], ...]
    node_id: Name | None
    partition: tuple[Expression, Expression] | None
    parameters: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PatternNode(Node):
    """``(name)``"""

    name: Name | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PatternEdge(Node):
    """``-[name*1..5]->``; ``direction`` is ``->``, ``<-`` or ``-``; ``length`` holds the bounds of a path."""

    name: Name | None
    direction: str
    length: tuple[Expression, Expression] | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GraphMatch(Operator):
    """``graph-match patterns where condition project columns``; ``graph-shortest-paths`` when ``shortest``."""

    shortest: bool
    patterns: tuple[tuple[PatternNode | PatternEdge, ...], ...]
    where: Expression | None
    project: tuple[Expression, ...] | None
    parameters: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GraphOutput(Node):
    """``nodes as name with_node_id=id``, or ``edges ...``"""

    kind: str
    name: Name | None
    parameters: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GraphToTable(Operator):
    """``graph-to-table nodes, edges``"""

    outputs: tuple[GraphOutput, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GraphMarkComponents(Operator):
    """``graph-mark-components kind=weak with_component_id=name``"""

    parameters: tuple[Parameter, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GraphWhere(Operator):
    """``graph-where-nodes condition``, or ``graph-where-edges`` when ``edges``"""

    edges: bool
    condition: Expression
    start: int
    end: int
