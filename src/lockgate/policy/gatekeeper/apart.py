"""One review taken apart (``parts``), and the keys by which is known what was said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, TypeAlias

from lockgate.policy.gatekeeper.parts import (
    INVENTORY,
    MARKED,
    MARKS,
    METADATA,
    MOUNTING,
    NAMED_AT,
    NAMES_AT,
    OBJECT,
    OLD_REST,
    PARTS,
    REQUEST,
    SPEC,
    Condition,
    is_steady,
)
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.reads import KEYS, Path
from lockgate.policy.views import exact

Key: TypeAlias = tuple[int | bytes, ...]
_METADATA, _SPEC = frozenset(METADATA), frozenset(SPEC)


class Parts:
    """Of one review. For one thread."""

    __slots__ = ("_bare", "_found", "_inventory", "_object", "_rest", "_review", "_values", "_whole", "_words",
                 "lasting", "most", "steps", "told")  # fmt: skip

    def __init__(self, review: Review, inventory: int = 0, words: Collection[str] = ()) -> None:
        """``inventory`` is another number whenever the objects of the cluster are others; ``words`` are those that a
        mark tells, because somebody compares with them."""
        self._review, self._inventory, self._words = review, inventory, words
        self._object = review.old_object if review.operation == "DELETE" else review.object
        self._found: dict[int, bytes | None] = {}
        self._values: dict[int, list[Any]] = {}
        self._rest: bytes | None = None
        self._bare: dict[str, Any] | None = None
        self._whole = self._object is not None
        """Whether it can be taken apart."""
        self.lasting = True
        """Whether all that was said so far holds for whatever is the same in the steady parts that were read; to be
        set to False by whoever says something that does not."""
        self.told = True
        """Whether that is so but for texts that have a mark, which stand in what was said as they are; likewise."""
        self.steps = self.most = 0
        """Steps that were taken by all constraints, and by the one that took the most."""

    def of_old(self) -> Parts:
        """The same request with the old object in place of the object, and nothing apart for the old one."""
        old = replace(self._review, object=self._review.old_object, old_object=None, operation="")
        return Parts(old, words=self._words)

    def texts(self) -> tuple[str | None, ...]:
        """Of all that has a mark the text of which the mark does not tell more than how long it is."""
        found = []
        for part in MARKED:
            value = self._value(part)
            found.append(value[0] if value and self._mark(value[0]).__class__ is int else None)
        return tuple(found)

    def with_texts(self, texts: Sequence[str | None]) -> Review:
        """The review with these in place of those; not for a review with an old object."""
        request: dict[str, Any] = {}
        body = dict(self._object or {})
        for part, text in zip(MARKED, texts, strict=True):
            path = PARTS[part][0]
            if text is None or path[0] == "oldObject":
                continue
            if len(path) == 1:
                request[_FIELD_OF[str(path[0])]] = text
            else:
                body["metadata"] = {**body["metadata"], str(path[2]): text}
        return replace(self._review, object=body, **request)

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

    def joint(self, number: int, parts: tuple[int, ...]) -> Key | None:
        """As :meth:`key`, at less cost for many parts of which nobody asks for one by itself: they stay where they
        are."""
        body = self._object
        if body is None:
            return None
        cut, review = _cut_of(parts), self._review
        text = exact((
            cut.body(body), *_ALWAYS(review), *[[] if one is None else one for one in cut.request(review)],
            self._inventory if cut.inventory else 0, *map(self._value, cut.others), *map(self._value, cut.marks),
            0 if review.old_object is None or not cut.old else [*map(self._value, cut.old)],
        ))  # fmt: skip
        return None if text is None else (number, text)

    def marked_wholly(self, parts: Iterable[int]) -> bool:
        """Whether the marks of those of ``parts`` in which replicas differ tell the whole of them."""
        return all(
            part in MARKED and not any(self._mark(one).__class__ is int for one in self._value(part))
            for part in parts if not is_steady((part,))
        )  # fmt: skip

    def names_are_texts(self) -> bool:
        """Whether all names of volumes and mounts that there are, are texts; the part ``NAMED`` tells."""
        return all(name.__class__ is str for name in _volume_names(self._object))

    def meets(self, conditions: Iterable[Condition]) -> bool:
        """Whether any of them holds, or may hold."""
        kind = self._review.kind
        return any(text == kind if what == "kind" else self._has_volume_with(text) for what, text in conditions)

    def _has_volume_with(self, field: str) -> bool:
        """Whether some volume has this field, or may have it."""
        spec = self._object.get("spec") if self._object is not None else None
        volumes = spec.get("volumes") if spec.__class__ is dict else None
        if volumes.__class__ is not list:
            return volumes is not None
        return any(field in one for one in volumes if one.__class__ is dict)

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
        return exact((self.bare(), *_ALWAYS(self._review)))

    def _value(self, part: int) -> list[Any]:
        """What stands there, in a list; an empty one where nothing does."""
        found = self._values.get(part)
        if found is None:
            found = self._values[part] = self._read(part)
        return found

    def _mark(self, value: Any) -> int | list[Any]:
        """How long a plain text is, such as a name; anything else as it is, in a list."""
        plain = value.__class__ is str and value.isascii() and value.isprintable() and " " not in value
        return len(value) if plain and value and value not in self._words else [value]

    def _read(self, part: int) -> list[Any]:
        if part >= MARKS:
            return [self._mark(one) for one in self._value(MARKED[part - MARKS])]
        if part < len(REQUEST):
            value = _OF_REQUEST[part](self)
            return [] if value is None else [value]
        if part < OLD_REST:
            return _part(self._object, part - len(REQUEST))
        old = self._review.old_object
        if part == OLD_REST:
            return [] if old is None else [_rest(old)]
        return [] if old is None else _part(old, part - OLD_REST - 1)


_FIELD_OF: Final = {
    "uid": "uid", "name": "name", "operation": "operation", "userInfo": "user_info", "options": "options",
    "dryRun": "dry_run", "namespaceObject": "namespace_object",
}  # fmt: skip
"""Fields of a review by their names in a request; the inventory is none of them."""
_OF_REQUEST: Final[tuple[Callable[[Parts], Any], ...]] = (
    *(attrgetter(f"_review.{_FIELD_OF[name]}") for name in REQUEST if name is not INVENTORY), attrgetter("_inventory"),
)  # fmt: skip
_ALWAYS: Final[Callable[[Review], tuple[Any, ...]]] = attrgetter(
    "group", "version", "kind", "resource", "sub_resource", "namespace", "source._value_"
)
"""What is no part, but goes with the rest of every object."""


class _Cut:
    """How an object is cut down to some of its parts and the rest, with every part where it stands."""

    __slots__ = ("_metadata", "_spec", "_status", "inventory", "marks", "old", "others", "request")

    def __init__(self, parts: tuple[int, ...]) -> None:
        held = {PARTS[part][0][1:] for part in parts if len(REQUEST) <= part < OLD_REST}
        self._metadata = frozenset(name for name in METADATA if ("metadata", name) not in held)
        self._spec = frozenset(name for name in SPEC if ("spec", name) not in held)
        self._status = ("status",) in held
        asked = [REQUEST[part] for part in parts if part < len(REQUEST)]
        fields = [_FIELD_OF[name] for name in asked if name is not INVENTORY]
        self.request: Callable[[Review], tuple[Any, ...]] = _several(fields)
        """The parts of the request."""
        self.inventory = INVENTORY in asked
        standing: set[tuple[Path, ...]] = {(("status",),), NAMED_AT}
        standing |= {((field, name),) for field, names in (("metadata", METADATA), ("spec", SPEC)) for name in names}
        self.others = tuple(part for part in parts if len(REQUEST) <= part < OLD_REST
                            and OBJECT[part - len(REQUEST)] not in standing)  # fmt: skip
        """The parts that do not stand in the object by themselves."""
        self.old = tuple(part for part in parts if OLD_REST <= part < MARKS)
        self.marks = tuple(part for part in parts if part >= MARKS)

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object without the other parts. The name of a volume is but the mark that it is there, which is the part
        ``NAMED``, asked for or not."""
        return _without(body, self._metadata, self._spec, _marked, status=self._status)


