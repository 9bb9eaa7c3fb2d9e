"""Plugins of ``evaluate``. Each module has them by name; one that needs more than rows says so when it is run."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.convert import converter
from lockgate.kql.steps import Frame, Run
from lockgate.kql.steps.evaluation import nothing
from lockgate.kql.types import Table

_MODULES = ("unfolding", "activity", "sequences", "rolling", "patterns", "lookups", "earth", "schemas", "refused")


@cache
def _runs() -> dict[str, Run]:
    found: dict[str, Run] = {}
    for module in _MODULES:
        found.update(import_module(f"{__name__}.{module}").PLUGINS)
    return found


def find(step: bound.Step) -> Run | None:
    """What runs the plugin that ``step`` evaluates."""
    call = step.values[0] if step.values else None
    run = _runs().get(call.function.name) if isinstance(call, bound.Call) else None
    if run is None or not isinstance(step.syntax, s.Evaluate) or step.syntax.schema is None:
        return run
    return lambda step, frames, context: conformed(step, run(step, frames, context))


def conformed(step: bound.Step, frame: Frame) -> Frame:
    """The columns that ``: (name: type)`` declares, by their names; what is not there is null."""
    assert isinstance(step.type, Table)
    by_name = {one.name: (one, data) for one, data in zip(frame.columns, frame.data, strict=True)}
    found: list[list[object]] = []
    for one in step.type.columns:
        own, data = by_name.get(one.name, (one, [nothing(one.type)] * frame.height))
        convert = converter(own.type, one.type)
        found.append(data if convert is None else [convert(value) for value in data])
    return Frame(tuple(step.type.columns), tuple(found))


