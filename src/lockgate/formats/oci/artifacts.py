"""Artifacts as OCI writes them: manifests that say something of another one, and the tag that lists them elsewhere.

Source: OCI image-spec 1.1 (manifest.md, "Guidelines for Artifact Usage"; descriptor.md, "Guidance for an Empty
Descriptor") and distribution-spec 1.1 ("Referrers Tag Schema"). The bytes depend on what is given alone: no time, no
order of a dictionary.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lockgate.formats.oci import digests
from lockgate.formats.oci.manifests import Descriptor, Index, Manifest
from lockgate.formats.oci.media_types import OCI_INDEX, OCI_MANIFEST

EMPTY = Descriptor(
    "application/vnd.oci.empty.v1+json", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", 2
)
"""What stands where an artifact needs no configuration."""
EMPTY_CONTENT = b"{}"


def described(content: bytes, media_type: str, annotations: Mapping[str, str] | None = None) -> Descriptor:
    """The descriptor of ``content``."""
    return Descriptor(media_type, digests.digest_of(content), len(content), annotations=annotations or {})


def manifest_of(
    artifact_type: str, layers: Sequence[Descriptor], *, subject: Descriptor | None = None,
    annotations: Mapping[str, str] | None = None, config: Descriptor = EMPTY,
) -> bytes:  # fmt: skip
    """A manifest of ``artifact_type`` that holds ``layers`` and speaks of ``subject``."""
    body: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    if artifact_type:
        body["artifactType"] = artifact_type
    body |= {"config": _written(config), "layers": [_written(one) for one in layers]}
    if subject is not None:
        body["subject"] = {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size}
    if annotations:
        body["annotations"] = dict(sorted(annotations.items()))
    return _bytes(body)


def index_of(entries: Iterable[Descriptor]) -> bytes:
    """An index of ``entries``."""
    return _bytes({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [_written(one) for one in entries]})


def referrer(content: bytes, read: Manifest | Index) -> Descriptor:
    """How a list of referrers names the manifest ``read``, whose bytes are ``content``.

    Its artifact type is that of its configuration where it says none itself, as registries do it.
    """
    kind = ""
    if isinstance(read, Manifest):
        kind = read.artifact_type or read.config.media_type
    return Descriptor(
        read.media_type, digests.digest_of(content), len(content), annotations=read.annotations, artifact_type=kind
    )


def tag_of(digest: str) -> str:
    """The tag under which the referrers of ``digest`` are listed where a registry does not list them itself."""
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm[:32]}-{encoded[:64]}"


def _written(one: Descriptor) -> dict[str, Any]:
    body: dict[str, Any] = {"mediaType": one.media_type, "digest": one.digest, "size": one.size}
    if one.artifact_type:
        body["artifactType"] = one.artifact_type
    if one.annotations:
        body["annotations"] = dict(sorted(one.annotations.items()))
    if one.platform is not None:
        body["platform"] = _platform(one)
    if one.urls:
        body["urls"] = list(one.urls)
    return body


def _platform(one: Descriptor) -> dict[str, str]:
    at = one.platform
    assert at is not None
    fields = {"architecture": at.architecture, "os": at.os, "os.version": at.os_version, "variant": at.variant}
    return {name: value for name, value in fields.items() if value or name in ("architecture", "os")}


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
