"""A review in parts: what differs between copies of one object, each by itself, and all the rest.

Replicas of a Pod, its updates and what is asked of it as a dry run differ in few places: a name, the volume of its
token, its status, who asks. A policy that reads none of them says the same of all, and one that reads some says the
same where these are the same. So the answers of all policies that read the same parts are known by one key: the bytes
of those parts, and of the rest. What no policy reads apart from its neighbours is no part, but in the rest.

Some parts are other for every replica: its name, its uid, when it was made. Whoever asks only whether such a text is
there reads a part beside it that tells no more than that and how long it is.

Here are the parts by number, and which of them a read meets; ``apart`` takes a review apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from lockgate.policy.reads import (
    ANY,
    KEYS,
    PRESENT,
    Found,
    Path,
    Presence,
    Read,
    deciding,
    external,
    is_light,
    is_whole,
    looked_at,
    without,
    word_of,
)

Condition: TypeAlias = tuple[str, str]
"""``volume`` and the name of a field that some volume has, or ``kind`` and the kind of the request."""
Quiet: TypeAlias = tuple[tuple[int, ...], tuple[Condition, ...]]
"""Parts that decide alone while none of these holds."""

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
_PLACED: Final[tuple[tuple[Path, ...], ...]] = (
    *(((name,),) for name in REQUEST),
    *(tuple(("object", *path) for path in part) for part in OBJECT),
    (("oldObject",),),
    *(tuple(("oldObject", *path) for path in part) for part in OBJECT),
)
"""That of ``oldObject`` is the rest of it, which whoever reads anything of it reads."""
_VARYING: Final[tuple[Path, ...]] = (
    ("uid",), ("name",),
    *((body, "metadata", name) for body in ("object", "oldObject") for name in ("name", "uid", "creationTimestamp")),
)  # fmt: skip
"""Texts that are others for every replica."""
MARKED: Final = tuple(_PLACED.index((path,)) for path in _VARYING)
"""The parts in which they stand."""
MARKS: Final = len(_PLACED)
"""From here on: of each of ``MARKED`` that it is there, and how long, if it is a plain text; else the whole of it."""
PARTS: Final[tuple[tuple[Path, ...], ...]] = (*_PLACED, *((path,) for path in _VARYING))
"""All parts by number."""
_MARK_OF: Final = {part: MARKS + at for at, part in enumerate(MARKED)}
_MARK_AT: Final = {path: MARKS + at for at, path in enumerate(_VARYING)}
NAMED: Final = next(number for number, paths in enumerate(PARTS) if len(paths) > 1)
_VOLUME_NAMES: Final = frozenset(
    number for number, paths in enumerate(PARTS) if len(paths) > 1 and paths[0][-1] == "name"
)  # fmt: skip
_UNSTEADY: Final = _VOLUME_NAMES | frozenset(MARKED)
NAMES: Final[tuple[str, ...]] = (
    *REQUEST, "kind", "resource", "subResource", "namespace", "object", "oldObject",
)  # fmt: skip
"""The names with which a read begins; the object of a DELETE is the old one."""


def parts_of(reads: Iterable[Read]) -> tuple[int, ...]:
    """The numbers of the parts that are read, in their order. Paths begin with one of ``NAMES``."""
    found = {number for read, whole in reads for number in _met(read, whole)}
    return tuple(sorted(found | {number - 1 for number in found & _VOLUME_NAMES}))  # names by where they stand


def parts_in(found: Collection[Found]) -> tuple[int, ...]:
    """The same of reads that may be light."""
    marks: set[int] = set()
    reads: list[Read] = []
    for path, level, _ in found:
        if word_of(path) is not None:
            path, level = path[:-1], PRESENT  # the shape of what is no mark holds every scalar
        if is_light(level) and path in _MARK_AT:
            marks.add(_MARK_AT[path])
        else:
            reads.append((path, is_whole(level)))
        if path[:1] == ("oldObject",):
            reads.append((path[:1], False))
    return tuple(sorted({*parts_of(reads), *marks}))


def words_in(found: Collection[Found]) -> tuple[str, ...]:
    """The texts with which those are compared of which there are marks."""
    words = {word for path, _, _ in found if (word := word_of(path)) is not None and path[:-1] in _MARK_AT}
    return tuple(sorted(words))


class Decided(NamedTuple):
    """By which parts of a review, besides its rest, the answers of a template are decided."""

    parts: tuple[int, ...] | None
    """All that it says; None when that cannot be told, or when something else decides too."""
    quiet: Quiet | None
    """Where fewer parts do, while some conditions do not hold; None where it cannot be told."""
    silent: tuple[int, ...] | None
    """Whether it says anything."""
    spoken: tuple[int, ...] | None = None
    """All that it says, where a text that has but a mark here stands in that as it is."""
    words: tuple[str, ...] = ()
    """Texts with which it compares what has a mark: the mark must tell it from these."""


UNTOLD: Final = Decided(None, None, None)


def decided_by(
    found: tuple[Found, ...], named: Callable[[tuple[Found, ...]], tuple[Found, ...] | None],
    conditions: Mapping[Path, str],
) -> Decided:  # fmt: skip
    """What the reads of a template come to. ``named`` makes of them reads that begin with one of ``NAMES``, or None;
    ``conditions`` are the places of presences that can be looked for, with what they are called. A name of a volume
    stands apart from it, and is not looked for."""
    reads = named(found)
    if reads is None:
        return UNTOLD
    met: set[Condition] = set()

    def absent(presence: Presence) -> bool:
        what = conditions.get(presence[0])
        if what is None or (what, presence[1]) == ("volume", "name"):
            return False
        met.add((what, presence[1]))
        return True

    quieter = named(without(found, absent))
    quiet = None if quieter is None or not met else (parts_in(looked_at(quieter)), tuple(sorted(met)))
    return Decided(parts_in(looked_at(reads)), quiet, parts_in(deciding(reads)), parts_in(reads), words_in(reads))


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
for _number, _paths in enumerate(_PLACED):
    for _path in _paths:
        _TREE.add(_number, _path)


@lru_cache(maxsize=4096)
def _met(read: Path, whole: bool) -> tuple[int, ...]:
    """Policies mostly read what others read too."""
    return tuple(_TREE.met(read, whole))


def steady(parts: Iterable[int]) -> tuple[int, ...]:
    """Those of the parts in which replicas are the same, as a rule; of a text that is another for each of them its
    mark."""
    return tuple(sorted({_MARK_OF.get(part, part) for part in parts if part not in _VOLUME_NAMES}))


def is_steady(parts: tuple[int, ...] | None) -> bool:
    """Whether replicas are the same in these parts, as a rule: all have other names, and others for the volume of
    their token."""
    return parts is not None and _UNSTEADY.isdisjoint(parts)


def union(several: Iterable[tuple[int, ...] | None]) -> tuple[int, ...]:
    """All of these parts."""
    return tuple(sorted({part for parts in several for part in parts or ()}))
