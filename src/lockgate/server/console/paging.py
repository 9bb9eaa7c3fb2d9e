"""How every listing of the API is cut: ``limit`` of them, those behind ``after``, and what ``after`` is to be next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from fastapi.exceptions import HTTPException
from pydantic import BaseModel

from lockgate.server.console.asking import MOST_NUMBER

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
After = Annotated[str, Query(max_length=255, description="`next` of the page before; empty for the first.")]


class Page(BaseModel, Generic[Item]):
    """Some of a list."""

    items: list[Item]
    next: str | None
    """What ``after`` must be for those that follow; none do where it is null."""


def number_of(after: str) -> int:
    """``after`` where it is a number; 0 for the first page. Raises 422."""
    if not after:
        return 0
    if not after.isascii() or not after.isdecimal() or len(after) > 10 or not 0 < int(after) <= MOST_NUMBER:
        raise HTTPException(422, "after is next of the page before")
    return int(after)


def cut(whole: Sequence[Item], after: str, limit: int) -> tuple[list[Item], str | None]:
    """A page of a list that is at hand whole, and ``next``."""
    start = number_of(after)
    return list(whole[start : start + limit]), str(start + limit) if len(whole) > start + limit else None
