"""What a distribution is called by advisories (OSV, https://ossf.github.io/osv-schema/) and in package URLs.

Of most, OSV names the release as ``VERSION_ID`` of os-release has it, shortened; the exceptions are functions here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockgate.formats.installed import System
from lockgate.lazy_pattern import lazy_pattern

_NUMBERS = lazy_pattern(r"[0-9]+(?:\.[0-9]+)*")
_NAMESPACES = {"rhel": "redhat", "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse", "sles": "suse"}
_SUSE = frozenset({"sles", "sled", "suse", "sles_sap", "sle_hpc", "sle-micro", "suse-microos"})


def namespace_of(system: System | None) -> str:
    """The vendor, as package URLs of ``deb``, ``rpm`` and ``apk`` write it; empty where the distribution is unknown."""
    return "" if system is None else _NAMESPACES.get(system.id, system.id)


def distro_of(system: System | None) -> str:
    """The qualifier ``distro``: ``debian-12``, ``rhel-9.4``; empty where the distribution is unknown."""
    if system is None:
        return ""
    version = system.version or system.codename
    return f"{system.id}-{version}" if version else system.id


def ecosystem_of(system: System | None, kind: str) -> str:
    """OSV's name with the release; ``kind`` (``deb``, ``apk``, ``rpm``) where there is none, which no store holds."""
    if system is None:
        return kind
    named = _BY_ID.get(system.id)
    if named is not None and named[0] == kind:
        return named[1](system)
    if system.id in _SUSE and kind == "rpm":
        return _suse(system)
    return kind


def system_of_distro(distro: str) -> System | None:
    """The system that a qualifier ``distro`` of a package URL names, as :func:`distro_of` writes it."""
    if not distro or len(distro) > 120:
        return None
    identifier, _, version = distro.lower().rpartition("-")
    if identifier and version[:1].isdigit():
        return System(id=identifier, version=version, name="")
    if identifier in _BY_ID:
        return System(id=identifier, version="", name="", codename=version)
    return System(id=distro.lower(), version="", name="")


def _release(system: System, parts: int) -> str:
    match = _NUMBERS.match(system.version)
    return ".".join(match.group().split(".")[:parts]) if match else ""


def _numbered(name: str, parts: int, prefix: str = "") -> Callable[[System], str]:
    """``name:release`` by the first ``parts`` numbers of the version, ``name`` alone where there is no version."""

    def named(system: System) -> str:
        release = _release(system, parts)
        return f"{name}:{prefix}{release}" if release else name

    return named


def _debian(system: System) -> str:
    release = _release(system, 1)
    return f"Debian:{release or system.codename or 'sid'}"


def _ubuntu(system: System) -> str:
    release = _release(system, 2)
    year, _, month = release.partition(".")
    lasting = month == "04" and year.isdigit() and int(year) % 2 == 0
    return f"Ubuntu:{release}{':LTS' if lasting else ''}" if release else "Ubuntu"


def _alpine(system: System) -> str:
    if "_alpha" in system.version or "edge" in system.version or "edge" in system.name.lower():
        return "Alpine:edge"
    return _numbered("Alpine", 2, "v")(system)


def _suse(system: System) -> str:
    """``SUSE:Linux Enterprise Server 15 SP5``: the name of the product without the vendor."""
    name = " ".join(system.name.split())
    if name.startswith("SUSE "):
        return "SUSE:" + name.removeprefix("SUSE ")
    major, _, pack = system.version.partition(".")
    return f"SUSE:Linux Enterprise Server {major}{f' SP{pack}' if pack and pack != '0' else ''}"


def _leap(system: System) -> str:
    return f"openSUSE:Leap {_release(system, 2)}"


def _open_euler(system: System) -> str:
    """``24.03 (LTS-SP1)`` is ``openEuler:24.03-LTS-SP1``."""
    release, _, lasting = (system.release or system.version).partition(" ")
    lasting = lasting.strip("() ")
    return f"openEuler:{release}-{lasting}" if lasting else f"openEuler:{release}"


_BY_ID: Mapping[str, tuple[str, Callable[[System], str]]] = {
    "debian": ("deb", _debian),
    "ubuntu": ("deb", _ubuntu),
    "echo": ("deb", lambda system: "Echo"),
    "alpine": ("apk", _alpine),
    "alpaquita": ("apk", _numbered("Alpaquita", 1)),
    "wolfi": ("apk", lambda system: "Wolfi"),
    "chainguard": ("apk", lambda system: "Chainguard"),
    "minimos": ("apk", lambda system: "MinimOS"),
    "rhel": ("rpm", _numbered("Red Hat", 1, "enterprise_linux:")),
    "almalinux": ("rpm", _numbered("AlmaLinux", 1)),
    "rocky": ("rpm", _numbered("Rocky Linux", 1)),
    "azurelinux": ("rpm", _numbered("Azure Linux", 1)),
    "mariner": ("rpm", _numbered("Azure Linux", 1)),
    "photon": ("rpm", _numbered("Photon OS", 2)),
    "mageia": ("rpm", _numbered("Mageia", 1)),
    "openeuler": ("rpm", _open_euler),
    "opensuse-leap": ("rpm", _leap),
    "opensuse-tumbleweed": ("rpm", lambda system: "openSUSE:Tumbleweed"),
    "centos": ("rpm", _numbered("CentOS", 1)),
    "fedora": ("rpm", _numbered("Fedora", 1)),
    "ol": ("rpm", _numbered("Oracle Linux", 1)),
    "amzn": ("rpm", _numbered("Amazon Linux", 1)),
}

