"""What can be wrong with a policy, said at its place and underlined.

Two kinds are told apart because callers treat them differently: a :class:`PolicyError` is found when a policy is
loaded and keeps it from being used; an :class:`EvaluationError` happens while one object is judged and ends in the
failure mode that the gate configures. Neither is ever a silent allow.
"""

from __future__ import annotations

from lockgate.errors import ExitCode, LockgateError

_WIDTH = 160


class PolicyError(LockgateError):
    """A policy cannot be loaded. ``line`` and ``column`` count from 1; 0 means the place is not known.

    ``excerpt`` is the source line with a caret line below it, or empty.
    """

    code = "policy"
    exit_code = ExitCode.CONFIGURATION

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", line: int = 0, column: int = 0, excerpt: str = ""
    ) -> None:
        super().__init__(message, where=_place(where, line, column), hint=hint)
        self.line = line
        self.column = column
        self.excerpt = excerpt


class EvaluationError(LockgateError):
    """A policy failed on one object: a conflict, a wrong type in strict mode, a budget that ran out."""

    code = "evaluation"


class BudgetExceededError(EvaluationError):
    """An evaluation took more steps than it was allowed."""

    code = "budget"


def underlined(source: str, line: int, column: int, length: int = 1) -> str:
    """The line of ``source`` and carets below ``length`` characters from ``column``, cut around the place.

    Tabs become one space, so that the carets stand below what they mean. Empty when the line does not exist.
    """
    lines = source.splitlines()
    if not 1 <= line <= len(lines):
        return ""
    text = lines[line - 1].replace("\t", " ")
    column = max(1, min(column, len(text) + 1))
    start = max(0, column - 1 - _WIDTH // 2)
    shown = text[start : start + _WIDTH]
    carets = max(1, min(length, len(shown) - (column - 1 - start)))
    return f"{shown}\n{' ' * (column - 1 - start)}{'^' * carets}"


def _place(where: str, line: int, column: int) -> str:
    if not line:
        return where
    return f"{where or 'policy'}:{line}:{column}" if column else f"{where or 'policy'}:{line}"
