"""A value that is the same for every row."""

from __future__ import annotations

from collections.abc import Sequence


class Known:
    """Stands for a function of a row that always gives ``value``."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __call__(self, row: Sequence[object]) -> object:
        del row
        return self.value
