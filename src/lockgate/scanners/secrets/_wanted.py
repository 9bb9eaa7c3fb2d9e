"""Which files are read for secrets at all: asked before any content is loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

DEFAULT_MAX_BYTES = 10 * 1024 * 1024


def wants(path: str, size: int) -> bool:
    """False for empty files and quiet paths, unless a credential reader asks for the path."""
    return size > 0 and (not is_quiet(path) or wants_structured(path))


def is_quiet(path: str) -> bool:
    """As ``patterns.paths`` says, imported when first asked: in an unchanged tree nobody asks."""
    return _quiet_paths()(path)


@lru_cache(maxsize=1)
def _quiet_paths() -> Callable[[str], bool]:
    from lockgate.patterns.paths import is_quiet

    return is_quiet


def wants_structured(path: str) -> bool:
    """Whether a reader of structured credential files wants the path."""
    return _credential_paths()(path)


@lru_cache(maxsize=1)
def _credential_paths() -> Callable[[str], bool]:
    from lockgate.formats.credentials import wants

    return wants
