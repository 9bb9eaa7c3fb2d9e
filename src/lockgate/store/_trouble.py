"""What the engines of the record raise, told with a place and a way out; and what is a conflict, to be tried again."""

from __future__ import annotations

from lockgate.errors import StoreError


class ConflictError(Exception):
    """Another commit was quicker."""


def trouble(place: str, error: BaseException) -> StoreError:
    """Why the table at ``place`` cannot be used."""
    text = " ".join(str(error).split())[:300]
    lower = text.lower()
    if any(word in lower for word in ("no space", "quota", "too large")):
        hint = "the disk is full: free space, or set LOCKGATE_WORKSPACE to another place"
    elif any(one in lower for one in ("read-only", "permission", "denied", "not a directory", "unable to create dir")):
        hint = "the place cannot be written: set LOCKGATE_WORKSPACE to one that can, or use --no-store"
    else:
        hint = "if the log of the table is damaged, put back a copy or move the folder away to begin a new record"
    return StoreError(f"the record cannot be used: {text}", where=place, hint=hint)


def is_conflict(error: BaseException) -> bool:
    """Whether another commit was quicker."""
    from deltalake.exceptions import CommitFailedError

    text = str(error).lower()
    told = ("already exist", "metadata changed", "already a delta table")  # the last where two make a table at once
    return isinstance(error, CommitFailedError) or any(words in text for words in told)
