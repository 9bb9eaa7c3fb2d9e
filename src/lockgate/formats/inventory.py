"""Puts together what the files of one file system state: the distribution, its packages, whose file an artefact is.

Pure, and cheap beside the reading: ``formats.installed`` reads one file at a time, so that what a file of an image
layer states may be kept by the layer's digest; here all files of the final file system come together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from lockgate.dataclass import dataclass
from lockgate.formats.installed import Installed, System
from lockgate.formats.installed._distribution import distro_of, ecosystem_of, namespace_of
from lockgate.formats.installed._owned import merged
from lockgate.formats.installed.os_release import PATHS
from lockgate.formats.purl import qualified
from lockgate.model import Component, ComponentKind, Skip

_KINDS = ("deb", "apk", "rpm")


@dataclass(frozen=True, slots=True)
class Statement:
    """What one file of the file system states."""

    path: str
    """Relative to the root, with forward slashes."""
    said: Installed
    layer: str = ""
    """Digest of the image layer that the file came with; empty where there are no layers."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is installed in a file system."""

    components: tuple[Component, ...]
    """The distribution first where it is known, then by path of the file, line and name."""
    skips: tuple[Skip, ...]
    system: System | None


def inventory(statements: Iterable[Statement]) -> Inventory:
    """Everything in its place, whatever the order in which the files were read."""
    said = sorted(statements, key=lambda one: one.path)
    release = _release(said)
    system = release.said.system if release is not None else None
    components: list[Component] = []
    purls: dict[str, str] = {}
    for one in said:
        for component in one.said.components:
            if component.ecosystem in _KINDS:
                settled = _of_distribution(component, one, system)
                purls.setdefault(component.name, settled.purl)
                components.append(settled)
            else:
                components.append(replace(component, layer=one.layer))
    owners = dict(_owners(said, purls))
    components = [_owned(component, owners) for component in components]
    components.sort(key=lambda one: (one.path, one.line, one.ecosystem, one.name, one.version))
    if release is not None and system is not None:
        components.insert(0, _operating_system(system, release))
    return Inventory(tuple(components), tuple(skip for one in said for skip in one.said.skips), system)


def _release(said: list[Statement]) -> Statement | None:
    by_path = {one.path: one for one in said if one.said.system is not None}
    return next((by_path[path] for path in PATHS if path in by_path), None)


def _operating_system(system: System, release: Statement) -> Component:
    version = system.version or system.codename
    return Component(
        ecosystem="",
        name=system.id,
        version=version,
        path=release.path,
        purl=qualified("generic", "", system.id, version, {}),
        kind=ComponentKind.OPERATING_SYSTEM,
        layer=release.layer,
    )


def _of_distribution(component: Component, stated: Statement, system: System | None) -> Component:
    kind = component.ecosystem
    namespace = namespace_of(system) or {"deb": "debian", "apk": "alpine"}.get(kind, "")
    version = component.version
    epoch = ""
    if kind == "rpm":
        head, colon, rest = version.partition(":")
        epoch, version = (head, rest) if colon else ("", version)
    qualifiers = {
        "arch": component.architecture,
        "distro": distro_of(system),
        "epoch": epoch,
        "rpmmod": stated.said.modules.get(component.name, ""),
        "upstream": upstream_of(component),
    }
    return replace(
        component,
        ecosystem=ecosystem_of(system, kind),
        purl=qualified(kind, namespace, component.name, version, qualifiers),
        layer=stated.layer,
    )


def upstream_of(component: Component) -> str:
    """The qualifier ``upstream``: the source package, with its version where that is another one; empty where both are
    those of the package. Of RPM it is the name of the source package's file, as other tools write it."""
    source = component.source or component.name
    if component.ecosystem == "rpm":
        version = component.source_version.rpartition(":")[2]
        return f"{source}-{version}.src.rpm" if version else ""
    if component.source_version and component.source_version != component.version:
        return f"{source}@{component.source_version}"
    return source if source != component.name else ""


def _owners(said: list[Statement], purls: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for one in said:
        for name, paths in one.said.owned.items():
            purl = purls.get(name, "")
            if purl:
                for path in paths:
                    yield path, purl


def _owned(component: Component, owners: Mapping[str, str]) -> Component:
    """A file inside an archive belongs to whom the archive does; so does what a folder's metadata speak of."""
    if component.purl.startswith(("pkg:deb/", "pkg:apk/", "pkg:rpm/")) or not owners:
        return component
    path = merged(component.path.partition("!/")[0])
    owner = owners.get(path, "")
    return replace(component, owner=owner) if owner else component
