"""What can be wrong with a query: Kusto's code, what, where, underlined, and the nearest known name."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.errors import ExitCode, LockgateError

_WIDTH = 160
_MAX_DISTANCE = 3


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong."""

    code: str
    """Kusto's code (``KS142``), stable."""
    message: str
    """What is wrong, in one sentence."""
    start: int
    """Offset of the first character concerned."""
    end: int
    """Offset past the last one."""
    hint: str = ""
    """What to do about it, or empty."""


class QueryError(LockgateError):
    """A query that cannot be run. ``diagnostics`` holds all that was found, in order; the message tells the first.

    ``line`` and ``column`` count from 1; ``excerpt`` is the line with carets below what is meant.
    """

    code = "query"
    exit_code = ExitCode.USAGE

    def __init__(self, source: str, diagnostics: tuple[Diagnostic, ...], *, where: str = "") -> None:
        first = diagnostics[0]
        self.diagnostics = diagnostics
        self.line, self.column = place(source, first.start)
        self.excerpt = excerpt(source, first.start, first.end)
        at = f"{where}:{self.line}:{self.column}" if where else f"line {self.line}, column {self.column}"
        super().__init__(f"{first.code}: {first.message}", where=at, hint=first.hint)


class EvaluationError(LockgateError):
    """A query that is right, and yet its value cannot be computed: a pattern that is none, an ``assert`` that fails,
    a function that only the service itself can answer."""

    code = "query"
    exit_code = ExitCode.USAGE


def place(source: str, at: int) -> tuple[int, int]:
    """Line and column of offset ``at``, from 1."""
    return source.count("\n", 0, at) + 1, at - (source.rfind("\n", 0, at) + 1) + 1


def excerpt(source: str, start: int, end: int) -> str:
    """The line of offset ``start`` with carets below, cut around the place; a tab counts as one space."""
    begin = source.rfind("\n", 0, start) + 1
    stop = source.find("\n", start)
    line = source[begin : stop if stop >= 0 else len(source)].replace("\t", " ").replace("\r", " ")
    column = start - begin
    cut = max(0, column - _WIDTH // 2)
    shown = line[cut : cut + _WIDTH].rstrip()
    carets = max(1, min(end - start, len(shown) - (column - cut)))
    return f"{shown}\n{' ' * (column - cut)}{'^' * carets}"


def nearest(name: str, known: list[str]) -> str:
    """``Did you mean ...?`` with the known name closest to ``name``, or empty when none is near."""
    folded = name.lower()
    letters = set(folded)
    best, distance = "", min(_MAX_DISTANCE, max(1, (len(name) + 2) // 3)) + 1
    for one in known:
        other = one.lower()
        # A letter that only one of the two words has costs an edit: most names are passed over by that.
        if abs(len(one) - len(name)) >= distance or len(letters.symmetric_difference(other)) >= 2 * distance:
            continue
        if (found := _distance(folded, other, distance)) < distance:
            best, distance = one, found
    return f"Did you mean {best}?" if best else ""


def _distance(left: str, right: str, limit: int) -> int:
    """Edits between two words, or ``limit`` when there are as many or more."""
    if len(left) > 100:
        return limit
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (one != other))
        if min(row) >= limit:
            return limit
    return row[-1]
