"""The errors Lockgate tells people about, and the exit codes they end in.

Every error says what happened, where, and what to do next. One place prints them (``cli``). An exception that is not
a :class:`LockgateError` is a defect of ours and ends in exit code 70.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process answers its caller. Documented in ``docs/reference/exit-codes.md``."""

    ALLOWED = 0  # the gate allowed, perhaps with warnings
    DENIED = 1  # the gate denied
    USAGE = 2  # the command line was wrong
    CONFIGURATION = 3  # lockgate.yaml, a waiver file or a rule file was wrong
    NOTHING_CHECKED = 4  # something that had to be checked could not be: silence would read as safety
    UNAVAILABLE = 5  # a file, repository, server or store could not be reached or read
    INTERNAL = 70  # a defect of Lockgate
    INTERRUPTED = 130  # Ctrl-C; what was reported as stored is stored
    CLOSED_PIPE = 141  # who read the output went away before its end, as `| head` does; the run is stored


class LockgateError(Exception):
    """An error with a place and a way out.

    ``message`` says what happened; ``where`` names the place (``file:line``, a table, an address); ``hint`` says what
    to do next. ``code`` is stable and may be matched by scripts.
    """

    code = "error"
    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.hint:
            parts.append(self.hint)
        return " -- ".join(parts)


class UsageError(LockgateError):
    """The command line asks for something that does not exist or does not fit together."""

    code = "usage"
    exit_code = ExitCode.USAGE


class ConfigurationError(LockgateError):
    """A settings, waiver or rule file is wrong; ``where`` is ``file:line`` whenever it is known."""

    code = "configuration"
    exit_code = ExitCode.CONFIGURATION


class NothingCheckedError(LockgateError):
    """A check that was asked for could not be made at all."""

    code = "nothing-checked"
    exit_code = ExitCode.NOTHING_CHECKED


class StoreError(LockgateError):
    """The record or a store could not be opened, read or written."""

    code = "store"


class SourceError(LockgateError):
    """A source as a whole could not be read (a part that could not be read is a ``Skip``, not an error)."""

    code = "source"
