"""The configuration of an image: what it runs as, the digests of its layers unpacked, and how each came to be.

Source: OCI image-spec 1.1, config.md; Docker image specification 1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import digests
from lockgate.formats.oci._fields import document, mapping, rows, string_map, text, texts
from lockgate.formats.oci.manifests import MAX_LAYERS
from lockgate.formats.oci.platforms import Platform

MAX_CONFIG = 16 * 1024 * 1024
MAX_HISTORY = 10_000


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step of the build."""

    created_by: str
    """The instruction as the builder wrote it down."""
    created: str = ""
    """RFC 3339, as written."""
    empty_layer: bool = False
    """Whether the step brought no layer."""
    comment: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image runs as, and how it was made."""

    platform: Platform
    diff_ids: tuple[str, ...]
    """Digests of the layers unpacked, from the base up."""
    history: tuple[HistoryEntry, ...] = ()
    created: str = ""
    author: str = ""
    user: str = ""
    env: tuple[str, ...] = ()
    """``NAME=value``."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_dir: str = ""
    ports: tuple[str, ...] = ()
    """``80/tcp``, sorted."""
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    healthcheck: tuple[str, ...] = ()
    stop_signal: str = ""


def read(content: bytes) -> ImageConfig:
    """The configuration that ``content`` is. Raises :class:`FormatError`."""
    body = document(content, max_bytes=MAX_CONFIG, what="the configuration")
    roots = mapping(body, "rootfs")
    if text(roots, "type") not in ("layers", ""):
        raise FormatError("'rootfs.type' is not 'layers'")
    run = mapping(body, "config")
    return ImageConfig(
        platform=Platform(
            text(body, "os"), text(body, "architecture"), text(body, "variant"), text(body, "os.version")
        ).normal(),
        diff_ids=tuple(digests.checked(one) for one in rows(roots, "diff_ids", most=MAX_LAYERS)),
        history=tuple(_entry(one, number) for number, one in enumerate(rows(body, "history", most=MAX_HISTORY))),
        created=text(body, "created"),
        author=text(body, "author"),
        user=text(run, "User"),
        env=texts(run, "Env"),
        entrypoint=texts(run, "Entrypoint"),
        command=texts(run, "Cmd"),
        working_dir=text(run, "WorkingDir"),
        ports=tuple(sorted(mapping(run, "ExposedPorts"))),
        volumes=tuple(sorted(mapping(run, "Volumes"))),
        labels=string_map(run, "Labels"),
        healthcheck=texts(mapping(run, "Healthcheck"), "Test"),
        stop_signal=text(run, "StopSignal"),
    )


def _entry(value: Any, place: int) -> HistoryEntry:
    if not isinstance(value, dict):
        raise FormatError(f"'history[{place}]' is no object")
    return HistoryEntry(
        text(value, "created_by"),
        text(value, "created"),
        value.get("empty_layer") is True,
        text(value, "comment"),
        text(value, "author"),
    )
