"""A review in parts: what differs between copies of one object, each by itself, and all the rest.

Replicas of a Pod, its updates and what is asked of it as a dry run differ in few places: a name, the volume of its
token, its status, who asks. A policy that reads none of them says the same of all, and one that reads some says the
same where these are the same. So the answers of all policies that read the same parts are known by one key: the bytes
of those parts, and of the rest. What no policy reads apart from its neighbours is no part, but in the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeAlias

from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.reads import ANY, KEYS, Path, Read, external
from lockgate.policy.views import exact

Key: TypeAlias = tuple[int | bytes, ...]
Quiet: TypeAlias = tuple[tuple[int, ...], tuple[str, ...]]
"""Parts that decide alone while no volume has any of these fields."""

INVENTORY: Final = external("inventory")
"""Stands for all objects of the cluster that a policy may look at, as if the review held them."""
_REQUEST: Final = ("uid", "name", "operation", "userInfo", "options", "dryRun", "namespaceObject", INVENTORY)
_METADATA: Final = (
    "name", "generateName", "labels", "annotations", "ownerReferences", "uid", "resourceVersion", "generation",
    "creationTimestamp", "managedFields", "selfLink",
)  # fmt: skip
_SPEC: Final = ("affinity", "hostname", "nodeName")
"""What controllers fill in by Pod: DaemonSets by node, StatefulSets by number."""
_MOUNTING: Final = ("containers", "initContainers", "ephemeralContainers")
_VOLUMES: Final[tuple[Path, ...]] = (
    ("spec", "volumes", ANY), *(("spec", name, ANY, "volumeMounts", ANY) for name in _MOUNTING),
)  # fmt: skip
VOLUMES: Final[Path] = ("object", *_VOLUMES[0][:-1])
"""Where volumes are listed."""
_NAMED: Final = tuple((*path, KEYS) for path in _VOLUMES)
"""Where volumes and mounts have their names, if they have any: what the names are is a part of its own."""
_NAMES: Final = tuple((*path, "name") for path in _VOLUMES)
_OBJECT: Final[tuple[tuple[Path, ...], ...]] = (
    *((("metadata", name),) for name in (*_METADATA, KEYS)), *((("spec", name),) for name in (*_SPEC, KEYS)),
    (("status",),), ((KEYS,),), _NAMED, _NAMES,
)  # fmt: skip
"""The parts of an object, each as the places that are together in it."""
_OLD_REST: Final = len(_REQUEST) + len(_OBJECT)
PARTS: Final[tuple[tuple[Path, ...], ...]] = (
    *(((name,),) for name in _REQUEST),
    *(tuple(("object", *path) for path in part) for part in _OBJECT),
    (("oldObject",),),
    *(tuple(("oldObject", *path) for path in part) for part in _OBJECT),
)
"""All parts by number. That of ``oldObject`` is the rest of it, which whoever reads anything of it reads."""
NAMED: Final = next(number for number, paths in enumerate(PARTS) if len(paths) > 1)
_VOLUME_NAMES: Final = frozenset(
    number for number, paths in enumerate(PARTS) if len(paths) > 1 and paths[0][-1] == "name"
)  # fmt: skip
NAMES: Final[tuple[str, ...]] = (
    *_REQUEST, "kind", "resource", "subResource", "namespace", "object", "oldObject",
)  # fmt: skip
"""The names with which a read begins; the object of a DELETE is the old one."""
_METADATA_SET, _SPEC_SET = frozenset(_METADATA), frozenset(_SPEC)


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


class Parts:
    """Of one review. For one thread."""

    __slots__ = ("_bare", "_found", "_inventory", "_object", "_rest", "_review", "_values", "_whole")

    def __init__(self, review: Review, inventory: int = 0) -> None:
        """``inventory`` is another number whenever the objects of the cluster are others."""
        self._review, self._inventory = review, inventory
        self._object = review.old_object if review.operation == "DELETE" else review.object
        self._found: dict[int, bytes | None] = {}
        self._values: dict[int, list[Any]] = {}
        self._rest: bytes | None = None
        self._bare: dict[str, Any] | None = None
        self._whole = self._object is not None
        """Whether it can be taken apart."""

    def of_old(self) -> Parts:
        """The same request with the old object in place of the object, and nothing apart for the old one."""
        return Parts(replace(self._review, object=self._review.old_object, old_object=None, operation=""))

    def key(self, number: int, parts: Iterable[int]) -> Key | None:
        """What is the same for reviews that are the same in these parts and the rest; None when that cannot be told.
        ``number`` tells apart what is kept by the same parts."""
        rest = self._rest_of()
        if rest is None:
            return None
        key: list[int | bytes] = [number, rest]
        for part in parts:
            if part not in self._found:
                self._found[part] = exact(self._value(part))
            text = self._found[part]
            if text is None:
                return None
            key.append(text)
        return tuple(key)

    def joint(self, number: int, parts: Iterable[int]) -> Key | None:
        """As :meth:`key`, at less cost for many parts of which nobody asks for one by itself."""
        rest = self._rest_of()
        if rest is None:
            return None
        text = exact([self._value(part) for part in parts])
        return None if text is None else (number, rest, text)

    def names_are_texts(self) -> bool:
        """Whether all names of volumes and mounts that there are, are texts; the part ``NAMED`` tells."""
        return all(name.__class__ is str for name in _volume_names(self._object))

    def has_volume_with(self, fields: Iterable[str]) -> bool:
        """Whether some volume has one of these fields, or may have it."""
        spec = self._object.get("spec") if self._object is not None else None
        volumes = spec.get("volumes") if spec.__class__ is dict else None
        if volumes.__class__ is not list:
            return volumes is not None
        return any(field in one for one in volumes if one.__class__ is dict for field in fields)

    def bare(self) -> dict[str, Any]:
        """The object without its parts; it shares everything else with it."""
        if self._bare is None:
            assert self._object is not None
            self._bare = _rest(self._object)
        return self._bare

    def _rest_of(self) -> bytes | None:
        if self._rest is None and self._whole:
            self._rest = self._text_of_rest()
            self._whole = self._rest is not None
        return self._rest

    def _text_of_rest(self) -> bytes | None:
        review = self._review
        return exact((
            self.bare(), review.group, review.version, review.kind, review.resource, review.sub_resource,
            review.namespace, review.source.value,
        ))  # fmt: skip

    def _value(self, part: int) -> list[Any]:
        """What stands there, in a list; an empty one where nothing does."""
        found = self._values.get(part)
        if found is None:
            found = self._values[part] = self._read(part)
        return found

    def _read(self, part: int) -> list[Any]:
        if part < len(_REQUEST):
            value = _OF_REQUEST[part](self)
            return [] if value is None else [value]
        if part < _OLD_REST:
            return _part(self._object, part - len(_REQUEST))
        old = self._review.old_object
        if part == _OLD_REST:
            return [] if old is None else [_rest(old)]
        return [] if old is None else _part(old, part - _OLD_REST - 1)


_OF_REQUEST: Final[tuple[Callable[[Parts], Any], ...]] = (
    lambda parts: parts._review.uid,
    lambda parts: parts._review.name,
    lambda parts: parts._review.operation,
    lambda parts: parts._review.user_info,
    lambda parts: parts._review.options,
    lambda parts: parts._review.dry_run,
    lambda parts: parts._review.namespace_object,
    lambda parts: parts._inventory,
)


def _rest(body: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` without its parts. It shares everything else with it."""
    kept = dict(body)
    kept.pop("status", None)
    metadata, spec = kept.get("metadata"), kept.get("spec")
    if metadata.__class__ is dict:
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in _METADATA_SET}
    if spec.__class__ is dict:
        kept["spec"] = spec = {key: value for key, value in spec.items() if key not in _SPEC_SET}
        if spec.get("volumes").__class__ is list:
            spec["volumes"] = _unnamed(spec["volumes"])
        for name in _MOUNTING:
            if spec.get(name).__class__ is list:
                spec[name] = [
                    {**one, "volumeMounts": _unnamed(one["volumeMounts"])}
                    if one.__class__ is dict and one.get("volumeMounts").__class__ is list else one
                    for one in spec[name]
                ]  # fmt: skip
    return kept


