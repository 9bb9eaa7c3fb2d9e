"""A piece of other people's software that ours is made of."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass


class Scope(StrEnum):
    """What a component is needed for."""

    RUNTIME = "runtime"
    DEVELOPMENT = "development"
    OPTIONAL = "optional"
    BUILD = "build"


@dataclass(frozen=True, slots=True)
class Component:
    """One package at one version, as one file states it.

    ``ecosystem`` uses OSV's names (``PyPI``, ``npm``, ``Go``, ``crates.io``, ``Maven``, ``NuGet``, ``RubyGems``,
    ``Packagist``, ``Pub``, ``Hex``, ``SwiftURL``, ``ConanCenter``; https://ossf.github.io/osv-schema/).
    """

    ecosystem: str
    name: str
    """As the ecosystem compares names: PyPI normalised (PEP 503), Maven ``group:artifact``, npm with its scope."""
    version: str
    """Exact version; empty when the file gives only a range (then a Skip says so)."""
    path: str
    """The lock or manifest file."""
    line: int = 0
    """Line of the entry (from 1), 0 when the format has none."""
    direct: bool | None = None
    """Named by a manifest (True), pulled in by another component (False), or not stated (None)."""
    parents: tuple[str, ...] = ()
    """``name@version`` of the components of the same file that require this one, sorted."""
    via: tuple[str, ...] = ()
    """Shortest chain of ``name@version`` from a direct component down to, not including, this one."""
    scope: Scope = Scope.RUNTIME
    licence: str = ""
    """SPDX expression where the file states one."""
    hashes: tuple[str, ...] = ()
    """``algorithm:hex`` of the artefact where the file states them."""
    purl: str = ""
    """Package URL (https://github.com/package-url/purl-spec)."""
    requirement: str = ""
    """The range as written, in a manifest."""
