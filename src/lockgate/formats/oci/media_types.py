"""Media types of images, those of OCI and those that Docker had before, and which of them mean the same.

Source: OCI image-spec 1.1, media-types.md (with its matrix of compatible types); Docker image manifest 2, schema 2.
"""

from __future__ import annotations

from enum import StrEnum

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"

INDEXES = frozenset({OCI_INDEX, DOCKER_INDEX})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIGS = frozenset({OCI_CONFIG, DOCKER_CONFIG})
SCHEMA_1 = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
ACCEPTED = (OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST)
"""What a registry is told we read."""


class Packing(StrEnum):
    """How a layer is packed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


_PLAIN = (
    OCI_LAYER,
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    DOCKER_LAYER,
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
)
_LAYERS = {
    **dict.fromkeys(_PLAIN, Packing.NONE),
    **{f"{one}{sign}gzip": Packing.GZIP for one in _PLAIN for sign in "+."},
    **{f"{one}{sign}zstd": Packing.ZSTD for one in _PLAIN for sign in "+."},
}


def packing_of(media_type: str) -> Packing | None:
    """How a layer of that type is packed; None where the type is of no file system layer.

    Docker writes ``.gzip`` and ``.zstd`` where OCI writes ``+gzip`` and ``+zstd``. eStargz is gzip of many members.
    """
    return _LAYERS.get(media_type)


def is_foreign(media_type: str) -> bool:
    """Whether a layer of that type is one that a registry need not have (of Windows, mostly)."""
    return ".foreign." in media_type or ".nondistributable." in media_type
