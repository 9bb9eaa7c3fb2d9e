"""Under which names the advisory store is asked about a component.

A package of a language is asked for by its own name. Of a distribution, advisories speak of source packages and name
the release in the ecosystem; those of RPM families mostly of the packages themselves. What OSV documents and what
databases publish differ there (https://ossf.github.io/osv-schema/#defined-ecosystems), so both names are asked, each
with its version; the answer counts every flaw once. What does not belong: the order of versions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from lockgate.advisories.osv import normal_name
from lockgate.advisories.ranges import Affected
from lockgate.advisories.record import PackageRanges
from lockgate.advisories.versions import APK, DPKG, RPM
from lockgate.lazy_pattern import lazy_pattern

_RED_HAT = "Red Hat:enterprise_linux:"
_SUSE = "SUSE:Linux Enterprise "
_PACK = lazy_pattern(r" (?P<release>[0-9]+(?: SP[0-9]+)?)\Z")
_STREAM = lazy_pattern(r"(?:[0-9]+:)?(?P<major>[0-9]+)[^-]*-.*\.module[_+]")
_EXTENDED = lazy_pattern(r"[~+.]esm")
Question = tuple[str, str]
"""Name of the stored package, and the version that is compared."""


class Asked(Protocol):
    """A component, or as much of one as questions are made of; the properties mean what those of a component do."""

    @property
    def ecosystem(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def source_version(self) -> str: ...


def stored_name(package: PackageRanges, affected: Affected) -> str:
    """The name under which advisories about a package are kept.

    A module of Red Hat's family comes in streams side by side, each with its own fix of a flaw; the fixed version shows
    which one is meant, and a fix of one stream says nothing about another.
    """
    name = f"{package.ecosystem}/{package.name}"
    if package.ecosystem.partition(":")[0] in RPM:
        streams = {_stream(interval.fixed) for interval in affected.intervals if interval.fixed}
        if len(streams) == 1:
            name += streams.pop()
    return name


def own_name(stored: str) -> str:
    """The package alone of a stored name."""
    name = stored.partition("/")[2]
    head, mark, stream = name.rpartition("#")
    return head if mark and stream.isdigit() else name


def _stream(version: str) -> str:
    match = _STREAM.match(version)
    return f"#{match['major']}" if match else ""


class Questions:
    """What to ask a store that holds certain ecosystems."""

    def __init__(self, ecosystems: Iterable[str]) -> None:
        self._held = frozenset(ecosystems)
        self._meant: dict[str, tuple[str, ...]] = {}

    def known(self, component: Asked) -> bool:
        """Whether the store holds anything about the component's ecosystem and release."""
        return bool(self._ecosystems(component.ecosystem))

    def of(self, component: Asked) -> list[Question]:
        """All questions about it, those most to the point first."""
        ecosystem = component.ecosystem
        base = ecosystem.partition(":")[0]
        if base not in DPKG and base not in APK and base not in RPM:
            return [(f"{ecosystem}/{normal_name(ecosystem, component.name)}", component.version)]
        names = self._names(component, base)
        return [
            (f"{held}/{name}{mark}", version)
            for held in self._released(component)
            for name, version, mark in names
        ]

    def _names(self, component: Asked, base: str) -> list[tuple[str, str, str]]:
        """Name, version and mark of the stream."""
        source = component.source or component.name
        version = component.source_version or component.version
        if base in DPKG:
            return [(source, version, "")]
        pairs = dict.fromkeys(((component.name, component.version), (source, version)))
        if base in APK:
            return [(name, one, "") for name, one in pairs]
        return [(name, one, _stream(one)) for name, one in pairs]

    def _released(self, component: Asked) -> tuple[str, ...]:
        """The ecosystems to ask; a package of Ubuntu's extended maintenance has its fixes told apart."""
        ecosystem = component.ecosystem
        if ecosystem.startswith("Ubuntu:") and _EXTENDED.search(component.version):
            extended = ecosystem.replace("Ubuntu:", "Ubuntu:Pro:", 1)
            if extended in self._held:
                return (extended,)
        return self._ecosystems(ecosystem)

    def _ecosystems(self, ecosystem: str) -> tuple[str, ...]:
        """Those that the store holds and that mean this release, the same each time."""
        meant = self._meant.get(ecosystem)
        if meant is None:
            meant = self._meant[ecosystem] = tuple(sorted(self._held.intersection(self._candidates(ecosystem))))
        return meant

    def _candidates(self, ecosystem: str) -> set[str]:
        if ecosystem.startswith(_RED_HAT):  # products of one release, each a part of it: BaseOS, AppStream
            return {held for held in self._held if held == ecosystem or held.startswith(ecosystem + ":")}
        if ecosystem.startswith(_SUSE):  # so are SUSE's modules
            release = _PACK.search(ecosystem)
            ending = release.group() if release else ecosystem
            return {held for held in self._held if held.startswith(_SUSE) and held.endswith(ending)}
        base, colon, _ = ecosystem.partition(":")
        return {ecosystem, base} if colon and base in DPKG | RPM else {ecosystem}
