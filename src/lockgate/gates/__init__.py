"""Who decides: one gate a module, under ``GATE``. Pure: what was seen goes in, what is allowed comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model import Family, SettledFinding, Skip


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a gate may weigh."""

    findings: Sequence[SettledFinding]
    skips: Sequence[Skip]
    asked: Sequence[Family]
    """Families that were asked for."""
    covered: Sequence[Family]
    """Families that were really checked."""
    files: int
    today: date


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate. What it is asked and what it answers are its own: ``check`` a Question and a Decision."""

    name: str
    decide: Callable[..., Any]
