"""One module's text, and what can be wrong with it: each problem at its place, with the code OPA gives it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from lockgate.dataclass import dataclass
from lockgate.policy.errors import PolicyError, underlined

PARSE = "rego_parse_error"
COMPILE = "rego_compile_error"
UNSAFE = "rego_unsafe_var_error"
RECURSION = "rego_recursion_error"
TYPE = "rego_type_error"

MAX_PROBLEMS = 10
"""More than a person mends in one go; the rest shows on the next run."""

MAX_CHARACTERS = 1_000_000
"""Of one module. The largest module of the public libraries has about 20,000."""


@dataclass(frozen=True, slots=True)
class Source:
    """One Rego module."""

    name: str
    """What errors call it, usually its file's name."""
    text: str
    """The module."""
    version: str = "v1"
    """The dialect it is written in, ``v0`` or ``v1``. Never guessed: the same text means different things in each."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a policy from being used."""

    code: str
    """OPA's code, such as ``rego_unsafe_var_error``."""
    message: str
    """What is wrong."""
    where: str
    """The source's name."""
    line: int
    """Counted from 1; 0 when the place is not known."""
    column: int
    """Counted from 1, in characters."""
    excerpt: str
    """The line and carets below the place."""

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}:{self.column}" if self.line else self.where
        return f"{place}: {self.code}: {self.message}" if place else f"{self.code}: {self.message}"


class RegoError(PolicyError):
    """Rego that cannot be loaded. ``rego_code`` is the first problem's code; ``problems`` holds up to ten."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = "".join(f"\n{problem}" for problem in problems[1:])
        super().__init__(
            f"{first.code}: {first.message}{more}",
            where=first.where, line=first.line, column=first.column, excerpt=first.excerpt,
        )  # fmt: skip
        self.problems = tuple(problems)
        self.rego_code = first.code


class Failure(Exception):  # noqa: N818  (control flow of the parser; never leaves this package)
    """Parsing cannot go on at a place."""

    def __init__(self, message: str, at: int, length: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.length = length


class Place:
    """Turns offsets of one source into problems."""

    __slots__ = ("_lines", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lines: list[int] | None = None

    def line_column(self, at: int) -> tuple[int, int]:
        """Line and column of an offset, counted from 1."""
        if self._lines is None:
            starts, found = [0], self.source.text.find("\n")
            while found >= 0:
                starts.append(found + 1)
                found = self.source.text.find("\n", found + 1)
            self._lines = starts
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1] + 1

    def problem(self, code: str, message: str, at: int, length: int = 1) -> Problem:
        """A problem at an offset; -1 means that no place is known."""
        if at < 0:
            return Problem(code, message, self.source.name, 0, 0, "")
        line, column = self.line_column(at)
        return Problem(code, message, self.source.name, line, column, self._excerpt(line, column, length))

    def _excerpt(self, line: int, column: int, length: int) -> str:
        assert self._lines is not None
        start = self._lines[line - 1]
        end = self._lines[line] - 1 if line < len(self._lines) else len(self.source.text)
        return underlined(self.source.text[start:end], 1, column, length)


class Problems:
    """Collects; ``stop()`` raises when anything was collected."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, place: Place, code: str, message: str, at: int) -> None:
        """One more problem; the same one twice counts once."""
        problem = place.problem(code, message, at)
        if problem not in self.found:
            self.found.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Several more."""
        self.found.extend(problems)

    def stop(self) -> None:
        """Raise :class:`RegoError` with what was collected, if anything was."""
        if self.found:
            raise RegoError(self.found[:MAX_PROBLEMS])
