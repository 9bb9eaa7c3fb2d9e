"""Which parts of a document the logic of a policy can read, told from its text, so that its verdicts can be kept.

Whoever walks the text of a policy follows each value to where in the document it stands (:class:`Origin`) and notes
what is asked of it: whether it is *present* (and what it is, but not which text), its *shape* (its type, its keys or
its length are asked for, and a scalar itself) or the *whole* of it (it is compared, handed to a function). What stands
in a message as it is, and decides nothing, is *printed*. What does not belong: any one language, and the document
itself (``views``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from lockgate.dataclass import dataclass

ANY: Final = None
"""Every member of a list or an object."""
KEYS: Final = "\0keys"
"""The names of all fields of an object, in their order, and which of them hold false. Of a list it is the shape of its
members."""
ITEM: Final = "\0item"
"""Every member of a list, where it is a list that stands there; of an object none."""
EQUALS: Final = "\0="
"""Begins the last step of a path of which is asked whether that text stands there which follows."""
Path: TypeAlias = tuple[str | None, ...]
Read: TypeAlias = tuple[Path, bool]
"""Where, and whether the whole of it is read."""
Presence: TypeAlias = tuple[Path, str]
"""That some member of the list at a path has a field of this name; or, where the path ends in ``EQUALS``, that this
text stands there."""
PRESENT: Final = 0
"""Its shape, but of a text only that it is one, and how long."""
SHAPE: Final = 1
PRINTED: Final = 2
"""The whole of it, but of a text only that it is one, and how long: it is put into another text as it is."""
WHOLE: Final = 3
SAID: Final = 4
"""Added to one of these: it decides nothing but what is said, once the policy has something to say."""
Found: TypeAlias = tuple[Path, int, Presence | None]
"""Where, how much of it is read, and what must be present for it to matter: without that the policy comes to nothing
before it reads this."""


def every(found: Iterable[Found]) -> tuple[Read, ...]:
    """All that may be read, in a fixed order."""
    reads: dict[Path, bool] = {}
    for path, level, _ in found:
        path = path[:-1] if word_of(path) is not None else path
        reads[path] = reads.get(path, False) or is_whole(level)
    return _ordered(reads)


def word_of(path: Path) -> str | None:
    """The text with which what stands there is compared; None where the path is that of a value."""
    last = path[-1] if path else None
    return last.removeprefix(EQUALS) if last is not None and last.startswith(EQUALS) else None


def is_whole(level: int) -> bool:
    """Whether it is more than a shape."""
    return level % SAID >= PRINTED


def is_light(level: int) -> bool:
    """Whether it minds not which text it is that stands there."""
    return level % SAID in (PRESENT, PRINTED)


def said(found: Iterable[Found]) -> tuple[Found, ...]:
    """The same, of what is said."""
    return tuple((path, SAID + level, present) for path, level, present in found)


def deciding(found: Iterable[Found]) -> tuple[Found, ...]:
    """Those that decide whether the policy has something to say."""
    return tuple(one for one in found if one[1] < SAID)


def looked_at(found: Iterable[Found]) -> tuple[Found, ...]:
    """The same, with the whole looked at of what is said as it is."""
    return tuple(
        (path, SAID + WHOLE if level == SAID + PRINTED else level, present) for path, level, present in found
    )  # fmt: skip


def without(found: Iterable[Found], absent: Callable[[Presence], bool]) -> tuple[Found, ...]:
    """What is read where none of those is present of which ``absent`` is true."""
    return tuple(one for one in found if one[2] is None or not absent(one[2]))


def surer(known: frozenset[Presence], other: frozenset[Presence]) -> frozenset[Presence]:
    """Of two sets of which one of each must be present, the one that says more: what an object holds says more than a
    text that stands somewhere, and else the first does."""
    return other if other and (not known or (_vague(known) and not _vague(other))) else known


def _vague(needs: frozenset[Presence]) -> bool:
    return all(path[-1:] == (EQUALS,) for path, _ in needs)


def _ordered(reads: dict[Path, bool]) -> tuple[Read, ...]:
    return tuple(sorted(reads.items(), key=repr))


def external(name: str) -> str:
    """The key under which ``data.<name>`` of Rego, which stands beside the document, is read as if it stood in it."""
    return f"data.{name}"


_MAX_PATH: Final = 10
_MAX_PLACES: Final = 48


class UntraceableError(Exception):
    """It cannot be told what the policy reads."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value may stand in the document, and what the members of a collection that was made hold."""

    places: frozenset[Path] = frozenset()
    """Places at which the value may stand, whole."""
    inside: Origin | None = None
    """Of the members and keys of a collection that the policy makes; None when it makes none."""
    told: frozenset[Path] = frozenset()
    """Places at which the texts stand that are, as they are, parts of a text that the policy makes."""

    def joined(self, other: Origin) -> Origin:
        """Either of two."""
        if other is NOWHERE or other is self:
            return self
        if self is NOWHERE:
            return other
        inside = self.inside if other.inside is None else other.inside if self.inside is None else None
        if self.inside is not None and other.inside is not None:
            inside = self.inside.joined(other.inside)
        places, told = self.places | other.places, self.told | other.told
        if len(places) + len(told) > _MAX_PLACES:
            raise UntraceableError
        return Origin(places, inside, told)

    def depth(self) -> int:
        """How many collections stand inside each other."""
        return 0 if self.inside is None else 1 + self.inside.depth()


