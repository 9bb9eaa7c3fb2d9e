"""Kustomize overlays: the objects that ``kustomize build`` would print, from the files of the tree alone.

Read are resources, local bases and components, strategic merge and JSON patches, namespaces, prefixes and suffixes,
labels, annotations, images, replicas, generators of ConfigMaps and Secrets with their hashes, and replacements. What
is fetched from elsewhere or needs a plugin is a Skip (https://kubectl.docs.kubernetes.io/references/kustomize/).
"""

from __future__ import annotations

from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import Reading, Sibling, Skips
from lockgate.model import Object, SkipKind

__all__ = ["NAMES", "is_kustomization", "read"]

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What a kustomization may be called."""


def is_kustomization(path: str) -> bool:
    """Whether the file is one by its name. Cheap."""
    return path.rpartition("/")[2] in NAMES


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """The objects of an overlay, each at the place where its base stands. Never raises.

    ``sibling(path relative to the tree)`` gives another file's content, or None.
    """
    from lockgate.formats.kustomize._build import Build  # asking for names alone needs none of it

    skips = Skips(path)
    if b"kind: Component" in content:
        return Reading()  # read by what it is put on
    try:
        resources = Build(sibling, skips).whole(path, content)
    except FormatError as error:
        skips.add(error.kind, error.reason, line=error.line)
        return Reading((), skips.settled())
    except RecursionError:
        skips.add(SkipKind.TOO_LARGE, "nested too deeply")
        return Reading((), skips.settled())
    made = f"kustomize {path.rpartition('/')[0] or '.'}"
    objects = (Object("kubernetes", one.body, one.path, one.line_of, made) for one in resources)
    return Reading(tuple(objects), skips.settled())
