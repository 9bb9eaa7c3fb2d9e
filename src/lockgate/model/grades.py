"""How bad, and how sure."""

from __future__ import annotations

from enum import IntEnum


class _Grade(IntEnum):
    def __str__(self) -> str:
        return self._name_.lower()  # ``name`` is a property that takes ten times as long


class Severity(_Grade):
    """How bad a finding is if it is true. Ordered; written in lower case everywhere outside Python."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Confidence(_Grade):
    """How sure the rule is that the finding is true."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
