"""Platforms of images, and which image of an index is meant. Source: OCI image-index.md; containerd's normal form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from lockgate.formats.oci.manifests import Descriptor

_WORD = lazy_pattern(r"[A-Za-z0-9_.-]{1,64}")
_SAME = {
    ("x86_64", ""): ("amd64", ""), ("x86-64", ""): ("amd64", ""), ("aarch64", ""): ("arm64", ""),
    ("aarch64", "v8"): ("arm64", ""), ("arm64", "v8"): ("arm64", ""), ("armhf", ""): ("arm", "v7"),
    ("armel", ""): ("arm", "v6"), ("arm", ""): ("arm", "v7"), ("i386", ""): ("386", ""), ("i686", ""): ("386", ""),
    ("amd64", "v1"): ("amd64", ""),
}  # fmt: skip
_SYSTEMS = frozenset({"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "wasip1", "js"})
_REFERENCE = "vnd.docker.reference.type"


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        """``linux/arm/v7``."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def is_unknown(self) -> bool:
        """Whether it stands before something that does not run: what BuildKit attests of the other entries."""
        return self.os == "unknown" and self.architecture == "unknown"

    def normal(self) -> Platform:
        """With the names that Go gives its architectures."""
        os, architecture, variant = self.os.lower(), self.architecture.lower(), self.variant.lower()
        architecture, variant = _SAME.get((architecture, variant), (architecture, variant))
        return Platform({"macos": "darwin"}.get(os, os), architecture, variant, self.os_version)

    def fits(self, wanted: Platform) -> bool:
        """Whether it is ``wanted``; a variant or version that is not wanted may be any."""
        mine, other = self.normal(), wanted.normal()
        return (
            (mine.os, mine.architecture) == (other.os, other.architecture)
            and (not wanted.variant or mine.variant == other.variant)
            and (not wanted.os_version or mine.os_version == other.os_version)
        )


DEFAULT = Platform("linux", "amd64")


def parse(text: str) -> Platform:
    """``os/architecture[/variant]``, or the architecture alone, of Linux. Raises :class:`FormatError`."""
    parts = text.strip().split("/")
    if not 1 <= len(parts) <= 3 or not all(_WORD.fullmatch(part) for part in parts):
        raise FormatError("a platform is os/architecture or os/architecture/variant, as linux/arm64")
    if len(parts) == 1:
        if parts[0].lower() in _SYSTEMS:
            raise FormatError("a platform names its architecture too, as linux/amd64")
        parts.insert(0, "linux")
    return Platform(*parts).normal()


def is_attestation(entry: Descriptor) -> bool:
    """Whether an entry of an index holds what is attested of another one (provenance, SBOM), not an image."""
    return _REFERENCE in entry.annotations or (entry.platform is not None and entry.platform.is_unknown)


def chosen(entries: Sequence[Descriptor], wanted: Platform | None) -> Descriptor | None:
    """The image of an index that is meant: the first for ``wanted``, or None.

    Where nothing is wanted: the first for linux/amd64, else the first image at all.
    """
    images = [entry for entry in entries if not is_attestation(entry)]
    for entry in images:
        if entry.platform is not None and entry.platform.fits(wanted or DEFAULT):
            return entry
    return images[0] if wanted is None and images else None
