"""The arguments of a plugin by the names of its parameters."""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql.bind import plugins as layouts
from lockgate.kql.bind.matching import laid_out, underlying
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame
from lockgate.kql.steps.evaluation import column, constant
from lockgate.kql.types import Column, Type, single


class Arguments:
    """What a plugin was given. ``frame`` are its rows, ``tables`` the tables among its arguments."""

    __slots__ = ("context", "frame", "name", "tables", "values")

    def __init__(self, step: bound.Step, frames: tuple[Frame, ...], context: Context) -> None:
        call = step.values[0]
        assert isinstance(call, bound.Call)
        self.name, self.context = call.function.name, context
        self.frame = frames[0] if step.input is not None else Frame((), ())
        self.tables = frames[1:] if step.input is not None else frames
        layout = layouts.layout(call.function, call.arguments)
        if layout is None:
            signature = call.function.signatures[max(0, call.signature)]
            layout = laid_out(signature, len(call.arguments))
        self.values: dict[str, list[bound.Value]] = {}
        known = {one.name.replace("_", ""): one.name for one in layout if one is not None}
        for value, parameter in zip(call.arguments, layout, strict=True):
            name = parameter.name if parameter is not None else ""
            if isinstance(value, bound.Named):
                written = value.name.replace("_", "").lower()
                repeated = parameter is not None and parameter.most > 1
                name = known.get(written, name if repeated else written)
            self.values.setdefault(name, []).append(underlying(value))

    def value(self, name: str) -> bound.Value:
        """The argument for a parameter."""
        found = self.values.get(name)
        if not found:
            raise EvaluationError(f"The plugin '{self.name}' is not given '{name}'.")
        return found[0]

    def type(self, name: str) -> Type:
        """Its type."""
        return single(self.value(name).type)

    def constant(self, name: str, default: object = None) -> object:
        """Its value; ``default`` when it is left out or ``~``."""
        found = self.values.get(name)
        value = constant(found[0], self.context) if found else None
        return default if value is None or value == "~" else value

    def number(self, name: str, default: float | None = None) -> int:
        """Its value as ticks or as a whole number."""
        found = self.constant(name, default)
        if isinstance(found, bool) or not isinstance(found, int | float) or found != found:
            raise EvaluationError(f"'{name}' of the plugin '{self.name}' has no value.")
        return found  # type: ignore[return-value]

    def positive(self, name: str) -> int:
        """Its value, which must be greater than 0."""
        found = self.number(name)
        if found <= 0:
            raise EvaluationError(f"'{name}' of the plugin '{self.name}' must be greater than 0.")
        return found

    def column(self, name: str) -> list[object]:
        """The value of each row."""
        return column(self.value(name), self.frame, self.context)

    def columns(self, name: str) -> list[list[object]]:
        """The values of each row, of a parameter that may be given several times."""
        return [column(one, self.frame, self.context) for one in self.values.get(name, [])]

    def types(self, name: str) -> list[Type]:
        """The types of a parameter that may be given several times."""
        return [single(one.type) for one in self.values.get(name, [])]


def columns_of(step: bound.Step) -> tuple[Column, ...]:
    """The columns that the plugin itself gives, before a declared schema chooses among them."""
    call = step.values[0]
    columns: list[Column] = getattr(call.type, "columns", [])
    return tuple(columns)
