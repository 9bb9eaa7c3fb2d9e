"""The commands: one a module under ``COMMAND``. ``_`` in a module's name stands for ``-`` in the command's.

A module's top imports nothing heavy: ``lockgate --help`` imports them all.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    about: str
    """One line for the overview."""
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    """Returns the exit code."""
    examples: str = ""
    """Shown below the options."""
    notes: str = ""
    """A paragraph above the options."""
