"""Renders the nodes of a template with data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.contract import MAX_TEXT, BuiltinError, LimitError
from lockgate.policy.rego.builtins.templates.functions import FUNCTIONS, shown, truth
from lockgate.policy.rego.builtins.templates.parse import Block, Command, Node, Operand, Pipeline
from lockgate.policy.rego.values import bytes_of


class _Missing:
    """The type of a field that is not there: like nil, but fields of it are not there either."""

    def __bool__(self) -> bool:
        return False


_MISSING: Final = _Missing()


class Run:
    """One rendering. Each node is a step of the budget, and so are every 64 characters written."""

    def __init__(self, data: Any, budget: Budget) -> None:
        self.budget = budget
        self.variables: list[tuple[str, Any]] = [("$", data)]
        self.data = data
        self.parts: list[str] = []
        self.size = 0

    def text(self, nodes: Sequence[Node]) -> str:
        """What the nodes render to. Raises BuiltinError when a value is not fit for what is done with it."""
        self._nodes(nodes, self.data)
        return "".join(self.parts)

    def _write(self, text: str) -> None:
        self.size += len(text)
        self.budget.spend(len(text) // 64)
        if self.size > MAX_TEXT:
            raise LimitError(f"template: the text is longer than {MAX_TEXT} characters")
        self.parts.append(text)

    def _nodes(self, nodes: Sequence[Node], dot: Any) -> str:
        """Renders them; ``break`` or ``continue`` when one of those ended it."""
        for node in nodes:
            self.budget.spend()
            if isinstance(node, str):
                self._write(node)
            elif isinstance(node, Block):
                if stop := self._block(node, dot):
                    return stop
            elif not node.commands:
                return node.variables[0]
            else:
                value = self._pipeline(node, dot)
                if not node.variables:
                    self._write("<no value>" if value is None or value is _MISSING else shown(value))
        return ""

    def _block(self, block: Block, dot: Any) -> str:
        mark = len(self.variables)
        if block.kind == "range":
            stop = self._range(block, dot)
        else:
            value = self._pipeline(block.pipeline, dot)
            inner = value if block.kind == "with" else dot
            stop = self._nodes(block.body, inner) if truth(value) else self._nodes(block.otherwise, dot)
        del self.variables[mark:]
        return stop

    def _range(self, block: Block, dot: Any) -> str:
        pipeline = block.pipeline
        items = self._items(self._value(pipeline, dot), len(pipeline.variables))
        if not items:
            return self._nodes(block.otherwise, dot)
        mark = len(self.variables)
        for key, value in items:
            self.budget.spend()
            if pipeline.variables:
                given = (value,) if len(pipeline.variables) == 1 else (key, value)
                for name, each in zip(pipeline.variables, given, strict=True):
                    self._set(name, each, assigns=pipeline.assigns)
            stop = self._nodes(block.body, value)
            del self.variables[mark:]
            if stop == "break":
                break
        return ""

    def _items(self, value: Any, variables: int) -> list[tuple[Any, Any]]:
        if value is None or value is _MISSING:
            return []
        if isinstance(value, list):
            return list(enumerate(value))
        if isinstance(value, dict):
            return sorted(value.items(), key=lambda pair: bytes_of(pair[0]))
        if isinstance(value, int) and not isinstance(value, bool) and variables < 2:
            self.budget.spend(max(value, 0))
            return [(number, number) for number in range(value)]
        raise BuiltinError(f"range can't iterate over {shown(value)}")

    def _set(self, name: str, value: Any, *, assigns: bool) -> None:
        if assigns:
            place = max(number for number, (known, _) in enumerate(self.variables) if known == name)
            self.variables[place] = (name, value)
        else:
            self.variables.append((name, value))

    def _pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value = self._value(pipeline, dot)
        for name in pipeline.variables:
            self._set(name, value, assigns=pipeline.assigns)
        return value

    def _value(self, pipeline: Pipeline, dot: Any) -> Any:
        value = self._command(pipeline.commands[0], dot, ())
        for command in pipeline.commands[1:]:
            value = self._command(command, dot, (value,))
        return value

    def _command(self, command: Command, dot: Any, last: tuple[Any, ...]) -> Any:
        self.budget.spend(len(command))
        first, *rest = command
        if first.kind != "function":
            if rest:
                raise BuiltinError("can't give argument to non-function")
            return self._operand(first, dot)
        function, least, most = FUNCTIONS[first.value]
        if not least <= len(rest) + len(last) <= most:
            raise BuiltinError(f"wrong number of args for {first.value}: got {len(rest) + len(last)}")
        if function is None:
            return self._decided(first.value == "or", rest, dot, last)
        values = [self._operand(each, dot) for each in rest]
        return function(*(None if each is _MISSING else each for each in (*values, *last)))

    def _decided(self, wanted: bool, operands: Sequence[Operand], dot: Any, last: tuple[Any, ...]) -> Any:
        """``and``, ``or``: the first value that decides, or the last."""
        value: Any = None
        for operand in operands:
            value = self._operand(operand, dot)
            if truth(value) is wanted:
                return value
        return last[0] if last else value

    def _operand(self, operand: Operand, dot: Any) -> Any:
        kind = operand.kind
        if kind == "literal":
            return operand.value
        if kind == "function":
            return self._command((operand,), dot, ())
        if kind == "pipeline":
            value = self._pipeline(operand.value, dot)
        elif kind == "variable":
            value = next(known for name, known in reversed(self.variables) if name == operand.value)
        else:
            value = dot
        for name in operand.path:
            value = _field(value, name)
        return value


def _field(value: Any, name: str) -> Any:
    if value is _MISSING:
        return _MISSING
    if isinstance(value, dict):
        return value.get(name, _MISSING)
    raise BuiltinError(f"can't evaluate field {name} in {shown(value)}")
