"""What compiling makes: all that is kept of a program, and all that running it needs."""

from __future__ import annotations

from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.reads import Found


@dataclass(frozen=True, slots=True)
class Compiled:
    """Python text and what goes with it. Everything is plain data, so that it can be kept."""

    text: str
    """Python source of the units."""
    nodes: tuple[tuple[Any, ...], ...]
    """Of each node: path, children (key, index), unit, kind, and object units above with their depth."""
    units: tuple[tuple[Any, ...], ...]
    """Of each unit: path, kind, arity."""
    replacements: tuple[tuple[Any, ...], ...]
    """What each ``with`` replaces."""
    builtins: tuple[tuple[str, str], ...]
    """Builtins that the text calls, each with its topic; see ``builtins.function_of``."""
    reads: tuple[tuple[str, ...] | None, ...] = ()
    """Of each unit: the fields of ``input`` that its value hangs on; None when it must not be kept."""
    traces: tuple[tuple[str, tuple[Found, ...] | None], ...] = ()
    """Of each entry: what of ``input`` it reads, None when that cannot be told; see ``policy.reads``."""
