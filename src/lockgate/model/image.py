"""An image of containers as the record knows it: what it is called, what it is made of, what it runs as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One layer of an image."""

    position: int
    """From 0, the base."""
    digest: str
    """As it is pulled, ``sha256:...``; empty where it lies unpacked."""
    diff_id: str
    """Digest of it unpacked; empty where the configuration names none."""
    media_type: str
    size: int
    """Bytes that are pulled."""
    instruction: str = ""
    """The step that brought it, as a Dockerfile has it and without what looks like a secret; empty when unknown."""
    line: int = 0
    """Line of the Dockerfile, from 1; 0 when unknown."""
    created: str = ""
    """RFC 3339, as written."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One image for one platform, as one run read it."""

    digest: str
    """Of the manifest; of the configuration where the place holds no manifest."""
    index_digest: str
    """Of the index that it was chosen from: what a container runtime reports of a tag with several platforms. Empty
    where there was none."""
    config_digest: str
    """What runtimes report of an image that was never pulled."""
    name: str
    """As it was asked for."""
    registry: str = ""
    """``registry.example.com:5000``; empty for an image on disk."""
    repository: str = ""
    """``team/cart``."""
    tag: str = ""
    platform: str = ""
    """``linux/arm/v7``."""
    created: str = ""
    """RFC 3339, as written."""
    base_name: str = ""
    """Of the base image, as the builder states it (``org.opencontainers.image.base.name``)."""
    base_digest: str = ""
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_dir: str = ""
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    """Names of the environment's variables; their values may be secrets."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Without what looks like a secret."""
    healthcheck: bool = False
    layers: tuple[LayerFacts, ...] = ()
    """From the base up."""
    inventoried: bool = False
    """Whether the run read what is installed in it, so that its components are the whole bill."""
