"""Who decides: one gate a module, under ``GATE``. Pure: settled findings and skips in, a Decision out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from lockgate.model import Decision, Family, SettledFinding, Skip
from lockgate.settings import GateSettings


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
    """One gate."""

    name: str
    decide: Callable[[GateSettings, Question], Decision]
