"""Which files overlays and charts are made of: asked for every file, so nothing slow is imported here."""

from __future__ import annotations

from lockgate.formats import kustomize

CHART = "Chart.yaml"
PARTS = frozenset(("templates", "crds", "charts"))
"""Folders of a chart."""


def wants(path: str, size: int) -> bool:  # noqa: ARG001 -- one that is too large gives a Skip
    """Whether the path may belong to an overlay or a chart."""
    folder, _, name = path.rpartition("/")
    return (
        name == CHART
        or kustomize.is_kustomization(path)
        or is_values(name)
        or not PARTS.isdisjoint(folder.split("/"))
    )


def is_values(name: str) -> bool:
    """Whether the name is one of values of a chart."""
    return name.startswith("values") and name.endswith((".yaml", ".yml"))
