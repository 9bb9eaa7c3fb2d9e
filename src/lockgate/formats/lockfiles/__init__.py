"""Lock and manifest readers: one format a module, under ``READER``.

A reader promises: it never raises on any input (what it cannot read becomes a Skip with a reason), takes time and
memory linear in its input, and never runs or fetches anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lockgate.model import Component, Skip

MAX_BYTES = 64 * 1024 * 1024
"""A larger lock file is a Skip."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave."""

    components: tuple[Component, ...] = ()
    skips: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """One format."""

    ecosystem: str
    """OSV's name of the ecosystem."""
    matches: Callable[[str], bool]
    """Whether the reader wants the file of that path (relative, forward slashes). Cheap: asked for every file."""
    read: Callable[[str, bytes, Callable[[str], bytes | None]], Reading]
    """``read(path, content, sibling)``; ``sibling(relative path)`` gives another file of the same tree, or None:
    for ``-r base.txt``, a ``package.json`` beside its lock, a parent ``pom.xml``."""
    lock: bool = True
    """False for a manifest, whose components give way to those of a lock of the same ecosystem in the same folder."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Facts for ``lockgate doctor`` and the generated reference page."""
