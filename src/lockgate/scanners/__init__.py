"""Engines that put one family of rules to rows: one engine a module (or package), under ``SCANNER``.

A scanner never reads the world: it is handed files or components, the rules of its family and a context, and yields
findings and skips. It must not know other scanners, and settles nothing: identity, waivers and verdicts come later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lockgate.model import Component, Family, File, Finding, Object, Rule, Skip
from lockgate.settings import ScannerOption


def no_sibling(path: str) -> bytes | None:  # noqa: ARG001 -- the shape of Source.sibling
    """Where a scanner sees one file alone."""
    return None


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What a session of a scanner may lean on."""

    salt: bytes
    """Salt of this workspace for hashes of secret values; 16 bytes or more."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The scanner's own part of the settings, already checked."""
    cache_dir: Path | None = None
    """A folder for compiled things (a Hyperscan database); None: compile in memory."""
    advisories: Path | None = None
    """The compiled advisory store, for the dependency scanner."""
    today: str = ""
    """ISO date that ages are counted to."""
    sibling: Callable[[str], bytes | None] = no_sibling
    """Another file of the same source by its path. A ``cacheable`` scanner must not ask: its answers would depend on
    more than the file."""


class Session(Protocol):
    """One scanner at work in one run."""

    def feed(self, row: Any) -> Iterable[Finding | Skip]:
        """Judge one File, Component or Object. Findings may be held back until ``finish``."""

    def finish(self) -> Iterable[Finding | Skip]:
        """Say what needed the whole picture, and release what was held."""

    def coverage(self) -> str:
        """One line on what was checked with what; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """One engine."""

    family: Family
    reads: type[File] | type[Component] | type[Object]
    start: Callable[[Sequence[Rule], ScanContext], Session]
    """Opens a session. Raises ``NothingCheckedError`` when the engine cannot work at all."""
    wants: Callable[[str, int], bool] = lambda path, size: True
    """For files: ``wants(path, size)`` before the content is loaded."""
    cacheable: bool = True
    """True: what ``feed`` yields for a file depends only on its path, content, the rules and the options,
    and ``finish`` yields nothing: it may then run in several processes and be answered from a cache."""
    starts_alike: bool = False
    """True: whether ``start`` works depends on the rules and the options alone, as with every ``cacheable`` one.
    Where an earlier run under the same rules and options has shown that it does, it waits until a file is wanted."""
    options: tuple[ScannerOption, ...] = ()
    """What ``scanners.<family>`` may say to it; anything else there is refused."""
    version: str = "1"
    """Part of the cache key: raised whenever the same input would be judged otherwise."""


def declared_options() -> dict[str, tuple[ScannerOption, ...]]:
    """Family -> the options of its scanners, by the name of the scanner. Imports every scanner, but starts none."""
    import sys

    from lockgate.discover import discover

    found: dict[str, tuple[ScannerOption, ...]] = {}
    for scanner in discover(sys.modules[__name__], "SCANNER", Scanner).values():
        if scanner.options:
            family = scanner.family.value
            found[family] = (*found.get(family, ()), *scanner.options)
    return found
