"""What component a package URL names: with its ecosystem, and of a distribution's package its source and release.

The way back from ``formats.inventory``; bills of other tools write the same qualifiers with small differences, which
are all understood here: ``distro`` with or without the name of the distribution, ``upstream`` as a name, a name and a
version, or the file of a source package.
"""

from __future__ import annotations

from dataclasses import replace

from lockgate.formats.installed import System
from lockgate.formats.installed._distribution import ecosystem_of, system_of_distro
from lockgate.formats.installed._rpm_header import source_of
from lockgate.formats.purl import ECOSYSTEMS, PackageUrl, parse, python_name
from lockgate.model import Component

_KINDS = frozenset({"deb", "apk", "rpm"})
_IDS = {"redhat": "rhel", "opensuse": "opensuse-leap", "suse": "sles", "alma": "almalinux", "azure-linux": "azurelinux"}
"""``ID`` of os-release by the name that package URLs write."""


def component_of(url: str, path: str, system: System | None = None) -> Component | None:
    """The component, stated by the file at ``path``; None where the text is no package URL or of a type unknown here.

    ``system`` is the distribution that is meant where the URL names none.
    """
    found = parse(url)
    if found is None:
        return None
    if found.kind in _KINDS:
        return _of_distribution(found, url, path, system)
    ecosystem = ECOSYSTEMS.get(found.kind)
    if ecosystem is None:
        return None
    name, version = found.full_name, found.version
    if ecosystem == "PyPI":
        name = python_name(name)
    elif ecosystem == "Go":
        version = version.removeprefix("v")
    return Component(ecosystem, name, version, path, purl=url)


def _of_distribution(found: PackageUrl, url: str, path: str, system: System | None) -> Component:
    qualifiers = found.qualifiers
    version = found.version
    epoch = qualifiers.get("epoch", "")
    if found.kind == "rpm" and epoch.isascii() and epoch.isdigit() and epoch != "0" and ":" not in version:
        version = f"{epoch}:{version}"
    source, source_version = _source(found, version)
    return Component(
        ecosystem=ecosystem_of(_system(found, system), found.kind),
        name=found.name,
        version=version,
        path=path,
        purl=url,
        source=source,
        source_version=source_version,
        architecture=qualifiers.get("arch", ""),
    )


def _source(found: PackageUrl, version: str) -> tuple[str, str]:
    upstream = found.qualifiers.get("upstream", "")
    name, at, source_version = upstream.partition("@")
    if at:
        return name, source_version
    if found.kind == "rpm" and upstream.endswith(".rpm"):
        epoch = version.partition(":")[0] if ":" in version else ""
        name, source_version = source_of(upstream, int(epoch) if epoch.isascii() and epoch.isdigit() else 0)
        return name or found.name, source_version
    return upstream or found.name, version


def _system(found: PackageUrl, system: System | None) -> System | None:
    """By the qualifier ``distro``, else what the bill says of the whole, else by the namespace alone."""
    distro = found.qualifiers.get("distro", "")
    if distro[:1].isdigit():
        distro = f"{found.namespace}-{distro}"
    if not distro:
        return system or (system_of_distro(_IDS.get(found.namespace, found.namespace)) if found.namespace else None)
    named = system_of_distro(distro)
    if named is None:
        return system
    return replace(named, id=_IDS.get(named.id, named.id))
