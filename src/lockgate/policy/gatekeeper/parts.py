"""A review in parts: what differs between copies of one object, each by itself, and all the rest.

Replicas of a Pod, its updates and what is asked of it as a dry run differ in few places: a name, the volume of its
token, its status, who asks. A policy that reads none of them says the same of all, and one that reads some says the
same where these are the same. So the answers of all policies that read the same parts are known by one key: the bytes
of those parts, and of the rest. What no policy reads apart from its neighbours is no part, but in the rest.

Here are the parts by number, and which of them a read meets; ``apart`` takes a review apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from lockgate.policy.reads import ANY, KEYS, Path, Read, external

Quiet: TypeAlias = tuple[tuple[int, ...], tuple[str, ...]]
"""Parts that decide alone while no volume has any of these fields."""

INVENTORY: Final = external("inventory")
"""Stands for all objects of the cluster that a policy may look at, as if the review held them."""
REQUEST: Final = ("uid", "name", "operation", "userInfo", "options", "dryRun", "namespaceObject", INVENTORY)
METADATA: Final = (
    "name", "generateName", "labels", "annotations", "ownerReferences", "uid", "resourceVersion", "generation",
    "creationTimestamp", "managedFields", "selfLink",
)  # fmt: skip
SPEC: Final = ("affinity", "hostname", "nodeName")
"""What controllers fill in by Pod: DaemonSets by node, StatefulSets by number."""
MOUNTING: Final = ("containers", "initContainers", "ephemeralContainers")
_VOLUMES: Final[tuple[Path, ...]] = (
    ("spec", "volumes", ANY), *(("spec", name, ANY, "volumeMounts", ANY) for name in MOUNTING),
)  # fmt: skip
VOLUMES: Final[Path] = ("object", *_VOLUMES[0][:-1])
"""Where volumes are listed."""
NAMED_AT: Final = tuple((*path, KEYS) for path in _VOLUMES)
"""Where volumes and mounts have their names, if they have any: what the names are is a part of its own."""
NAMES_AT: Final = tuple((*path, "name") for path in _VOLUMES)
OBJECT: Final[tuple[tuple[Path, ...], ...]] = (
    *((("metadata", name),) for name in (*METADATA, KEYS)), *((("spec", name),) for name in (*SPEC, KEYS)),
    (("status",),), ((KEYS,),), NAMED_AT, NAMES_AT,
)  # fmt: skip
"""The parts of an object, each as the places that are together in it."""
OLD_REST: Final = len(REQUEST) + len(OBJECT)
PARTS: Final[tuple[tuple[Path, ...], ...]] = (
    *(((name,),) for name in REQUEST),
    *(tuple(("object", *path) for path in part) for part in OBJECT),
    (("oldObject",),),
    *(tuple(("oldObject", *path) for path in part) for part in OBJECT),
)
"""All parts by number. That of ``oldObject`` is the rest of it, which whoever reads anything of it reads."""
NAMED: Final = next(number for number, paths in enumerate(PARTS) if len(paths) > 1)
_VOLUME_NAMES: Final = frozenset(
    number for number, paths in enumerate(PARTS) if len(paths) > 1 and paths[0][-1] == "name"
)  # fmt: skip
NAMES: Final[tuple[str, ...]] = (
    *REQUEST, "kind", "resource", "subResource", "namespace", "object", "oldObject",
)  # fmt: skip
"""The names with which a read begins; the object of a DELETE is the old one."""


def parts_of(reads: Iterable[Read]) -> tuple[int, ...]:
    """The numbers of the parts that are read, in their order. Paths begin with one of ``NAMES``."""
    found = {number for read, whole in reads for number in _met(read, whole)}
    return tuple(sorted(found | {number - 1 for number in found & _VOLUME_NAMES}))  # names by where they stand


def quiet_of(parts: tuple[int, ...] | None, fields: tuple[str, ...]) -> Quiet | None:
    """The parts that are read while no volume has any of these fields; None where that is told of none. A name stands
    apart from its volume, and is not looked for."""
    return None if parts is None or not fields or "name" in fields else (parts, fields)


class _Tree:
    """The parts by their paths."""

    __slots__ = ("below", "parts")

    def __init__(self) -> None:
        self.parts: list[int] = []
        """Those of which a path ends here."""
        self.below: dict[str | None, _Tree] = {}

    def add(self, part: int, path: Path) -> None:
        node = self
        for key in path:
            node = node.below.setdefault(key, _Tree())
        node.parts.append(part)

    def met(self, read: Path, whole: bool) -> Iterator[int]:
        """The parts that a read is in, and those in it; of what stands around a part the type alone says nothing."""
        nodes = [self]
        for key in read:
            nodes = [below for node in nodes for below in node._at(key)]
            if not nodes:
                return
            for node in nodes:
                yield from node.parts
        for node in nodes if whole else ():
            nodes += node.below.values()
            yield from node.parts

    def _at(self, read: str | None) -> Iterable[_Tree]:
        """What stands where a read may lead."""
        if read is ANY:
            return self.below.values()
        named, member = self.below.get(read), None if read is KEYS else self.below.get(ANY)
        return [one for one in (named, member) if one is not None]


_TREE: Final = _Tree()
for _number, _paths in enumerate(PARTS):
    for _path in _paths:
        _TREE.add(_number, _path)


@lru_cache(maxsize=4096)
def _met(read: Path, whole: bool) -> tuple[int, ...]:
    """Policies mostly read what others read too."""
    return tuple(_TREE.met(read, whole))


def steady(parts: Iterable[int]) -> tuple[int, ...]:
    """Those of the parts in which replicas are the same, as a rule."""
    return tuple(part for part in parts if part not in _VOLUME_NAMES)


def is_steady(parts: tuple[int, ...] | None) -> bool:
    """Whether replicas are the same in these parts, as a rule: all have other names for the volume of their token."""
    return parts is not None and _VOLUME_NAMES.isdisjoint(parts)


def union(several: Iterable[tuple[int, ...] | None]) -> tuple[int, ...]:
    """All of these parts."""
    return tuple(sorted({part for parts in several for part in parts or ()}))
