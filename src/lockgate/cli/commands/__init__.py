"""The commands: one a module under ``COMMAND``. ``_`` in a module's name stands for ``-`` in the command's.

A module's top imports nothing heavy: ``lockgate --help`` imports them all.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable


class Command:
    """One command. A plain class: making a dataclass takes longer than the help of all commands."""

    __slots__ = ("about", "actions", "configure", "examples", "notes", "otherwise", "run")

    def __init__(
        self,
        *,
        about: str,
        configure: Callable[[argparse.ArgumentParser], None],
        run: Callable[[argparse.Namespace], int],
        examples: str = "",
        notes: str = "",
        actions: tuple[str, ...] = (),
        otherwise: str = "",
    ) -> None:
        self.about = about
        """One line for the overview."""
        self.configure = configure
        self.run = run
        """Returns the exit code."""
        self.examples = examples
        """Shown below the options."""
        self.notes = notes
        """A paragraph above the options."""
        self.actions = actions
        """What may follow the command, where something must."""
        self.otherwise = otherwise
        """The action that is meant where none is named; empty where one must be."""
