"""``lockgate ingest`` file by file: each is told of, and one that cannot be read ends none of the others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from lockgate.errors import ExitCode, LockgateError


class Told(Protocol):
    """What became of one file so far."""

    def say(self, name: str) -> None:
        """Print it."""

    @property
    def misses(self) -> bool:
        """Whether something of it is in no table but a companion."""


Kind = TypeVar("Kind", bound=Told)


def each(files: Sequence[str], begin: Callable[[], Kind], load: Callable[[str, Kind], None]) -> int:
    """``load`` every file; the exit code: 4 where a row or a file has no place in its table.

    Raises :class:`LockgateError` where there is one file alone.
    """
    code = ExitCode.ALLOWED
    for name in files:
        told = begin()
        try:
            try:
                load(name, told)
            finally:
                told.say(name)
        except LockgateError as error:
            if len(files) == 1:
                raise
            print(f"lockgate: {error}", file=sys.stderr)
            code = ExitCode(max(code, error.exit_code))
        if told.misses:
            code = ExitCode(max(code, ExitCode.NOTHING_CHECKED))
    return int(code)
