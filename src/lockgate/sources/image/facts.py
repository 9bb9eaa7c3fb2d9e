"""What the record keeps of an image: its names and digests, what it runs as, its layers.

Values of the environment stay out of it, and so does what looks like a secret in labels and steps.
"""

from __future__ import annotations

from lockgate.formats.printable import veiled
from lockgate.model import ImageFacts, LayerFacts
from lockgate.sources.image.image import Image

_BASE = "org.opencontainers.image.base."
"""Of annotations and labels (OCI image-spec 1.1, annotations.md)."""
_MOST_TEXT = 4_000
"""Characters of one step or label that are kept."""
_MOST_LABELS = 200


def facts_of(image: Image, *, inventoried: bool) -> ImageFacts:
    """The facts of an opened image. ``inventoried``: whether the run reads what is installed in it."""
    config = image.config
    stated = {**config.labels, **image.manifest.annotations}
    named = image.reference
    return ImageFacts(
        digest=image.digest,
        index_digest=image.index_digest,
        config_digest=image.manifest.config.digest,
        name=image.name,
        registry=named.host if named is not None else "",
        repository=named.path if named is not None else "",
        tag=named.tag if named is not None else "",
        platform=str(config.platform),
        created=config.created,
        base_name=_cut(stated.get(f"{_BASE}name", "")),
        base_digest=_cut(stated.get(f"{_BASE}digest", "")),
        user=config.user,
        entrypoint=tuple(_cut(word) for word in config.entrypoint),
        command=tuple(_cut(word) for word in config.command),
        working_dir=config.working_dir,
        ports=config.ports,
        volumes=config.volumes,
        variables=tuple(one.partition("=")[0] for one in config.env),
        labels=dict(_label(pair) for pair in list(config.labels.items())[:_MOST_LABELS]),
        healthcheck=bool(config.healthcheck) and config.healthcheck[0] != "NONE",
        layers=tuple(
            LayerFacts(
                layer.index,
                layer.descriptor.digest,
                layer.diff_id,
                layer.descriptor.media_type,
                layer.descriptor.size,
                _cut(layer.instruction),
                layer.line,
                layer.created,
            )
            for layer in image.layers
        ),
        inventoried=inventoried,
    )


def _label(pair: tuple[str, str]) -> tuple[str, str]:
    """Of one that is called after a secret nothing is told; as of an assignment, veiling sees name and value."""
    name, value = pair
    return name, _cut(value) if veiled(f"{name}={value}") == f"{name}={value}" else "***"


def _cut(text: str) -> str:
    return veiled(text[:_MOST_TEXT])