UNKNOWN: Final[Presence] = ((), "")
"""Of what has not been walked yet: what is noted under it is noted again, under something else."""
NOWHERE: Final = Origin()
"""A value that holds nothing of the document but what was read whole."""


class Reads:
    """What is read, while it is being found out."""

    def __init__(self, *, member: int = SHAPE) -> None:
        """``member``: what is noted of a value that a policy has come to and has not looked at."""
        self.noted: dict[tuple[Path, Presence | None], int] = {}
        self.present: frozenset[Presence] = frozenset()
        """One of these is present, or what is being walked is never come to; empty where it may be in any case."""
        self._member = member

    def shape(self, path: Path) -> None:
        """The type of a value is asked for, or a scalar."""
        self._note(path, SHAPE)

    def shapes(self, origin: Origin) -> None:
        """The same of all that a value may be, and of the members of a collection; of a text that the policy makes
        everything."""
        for path in origin.places:
            self.shape(path)
        self._all(origin.told)
        if origin.inside is not None:
            self.shapes(origin.inside)

    def whole(self, origin: Origin) -> None:
        """Everything of a value is read."""
        self._all(origin.places)
        self._all(origin.told)
        if origin.inside is not None:
            self.whole(origin.inside)

    def printed(self, origin: Origin) -> None:
        """A value becomes part of a text, or of what is said, as it is."""
        for path in (*origin.places, *origin.told):
            self._note(path, PRINTED)
        if origin.inside is not None:
            self.printed(origin.inside)

    def compared(self, origin: Origin, text: str) -> None:
        """It is asked whether a value is this text."""
        if origin.inside is not None or origin.told:
            self.whole(origin)
            return
        for path in origin.places:
            self._note(path, self._member)
            self._note((*path, f"{EQUALS}{text}"), PRESENT)

    def keys(self, origin: Origin) -> None:
        """Which members a value has is asked for, and which are false, and nothing else of them."""
        self._all(origin.told)
        for path in origin.places:
            self.shape(path)
            self.shape((*path, KEYS))

    def member(self, origin: Origin, key: str | None) -> Origin:
        """What stands at a key of a value, or at any."""
        self._all(origin.told)
        places = set()
        for path in origin.places:
            self._note(path, self._member)
            below = (*path, key)
            if len(below) > _MAX_PATH:
                self._all((path,))
                continue
            self._note(below, self._member)
            places.add(below)
        found = Origin(frozenset(places)) if places else NOWHERE
        return found if origin.inside is None else found.joined(origin.inside)

    def _all(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._note(path, WHOLE)

    def _note(self, path: Path, level: int) -> None:
        for one in self.present or (None,):
            known = self.noted.get((path, one), level)
            both = {known, level} == {SHAPE, PRINTED}
            self.noted[path, one] = WHOLE if both else max(level, known)

    @contextmanager
    def where(self, present: frozenset[Presence]) -> Iterator[None]:
        """What is walked within is come to only where one of these is present; always, for an empty set. Where
        something had to be present already, that stays what is noted: both must be, and one says enough."""
        before = self.present
        self.present = surer(before, present)
        try:
            yield
        finally:
            self.present = before

    def found(self) -> tuple[Found, ...]:
        """Everything, as plain data in a fixed order."""
        return tuple(sorted(((path, level, one) for (path, one), level in self.noted.items()
                             if one is not UNKNOWN), key=repr))  # fmt: skip


def made_of(parts: Iterable[Origin]) -> Origin:
    """A collection of these members."""
    inside = NOWHERE
    for part in parts:
        inside = inside.joined(part)
    if inside.depth() > _MAX_PATH:
        raise UntraceableError
    return Origin(inside=inside) if inside is not NOWHERE else NOWHERE
