"""What the readers of VEX share: values of a shape that is hoped for, from documents that may have any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

MAX_STATEMENTS = 200_000
MAX_PRODUCTS = 100_000
"""Of one document."""


def text(value: object) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, list) else ()


def objects(value: object, most: int = MAX_STATEMENTS) -> Iterator[Mapping[str, Any]]:
    """The objects of a list. Raises :class:`FormatError` where there are more than ``most``."""
    if not isinstance(value, list):
        return
    if len(value) > most:
        raise FormatError(f"a list of more than {most:,} entries", kind=SkipKind.TOO_LARGE)
    for one in value:
        if isinstance(one, dict):
            yield one


def mapping(value: object) -> Mapping[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
