"""How the rows of one aggregate are written, whichever engine it is for."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from lockgate.kql import bound
from lockgate.kql.emit.values import Expressions
from lockgate.kql.types import BOOL, DATETIME, INT, LONG, REAL, STRING, TIMESPAN, Type, single

ORDERED = frozenset((INT, LONG, REAL, DATETIME, TIMESPAN, STRING, BOOL))


class Group:
    """Over what, in which order, and with a condition."""

    def __init__(self, to: Expressions, call: bound.Call, order: str, plain: Container[str]) -> None:
        """``plain``: names of aggregates of which ``countif(x)`` and its kin are those under a condition."""
        self.to = to
        self.call = call
        self.name = call.function.name
        self.order = order
        """As the engine has it; empty where the rows have none."""
        self.condition = ""
        self.arguments: Sequence[bound.Value] = call.arguments
        for suffix in ("_if", "if"):
            base = self.name.removesuffix(suffix)
            if base != self.name and base in plain:
                place = 0 if base == "count" else 1
                self.condition = to.condition(self.arguments[place])
                self.arguments = [*self.arguments[:place], *self.arguments[place + 1 :]]
                self.name = base
                break

    @property
    def type(self) -> Type:
        """The type of the first argument."""
        return single(self.arguments[0].type)

    def text(self) -> str:
        """The first argument."""
        return self.to.sql(self.arguments[0])

    def filter(self, *also: str) -> str:
        """The clause of the condition, and of others; empty for none."""
        conditions = [one for one in (self.condition, *also) if one]
        return f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""

    def of(self, function: str, text: str | None = None, *also: str) -> str:
        """``function(argument)`` under the condition, and others."""
        return f"{function}({self.text() if text is None else text}){self.filter(*also)}"


def extreme(function: str) -> Callable[[Group], str | None]:
    """``min`` and ``max``; of no texts the empty one."""

    def found(group: Group) -> str | None:
        if group.type not in ORDERED:
            return None
        text = group.of(function)
        return f"coalesce({text}, '')" if group.type is STRING else text

    return found
