"""What every reader of manifests and infrastructure code answers: objects, and a Skip for each thing left out.

The readers (``manifests``, ``kustomize``, ``charts``, ``arm``, ``bicep``, ``terraform``) share this shape and two
small tools: JSON pointers, and a gatherer of skips that cannot grow without bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.model import Object, Skip, SkipKind

FAMILY = "policy"
"""The family that stays blind when one of these readers gives up."""
MAX_SKIPS = 200

Sibling = Callable[[str], bytes | None]
"""Another file of the same tree by its path, or None: not there, outside the tree, or too large."""
Below = Callable[[str], Sequence[str]]
"""Paths of the files below a folder of the same tree; ``.`` for the root."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave."""

    objects: tuple[Object, ...] = ()
    skips: tuple[Skip, ...] = ()
    template: bool = False
    """The file, or a part of it, is a template that only ``helm`` can fill in."""
    beside: tuple[Object, ...] = ()
    """Objects of other files that stand beside these; they are judged where they stand."""


@dataclass(slots=True)
class Skips:
    """Gathers skips of one family: each once, and at most ``MAX_SKIPS``."""

    path: str
    found: dict[Skip, None] = field(default_factory=dict)

    def add(self, kind: SkipKind, reason: str, *, line: int = 0, path: str = "") -> None:
        """Say what was left out and why; ``path`` when it is not the file this gatherer stands for."""
        if len(self.found) < MAX_SKIPS:
            self.found.setdefault(Skip(path or self.path, kind, reason, FAMILY, line))
        elif len(self.found) == MAX_SKIPS:
            reason = "further parts could not be read either"
            self.found.setdefault(Skip(self.path, SkipKind.LIMIT, reason, FAMILY))

    def extend(self, skips: Iterable[Skip]) -> None:
        """Take over what another reader left out."""
        for skip in skips:
            self.add(skip.kind, skip.reason, line=skip.line, path=skip.path)

    def settled(self) -> tuple[Skip, ...]:
        """All of them, in the order they were met."""
        return tuple(self.found)


def escaped(key: str) -> str:
    """One part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def parts_of(pointer: str) -> list[str]:
    """The keys and indices that a JSON pointer names, unescaped."""
    parts = pointer.split("/")[1:]
    return [unescaped(part) for part in parts] if "~" in pointer else parts


def unescaped(part: str) -> str:
    """The key or index that one part of a JSON pointer names."""
    return part.replace("~1", "/").replace("~0", "~") if "~" in part else part