def _unnamed(items: list[Any]) -> list[Any]:
    return [
        {key: value for key, value in one.items() if key != "name"} if one.__class__ is dict else one for one in items
    ]


def _part(body: Mapping[str, Any] | None, part: int) -> list[Any]:
    field = _FIELDS.get(part)
    if field is not None:
        around = None if body is None else body.get(field[0])
        return [around[field[1]]] if around.__class__ is dict and field[1] in around else []
    paths = _OBJECT[part]
    if paths is _NAMES:
        return list(_volume_names(body))
    if paths is _NAMED:
        return [_named(items) for items in _volumes(body)]
    value: Any = body
    for name in paths[0]:
        if value.__class__ is not dict:
            return []
        if name is KEYS:
            return [key if one is not False else [key] for key, one in value.items()]
        if name not in value:
            return []
        value = value[name]
    return [value]


_FIELDS: Final = {
    number: (str(paths[0][0]), str(paths[0][1])) for number, paths in enumerate(_OBJECT)
    if len(paths) == 1 and len(paths[0]) == 2 and paths[0][1] is not KEYS
}  # fmt: skip
"""The parts that are a field of ``metadata`` or of ``spec``, which most are."""


def _volumes(body: Mapping[str, Any] | None) -> Iterator[list[Any]]:
    """The lists whose members have names that are apart."""
    spec = body.get("spec") if body is not None else None
    if spec.__class__ is not dict:
        return
    assert isinstance(spec, dict)
    volumes = spec.get("volumes")
    yield volumes if volumes.__class__ is list else []
    for name in _MOUNTING:
        for one in spec[name] if spec.get(name).__class__ is list else ():
            mounts = one.get("volumeMounts") if one.__class__ is dict else None
            yield mounts if mounts.__class__ is list else []


def _volume_names(body: Mapping[str, Any] | None) -> Iterator[Any]:
    """The names that there are, of every list in its turn."""
    for items in _volumes(body):
        for one in items:
            if one.__class__ is dict and "name" in one:
                yield one["name"]


def _named(items: list[Any]) -> list[Any]:
    """Of each that is an object at which place its name stands, and whether that is false where it is no text."""
    found: list[Any] = []
    for one in items:
        if one.__class__ is dict and "name" in one:
            at = [*one].index("name")
            found.append(at if one["name"].__class__ is str else [at, one["name"] is False])
        else:
            found.append(-1)
    return found
