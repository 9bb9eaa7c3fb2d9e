"""A function in Python as it is sent to another process: what it computes, made ready there at its first row."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lockgate.kql.emit import Foreign
from lockgate.kql.relation import Captures
from lockgate.kql.row import Context
from lockgate.kql.spark.python import Elements, elements, finder
from lockgate.store.ask.foreign import aggregate, scalar, writer

_SENT = ("now", "principal", "details", "groups", "database", "endpoint")


class Call:
    """Computes a :class:`Foreign` of one row, or of the rows of a group as structs whose first member orders them."""

    def __init__(self, foreign: Foreign, context: Context) -> None:
        self.foreign = foreign
        self.context = {name: getattr(context, name) for name in _SENT}
        self.run: Callable[..., object] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"foreign": self.foreign, "context": self.context, "run": None}

    def __call__(self, *row: Any) -> object:
        if self.run is None:
            self.run = self.made()
        return self.run(*row)

    def made(self) -> Callable[..., object]:
        """The function. Raises :class:`~lockgate.kql.errors.EvaluationError` when there is no such one."""
        foreign = self.foreign
        if isinstance(foreign.value, Captures):
            return finder(foreign.value.pattern, foreign.value.groups)
        if isinstance(foreign.value, Elements):
            return partial(elements, pairs=foreign.value.pairs)
        write = writer(foreign.value.type)
        if not foreign.aggregate:
            return scalar(foreign, Context(**self.context), write)
        compute, count = aggregate(foreign, Context(**self.context), write), len(foreign.columns)
        return lambda rows: compute(*([row[i] for row in rows] for i in range(1, count + 1)), len(rows))
