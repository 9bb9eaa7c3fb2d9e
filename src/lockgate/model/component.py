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


class ComponentKind(StrEnum):
    """What a component is."""

    LIBRARY = "library"
    """A package: of a language or of a distribution."""
    OPERATING_SYSTEM = "operating-system"
    """The distribution itself, of which packages are parts. Advisories speak about packages only."""


@dataclass(frozen=True, slots=True)
class Component:
    """One package at one version, as one file states it.

    ``ecosystem`` uses OSV's names (``PyPI``, ``npm``, ``Go``, ``crates.io``, ``Maven``, ``NuGet``, ``RubyGems``,
    ``Packagist``, ``Pub``, ``Hex``, ``SwiftURL``, ``ConanCenter``; for packages of a distribution with its release:
    ``Debian:12``, ``Alpine:v3.20``, ``Red Hat:enterprise_linux:9``; https://ossf.github.io/osv-schema/).
    """

    ecosystem: str
    name: str
    """As the ecosystem compares names: PyPI normalised (PEP 503), Maven ``group:artifact``, npm with its scope."""
    version: str
    """Exact version; empty when the file gives only a range (then a Skip says so)."""
    path: str
    """The file that states it: a lock, a manifest, a package database, an installed artefact."""
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
    kind: ComponentKind = ComponentKind.LIBRARY
    source: str = ""
    """Name of the source package that it was built from, where a distribution has those: advisories speak of it."""
    source_version: str = ""
    """Version of that source package, where the file states one."""
    architecture: str = ""
    """As the distribution writes it (``amd64``, ``x86_64``, ``all``, ``noarch``)."""
    layer: str = ""
    """Digest of the image layer that the file came with (``sha256:...``)."""
    owner: str = ""
    """Package URL of the distribution's package that the file belongs to: advisories about that one count then, since
    it has its own fixes in an upstream version that reads as vulnerable."""
