"""Lines of Python: indentation, loops, what a failing line does, and the limit on nested blocks.

A line of Rego that fails ends this try: in Python that is ``continue`` of the innermost loop. A body therefore stands
in a loop of its own (``for _ in ONE:``), and each enumeration is one loop more. Python allows twenty nested loops, so
deeper ones go on in a nested function.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockgate.policy.rego.source import Failure

_MAX_LOOPS = 14
_MAX_INDENT = 80
"""Python refuses a hundred levels of indentation."""


@dataclass(slots=True)
class _Block:
    function: str
    """Name of the nested function, or empty for a loop."""
    loops: int
    """Loops of the enclosing function when it was opened."""


class Writer:
    """Writes one Python function."""

    def __init__(self, indent: int = 1) -> None:
        self.lines: list[str] = []
        self.indent = indent
        self.temps = 0
        self.flags: list[str] = []
        self._blocks: list[_Block] = []
        self._loops = 0

    def line(self, text: str) -> None:
        """One line at the present indentation."""
        self.lines.append(f"{' ' * self.indent}{text}")

    def temp(self, prefix: str = "t") -> str:
        """A new name."""
        self.temps += 1
        return f"{prefix}{self.temps}"

    @property
    def fail(self) -> str:
        """The statement for a line that fails."""
        return "return" if self._blocks and self._blocks[-1].function else "continue"

    def fail_if(self, condition: str) -> None:
        """Fail on a condition."""
        self.line(f"if {condition}: {self.fail}")

    def loop(self, header: str) -> None:
        """Open a loop: ``for a in b``."""
        if self._loops >= _MAX_LOOPS:
            name = self.temp("k")
            self.line(f"def {name}():")
            self._blocks.append(_Block(name, self._loops))
            self._indent()
            if self.flags:
                self.line(f"nonlocal {', '.join(self.flags)}")
            self._loops = 0
        self.line(f"{header}:")
        self._blocks.append(_Block("", self._loops))
        self._loops += 1
        self._indent()

    def _indent(self) -> None:
        self.indent += 1
        if self.indent > _MAX_INDENT:
            raise Failure("the rule nests too many loops", -1)

    def mark(self) -> int:
        """How many blocks are open."""
        return len(self._blocks)

    def leave(self) -> None:
        """Leave the innermost loop: nothing more is wanted from it."""
        self.line("break" if not self._blocks[-1].function else "return")

    def close(self, mark: int, done: str = "") -> None:
        """Close blocks down to a mark. ``done`` is a condition on which loops on the way are left early."""
        while len(self._blocks) > mark:
            block = self._blocks.pop()
            self.indent -= 1
            self._loops = block.loops
            if block.function:
                self.line(f"{block.function}()")
            if done and len(self._blocks) > mark:
                inner = self._blocks[-1]
                self.line(f"if {done}: {'return' if inner.function else 'break'}")
