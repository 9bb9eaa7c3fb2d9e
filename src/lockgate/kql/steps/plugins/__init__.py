"""Plugins of ``evaluate``. Each module has them by name; one that needs more than rows says so when it is run."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from lockgate.kql import bound
from lockgate.kql.steps import Run

_MODULES: tuple[str, ...] = ("refused",)


@cache
def _runs() -> dict[str, Run]:
    found: dict[str, Run] = {}
    for module in _MODULES:
        found.update(import_module(f"{__name__}.{module}").PLUGINS)
    return found


def find(step: bound.Step) -> Run | None:
    """What runs the plugin that ``step`` evaluates."""
    call = step.values[0] if step.values else None
    return _runs().get(call.function.name) if isinstance(call, bound.Call) else None


