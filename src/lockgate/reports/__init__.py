"""Findings and decision drawn for one reader: one report a module, under ``REPORT``. Pure: a Result in, text out.

Everything a repository can set (paths, names, messages) is hostile: escaped for HTML, Markdown, CSV (formula
injection), XML and the terminal (control and bidi characters).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from lockgate.model import Result


@dataclass(frozen=True, slots=True)
class Report:
    """One form of a Result."""

    name: str
    """As in ``--format NAME``."""
    media_type: str
    suffix: str
    """File ending with its dot."""
    write: Callable[[Result, TextIO], None]
    about: str = ""
    """One line for ``--help`` and the reference page."""