@lru_cache(maxsize=1024)
def _cut_of(parts: tuple[int, ...]) -> _Cut:
    return _Cut(parts)


def _several(fields: Sequence[str]) -> Callable[[Review], tuple[Any, ...]]:
    if len(fields) > 1:
        return attrgetter(*fields)
    return (lambda review: (getattr(review, fields[0]),)) if fields else lambda _: ()


def _rest(body: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` without its parts. It shares everything else with it."""
    return _without(body, _METADATA, _SPEC, _unnamed, status=False)


def _without(body: Mapping[str, Any], of_metadata: frozenset[str], of_spec: frozenset[str],
             volumes: Callable[[list[Any]], list[Any]], *, status: bool) -> dict[str, Any]:  # fmt: skip
    """``body`` without fields of its metadata and its spec, perhaps without its status, and with its lists of volumes
    and mounts as ``volumes`` makes them."""
    kept = dict(body)
    if not status:
        kept.pop("status", None)
    metadata, spec = kept.get("metadata"), kept.get("spec")
    if metadata.__class__ is dict:
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in of_metadata}
    if spec.__class__ is dict:
        kept["spec"] = spec = {key: value for key, value in spec.items() if key not in of_spec}
        if spec.get("volumes").__class__ is list:
            spec["volumes"] = volumes(spec["volumes"])
        for name in MOUNTING:
            if spec.get(name).__class__ is list:
                spec[name] = [
                    {**one, "volumeMounts": volumes(one["volumeMounts"])}
                    if one.__class__ is dict and one.get("volumeMounts").__class__ is list else one
                    for one in spec[name]
                ]  # fmt: skip
    return kept


def _marked(items: list[Any]) -> list[Any]:
    """With a mark for each name, which tells of one that is no text whether it is false."""
    return [
        {**one, "name": 0 if one["name"].__class__ is str else [one["name"] is False]}
        if one.__class__ is dict and "name" in one else one
        for one in items
    ]  # fmt: skip


def _unnamed(items: list[Any]) -> list[Any]:
    return [
        {key: value for key, value in one.items() if key != "name"} if one.__class__ is dict else one for one in items
    ]


def _part(body: Mapping[str, Any] | None, part: int) -> list[Any]:
    field = _FIELDS.get(part)
    if field is not None:
        around = None if body is None else body.get(field[0])
        return [around[field[1]]] if around.__class__ is dict and field[1] in around else []
    paths = OBJECT[part]
    if paths is NAMES_AT:
        return list(_volume_names(body))
    if paths is NAMED_AT:
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
    number: (str(paths[0][0]), str(paths[0][1])) for number, paths in enumerate(OBJECT)
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
    for name in MOUNTING:
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
